"""Transfers of formats to another storage: a further file set there, with the same bytes."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.responses import Response

from tgiconik.sandbox.iconik import collection, files, objects
from tgiconik.sandbox.iconik.background import accepted
from tgiconik.sandbox.iconik.kinds import FORMATS, STORAGES
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest, or_404
from tgiconik.sandbox.store import Document

_JOB: Final = "TRANSFER"


def transfer_many(request: ApiRequest) -> Response:
    """Copy a format of several assets, or of all assets of collections, to a storage."""
    body = request.body
    for asset in _assets(request, body["object_type"], body["object_ids"]):
        _transfer(request, asset, [body.get("format_name") or "ORIGINAL"], body)
    return accepted(request, _JOB)


def transfer_assets(request: ApiRequest) -> Response:
    """Copy formats of assets to a storage, as each object of the body says."""
    return _each(request, "assets")


def transfer_collections(request: ApiRequest) -> Response:
    """Copy formats of the assets in collections to a storage, as each object of the body says."""
    return _each(request, "collections")


def _each(request: ApiRequest, type_: str) -> Response:
    for each in request.body.get("objects") or ():
        for asset in _assets(request, type_, [each["id"]]):
            _transfer(request, asset, each.get("formats") or ["ORIGINAL"], each)
    return accepted(request, _JOB)


def transfer_format(request: ApiRequest) -> Response:
    """Copy one format to a storage."""
    id_ = request.ids["format_id"]
    formats = [each for each in request.state.store.list(FORMATS) if each["id"] == id_]
    asset_ids = {request.ids.get("asset_id"), (request.body or {}).get("asset_id")} - {None}
    if not formats or not asset_ids <= {formats[0]["asset_id"]}:
        raise ApiError(404, f"Format {id_} does not exist")
    asset = objects.asset(request.state, formats[0]["asset_id"])
    _copy(request, formats[0], request.body or {})
    return accepted(request, _JOB, object_type="assets", object_id=asset["id"])


def _assets(request: ApiRequest, type_: str, ids: Iterable[str]) -> list[Document]:
    if type_ == "assets":
        return [objects.asset(request.state, id_) for id_ in ids]
    if type_ != "collections":
        raise ApiError(400, f"{type_} cannot be transferred")
    found = []
    for id_ in ids:
        objects.collection(request.state, id_)
        for kind, member in collection.members(request.state, id_):
            inner = [member["id"]]
            found += [member] if kind == "assets" else _assets(request, "collections", inner)
    return found


def _transfer(
    request: ApiRequest, asset: Document, names: Iterable[str], options: Mapping[str, Any]
) -> None:
    chosen = options.get("version_ids") or [asset["default_version_id"]]
    if options.get("all_versions"):
        chosen = [each["id"] for each in objects.versions(asset)]
    for version_id in chosen:
        for format_ in files.formats_of(request.state, asset["id"], version_id):
            if format_["name"] in set(names):
                _copy(request, format_, options)


def _copy(request: ApiRequest, format_: Document, options: Mapping[str, Any]) -> None:
    storage_id = request.ids["storage_id"]
    storage = or_404(request.state.store.get(STORAGES, storage_id), f"Storage {storage_id}")
    sets = files.sets_of(request.state, format_)
    wished = options.get("preferred_original_storage_id")
    sources = [each for each in sets if each.get("storage_id") != storage_id]
    sources.sort(key=lambda each: each.get("storage_id") != wished)
    is_there = len(sources) < len(sets)
    if not sources or (is_there and not options.get("allow_duplicate_transfers")):
        return
    files.copy_set(request.state, sources[0], storage, now=request.now())
    if options.get("delete_original"):
        files.delete_set(request, sources[0])


_V2: Final = "files/v2"
HANDLERS = {
    "POST files/v1/storages/{storage_id}/bulk/": transfer_many,
    "POST files/v1/formats/{format_id}/storages/{storage_id}/": transfer_format,
    f"POST {_V2}/assets/{{asset_id}}/formats/{{format_id}}/storages/{{storage_id}}/": (
        transfer_format
    ),
    f"POST {_V2}/assets/storages/{{storage_id}}/bulk/transfer/": transfer_assets,
    f"POST {_V2}/collections/storages/{{storage_id}}/bulk/transfer/": transfer_collections,
}
