"""Open ways to assets, and what was found of them: as a value, as a table, and as a page."""

from datetime import datetime
from pathlib import Path
from typing import Final

import attrs

from tgiconik._files import atomic_write
from tgiconik._page.report import Part, Tone, prose, section, text
from tgiconik._report import Report, as_html, one_line, shortened
from tgiconik.release import Reason
from tgiconik.workflows.distribution.ways_page import OpenWay, page
from tgiconik.workflows.run.results import Cell, Heat, heat_table
from tgiconik.workflows.run.text import moment
from tgiconik.workflows.run.trail import Step

_MOST_LINES: Final = 20
_WIDEST: Final = 160
NOT_ONE: Final = "not exactly one version is marked as compliant"
OTHER: Final = "it shows another version than the compliant one"
HELD: Final = "the version is held back"
DIGEST: Final = "its digest is not the one that is marked"
CHANGED: Final = "somebody changed the release asset"
OLDER: Final = "it lets other versions be looked at"
#: What is looked at, in this order and no further than to the first thing that is wrong.
_CHECKS: Final = {
    "one version is marked": NOT_ONE,
    "it shows that one": OTHER,
    "not held back": HELD,
    "digest as marked": DIGEST,
    "release unchanged": CHANGED,
    "no other versions": OLDER,
}
#: What is compared only where a release asset stands between a partner and the asset.
_OF_RELEASES: Final = frozenset({DIGEST, CHANGED})


@attrs.frozen(kw_only=True)
class Way:
    """A share that is open, and what it shows.

    Attributes:
        share_id: the iconik share.
        object_type: `assets` or `collections`.
        object_id: what is shared.
        partner: company id (BUID) of the partner whose link it is; None for somebody else's share.
        partner_name: the partner's name, as the profile has it; None if no profile was read.
        asset_id: the asset that it leads to; of a release asset, the asset that it was made of.
        title: the title of that asset.
        version_id: the version of the asset that it shows.
        owner_id: the iconik user who made the share.
        since: when the share was made, in UTC.
        expires_at: when it ends, in UTC.
        is_recorded: an active delivery on Trading Grid remembers it.
        reasons: what `release.decide` says of it; empty when only one asset was looked at.
        why_not: what is wrong with it; None when it is right.
    """

    share_id: str
    object_type: str
    object_id: str
    partner: str | None = None
    asset_id: str | None = None
    title: str | None = None
    version_id: str | None = None
    owner_id: str | None = None
    since: datetime | None = None
    expires_at: datetime | None = None
    is_recorded: bool = False
    reasons: tuple[Reason, ...] = attrs.field(default=(), eq=False)
    why_not: str | None = None
    partner_name: str | None = attrs.field(default=None, eq=False)

    @property
    def ok(self) -> bool:
        """Nothing is wrong with it."""
        return self.why_not is None


@attrs.frozen(kw_only=True)
class Verification(Report):
    """The open ways to an asset, or to all assets. Two readings of the same state are equal.

    Attributes:
        asset_id: the asset; None when all of them were looked at.
        version_id: the version that is marked as compliant; None when not exactly one is, and for
            all assets.
        why_not: what is wrong with the version itself; None when its bytes are what is marked.
        ways: everything that is open, partners' links first.
        unread: what could not be read, one line each: nothing is known of ways to it.
        timeline: what was read, in order.
    """

    asset_id: str | None
    version_id: str | None = None
    why_not: str | None = None
    ways: tuple[Way, ...] = ()
    unread: tuple[str, ...] = ()
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)

    @property
    def ok(self) -> bool:
        """Nothing is wrong with any open way, and everything could be read."""
        return not (self.wrong or self.unread) and (self.why_not is None or not self.ways)

    @property
    def wrong(self) -> tuple[Way, ...]:
        """The ways that do not."""
        return tuple(way for way in self.ways if not way.ok)

    def __str__(self) -> str:
        wrong = [f"  ✗ {_whose(way)}: {way.title or ''}: {way.why_not}" for way in self.wrong]
        unread = [f"  could not be read: {one}" for one in self.unread]
        told = [*wrong, *unread]
        more = len(told) - _MOST_LINES
        rest = [f"  … and {more:,} more"] if more > 0 else []
        lines = [one_line(one) for one in told[:_MOST_LINES]]
        return "\n".join(shortened(one, _WIDEST) for one in (self.summary(), *lines, *rest))

    def summary(self) -> str:
        """In one line: whether every open way is right, and how many are not."""
        unread = f"; {len(self.unread):,} could not be read" if self.unread else ""
        return shortened(one_line(f"{len(self.ways):,} open ways: {_stands(self)}{unread}"), 300)

    def to_html(self, path: str | Path | None = None) -> str:
        """One page that opens offline: who holds which way, since when, and by what right.

        Args:
            path: where to write it, too; what is there is replaced.

        Returns:
            The page.

        Raises:
            OSError: the file cannot be written.
        """
        rows = [_row(way) for way in sorted(self.ways, key=lambda way: way.ok)]
        period = moment(self.timeline[-1].at) if self.timeline else ""
        made = page(self._about(), period, _stands(self), rows, self.unread)
        if path is not None:
            with atomic_write(path) as new:
                new.write_text(made, encoding="utf-8")
        return made

    def _about(self) -> str:
        if self.asset_id is None:
            return "Open links to all assets"
        title = next((way.title for way in self.ways if way.title), None)
        return f"Open links to {title or self.asset_id}"

    def _repr_html_(self) -> str:
        if self.asset_id is None:
            return as_html(self, above=f"<p>{_stands(self).capitalize()}.</p>")
        if not self.ways:
            return as_html(self, above="<p>No way is open.</p>")
        asset_id = self.asset_id
        table = heat_table(
            _stands(self), tuple(_CHECKS), ((_whose(w), _cells(w, asset_id)) for w in self.ways)
        )
        return as_html(self, above=table, folded=("ways",))


def verification_part(check: Verification) -> Part:
    """The check as a part of another page: how it stands, and what is wrong."""
    lines = [
        f"{prose(_holder(way) or _whose(way))}: {prose(way.why_not or '')} "
        f"<small>share {text(way.share_id)}</small>"
        for way in check.wrong
    ]
    lines += [f"could not be read: {prose(one)}" for one in check.unread]
    heading = f"Check of all open links afterwards: {_stands(check)}"
    return Part("", "".join(section(heading, lines, Tone.BAD)) or f"<h2>{text(heading)}</h2>")


def _stands(check: Verification) -> str:
    wrong = len(check.wrong)
    stands = f"{wrong} of {len(check.ways)} open ways are wrong" if wrong else "every way is right"
    if not check.ways:
        stands = "no way is open"
    return f"{stands}; {check.why_not}" if check.why_not is not None else stands


def _whose(way: Way) -> str:
    return way.partner or f"somebody else's share of {way.object_type}"


def _holder(way: Way) -> str:
    if way.partner is not None:
        return way.partner_name or ""
    return f"share of user {way.owner_id or 'unknown'}"


def _row(way: Way) -> OpenWay:
    recorded = "on record" if way.is_recorded else "on no record"
    is_asset = (way.object_type, way.object_id) == ("assets", way.asset_id or way.object_id)
    shared = "" if is_asset else f" by {way.object_type.removesuffix('s')} {way.object_id}"
    return OpenWay(
        is_right=way.ok,
        partner=way.partner,
        holder=(way.partner_name or "")
        if way.partner
        else f"share of user {way.owner_id or 'unknown'}",
        asset_id=way.asset_id or way.object_id,
        title=way.title or "",
        share_id=way.share_id,
        remark=f"{recorded}{shared}",
        since=way.since,
        until=way.expires_at,
        why=way.why_not or " ".join(reason.message for reason in way.reasons),
    )


def _cells(way: Way, asset_id: str) -> tuple[Cell, ...]:
    """How each check stands for a way."""
    cells: list[Cell] = []
    # What nothing here knows is no reason to show green.
    is_known = way.why_not is None or way.why_not in _CHECKS.values()
    for why_not in _CHECKS.values():
        if any(cell.heat is Heat.BAD for cell in cells):
            cells.append(Cell(Heat.NONE, "not looked at"))
        elif way.why_not is not None and (way.why_not == why_not or not is_known):
            cells.append(Cell(Heat.BAD, way.why_not))
        elif why_not in _OF_RELEASES and way.object_id == asset_id:
            cells.append(Cell(Heat.NONE, "is the asset itself"))
        else:
            cells.append(Cell(Heat.GOOD, "nothing against it"))
    return tuple(cells)
