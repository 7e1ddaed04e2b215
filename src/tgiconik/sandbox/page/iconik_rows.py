"""The page's rows of iconik: shares, assets and collections."""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote

from tgiconik.sandbox.grid import collaboration
from tgiconik.sandbox.iconik import approvals, collection, objects, shares
from tgiconik.sandbox.iconik.index import values_of
from tgiconik.sandbox.iconik.kinds import ASSETS, COLLECTIONS, SEGMENTS, SHARES
from tgiconik.sandbox.page.recorder import Recorder
from tgiconik.sandbox.page.rows import (
    Row,
    Section,
    count_of,
    facts,
    format_time,
    mask_link,
    readable,
    section,
    share_key,
    shorten,
    tone,
)
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

#: The title of a share made by a workflow: its key contains the partner's id.
_KEYED: Final = re.compile(r"(.*) \[tgiconik:([^\]]+)\]", re.DOTALL)


def sections(state: State, recorder: Recorder) -> list[Section]:
    """All sections of iconik."""
    return [
        section("shares", "Open shares", _shares(state, recorder)),
        section("assets", "Assets", _assets(state, recorder)),
        section("collections", "Collections", _collections(state, recorder)),
    ]


def _assets(state: State, recorder: Recorder) -> Iterable[Row]:
    titles = {one["id"]: one["title"] for one in state.store.list(COLLECTIONS)}
    for asset in state.store.list(ASSETS):
        if asset["status"] != "ACTIVE":
            continue
        numbers = {each["id"]: each["version_number"] for each in objects.versions(asset)}
        current = asset["default_version_id"]
        request = approvals.of(state, "assets", asset["id"], current)
        status = readable(request["status"]) if request else "no approval request"
        inside = [titles[each] for each in asset["in_collections"] if each in titles]
        comments = len(state.store.list(SEGMENTS, parent=asset["id"]))
        yield Row(
            key=f"assets/{asset['id']}",
            name=shorten(asset["id"]),
            title=asset["title"],
            state=status,
            tone=tone(status),
            facts=facts(
                f"version {numbers.get(current, '?')} of {len(numbers)}",
                *_marks(state, asset["id"], numbers),
                f"in {', '.join(inside)}" if inside else None,
                count_of(comments, "comment") if comments else None,
            ),
            run=recorder.run_of(ASSETS, asset["id"]),
        )


def _marks(state: State, asset_id: str, numbers: dict[str, int]) -> Iterable[str]:
    """Metadata of an asset; version ids are displayed as version numbers."""

    def text_of(value: Any) -> str:  # noqa: ANN401 - metadata holds whatever JSON does
        return f"version {numbers[value]}" if value in numbers else shorten(str(value))

    for name, field in values_of(state, "assets", asset_id).items():
        values = [text_of(each["value"]) for each in field["field_values"]]
        if values:
            yield f"{name}: {', '.join(values)}"


def _shares(state: State, recorder: Recorder) -> Iterable[Row]:
    with collaboration.reading(state) as community:
        partners = {one.id: one.fields["name"] for one in community.records("partners").all()}
    for share in state.store.list(SHARES):
        if shares.is_expired(state, share):
            continue
        opened = sum(user["access_count"] for user in share["users"])
        downloaded = sum(user["download_count"] for user in share["users"])
        keyed = _KEYED.fullmatch(share["title"] or "")
        title, partner = keyed.groups() if keyed else (share["title"] or "", None)
        yield Row(
            key=f"shares/{share_key(share['id'])}",
            name=mask_link(shares.link(state, share)) if share["by_url"] else "by e-mail",
            title=shorten(title),
            state=f"opened {opened}, downloaded {downloaded}",
            facts=facts(
                f"for {partners.get(unquote(partner), unquote(partner))}" if partner else None,
                f"until {format_time(share['expires'])}",
                "download allowed" if share["allow_download"] else "view only",
                "all versions visible" if share["allow_view_versions"] else None,
            ),
            opens=share_key(share["id"]) if share["by_url"] else None,
            run=recorder.run_of(SHARES, share["id"]),
        )


def _collections(state: State, recorder: Recorder) -> Iterable[Row]:
    for one in state.store.list(COLLECTIONS):
        if one["status"] != "ACTIVE":
            continue
        members = collection.members(state, one["id"])
        yield Row(
            key=f"collections/{one['id']}",
            name=shorten(one["id"]),
            title=one["title"],
            state=count_of(len(members), "member"),
            facts=_titles(members),
            run=recorder.run_of(COLLECTIONS, one["id"]),
        )


def _titles(members: list[tuple[str, Document]]) -> tuple[str, ...]:
    return tuple(member["title"] for _, member in members[:10])


def share_of(state: State, key: str) -> Document | None:
    """The open share with this key, or None."""
    every = state.store.list(SHARES)
    return next((one for one in every if one["by_url"] and share_key(one["id"]) == key), None)
