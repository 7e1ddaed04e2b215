"""Segments of an asset's timeline, comments above all.

Comments with status AWAITED stay out of listings. A key of the writer's own goes into
`external_id`.
"""

from starlette.responses import PlainTextResponse, Response

from tgiconik.sandbox.iconik.asked import Asked, found, new_id
from tgiconik.sandbox.iconik.kinds import SEGMENTS, USERS
from tgiconik.sandbox.iconik.objects import asset, version
from tgiconik.sandbox.iconik.paging import listed
from tgiconik.sandbox.store import Document


def create(asked: Asked) -> Response:
    """Put a segment on the timeline of the current version, or of the one in the body."""
    document = asset(asked.state, asked.ids["asset_id"])
    version_id = asked.body.get("version_id") or document["default_version_id"]
    version(document, version_id)
    author = asked.state.store.get(USERS, asked.user_id) or {}
    moment = asked.now()
    segment = {
        "status": "ACTIVE",
        "top_level": asked.body.get("parent_id") is None,
        "has_attachments": False,
        "has_drawing": asked.body.get("drawing") is not None,
        "is_internal": False,
        "segment_checked": False,
        **asked.body,
        "id": new_id(),
        "asset_id": document["id"],
        "version_id": version_id,
        "user_id": asked.user_id,
        "user_first_name": author.get("first_name"),
        "user_last_name": author.get("last_name"),
        "date_created": moment,
        "date_modified": moment,
    }
    _put(asked, segment)
    return asked.fit(segment)


def list_segments(asked: Asked) -> Response:
    """The segments of the current version, of one, or with `include_all_versions` of all."""
    return listed(asked, _visible(asked))


def _visible(asked: Asked) -> list[Document]:
    document = asset(asked.state, asked.ids["asset_id"])
    segments = asked.state.store.list(SEGMENTS, parent=document["id"])
    if "version_id" not in asked.query and not asked.flag("include_all_versions"):
        current = document["default_version_id"]
        segments = [each for each in segments if each["version_id"] == current]
    status = asked.query.get("status", "ACTIVE")
    return [each for each in segments if each["status"] == status]


def change(asked: Asked) -> Response:
    """Change the fields that were sent."""
    asset_id, segment_id = asked.ids["asset_id"], asked.ids["segment_id"]
    asset(asked.state, asset_id)
    segment = found(asked.state.store.get(SEGMENTS, f"{asset_id}/{segment_id}"), "The segment")
    ours = {name: segment[name] for name in ("id", "asset_id", "user_id", "date_created")}
    segment |= asked.body | ours | {"date_modified": asked.now()}
    _put(asked, segment)
    return asked.fit(segment)


def _put(asked: Asked, segment: Document) -> None:
    asset_id = segment["asset_id"]
    asked.state.store.put(SEGMENTS, f"{asset_id}/{segment['id']}", segment, parent=asset_id)


def as_text(asked: Asked) -> Response:
    """The texts of the segments, one per line."""
    return PlainTextResponse("\n".join(_text(each) for each in _visible(asked)))


def as_csv(asked: Asked) -> Response:
    """The segments as a table."""
    rows = ["id,segment_type,time_start_milliseconds,time_end_milliseconds,segment_text"]
    for each in _visible(asked):
        text = _text(each).replace('"', '""')
        start, end = _times(each)
        rows.append(f'{each["id"]},{each["segment_type"]},{start},{end},"{text}"')
    return PlainTextResponse("\n".join(rows), media_type="text/csv")


def as_srt(asked: Asked) -> Response:
    """The segments as SubRip subtitles."""
    return _subtitles(asked, "", ",", "application/x-subrip")


def as_vtt(asked: Asked) -> Response:
    """The segments as WebVTT subtitles."""
    return _subtitles(asked, "WEBVTT\n\n", ".", "text/vtt")


def _subtitles(asked: Asked, head: str, point: str, media_type: str) -> Response:
    blocks = []
    for number, each in enumerate(_visible(asked), start=1):
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
    f"PUT {_ALL}/{{segment_id}}/": change,
    f"PATCH {_ALL}/{{segment_id}}/": change,
    f"GET {_ALL}/text/": as_text,
    f"GET {_ALL}/csv/": as_csv,
    f"GET {_ALL}/srt/": as_srt,
    f"GET {_ALL}/vtt/": as_vtt,
}
