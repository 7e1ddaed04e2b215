"""Partners against checks, as notebooks show them: signs, words and headers beside the colours."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik.workflows.distribution.ways import Verification, Way
from tgiconik.workflows.projects.readiness import PartnerReadiness, Readiness
from tgiconik.workflows.run.results import Cell, Heat, heat_table, missing

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DE, US, JP = "GC10000401DE", "GC10000402US", "GC10000403JP"

READINESS = Readiness(
    at=NOW,
    due_at=NOW,
    partners=(
        PartnerReadiness(
            partner=DE, delivered=True, previewed=True, downloaded=True, confirmed=True
        ),
        PartnerReadiness(
            partner=US, delivered=True, open_tasks=("Dress the windows",), refused=("Poster",)
        ),
        PartnerReadiness(partner=JP, open_exceptions=("No electricity",)),
    ),
)
VERIFICATION = Verification(
    asset_id="a-1",
    version_id="v-2",
    ways=(
        Way(share_id="s-1", object_type="assets", object_id="release", partner=DE),
        Way(
            share_id="s-2",
            object_type="assets",
            object_id="a-1",
            partner=US,
            why_not="the version is held back",
        ),
        Way(
            share_id="s-3",
            object_type="collections",
            object_id="c-1",
            why_not="it shows another version than the compliant one",
        ),
    ),
)


class Table(HTMLParser):
    """The first table of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.columns: list[str] = []
        self.rows: dict[str, list[str]] = {}
        self.signs: list[str] = []
        self.unclosed: list[str] = []
        self.seen: set[str] = set()
        self.caption = ""
        self._in = ""
        self._ended = False
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag != "br":
            self.unclosed.append(tag)
        if self._ended:
            return
        given_ = dict(attributes)
        if tag == "th" and given_["scope"] == "col":
            self.columns.append("")
            self._in = "column"
        elif tag == "th" and given_["scope"] == "row":
            self._in = "row"
        elif tag == "td":
            self.rows[[*self.rows][-1]].append("")
            self._in = "cell"
        elif tag == "caption":
            self._in = tag
        elif tag == "span":
            assert given_["role"] == "img"
            self.signs.append(given_["aria-label"] or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag
        if tag in {"th", "td", "caption"}:
            self._in = ""
        self._ended |= tag == "table"

    def handle_data(self, data: str) -> None:
        match "" if self._ended else self._in:
            case "column":
                self.columns[-1] += data
            case "row":
                self.rows[data] = []
            case "cell":
                self.rows[[*self.rows][-1]][-1] += data
            case "caption":
                self.caption += data


def test_readiness_shows_each_partner_and_what_is_missing() -> None:
    table = Table(READINESS._repr_html_())

    assert table.caption == "not ready, 5 missing, overdue"
    assert table.columns[:5] == ["partner", "ready", "delivered", "previewed", "downloaded"]
    assert [*table.rows] == [DE, US, JP]
    assert table.rows[DE][0] == "✓ ready"
    assert table.rows[US] == [
        "✗ 2 missing",
        "✓ yes",
        "· not yet",
        "· not yet",
        "✗ 1: Dress the windows",
        "✓ none",
        "… not yet",
        "… 1: Poster",
    ]
    assert table.rows[JP][1] == "✗ not yet"
    assert table.rows[JP][5] == "✗ 1: No electricity"


def test_what_does_not_hold_a_partner_up_is_not_red() -> None:
    ready = PartnerReadiness(partner=DE, delivered=True, confirmed=True, refused=("Poster",))

    table = Table(Readiness(at=NOW, partners=(ready,))._repr_html_())

    assert table.caption == "ready"
    assert "no" not in table.signs


def test_verification_shows_each_way_and_where_it_went_wrong() -> None:
    table = Table(VERIFICATION._repr_html_())

    assert table.caption == "2 of 3 open ways are wrong"
    assert [*table.rows] == [DE, US, "somebody else's share of collections"]
    assert table.rows[DE] == ["✓ nothing against it"] * 6
    assert table.rows[US][1:4] == [
        "✓ nothing against it",
        "✗ the version is held back",
        "· not looked at",
    ]
    assert table.rows["somebody else's share of collections"][1].startswith("✗ it shows another")


def test_the_asset_itself_is_not_compared_with_itself() -> None:
    way = Way(share_id="s", object_type="assets", object_id="a-1", partner=DE)

    table = Table(Verification(asset_id="a-1", ways=(way,))._repr_html_())

    assert [cell[0] for cell in table.rows[DE]] == [*"✓✓✓··✓"]


def test_what_is_wrong_for_another_reason_is_not_green() -> None:
    way = Way(share_id="s", object_type="assets", object_id="a-1", partner=DE, why_not="it rains")

    table = Table(Verification(asset_id="a-1", ways=(way,))._repr_html_())

    assert table.rows[DE] == ["✗ it rains"] + ["· not looked at"] * 5


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (Verification(asset_id="a-1", version_id="v-1"), "No way is open."),
        (Verification(asset_id="a-1", ways=VERIFICATION.ways[:1]), "every way is right"),
        (
            Verification(asset_id="a-1", why_not="bytes differ", ways=VERIFICATION.ways[:1]),
            "every way is right; bytes differ",
        ),
    ],
)
def test_verification_says_how_it_stands(check: Verification, told: str) -> None:
    assert told in check._repr_html_()


@pytest.mark.parametrize("result", [READINESS, VERIFICATION], ids=["readiness", "verification"])
def test_all_of_it_is_below_to_be_opened_and_every_cell_has_words(
    result: Readiness | Verification,
) -> None:
    shown = result._repr_html_()
    table = Table(shown)

    assert table.unclosed == []
    assert "<details><summary>" in shown
    assert "<details open>" not in shown
    assert len(table.signs) == sum(map(len, table.rows.values()))
    for row in table.rows.values():
        assert len(row) == len(table.columns) - 1
        assert all(re.fullmatch(r"[✓…✗·] \w.*", cell) for cell in row)


def test_colours_lie_on_any_background_under_any_ink() -> None:
    for heat in Heat:
        colour = heat.value[2]
        assert colour == "transparent" or float(colour.rpartition(",")[2].strip(" )")) <= 0.25
    assert not re.search(r"[; \"]color:", READINESS._repr_html_())


def _over(colour: str, paper: int) -> float:
    """The luminance of a thin colour on a grey paper, as WCAG 2 defines it."""
    *channels, alpha = (
        (float(one) for one in re.findall(r"[\d.]+", colour)) if "(" in colour else (0, 0)
    )
    mixed = [(one * alpha + paper * (1 - alpha)) / 255 for one in channels or [0, 0, 0]]
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in mixed
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("heat", [Heat.GOOD, Heat.OPEN, Heat.BAD])
@pytest.mark.parametrize(
    ("ink", "paper"), [(0x21, 0xFF), (0xE0, 0x11), (0xD0, 0x1E)], ids=["light", "dark", "grey"]
)
def test_text_can_be_read_in_notebooks_light_and_dark(heat: Heat, ink: int, paper: int) -> None:
    behind = _over(heat.value[2], paper)
    above = _over("rgba(0, 0, 0, 0)", ink)
    darker, lighter = sorted((behind, above))

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


@given(text=st.text())
def test_whatever_a_title_says_it_stays_text(text: str) -> None:
    hostile = f"<script>{text}</script>\"'><img src=x>"
    partner = PartnerReadiness(
        partner=hostile,
        refused=(hostile,),
        open_tasks=(hostile,),
        open_exceptions=(hostile,),
    )
    way = Way(share_id=hostile, object_type=hostile, object_id=hostile, why_not=hostile)
    for shown in (
        Readiness(at=NOW, partners=(partner,), own_tasks=(hostile,)),
        Verification(asset_id=hostile, why_not=hostile, ways=(way,)),
    ):
        table = Table(shown._repr_html_())
        assert table.unclosed == []
        assert table.seen.isdisjoint({"script", "img"})


def test_of_very_many_partners_the_first_are_shown_and_the_rest_is_counted() -> None:
    shown = heat_table("many", ["a"], ((str(n), [Cell(Heat.GOOD, "x")]) for n in range(1200)))

    assert shown.count("<td") == 1000
    assert "… and 200 more" in shown


def test_of_very_many_things_that_are_missing_the_first_are_named() -> None:
    assert missing([]) == Cell(Heat.GOOD, "none")
    assert missing([str(n) for n in range(50)]).text.endswith("and 30 more")
