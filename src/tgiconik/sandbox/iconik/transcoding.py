"""Jobs that create a proxy and a keyframe of a file; `State.transcoding` says when they end.

Nothing is transcoded. The proxy and the keyframe are small valid media, unique per version.
"""

from pathlib import PurePath
from typing import Final

from starlette.responses import Response

from tgiconik.sandbox.iconik import downloads, files, objects, uploads
from tgiconik.sandbox.iconik.background import finished
from tgiconik.sandbox.iconik.kinds import ASSETS, FILES, JOBS, PROXIES
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest, new_id, or_404, stamp
from tgiconik.sandbox.media import mp4, png
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

_PREVIEWS: Final = "TRANSCODE"
_PROPERTIES: Final = "MEDIAINFO"


def make_previews(request: ApiRequest) -> Response:
    """Start the job that creates a proxy and a keyframe."""
    return _start(request, _PREVIEWS)


def read_properties(request: ApiRequest) -> Response:
    """Start the job that reads media properties. The sandbox stores none."""
    return _start(request, _PROPERTIES)


def make_keyframe(request: ApiRequest) -> Response:
    """Make a keyframe of a proxy; its job ends at once."""
    state, id_ = request.state, request.ids["proxy_id"]
    asset = objects.asset(state, request.ids["asset_id"])
    proxy = or_404(state.store.get(PROXIES, f"{asset['id']}/{id_}"), f"Proxy {id_}")
    if not downloads.is_available(proxy):
        raise ApiError(400, f"Proxy {id_} has no bytes to read")
    stem = PurePath(proxy["name"]).stem
    image = png(f"{stem}_keyframe.png", f"Keyframe of {id_}")
    place = {"asset_id": asset["id"], "version_id": proxy["version_id"], "type": "KEYFRAME"}
    files.add_preview(state, "keyframes", place, image)
    job_id = finished(request, _PREVIEWS, object_type="assets", object_id=asset["id"])
    return request.respond({"job_id": job_id})


def _start(request: ApiRequest, type_: str) -> Response:
    state, id_ = request.state, request.ids["file_id"]
    file = or_404(state.store.get(FILES, f"{request.ids['asset_id']}/{id_}"), f"File {id_}")
    # A gateway reads what is on its storage itself.
    is_gateways = file.get("status") == "CLOSED" and uploads.method_of(state, file) == "FILE"
    if not is_gateways and not downloads.is_available(file):
        raise ApiError(400, f"File {id_} has no bytes to read")
    job = {
        "id": new_id(),
        "type": type_,
        "status": "STARTED",
        "title": f"{type_.capitalize()} of {file['name']}",
        "object_type": "assets",
        "object_id": file["asset_id"],
        "created_by": request.user_id,
        "date_created": request.now(),
        "date_modified": request.now(),
        "started_at": request.now(),
        "progress_processed": 0,
        "file_id": id_,
        "reads_left": state.transcoding.reads,
    }
    state.store.put(JOBS, job["id"], job)
    if not job["reads_left"]:
        _end(state, job)
    return request.respond({"job_id": job["id"]})


def poll(state: State, job: Document) -> Document:
    """The job as a read returns it. Each read of a running job brings it closer to its end."""
    if job["status"] != "STARTED" or "reads_left" not in job:
        return job
    if not job["reads_left"]:
        return _end(state, job)
    job["reads_left"] -= 1
    state.store.put(JOBS, job["id"], job)
    return job


def _end(state: State, job: Document) -> Document:
    moment = stamp(state.now())
    error = state.transcoding.errors.get(job["type"])
    if error is None:
        if job["type"] == _PREVIEWS:
            _make(state, job)
        job |= {"status": "FINISHED", "progress_processed": 100, "completed_at": moment}
    else:
        job |= {"status": "FAILED", "error_message": error}
    state.store.put(JOBS, job["id"], job | {"date_modified": moment})
    return job


def _make(state: State, job: Document) -> None:
    """Replace the previews of the file's version, unless the file was deleted."""
    asset = state.store.get(ASSETS, job["object_id"])
    file = state.store.get(FILES, f"{job['object_id']}/{job['file_id']}")
    if asset is None or file is None:
        return
    files.delete_previews(state, asset["id"], file["version_id"])
    add_previews(state, asset, file, ids=(new_id(), new_id()))


def add_previews(state: State, asset: Document, file: Document, *, ids: tuple[str, str]) -> None:
    """Add a proxy and a keyframe of a file.

    Args:
        state: the sandbox.
        asset: the asset.
        file: the file.
        ids: the ids of the proxy and of the keyframe.
    """
    place = {"asset_id": asset["id"], "version_id": file["version_id"]}
    stem, text = PurePath(file["name"]).stem, f"{asset['title']}, {file['version_id']}"
    still = (file.get("media_type") or "").startswith("image/")
    proxy = png(f"{stem}.png", text) if still else mp4(f"{stem}.mp4", text)
    files.add_preview(state, "proxies", place | {"id": ids[0]}, proxy)
    keyframe = png(f"{stem}_keyframe.png", f"Keyframe of {text}")
    files.add_preview(state, "keyframes", place | {"id": ids[1], "type": "KEYFRAME"}, keyframe)


_FILE: Final = "files/v1/assets/{asset_id}/files/{file_id}"
HANDLERS = {
    f"POST {_FILE}/keyframes/": make_previews,
    "POST files/v1/assets/{asset_id}/proxies/{proxy_id}/keyframes/": make_keyframe,
    f"POST {_FILE}/mediainfo/": read_properties,
}
