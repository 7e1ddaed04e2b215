"""Versions of an asset. A new version becomes the current one, which `default_version_id` names.

iconik does not document whether a new version becomes current at once or on promotion. The sandbox
does the worse for sharing: a share shows the new version immediately.
"""

from starlette.responses import Response

from tgiconik.sandbox.iconik import files, metadata
from tgiconik.sandbox.iconik.assets import new_version, put
from tgiconik.sandbox.iconik.history import record
from tgiconik.sandbox.iconik.kinds import ASSETS
from tgiconik.sandbox.iconik.objects import asset, version, versions
from tgiconik.sandbox.iconik.request import SYSTEM_DOMAIN_ID, ApiError, ApiRequest, empty, new_id
from tgiconik.sandbox.store import Document


def add(request: ApiRequest) -> Response:
    """Add an empty version; its files are uploaded separately."""
    source = request.body.get("source_version_id")
    document = asset(request.state, request.ids["asset_id"])
    if source is not None:
        version(document, source)
    document, added = _with_version(request, document)
    if source is not None and request.body.get("copy_metadata"):
        metadata.copy_version(request.state, document["id"], source, added["id"])
    return _versions(request, document)


def add_from_asset(request: ApiRequest) -> Response:
    """Add a version with the files of another asset's current version."""
    source = asset(request.state, request.ids["source_asset_id"])
    _copy(request, source["id"], source["default_version_id"])
    return empty(202)


def add_from_version(request: ApiRequest) -> Response:
    """Add a version with the files of a version of any asset."""
    source_id = request.ids["source_version_id"]
    for source in request.state.store.list(ASSETS):
        if source["status"] == "ACTIVE" and any(v["id"] == source_id for v in versions(source)):
            _copy(request, source["id"], source_id)
            return empty(202)
    raise ApiError(404, f"Version {source_id} does not exist")


def _copy(request: ApiRequest, source_asset_id: str, source_version_id: str) -> None:
    document, added = _with_version(request, asset(request.state, request.ids["asset_id"]))
    files.copy_version(
        request.state, source_asset_id, source_version_id, document["id"], added["id"]
    )


def _with_version(request: ApiRequest, document: Document) -> tuple[Document, Document]:
    number = 1 + max((each["version_number"] for each in versions(document)), default=0)
    added = new_version(number, created=request.now(), user_id=request.user_id, id_=new_id())
    document |= {
        "versions": [*document["versions"], added],
        "default_version_id": added["id"],
        "date_modified": request.now(),
    }
    _recorded(request, "VERSION_CREATE", added["id"])
    return put(request.state, document), added


def promote(request: ApiRequest) -> Response:
    """Make a version the current one."""
    document = asset(request.state, request.ids["asset_id"])
    chosen = version(document, request.ids["version_id"])
    document |= {"default_version_id": chosen["id"], "date_modified": request.now()}
    _recorded(request, "VERSION_PROMOTE", chosen["id"])
    return _versions(request, put(request.state, document))


def change(request: ApiRequest) -> Response:
    """Update the fields that were sent, except those set by the server."""
    document = asset(request.state, request.ids["asset_id"])
    chosen = version(document, request.ids["version_id"])
    ours = {"id", "version_number", "date_created", "created_by_user", "created_by_user_info"}
    chosen |= {name: value for name, value in request.body.items() if name not in ours}
    _recorded(request, "VERSION_UPDATE", chosen["id"])
    put(request.state, document)
    return request.respond(chosen)


def delete(request: ApiRequest) -> Response:
    """Delete a version; the last one cannot be deleted."""
    document = asset(request.state, request.ids["asset_id"])
    chosen = version(document, request.ids["version_id"])
    _keep(request, document, [each for each in versions(document) if each is not chosen])
    return Response(status_code=204)


def delete_old(request: ApiRequest) -> Response:
    """Delete all versions but the current one."""
    document = asset(request.state, request.ids["asset_id"])
    current = document["default_version_id"]
    _keep(request, document, [each for each in versions(document) if each["id"] == current])
    return Response(status_code=204)


def _keep(request: ApiRequest, document: Document, kept: list[Document]) -> None:
    if not kept:
        raise ApiError(400, "The only version of an asset cannot be deleted")
    gone = [each["id"] for each in versions(document) if each not in kept]
    document |= {"versions": kept, "date_modified": request.now()}
    if document["default_version_id"] in gone:
        latest = max(kept, key=lambda each: each["version_number"])
        document["default_version_id"] = latest["id"]
    put(request.state, document)
    for version_id in gone:
        files.delete_version_files(request.state, document["id"], version_id)
        _recorded(request, "VERSION_DELETE", version_id)


def _recorded(request: ApiRequest, operation_type: str, version_id: str) -> None:
    record(
        request.state,
        request.ids["asset_id"],
        operation_type,
        user_id=request.user_id,
        version_id=version_id,
    )


def _versions(request: ApiRequest, document: Document) -> Response:
    answer = {
        "asset_id": document["id"],
        "versions": document["versions"],
        "system_domain_id": SYSTEM_DOMAIN_ID,
    }
    return request.respond(answer)


HANDLERS = {
    "POST assets/v1/assets/{asset_id}/versions/": add,
    "POST assets/v1/assets/{asset_id}/versions/from/assets/{source_asset_id}/": add_from_asset,
    "POST assets/v1/assets/{asset_id}/versions/from/versions/{source_version_id}/": (
        add_from_version
    ),
    "PUT assets/v1/assets/{asset_id}/versions/{version_id}/promote/": promote,
    "PUT assets/v1/assets/{asset_id}/versions/{version_id}/": change,
    "PATCH assets/v1/assets/{asset_id}/versions/{version_id}/": change,
    "DELETE assets/v1/assets/{asset_id}/versions/old/": delete_old,
    "DELETE assets/v1/assets/{asset_id}/versions/{version_id}/": delete,
}
