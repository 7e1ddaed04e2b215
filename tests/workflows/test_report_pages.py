"""Reports in one look: who, what and when in the head, failures first, nothing but their own."""

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tgiconik._page.report import CHUNK
from tgiconik.workflows import Distribution, Readiness, State, Verification

from .audit.test_page import HOSTILE
from .report_samples import (
    DE,
    FILM,
    NOW,
    PARTNERS,
    REPORTS,
    distribution,
    outcome,
    readiness,
    verification,
)

Make = Callable[[Path, str], str]
EVERY = pytest.mark.parametrize("make", REPORTS.values(), ids=REPORTS)


class Seen(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "script"}:
            self.texts.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [told for name, told in self.tags if name == tag]

    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def shape(self) -> list[tuple[str, list[str]]]:
        return [(tag, sorted(its)) for tag, its in self.tags]


def rows(page: str) -> list[str]:
    """The rows of the table that the filters are for, as HTML."""
    return re.findall(r"<tr [^>]*data-state=.*?</tr>", page)


def tiles(page: str) -> dict[str, int]:
    """The counts in the head by their labels."""
    found = re.findall(r'<li class="tile[^>]*>.*?<b>([\d,]+)</b>([^<]+)<', page)
    return {label: int(count.replace(",", "")) for count, label in found}


@EVERY
def test_a_report_runs_and_shows_nothing_but_its_own(make: Make, tmp_path: Path) -> None:
    page = make(tmp_path, "")

    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules.keys() == {"default-src", "style-src", "script-src", "base-uri", "form-action"}
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
    for tag, its in Seen(page).tags:
        assert not its.keys() & {"src", "srcset", "action", "style"}, tag
        assert str(its.get("href", "#")).startswith("#"), tag
        assert not [name for name in its if name.startswith("on")], tag
    assert "url(" not in page
    assert "@import" not in page


@EVERY
@pytest.mark.parametrize("words", HOSTILE)
def test_whatever_partners_write_stays_text(make: Make, words: str, tmp_path: Path) -> None:
    plain, hostile = Seen(make(tmp_path, " plain")), Seen(make(tmp_path, words))

    assert hostile.open == plain.open == []
    assert hostile.shape() == plain.shape()


@EVERY
@given(words=st.text(max_size=20))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_of_partners_stays_text(make: Make, words: str, tmp_path: Path) -> None:
    hostile = f"<script>{words}</script>\"'><img src=x>"

    seen = Seen(make(tmp_path, hostile))

    assert seen.open == []
    assert len(seen.of("script")) == 1
    assert seen.of("img") == []


@EVERY
def test_the_head_says_what_it_is_about_and_when(make: Make, tmp_path: Path) -> None:
    page = make(tmp_path, "")
    head = page[page.index("<header>") : page.index("</header>")]

    assert re.search(r"<h1>[A-Z][^<]{5,}(<abbr [^>]*>\w{8}</abbr>\))?</h1>", head)
    assert "UTC" in head
    assert "2026-03-02" in head
    assert tiles(page)
    assert re.search(r"<title>[^<]+ · [^<]+</title>", page)


@EVERY
def test_partners_are_named_wherever_they_are_shown(make: Make, tmp_path: Path) -> None:
    page = make(tmp_path, "")

    shown = re.sub(r'<[^>]*>|"[^"]*"', " ", page[page.index("<main>") :])
    for id_, name in PARTNERS.items():
        assert (name.replace("&", "&amp;") in shown) == (id_ in shown), id_
    assert any(id_ in shown for id_ in PARTNERS)


@EVERY
def test_every_link_leads_to_a_place_in_the_page(make: Make, tmp_path: Path) -> None:
    seen = Seen(make(tmp_path, ""))

    ids = [str(its["id"]) for _, its in seen.tags if "id" in its]
    assert len(ids) == len({*ids})
    assert {str(its["href"]).removeprefix("#") for its in seen.of("a")} <= {*ids}
    assert seen.of("a")[0]["class"] == "skip"


@EVERY
def test_each_count_that_filters_has_a_filter_with_its_value(make: Make, tmp_path: Path) -> None:
    page = make(tmp_path, "")
    seen = Seen(page)

    options = {its["value"] for its in seen.of("option")}
    names = {its["name"] for its in seen.of("select")}
    for tile in (its for its in seen.of("a") if "data-filter" in its):
        assert tile["data-filter"] in names
        assert tile["data-value"] in options


@EVERY
def test_light_dark_and_paper_have_styles_of_their_own(make: Make, tmp_path: Path) -> None:
    page = make(tmp_path, "")

    assert "@media screen and (prefers-color-scheme: dark)" in page
    assert "@media print" in page
    assert {"name": "color-scheme", "content": "light dark"} in Seen(page).of("meta")
    assert 'lang="en"' in page


def test_a_run_shows_failures_then_refusals_then_deliveries_and_counts_them() -> None:
    page = distribution().to_html()

    states = [re.findall('data-state="([^"]+)"', row)[0] for row in rows(page)]
    assert states == ["failed"] * 2 + ["refused"] + ["delivered"] * 3
    assert tiles(page) == {"failed": 2, "refused": 1, "delivered": 3, "waited for": 2}
    assert page.index("<h2>Failed: 2") < page.index("<h2>Refused: 1") < page.index("<h2>Waits")
    assert page.index("<h2>Waits for: 2") < page.index("<h2>Outcomes")
    assert "2026-03-02 09:00 to 09:04 UTC" in page


def test_ids_in_reasons_and_waits_are_named() -> None:
    text = Seen(distribution().to_html()).text()

    assert "Harbour & Sons Ltd (GC10000405GB) has no contact" in text
    assert "Harbour & Sons Ltd (GC10000405GB): give this partner a contact" in text


def test_a_partner_without_a_profile_is_shown_by_id() -> None:
    one = outcome(DE, State.DELIVERED, partner_name=None)

    page = Distribution(asset_id=FILM, outcomes=(one,)).to_html()

    assert f'<td role="cell">{DE}</td>' in page
    assert f'<option value="{DE}">{DE}</option>' in page


def test_readiness_shows_who_lacks_most_first_and_counts_as_the_value_does() -> None:
    value = readiness()

    page = value.to_html()

    partners = [re.findall('data-partner="([^"]+)"', row)[0] for row in rows(page)]
    by_id = {one.partner: one for one in value.partners}
    lacking = [len(by_id[partner].blocks) for partner in partners]
    assert lacking == sorted(lacking, reverse=True)
    assert len(partners) == len(value.partners)
    assert tiles(page) == {
        "partners not ready": sum(not one.ready for one in value.partners),
        "open exceptions": 1,
        "open tasks of our own": len(value.own_tasks),
        "partners ready": 1,
    }
    assert f"not ready, {len(value.blocks)} missing" in page
    assert "2026-03-05 09:00 UTC" in page
    assert page.index("Approve the poster") < page.index("<h2>Partners")


def test_readiness_is_written_to_a_file_too(tmp_path: Path) -> None:
    page = readiness().to_html(tmp_path / "readiness.html")

    assert (tmp_path / "readiness.html").read_text("utf-8") == page


def test_readiness_of_nobody_is_a_page() -> None:
    page = Readiness(at=NOW).to_html()

    assert "No partner takes part." in page
    assert "<form" not in page


def test_a_launch_has_its_readiness_in_its_page(tmp_path: Path) -> None:
    page = REPORTS["launch"](tmp_path, "")

    assert "<h1>Launch Spring launch: active</h1>" in page
    assert page.index("<h2>Readiness: not ready") < page.index("<h2>Outcomes")
    assert "Dress the windows" in page


def test_verification_shows_what_is_wrong_first_and_counts_as_the_value_does() -> None:
    value = verification()

    page = value.to_html()

    states = [re.findall('data-state="([^"]+)"', row)[0] for row in rows(page)]
    assert states == ["wrong"] * len(value.wrong) + ["right"] * 2
    assert tiles(page) == {
        "may not be open": len(value.wrong),
        "could not be read": len(value.unread),
        "may be open": 2,
    }
    assert page.index("<h2>What could not be read") < page.index("<h2>Open links")


def test_the_check_after_a_compliant_distribution_is_in_its_page(tmp_path: Path) -> None:
    page = REPORTS["compliance"](tmp_path, "")

    assert "<h2>Check of all open links afterwards: 2 of 4 open ways are wrong</h2>" in page
    assert page.index("the version is held back") < page.index("<h2>Outcomes")


def test_a_reconciliation_lists_shares_that_people_made_and_that_stay(tmp_path: Path) -> None:
    page = REPORTS["reconciliation"](tmp_path, "")

    assert "<h2>Made by hand, and left open: 1</h2>" in page
    assert "share s-9 of user mara, without an end" in page


def test_nothing_open_is_said_and_has_no_filters() -> None:
    page = Verification(asset_id=FILM).to_html()

    assert "No way is open." in page
    assert "<form" not in page


def test_a_table_is_a_table_for_screen_readers_whatever_it_looks_like() -> None:
    seen = Seen(distribution().to_html())

    (table,) = seen.of("table")
    assert table["role"] == "table"
    assert table["aria-label"] == "Outcomes"
    assert {its["role"] for its in seen.of("tr")} == {"row"}
    assert {its["role"] for its in seen.of("td")} == {"cell"}
    assert {its["role"] for its in seen.of("th")} == {"columnheader"}


def test_many_rows_are_laid_out_in_parts() -> None:
    outcomes = (outcome(DE, State.DELIVERED),) * (3 * CHUNK + 1)

    page = Distribution(asset_id=FILM, outcomes=outcomes).to_html()

    assert len(rows(page)) == 3 * CHUNK + 1
    assert page.count("<tbody data-chunk") == 4


def test_of_very_many_lines_the_first_are_in_sight_and_the_rest_is_counted() -> None:
    waits = tuple(f"partner {number} to confirm" for number in range(700))

    page = Distribution(asset_id=FILM, waiting_on=waits).to_html()

    assert "<summary>690 more</summary>" in page
    assert "… and 200 more" in page
    assert page.count(" to confirm<") == 500
