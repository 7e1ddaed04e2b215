"""Segments of an asset's timeline; comments are segments too.

Comments with status AWAITED are not listed. `external_id` holds a key chosen by the client.
"""

from collections.abc import Mapping
from typing import Final

import attrs
from starlette.responses import PlainTextResponse, Response

from tgiconik.sandbox.facts import Schema
from tgiconik.sandbox.iconik.kinds import SEGMENTS, USERS
from tgiconik.sandbox.iconik.objects import asset, version
from tgiconik.sandbox.iconik.paging import list_response
from tgiconik.sandbox.iconik.request import ApiRequest, is_uuid, new_id, or_404, stamp
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

#: Fields set by the server; values sent by a client are ignored.
_OURS: Final = frozenset({
    "id", "asset_id", "date_created", "date_modified", "user_id", "user_first_name",
    "user_last_name", "user_photo", "user_info", "share_user_email",
})  # fmt: skip
#: The query of the list of a type, published 2025-05.
_LISTED: Final[Mapping[str, Schema]] = {
    "page": {"type": "integer"},
    "per_page": {"type": "integer"},
    "scroll": {"type": "boolean"},
    "scroll_id": {"type": "string"},
    "sort": {"type": "string"},
    "ids": {"type": "string"},
    "includes": {"type": "string"},
    "query": {"type": "string"},
    "time_end_milliseconds": {"type": "integer"},
    "time_end_milliseconds__lte": {"type": "integer"},
    "time_start_milliseconds": {"type": "integer"},
    "time_start_milliseconds__gte": {"type": "integer"},
}


def create(request: ApiRequest) -> Response:
    """Add a segment to the current version, or to the version in the body."""
    document = asset(request.state, request.ids["asset_id"])
    version_id = request.body.get("version_id") or document["default_version_id"]
    version(document, version_id)
    author = request.state.store.get(USERS, request.user_id) or {}
    moment = request.now()
    segment = {
        "status": "ACTIVE",
        "top_level": request.body.get("parent_id") is None,
        "has_attachments": False,
        "has_drawing": request.body.get("drawing") is not None,
        "is_internal": False,
        "segment_checked": False,
        **_sent(request),
        "id": new_id(),
        "asset_id": document["id"],
        "version_id": version_id,
        "user_id": request.user_id,
        "user_first_name": author.get("first_name"),
        "user_last_name": author.get("last_name"),
        "date_created": moment,
        "date_modified": moment,
    }
    _put(request, segment)
    return request.respond(segment)


def add_spoken(
    state: State, transcription: Document, text: str, *, id_: str, milliseconds: tuple[int, int]
) -> None:
    """Add a segment of a transcription.

    Args:
        state: the sandbox.
        transcription: its properties.
        text: what is said.
        id_: the segment's id.
        milliseconds: when it begins and ends.
    """
    asset_id, moment = transcription["asset_id"], stamp(state.now())
    segment = {
        "id": id_,
        "asset_id": asset_id,
        "version_id": transcription["version_id"],
        "transcription_id": transcription["id"],
        "segment_type": "TRANSCRIPTION",
        "segment_text": text,
        "time_start_milliseconds": milliseconds[0],
        "time_end_milliseconds": milliseconds[1],
        "status": "ACTIVE",
        "top_level": True,
        "has_attachments": False,
        "has_drawing": False,
        "is_internal": False,
        "segment_checked": False,
        "date_created": moment,
        "date_modified": moment,
    }
    state.store.put(SEGMENTS, f"{asset_id}/{id_}", segment, parent=asset_id)


def list_segments(request: ApiRequest) -> Response:
    """List segments of one version, by default the current one; `include_all_versions` for all."""
    return list_response(request, _visible(request))


def read(request: ApiRequest) -> Response:
    """Read a segment by id, or list those of a type: both have the same path."""
    sent = next(value for name, value in request.ids.items() if name != "asset_id")
    asset(request.state, request.ids["asset_id"])
    if is_uuid(sent):
        found = request.state.store.get(SEGMENTS, f"{request.ids['asset_id']}/{sent}")
        return request.respond(or_404(found, "The segment"))
    chosen = [each for each in _visible(request) if each["segment_type"] == sent.upper()]
    return list_response(_as_list(request), chosen)


def _as_list(request: ApiRequest) -> ApiRequest:
    """The request as one that lists segments, for documents that know it only with an id."""
    operation = attrs.evolve(
        request.operation,
        query={**_LISTED, **request.operation.query},
        answers={200: request.schemas.named["SegmentsSchema"]},
    )
    return attrs.evolve(request, operation=operation)


def _visible(request: ApiRequest) -> list[Document]:
    document = asset(request.state, request.ids["asset_id"])
    segments = request.state.store.list(SEGMENTS, parent=document["id"])
    if "version_id" not in request.query and not request.flag("include_all_versions"):
        current = document["default_version_id"]
        segments = [each for each in segments if each["version_id"] == current]
    status = request.query.get("status", "ACTIVE")
    return [each for each in segments if each["status"] == status]


def change(request: ApiRequest) -> Response:
    """Update the fields that were sent."""
    asset_id, segment_id = request.ids["asset_id"], request.ids["segment_id"]
    asset(request.state, asset_id)
    segment = or_404(request.state.store.get(SEGMENTS, f"{asset_id}/{segment_id}"), "The segment")
    segment |= _sent(request) | {"date_modified": request.now()}
    _put(request, segment)
    return request.respond(segment)


def _sent(request: ApiRequest) -> Document:
    return {name: value for name, value in request.body.items() if name not in _OURS}


def _put(request: ApiRequest, segment: Document) -> None:
    asset_id = segment["asset_id"]
    request.state.store.put(SEGMENTS, f"{asset_id}/{segment['id']}", segment, parent=asset_id)


def as_text(request: ApiRequest) -> Response:
    """Export the segments' texts, one per line."""
    return PlainTextResponse("\n".join(_text(each) for each in _visible(request)))


def as_csv(request: ApiRequest) -> Response:
    """Export the segments as CSV."""
    rows = ["id,segment_type,time_start_milliseconds,time_end_milliseconds,segment_text"]
    for each in _visible(request):
        text = _text(each).replace('"', '""')
        start, end = _times(each)
        rows.append(f'{each["id"]},{each["segment_type"]},{start},{end},"{text}"')
    return PlainTextResponse("\n".join(rows), media_type="text/csv")


def as_srt(request: ApiRequest) -> Response:
    """Export the segments as SubRip subtitles."""
    return _subtitles(request, "", ",", "application/x-subrip")


def as_vtt(request: ApiRequest) -> Response:
    """Export the segments as WebVTT subtitles."""
    return _subtitles(request, "WEBVTT\n\n", ".", "text/vtt")


def _subtitles(request: ApiRequest, head: str, point: str, media_type: str) -> Response:
    blocks = []
    for number, each in enumerate(_visible(request), start=1):
        start, end = (_clock(time, point) for time in _times(each))
        blocks.append(f"{number}\n{start} --> {end}\n{_text(each)}\n")
    return PlainTextResponse(head + "\n".join(blocks), media_type=media_type)


def _text(segment: Document) -> str:
    return segment.get("segment_text") or ""


def _times(segment: Document) -> tuple[int, int]:
    return (
        int(segment.get("time_start_milliseconds") or 0),
        int(segment.get("time_end_milliseconds") or 0),
    )


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{rest:03}"


_ALL = "assets/v1/assets/{asset_id}/segments"
HANDLERS = {
    f"GET {_ALL}/": list_segments,
    f"POST {_ALL}/": create,
    f"GET {_ALL}/{{segment_id}}/": read,
    f"GET {_ALL}/{{segment_type}}/": read,
    f"PUT {_ALL}/{{segment_id}}/": change,
    f"PATCH {_ALL}/{{segment_id}}/": change,
    f"GET {_ALL}/text/": as_text,
    f"GET {_ALL}/csv/": as_csv,
    f"GET {_ALL}/srt/": as_srt,
    f"GET {_ALL}/vtt/": as_vtt,
}
