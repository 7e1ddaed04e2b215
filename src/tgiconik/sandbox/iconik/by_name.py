"""Reads by a name at the path of an id: segments by type, formats, subtitles by language."""

from collections.abc import Callable, Mapping
from typing import Final

from starlette.responses import Response

from tgiconik.sandbox.iconik import objects
from tgiconik.sandbox.iconik.kinds import FORMATS, SEGMENTS, kind
from tgiconik.sandbox.iconik.paging import list_response
from tgiconik.sandbox.iconik.request import ApiRequest, or_404
from tgiconik.sandbox.store import Document

SUBTITLES: Final = kind("files", "/v1/assets/{asset_id}/subtitles/")


def list_segments(request: ApiRequest) -> Response:
    """List an asset's segments of the type in the path."""
    return list_response(request, _of_asset(request, SEGMENTS, "segment_type"))


def read_format(request: ApiRequest) -> Response:
    """Read the format of the name in the path, of the current version if it has one."""
    found = _of_asset(request, FORMATS, "name")
    current = objects.asset(request.state, request.ids["asset_id"])["default_version_id"]
    found.sort(key=lambda each: each.get("version_id") != current)
    return _first(request, found, "name")


def read_subtitle(request: ApiRequest) -> Response:
    """Read the first subtitle in the language in the path."""
    return _first(request, _of_asset(request, SUBTITLES, "language"), "language")


def _first(request: ApiRequest, found: list[Document], field: str) -> Response:
    return request.respond(or_404(next(iter(found), None), request.ids[field]))


def _of_asset(request: ApiRequest, kind_: str, field: str) -> list[Document]:
    asset_id = request.ids["asset_id"]
    objects.asset(request.state, asset_id)
    return [
        each
        for each in request.state.store.list(kind_, parent=asset_id)
        if each.get(field) == request.ids[field]
    ]


HANDLERS: Final[Mapping[str, Callable[[ApiRequest], Response]]] = {
    "GET assets/v1/assets/{asset_id}/segments/{segment_type}/": list_segments,
    "GET files/v1/assets/{asset_id}/formats/{name}/": read_format,
    "GET files/v1/assets/{asset_id}/subtitles/{language}/": read_subtitle,
}
