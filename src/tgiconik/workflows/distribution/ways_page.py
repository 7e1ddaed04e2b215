"""Open ways as one HTML page: those that may not be open first, with filters."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import attrs

from tgiconik._page import report
from tgiconik._page.report import (
    Column,
    Filter,
    Head,
    Row,
    Table,
    Tile,
    Tone,
    cell,
    named,
    prose,
    text,
)
from tgiconik.workflows.run.text import moment

_STATES: Final[Mapping[bool, str]] = {False: "may not be open", True: "may be open"}
_HAND: Final = "made by hand"
_WAYS: Final = Table(
    "ways",
    "Open links",
    (
        Column("State", "9.5rem"),
        Column("Held by", "minmax(0, 3fr)", labelled=True),
        Column("Leads to", "minmax(0, 3fr)"),
        Column("Share", "minmax(0, 3fr)"),
        Column("Since", "6.5rem", labelled=True),
        Column("Until", "6.5rem", labelled=True),
        Column("Reason", "minmax(0, 4fr)"),
    ),
)


@attrs.frozen(kw_only=True)
class OpenWay:
    """One way, as the page shows it.

    Attributes:
        is_right: whether it may be open.
        partner: company id of the partner who has it; None for a share that somebody made by hand.
        holder: the name of who has it; empty when it is not known.
        asset_id: the asset that it leads to.
        title: the title of that asset; may be empty.
        share_id: the share.
        remark: what else is to be known of it.
        since: when it was made, in UTC.
        until: when it ends, in UTC.
        why: why it may be open, or may not.
    """

    is_right: bool
    partner: str | None
    holder: str
    asset_id: str
    title: str
    share_id: str
    remark: str
    since: datetime | None
    until: datetime | None
    why: str


def page(
    subject: str, period: str, stands: str, ways: Sequence[OpenWay], unread: Sequence[str]
) -> str:
    """The page.

    Args:
        subject: what was looked at.
        period: when.
        stands: how it stands, in one line.
        ways: the ways, in the order to show them.
        unread: what could not be read.
    """
    return "".join(_parts(subject, period, stands, ways, unread))


def _parts(
    subject: str, period: str, stands: str, ways: Sequence[OpenWay], unread: Sequence[str]
) -> Iterator[str]:
    wrong = [way for way in ways if not way.is_right]
    head = Head(
        kind="Verification of open links",
        subject=subject,
        period=period,
        tiles=(
            Tile(len(wrong), _STATES[False], Tone.BAD, ("state", "wrong")),
            Tile(len(unread), "could not be read", Tone.BAD),
            Tile(len(ways) - len(wrong), _STATES[True], Tone.GOOD, ("state", "right")),
        ),
        facts={
            "Result": stands,
            "Partners": f"{len({way.partner for way in ways if way.partner}):,}",
            "Assets": f"{len({way.asset_id for way in ways}):,}",
        },
        rows="open links" if ways else "",
    )
    yield report.opening(head, style=_WAYS.style())
    yield from report.section("What could not be read", [prose(one) for one in unread], Tone.BAD)
    yield '<section id="rows"><h2>Open links</h2>'
    yield from _list(ways)
    yield "</section>"
    yield report.closing()


def _list(ways: Sequence[OpenWay]) -> Iterator[str]:
    if not ways:
        yield "<p>No way is open.</p>"
        return
    yield report.filters("open links", _filters(ways))
    yield from _WAYS.parts(map(_row, ways))


def _filters(ways: Sequence[OpenWay]) -> Iterable[Filter]:
    partners = {
        way.partner: f"{way.holder} ({way.partner})" if way.holder else way.partner
        for way in ways
        if way.partner
    }
    yield Filter("state", {_state(way): _STATES[way.is_right] for way in ways})
    yield Filter("partner", partners)
    yield Filter(
        "asset", {way.asset_id: f"{report.label(way.title)} ({way.asset_id[:8]})" for way in ways}
    )


def _state(way: OpenWay) -> str:
    return "right" if way.is_right else "wrong"


def _row(way: OpenWay) -> Row:
    tone = Tone.GOOD if way.is_right else Tone.BAD
    holder = named(way.holder, way.partner) if way.partner else prose(way.holder)
    return Row(
        tone=tone,
        cells=(
            cell(_STATES[way.is_right], tone),
            cell(holder),
            cell(named(way.title, way.asset_id)),
            cell(f"{prose(way.remark)} <small>{text(way.share_id)}</small>"),
            cell(moment(way.since) if way.since else ""),
            cell(moment(way.until) if way.until else "never"),
            cell(prose(way.why)),
        ),
        data={
            "state": _state(way),
            "partner": way.partner or "",
            "asset": way.asset_id,
        },
    )
