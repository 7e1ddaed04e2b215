"""Results of benchmarks: figures with their range, tables, and requirements."""

import statistics
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

_WHOLE: Final = 100


def _values(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(values)


@attrs.frozen
class Figure:
    """A figure measured in several rounds, shown as its median and range.

    Attributes:
        values: one value per round.
    """

    values: tuple[float, ...] = attrs.field(converter=_values)

    @property
    def median(self) -> float:
        """The median."""
        return statistics.median(self.values)

    def over(self, other: "Figure") -> "Figure":
        """The ratio to another figure per round, so that common load cancels out."""
        return Figure(mine / theirs for mine, theirs in zip(self.values, other.values, strict=True))

    def times(self, factor: float) -> "Figure":
        """The figure multiplied by a factor."""
        return Figure(value * factor for value in self.values)

    def __str__(self) -> str:
        if len(self.values) == 1:
            return number(self.median)
        spread = f"{number(min(self.values))} to {number(max(self.values))}"
        return f"{number(self.median)} ({spread})"


def number(value: float) -> str:
    """A number with fewer decimals the larger it is."""
    if value >= _WHOLE or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= _WHOLE / 10 else f"{value:.2f}"


@attrs.frozen
class Table:
    """A table.

    Attributes:
        columns: the headings.
        rows: the rows.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@attrs.frozen
class Requirement:
    """A requirement for a figure.

    Attributes:
        what: the description of the figure.
        figure: the figure; None if it could not be measured.
        least: the minimum.
        most: the maximum.
        unit: the unit; empty for ratios.
    """

    what: str
    figure: Figure | None
    least: float | None = attrs.field(default=None, kw_only=True)
    most: float | None = attrs.field(default=None, kw_only=True)
    unit: str = attrs.field(default="", kw_only=True)

    @property
    def reached(self) -> bool | None:
        """Whether it is met; None if it was not measured."""
        if self.figure is None:
            return None
        enough = self.least is None or self.figure.median >= self.least
        return enough and (self.most is None or self.figure.median <= self.most)

    def row(self) -> tuple[str, str, str, str]:
        """Its row in the table of requirements."""
        bounds = [f"at least {self.least:g}"] if self.least is not None else []
        bounds += [f"at most {self.most:g}"] if self.most is not None else []
        said = {True: "yes", False: "**no**", None: "not measured"}[self.reached]
        measured = "" if self.figure is None else f"{self.figure}{self.unit}"
        return self.what, " and ".join(bounds) + self.unit, measured, said


@attrs.frozen(kw_only=True)
class Section:
    """A section of the report.

    Attributes:
        title: the subject.
        text: the description of the measurement.
        tables: the measured tables.
        requirements: the requirements.
        left_out: the omitted measurements with their reasons.
        notes: further remarks.
    """

    title: str
    text: str
    tables: Sequence[Table] = ()
    requirements: Sequence[Requirement] = ()
    left_out: Sequence[str] = ()
    notes: Sequence[str] = ()


def ratio(mine: Figure | None, theirs: Figure | None) -> Figure | None:
    """The ratio of two figures; None if one is missing or zero."""
    return mine.over(theirs) if mine and theirs and all(theirs.values) else None


def shown(figures: Iterable[Figure | None]) -> list[str]:
    """The cells of a row; empty for missing figures."""
    return ["" if figure is None else str(figure) for figure in figures]
