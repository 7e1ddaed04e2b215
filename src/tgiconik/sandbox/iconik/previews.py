"""Proxies and keyframes that a client makes: uploaded to a storage, then closed."""

import mimetypes
from typing import Final

from starlette.responses import Response

from tgiconik.sandbox.iconik import downloads, objects, uploads
from tgiconik.sandbox.iconik.kinds import PARTS, STORAGES
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest, json, new_id, or_404
from tgiconik.sandbox.iconik.seed import STORAGE
from tgiconik.sandbox.store import Document

#: Fields set by the server; values sent by a client are ignored.
_OURS: Final = frozenset({
    "id", "asset_id", "date_created", "date_modified", "storage_method", "blob", "md5", "url",
    "upload_url", "upload_method", "upload_headers", "upload_credentials", "multipart_upload_url",
})  # fmt: skip


def create_proxy(request: ApiRequest) -> Response:
    """Create a proxy, with a link to upload its bytes to."""
    return _create(request, "proxies")


def create_keyframe(request: ApiRequest) -> Response:
    """Create a keyframe, with a link to upload its bytes to."""
    return _create(request, "keyframes")


def _create(request: ApiRequest, kind: str) -> Response:
    state, body = request.state, request.body
    asset = objects.asset(state, request.ids["asset_id"])
    version_id = body.get("version_id") or asset["default_version_id"]
    objects.version(asset, version_id)
    id_ = new_id()
    storage_id = body.get("storage_id") or STORAGE
    storage = or_404(state.store.get(STORAGES, storage_id), f"Storage {storage_id}")
    name = body.get("name") or body.get("filename") or id_
    moment = request.now()
    document = {name: value for name, value in body.items() if name not in _OURS} | {
        "id": id_,
        "asset_id": asset["id"],
        "version_id": version_id,
        "storage_id": storage_id,
        "storage_method": storage["method"],
        "status": body.get("status") or "AWAITED",
        "name": name,
        "media_type": mimetypes.guess_type(name)[0],
        "date_created": moment,
        "date_modified": moment,
    }
    state.store.put(PARTS[kind], f"{asset['id']}/{id_}", document, parent=asset["id"])
    return request.respond(uploads.with_links(state, document))


def read_proxy(request: ApiRequest) -> Response:
    """Read a proxy with its signed link; until its bytes are there, with links to upload them."""
    return request.respond(_shown(request, "proxies", "proxy_id"))


def read_keyframe(request: ApiRequest) -> Response:
    """Read a keyframe with its signed link; until its bytes are there, with links to upload them.

    The documents say by mistake that the answer is a file.
    """
    shown = _shown(request, "keyframes", "keyframe_id")
    return json(request.schemas.fit(request.schemas.named["KeyframeSchema"], shown))


def _shown(request: ApiRequest, kind: str, name: str) -> Document:
    document = downloads.of_path(request, kind, name)
    if downloads.is_available(document):
        return downloads.with_link(request, kind, document)
    return uploads.with_links(request.state, document)


def change_proxy(request: ApiRequest) -> Response:
    """Update a proxy; closed, it is there to be downloaded if its bytes are."""
    return _change(request, "proxies", request.ids["proxy_id"])


def change_keyframe(request: ApiRequest) -> Response:
    """Update a keyframe; closed, it is there to be downloaded if its bytes are."""
    return _change(request, "keyframes", request.ids["keyframe_id"])


def _change(request: ApiRequest, kind: str, id_: str) -> Response:
    state, asset_id = request.state, request.ids["asset_id"]
    objects.asset(state, asset_id)
    document = or_404(state.store.get(PARTS[kind], f"{asset_id}/{id_}"), id_)
    sent = {name: value for name, value in (request.body or {}).items() if name not in _OURS}
    if "version_id" in sent and sent["version_id"] is None:
        raise ApiError(400, "version_id must not be null")
    document |= sent | {"date_modified": request.now()}
    if document.get("blob"):
        document["size"] = state.blobs.path(document["blob"]).stat().st_size
    state.store.put(PARTS[kind], f"{asset_id}/{id_}", document, parent=asset_id)
    return request.respond(downloads.with_link(request, kind, document))


_ASSET: Final = "files/v1/assets/{asset_id}"
HANDLERS = {
    f"GET {_ASSET}/proxies/{{proxy_id}}/": read_proxy,
    f"GET {_ASSET}/keyframes/{{keyframe_id}}/": read_keyframe,
    f"POST {_ASSET}/proxies/": create_proxy,
    f"POST {_ASSET}/keyframes/": create_keyframe,
    **{
        f"{method} {_ASSET}/{kind}/{{{one}_id}}/": handler
        for method in ("PUT", "PATCH")
        for kind, one, handler in (
            ("proxies", "proxy", change_proxy),
            ("keyframes", "keyframe", change_keyframe),
        )
    },
}
