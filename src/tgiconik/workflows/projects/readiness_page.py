"""The readiness of a project as one HTML page: partners who are not ready first, with filters."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

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
    text,
)

_READY: Final[Mapping[bool, str]] = {False: "not ready", True: "ready"}


@attrs.frozen(kw_only=True)
class Line:
    """One partner, as the page shows it.

    Attributes:
        partner: company id.
        name: the partner's name; empty when it is not known.
        ready: whether nothing is missing.
        missing: what is missing, as a word for each kind.
        checks: how each check stands, and its words.
    """

    partner: str
    name: str
    ready: bool
    missing: Sequence[str]
    checks: Sequence[tuple[Tone, str]]


@attrs.frozen(kw_only=True)
class Board:
    """The values that the page shows.

    Attributes:
        subject: the project.
        period: the time of the evaluation.
        stands: how it stands, in one line.
        facts: further names and values.
        dry_run: whether it counts what a dry run would do.
        own_tasks: titles of internal people's open tasks.
        exceptions: how many exceptions are open.
        checks: the names of the checks.
        lines: one for each partner, in the order to show them.
    """

    subject: str
    period: str
    stands: str
    facts: Mapping[str, object]
    dry_run: bool
    own_tasks: Sequence[str]
    exceptions: int
    checks: Sequence[str]
    lines: Sequence[Line]

    def page(self) -> str:
        """The whole page."""
        return "".join(self._parts())

    def part(self) -> Part:
        """The partners as a part of another page."""
        table = self._table()
        html = [f"<section><h2>Readiness: {text(self.stands)}</h2>"]
        html += table.parts(map(_row, self.lines), filtered=False)
        html += ["</section>", *self._own_tasks()]
        return Part(table.style(), "".join(html))

    def _parts(self) -> Iterator[str]:
        table = self._table()
        yield report.opening(self._head(), style=table.style())
        yield from self._own_tasks()
        yield '<section id="rows"><h2>Partners</h2>'
        if self.lines:
            yield report.filters("partners", self._filters())
            yield from table.parts(map(_row, self.lines))
        else:
            yield "<p>No partner takes part.</p>"
        yield "</section>"
        yield report.closing()

    def _head(self) -> Head:
        blocked = sum(not line.ready for line in self.lines)
        return Head(
            kind="Readiness",
            subject=self.subject,
            period=self.period,
            tiles=(
                Tile(blocked, "partners not ready", Tone.BAD, ("state", "no")),
                Tile(self.exceptions, "open exceptions", Tone.BAD, ("missing", "exceptions")),
                Tile(len(self.own_tasks), "open tasks of our own", Tone.BAD),
                Tile(len(self.lines) - blocked, "partners ready", Tone.GOOD, ("state", "yes")),
            ),
            facts={"Result": self.stands, **self.facts},
            dry_run=self.dry_run,
            rows="partners" if self.lines else "",
        )

    def _own_tasks(self) -> Iterable[str]:
        tasks = [text(title) for title in self.own_tasks]
        return report.section("Our own people to do", tasks, Tone.BAD)

    def _table(self) -> Table:
        checks = [
            Column(name.capitalize(), "minmax(0, 2fr)", labelled=True) for name in self.checks
        ]
        return Table("partners", "Partners", (Column("Partner", "minmax(0, 4fr)"), *checks))

    def _filters(self) -> Iterator[Filter]:
        yield Filter("state", {_word(line): _READY[line.ready] for line in self.lines})
        yield Filter(
            "missing", {one: one for line in self.lines for one in line.missing}, many=True
        )
        yield Filter(
            "partner",
            {
                line.partner: f"{line.name} ({line.partner})" if line.name else line.partner
                for line in self.lines
            },
        )


def _word(line: Line) -> str:
    return "yes" if line.ready else "no"


def _row(line: Line) -> Row:
    return Row(
        tone=Tone.GOOD if line.ready else Tone.BAD,
        cells=(
            cell(named(line.name, line.partner)),
            *(cell(text(words), tone) for tone, words in line.checks),
        ),
        data={
            "state": _word(line),
            "missing": " ".join(line.missing),
            "partner": line.partner,
        },
    )
