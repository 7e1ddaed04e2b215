"""What a measurement says, as values: figures with their spread, tables, and what was required."""

import statistics
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

_WHOLE: Final = 100


def _values(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(values)


@attrs.frozen
class Figure:
    """One thing, measured several times. Shown as its median and, behind it, how far it went.

    Attributes:
        values: in the order of the rounds.
    """

    values: tuple[float, ...] = attrs.field(converter=_values)

    @property
    def median(self) -> float:
        """The one in the middle."""
        return statistics.median(self.values)

    def over(self, other: "Figure") -> "Figure":
        """How many times the other one it is, round by round: what slows both cancels out."""
        return Figure(mine / theirs for mine, theirs in zip(self.values, other.values, strict=True))

    def times(self, factor: float) -> "Figure":
        """The same in another unit."""
        return Figure(value * factor for value in self.values)

    def __str__(self) -> str:
        if len(self.values) == 1:
            return number(self.median)
        spread = f"{number(min(self.values))} to {number(max(self.values))}"
        return f"{number(self.median)} ({spread})"


def number(value: float) -> str:
    """A number with as many digits as anybody reads."""
    if value >= _WHOLE or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= _WHOLE / 10 else f"{value:.2f}"


@attrs.frozen
class Table:
    """A table.

    Attributes:
        columns: their headings.
        rows: what is below them.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@attrs.frozen
class Requirement:
    """What a figure has to be.

    Attributes:
        what: which figure.
        figure: what it is; None when it could not be measured here.
        least: it has to be that much.
        most: it may be that much.
        unit: of the figure; ratios have none.
    """

    what: str
    figure: Figure | None
    least: float | None = attrs.field(default=None, kw_only=True)
    most: float | None = attrs.field(default=None, kw_only=True)
    unit: str = attrs.field(default="", kw_only=True)

    @property
    def reached(self) -> bool | None:
        """Whether it is; None when nobody knows."""
        if self.figure is None:
            return None
        enough = self.least is None or self.figure.median >= self.least
        return enough and (self.most is None or self.figure.median <= self.most)

    def row(self) -> tuple[str, str, str, str]:
        """Its row in the table of all."""
        bounds = [f"at least {self.least:g}"] if self.least is not None else []
        bounds += [f"at most {self.most:g}"] if self.most is not None else []
        said = {True: "yes", False: "**no**", None: "not measured"}[self.reached]
        measured = "" if self.figure is None else f"{self.figure}{self.unit}"
        return self.what, " and ".join(bounds) + self.unit, measured, said


@attrs.frozen(kw_only=True)
class Section:
    """One subject.

    Attributes:
        title: what it is about.
        text: how it was measured, for those who read the tables.
        tables: what came of it.
        requirements: what was to come of it.
        left_out: what could not be measured here, and why.
        notes: what else happened.
    """

    title: str
    text: str
    tables: Sequence[Table] = ()
    requirements: Sequence[Requirement] = ()
    left_out: Sequence[str] = ()
    notes: Sequence[str] = ()


def ratio(mine: Figure | None, theirs: Figure | None) -> Figure | None:
    """One over the other, where both were measured and there is something to compare with."""
    return mine.over(theirs) if mine and theirs and all(theirs.values) else None


def shown(figures: Iterable[Figure | None]) -> list[str]:
    """The cells of a row; what was not measured is empty."""
    return ["" if figure is None else str(figure) for figure in figures]
