"""A result as one HTML page: counts, reasons of failures and refusals, outcomes to filter."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from tgiconik._report import DRY_RUN, shortened
from tgiconik.workflows.run import html
from tgiconik.workflows.run.summary import TIMES, Account, Item, by_state, counts, grouped
from tgiconik.workflows.run.text import moment
from tgiconik.workflows.run.trail import Step

#: More rows than these make a page that browsers are slow with.
_MOST_ROWS: Final = 5000
_MOST_STEPS: Final = 2000
_MOST_LINES: Final = 200
_LONGEST: Final = 1000
_GOOD: Final = frozenset({"delivered", "would be delivered"})
_COLUMNS: Final = ("State", "Partner", "Asset", "Until", "Why")


def report_page(account: Account, timeline: Sequence[Step]) -> str:
    """The page.

    Args:
        account: the result.
        timeline: the steps of the run, in order.
    """
    return "".join(_parts(account, timeline))


def _parts(account: Account, timeline: Sequence[Step]) -> Iterator[str]:
    script = html.own_file(__package__, "report.js")
    rows = account.rows()
    yield html.opening(
        account.headline(), style=html.own_file(__package__, "report.css"), script=script
    )
    if account.dry_run:
        yield f'<p class="dry" role="note">{DRY_RUN}</p>'
    yield html.facts(_facts(account, timeline))
    yield from _reasons(rows)
    yield from _list("Waits for", account.waiting_on)
    yield "<h2>Outcomes</h2>"
    yield from _outcomes(rows)
    yield from _timeline(timeline)
    yield html.closing(script)


def _facts(account: Account, timeline: Sequence[Step]) -> Mapping[str, object]:
    known: dict[str, object] = {"Outcomes": counts(account)}
    if timeline:
        known["Began"], known["Ended"] = moment(timeline[0].at), moment(timeline[-1].at)
    known["Steps"] = f"{len(timeline):,}"
    return known


def _reasons(rows: Sequence[Item]) -> Iterator[str]:
    for state, items in by_state(rows).items():
        if state in _GOOD:
            continue
        groups = grouped(state, items)
        lines = [
            f"{len(group.items):,} {TIMES} {_short(group.why) or 'no reason'}" for group in groups
        ]
        yield from _list(f"{state.capitalize()}: {len(items):,}", lines)


def _list(heading: str, lines: Sequence[str]) -> Iterator[str]:
    if not lines:
        return
    yield f"<h2>{html.text(heading)}</h2><ul>"
    yield from (f"<li>{html.text(_short(line))}</li>" for line in lines[:_MOST_LINES])
    more = len(lines) - _MOST_LINES
    if more > 0:
        yield f"<li>… and {more:,} more</li>"
    yield "</ul>"


def _outcomes(rows: Sequence[Item]) -> Iterator[str]:
    if not rows:
        yield "<p>There are no outcomes.</p>"
        return
    shown = rows[:_MOST_ROWS]
    assets = {row.asset_id: f"{_label(row.title)} ({row.asset_id[:8]})" for row in shown}
    yield html.filters(
        {
            "state": {state: state for state in by_state(shown)},
            "partner": {row.partner: _label(row.partner) for row in shown if row.partner},
            "asset": {id_: label for id_, label in assets.items() if id_},
        }
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    yield (
        '<div class="rows" role="region" aria-label="Outcomes" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead><tbody>"
    )
    yield from map(_row, shown)
    yield "</tbody></table></div>"
    more = len(rows) - _MOST_ROWS
    if more > 0:
        states = ", ".join(by_state(rows[_MOST_ROWS:]))
        yield f"<p>… and {more:,} more ({states}), which this page does not show.</p>"


def _row(row: Item) -> str:
    kind = "right" if row.state in _GOOD else "wrong" if row.state == "failed" else "no"
    asset = f"{row.title} ({row.asset_id[:8]})" if row.title else row.asset_id
    cells = (
        row.state, row.partner, asset, moment(row.until) if row.until else "", row.why
    )  # fmt: skip
    return (
        f'<tr class="{kind}" data-state="{escape(row.state)}" '
        f'data-partner="{escape(row.partner)}" data-asset="{escape(row.asset_id)}">'
        + "".join(f"<td>{html.text(_short(cell))}</td>" for cell in cells)
        + "</tr>"
    )


def _timeline(timeline: Sequence[Step]) -> Iterator[str]:
    if not timeline:
        return
    yield f"<details><summary>Timeline: {len(timeline):,} steps</summary><ol>"
    yield from (
        f"<li><time>{step.at:%Y-%m-%d %H:%M:%S}</time>{html.text(_short(str(step)))}</li>"
        for step in timeline[:_MOST_STEPS]
    )
    more = len(timeline) - _MOST_STEPS
    if more > 0:
        yield f"<li>… and {more:,} more</li>"
    yield "</ol></details>"


def _short(value: str) -> str:
    return shortened(value, _LONGEST)


def _label(value: str) -> str:
    return shortened(value, 80)
