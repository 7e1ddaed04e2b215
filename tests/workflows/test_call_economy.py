"""How many calls workflows take: the formulas that `docs/benchmarks.md` prints, held."""

import pytest

from benchmarks import call_economy
from benchmarks.call_economy import MEASURED_AT, SCENES, Formula, Scene, figures_in, measure

#: More partners than a page of iconik's has shares, than one of Trading Grid's has deliveries, and
#: more than are looked at together; and few, with several assets.
CROWDS = [(1, 1), (10, 5), (100, 1), pytest.param(201, 1, marks=pytest.mark.scale)]


@pytest.fixture(params=SCENES, ids=lambda scene: scene.name.replace("`", ""))
def scene(request: pytest.FixtureRequest) -> Scene:
    found: Scene = request.param
    return found


@pytest.mark.parametrize(("partners", "assets"), CROWDS)
async def test_a_workflow_takes_as_many_calls_as_its_formula_says(
    scene: Scene, partners: int, assets: int
) -> None:
    first, again = await measure(scene, partners=partners, assets=assets)

    expected = scene.first.at(partners, assets)
    assert (first[1], first[3]) == (expected[1], expected[3])
    # Those who wait to be looked at together may be seen by a look that was begun for others.
    for which, formula in ((0, scene.first.iconik_reads), (2, scene.first.grid_reads)):
        spared = _saved(formula, partners, assets)
        assert expected[which] - spared <= first[which] <= expected[which]
    assert again == scene.again.at(partners, assets)


def _saved(formula: Formula, partners: int, assets: int) -> int:
    """How many reads looks can spare each other at the most."""
    looks = [term for term in formula.text.split(" + ") if "⌈P/50⌉" in term]
    return sum(Formula(term)(partners, assets) - Formula(term)(1, assets) for term in looks)


def test_a_re_run_writes_nothing() -> None:
    for scene in SCENES:
        assert (scene.again.iconik_writes.text, scene.again.grid_writes.text) == ("0", "0")


@pytest.mark.parametrize("partners", [1, 50, 2_000, 10_000])
def test_an_asset_for_many_takes_what_was_promised(partners: int) -> None:
    (scene,) = [one for one in SCENES if one.name == "`distribute_approved_asset`"]
    first, again = scene.first.at(partners, 1), scene.again.at(partners, 1)

    assert first[1] + first[3] <= 2.1 * partners + 2
    assert again[0] + again[2] <= partners / 50 + 40


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("5 + 2P", 305),
        ("3A⌈P/100⌉ + A", 14),
        ("⌊P/100⌋ + AP", 301),
        ("2A + ⌈P/50⌉", 7),
        ("2A[P>100] + [P>150]", 4),
    ],
)
def test_a_formula_is_read_as_people_read_it(text: str, number: int) -> None:
    assert Formula(text)(150, 2) == number


@pytest.mark.parametrize("text", ["", "P/50", "2 P", "5 - P", "B"])
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no part of a formula"):
        Formula(text)(1, 1)


@pytest.mark.scale
async def test_the_page_says_what_is_measured() -> None:
    page = figures_in(call_economy.PAGE.read_text("utf-8"))
    now = figures_in(f"{call_economy.BEGIN}\n{await call_economy.table()}\n{call_economy.END}")

    assert page.keys() == now.keys()
    for scene in SCENES:
        (*formulas, figures), (*formulas_now, figures_now) = page[scene.name], now[scene.name]
        assert formulas == formulas_now
        spared = {
            which: _saved(formula, MEASURED_AT["partners"], MEASURED_AT["assets"])
            for which, formula in ((0, scene.first.iconik_reads), (2, scene.first.grid_reads))
        }
        for which, (figure, figure_now) in enumerate(zip(figures, figures_now, strict=True)):
            assert abs(figure - figure_now) <= spared.get(which, 0)


def test_a_table_replaces_the_one_before() -> None:
    page = "before\n<!-- calls -->\nold\n<!-- /calls -->\nafter"

    assert call_economy.written(page, "new") == (
        "before\n<!-- calls -->\nnew\n<!-- /calls -->\nafter"
    )
