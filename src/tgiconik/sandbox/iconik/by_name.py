"""What iconik also reads by a name at the path of its id: segments, formats and subtitles."""

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
    """Read the first format of the name in the path."""
    return _first(request, FORMATS, "name")


def read_subtitle(request: ApiRequest) -> Response:
    """Read the first subtitle in the language in the path."""
    return _first(request, SUBTITLES, "language")


def _first(request: ApiRequest, kind_: str, field: str) -> Response:
    found = next(iter(_of_asset(request, kind_, field)), None)
    return request.respond(or_404(found, request.ids[field]))


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
