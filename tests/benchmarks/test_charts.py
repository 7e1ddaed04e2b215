"""Charts show the numbers of the tables that they stand above, and nothing else."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import charts
from benchmarks.charts import CHARTS, DOCS, Chart
from benchmarks.tables import recorded

SVG = "{http://www.w3.org/2000/svg}"
PAGE = """# Page

## Rates

| a | per second |
| --- | --- |
| one | 1,000 (900 to 1,250) |
| <two> | 500 |
| three | |

## Other

| a | per second |
| --- | --- |
| one | 1 |
"""
RATES = Chart(
    name="rates", title="Rates", unit="per second", section="Rates", columns={"per second": ""}
)
named = pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)


@named
def test_a_chart_is_drawn_from_the_figures_of_its_page(chart: Chart) -> None:
    page = (DOCS / chart.page).read_text("utf-8")
    assert (DOCS / chart.path).read_text("utf-8") == charts.drawn(chart, page), (
        "run `python -m benchmarks.charts`"
    )


@named
def test_a_chart_stands_above_its_table(chart: Chart) -> None:
    lines = (DOCS / chart.page).read_text("utf-8").splitlines()
    below = lines[lines.index(f"![{chart.title}]({chart.path})") + 2]
    for column in chart.columns:
        assert column in below


@named
def test_bars_are_as_long_as_the_numbers_of_the_table(chart: Chart) -> None:
    lines = (DOCS / chart.page).read_text("utf-8").splitlines()
    begin = lines.index(f"![{chart.title}]({chart.path})") + 2
    end = next(n for n in range(begin, len(lines)) if not lines[n].startswith("|"))
    table = "\n".join(lines[begin:end])
    drawing = ET.fromstring((DOCS / chart.path).read_text("utf-8"))  # noqa: S314 - our own file
    numbers = [
        float(str(each.text).replace(",", ""))
        for each in drawing.iter(f"{SVG}tspan")
        if re.search(rf"\| {re.escape(str(each.text))}[ |]", table)
    ]
    widths = [float(each.get("width", "").rstrip("%")) for each in drawing.iter(f"{SVG}rect")]
    assert len(numbers) == len(widths) > 1
    longest = max(numbers)
    scale = max(widths) / longest
    assert widths == pytest.approx([number * scale for number in numbers], abs=0.01)


@named
def test_the_title_of_a_chart_fits_on_a_phone(chart: Chart) -> None:
    assert max(len(chart.title), len(chart.unit)) <= 40


def test_a_bar_has_its_range_and_a_cell_without_a_number_has_no_bar() -> None:
    one, two = charts.bars(RATES, charts.table_of(RATES, PAGE))
    assert (one.group, one.value, one.least, one.most) == ("one", 1000, 900, 1250)
    assert (two.value, two.least, two.most) == (500, 500, 500)
    drawing = charts.drawn(RATES, PAGE)
    assert drawing.count("<rect") == 2
    assert drawing.count("<line") == 1
    assert "&lt;two&gt;" in drawing


def test_a_chart_is_put_above_its_table_once() -> None:
    placed = charts.with_chart(RATES, PAGE)
    assert "## Rates\n\n![Rates](assets/charts/rates.svg)\n\n| a |" in placed
    assert charts.with_chart(RATES, placed) == placed


@pytest.mark.parametrize(("section", "count"), [("Rates", 2), ("No such section", 0)])
def test_a_chart_whose_table_is_missing_or_not_clear_is_an_error(section: str, count: int) -> None:
    page = PAGE.replace("## Other", "Text")
    chart = Chart(name="x", title="x", unit="", section=section, columns={"per second": ""})
    with pytest.raises(ValueError, match=rf"{count} tables for the chart x"):
        charts.drawn(chart, page)


def test_a_cell_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="'fast' is no figure"):
        charts.drawn(RATES, PAGE.replace("500", "fast"))


def test_tables_have_their_section_and_cells() -> None:
    first, second = recorded(PAGE)
    assert (first.section, second.section) == ("Rates", "Other")
    assert first.columns == ("a", "per second")
    assert first.rows[-1] == ("three", "")
    assert first.line == 4


def test_charts_are_redrawn_from_what_is_recorded(tmp_path: Path) -> None:
    for page in {chart.page for chart in CHARTS}:
        (tmp_path / page).write_text((DOCS / page).read_text("utf-8"), "utf-8")
    charts.redraw(tmp_path)
    for chart in CHARTS:
        assert (tmp_path / chart.path).read_bytes() == (DOCS / chart.path).read_bytes()
