"""A result as one HTML page: counts, reasons of failures and refusals, outcomes to filter."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tgiconik._page import report
from tgiconik._page.report import (
    Column,
    Filter,
    Head,
    Part,
    Row,
    Table,
    Tile,
    Tone,
    cell,
    named,
    prose,
    text,
)
from tgiconik.workflows.run.summary import TIMES, Account, Group, Item, by_state, grouped
from tgiconik.workflows.run.text import moment, period
from tgiconik.workflows.run.trail import Step

#: More rows than these make a page that browsers are slow with.
MAX_ROWS: Final = 50_000
_MOST_STEPS: Final = 2000
_MOST_NAMES: Final = 5
_WORD: Final = re.compile(r"[^\s,;:()]+")
_TONES: Final[Mapping[str, Tone]] = {
    "failed": Tone.BAD,
    "refused": Tone.WAIT,
    "would be refused": Tone.WAIT,
    "delivered": Tone.GOOD,
    "would be delivered": Tone.GOOD,
}
_OUTCOMES: Final = Table(
    "outcomes",
    "Outcomes",
    (
        Column("State", "8.5rem"),
        Column("Partner", "minmax(0, 3fr)"),
        Column("Asset", "minmax(0, 3fr)"),
        Column("Link until", "10.5rem", labelled=True),
        Column("Reason", "minmax(0, 4fr)"),
    ),
)


def report_page(
    account: Account,
    timeline: Sequence[Step],
    more: Sequence[Part] = (),
    *,
    max_rows: int = MAX_ROWS,
) -> str:
    """The page.

    Args:
        account: the result.
        timeline: the steps of the run, in order.
        more: further sections, which come before the outcomes.
        max_rows: how many outcomes are shown at the most.
    """
    return "".join(_parts(account, timeline, more, max_rows))


def _parts(
    account: Account, timeline: Sequence[Step], more: Sequence[Part], max_rows: int
) -> Iterator[str]:
    rows = account.rows()
    states = by_state(rows)
    style = "".join([_OUTCOMES.style(), *(part.style for part in more)])
    yield report.opening(_head(account, timeline, rows, states), style=style)
    names = {row.partner: row.name for row in rows if row.name}
    yield from _reasons(states, names)
    waits = [prose(with_names(one, names)) for one in account.waiting_on]
    yield from report.section(f"Waits for: {len(waits):,}", waits, Tone.WAIT)
    yield from (part.html for part in more)
    yield '<section id="rows"><h2>Outcomes</h2>'
    yield from _outcomes(rows, states, max_rows)
    yield "</section>"
    yield from _timeline(timeline)
    yield report.closing()


def _head(
    account: Account,
    timeline: Sequence[Step],
    rows: Sequence[Item],
    states: Mapping[str, Sequence[Item]],
) -> Head:
    tiles = [
        Tile(len(items), state, _tone(state), ("state", state)) for state, items in states.items()
    ]
    if account.waiting_on:
        tiles.append(Tile(len(account.waiting_on), "waited for", Tone.WAIT))
    headline = account.headline()
    known: dict[str, object] = {}
    if partners := {row.partner for row in rows if row.asset_id}:
        known["Partners"] = f"{len(partners):,}"
    if assets := {row.asset_id for row in rows if row.asset_id}:
        known["Assets"] = f"{len(assets):,}"
    if timeline:
        known["Steps"] = f"{len(timeline):,}"
    return Head(
        kind="Run report",
        subject=headline[:1].upper() + headline[1:],
        period=period(timeline[0].at, timeline[-1].at) if timeline else "",
        tiles=tiles,
        facts=known,
        dry_run=account.dry_run,
        rows="outcomes" if rows else "",
    )


def _tone(state: str) -> Tone:
    return _TONES.get(state, Tone.WAIT)


def _reasons(states: Mapping[str, Sequence[Item]], names: Mapping[str, str]) -> Iterator[str]:
    """The reasons of each state that is not good, the most frequent first."""
    for state, items in states.items():
        if _tone(state) is Tone.GOOD:
            continue
        lines = [_reason(group, names) for group in grouped(state, items)]
        yield from report.section(f"{state.capitalize()}: {len(items):,}", lines, _tone(state))


def with_names(line: str, names: Mapping[str, str]) -> str:
    """A line with the names of the partners whose ids it has.

    Args:
        line: the line.
        names: the names by company id.
    """

    def known(word: re.Match[str]) -> str:
        name = names.get(word[0])
        return f"{name} ({word[0]})" if name else word[0]

    return _WORD.sub(known, line)


def _reason(group: Group, known: Mapping[str, str]) -> str:
    """A reason, and the partners or assets that it is about."""
    why = prose(with_names(group.why, known)) or "no reason"
    names = [*dict.fromkeys(_short_name(item) for item in group.items)]
    shown = "; ".join(text(name) for name in names[:_MOST_NAMES] if name)
    more = len(names) - _MOST_NAMES
    rest = f" and {more:,} more" if more > 0 else ""
    return f"<b>{len(group.items):,} {TIMES}</b> {why} <small>{shown}{rest}</small>"


def _short_name(item: Item) -> str:
    return report.label(item.name or item.partner or item.title or item.asset_id)


def _outcomes(
    rows: Sequence[Item], states: Mapping[str, Sequence[Item]], max_rows: int
) -> Iterator[str]:
    if not rows:
        yield "<p>There are no outcomes.</p>"
        return
    shown = rows[:max_rows]
    yield report.filters(
        "outcomes",
        (
            Filter("state", {state: state for state in states}),
            Filter("partner", {row.partner: _partner(row) for row in shown if row.partner}),
            Filter("asset", {row.asset_id: _asset(row) for row in shown if row.asset_id}),
        ),
    )
    yield from _OUTCOMES.parts(map(_row, shown))
    more = len(rows) - max_rows
    if more > 0:
        left_out = ", ".join(by_state(rows[max_rows:]))
        yield f"<p>… and {more:,} more ({left_out}), which this page does not show.</p>"


def _partner(row: Item) -> str:
    return f"{row.name} ({row.partner})" if row.name else row.partner


def _asset(row: Item) -> str:
    return f"{report.label(row.title)} ({row.asset_id[:8]})"


def _row(row: Item) -> Row:
    tone = _tone(row.state)
    return Row(
        tone=tone,
        cells=(
            cell(text(row.state), tone),
            cell(named(row.name, row.partner)),
            cell(named(row.title, row.asset_id)),
            cell(moment(row.until) if row.until else ""),
            cell(prose(row.why)),
        ),
        data={"state": row.state, "partner": row.partner, "asset": row.asset_id},
    )


def _timeline(timeline: Sequence[Step]) -> Iterator[str]:
    if not timeline:
        return
    yield (
        f'<details class="steps"><summary>Timeline: {len(timeline):,} steps</summary>'
        '<ol class="chunk">'
    )
    yield from (
        f"<li><time>{step.at:%Y-%m-%d %H:%M:%S}</time>{text(step)}</li>"
        for step in timeline[:_MOST_STEPS]
    )
    more = len(timeline) - _MOST_STEPS
    if more > 0:
        yield f"<li>… and {more:,} more</li>"
    yield "</ol></details>"
