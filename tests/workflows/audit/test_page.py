"""One page that opens anywhere, asks nobody for anything, and runs nothing but its own."""

import re
from base64 import b64encode
from collections import Counter
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tgiconik.workflows.audit import AuditRecord, Event, EventKind, Finding, Gap, Subject

from .stories import NOON, event, events, record_of

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "<!--",
    "--!><svg onload=alert(1)>",
    "&lt;b&gt;",
    "</option></select></form>",
    "\x00\x1b[31m\u202egnp.exe",
    "javascript:alert(1)",
    "]]>",
]


class Seen(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append((self.tags[-1][0] if self.tags else "", data))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [told for name, told in self.tags if name == tag]

    def text(self) -> str:
        return " ".join(data for tag, data in self.texts if tag not in {"style", "script"})


def page_of(record: AuditRecord) -> str:
    path = record.path.with_suffix(".html")
    record.to_html(path)
    return path.read_text("utf-8")


def told(kind: str = EventKind.DOWNLOADED, minutes: float = 0, words: str = "x") -> Event:
    return event(
        kind,
        minutes,
        partner_id=f"P {words}",
        asset_id=f"A {words}",
        title=f"T {words}",
        actor=f"U {words}",
        text=f"W {words}",
        access_count=2,
        download_count=1,
        expires_at=NOON,
    )


def finding(words: str = "x", entry: int = 1) -> Finding:
    return Finding(
        code="still_open",
        message=f"M {words}",
        entries=(entry,),
        partner_id=f"P {words}",
        asset_id=f"A {words}",
    )


def a_record(folder: Path, words: str = "x") -> AuditRecord:
    gap = Gap(f"G {words}", "", OSError(words))
    story = [told(words=words), told(EventKind.JUDGED, 60 * 24, words)]
    return record_of(folder, *story, findings=[finding(words)], gaps=[gap])


def test_the_page_asks_no_host_for_anything(tmp_path: Path) -> None:
    page = page_of(a_record(tmp_path))

    seen = Seen(page)
    fetching = {"link", "img", "iframe", "object", "embed", "base", "audio", "video", "source"}
    assert not fetching.intersection(tag for tag, _ in seen.tags)
    for tag, its in seen.tags:
        assert not its.keys() & {"src", "srcset", "action", "style"}, tag
        assert str(its.get("href", "#")).startswith("#"), tag
        assert not [name for name in its if name.startswith("on")], tag
    assert "url(" not in page
    assert "@import" not in page
    assert "//" not in re.sub(r"(?m)^//.*$", "", page)


def test_the_page_may_run_and_show_nothing_but_its_own(tmp_path: Path) -> None:
    page = page_of(a_record(tmp_path))

    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"


@pytest.mark.parametrize("words", HOSTILE)
def test_whatever_is_told_stays_text(words: str, tmp_path: Path) -> None:
    plain, hostile = Seen(page_of(a_record(tmp_path))), Seen(page_of(a_record(tmp_path, words)))

    def shape(seen: Seen) -> list[tuple[str, list[str]]]:
        return [(tag, sorted(its)) for tag, its in seen.tags]

    assert shape(hostile) == shape(plain)
    assert [its.get("data-partner") for its in hostile.of("li") if "data-partner" in its] == [
        f"P {words}"
    ] * 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(events(), max_size=4))
def test_any_story_is_a_page_with_an_item_for_each_event(
    tmp_path: Path, story: list[Event]
) -> None:
    seen = Seen(page_of(record_of(tmp_path, *story)))

    ids = [its["id"] for its in seen.of("li") if "id" in its]
    assert ids == [f"e{number}" for number in range(1, len(story) + 1)]


def test_the_page_says_what_happened_who_says_so_and_what_was_found(tmp_path: Path) -> None:
    text = Seen(page_of(a_record(tmp_path))).text()

    for line in (
        "P x downloaded T x",
        "· U x · opened 2, downloaded 1 times · until 2026-03-02 12:00 UTC",
        "W x",
        "entry 1 · iconik history, 12:00:00",
        "2026-03-02",
        "2026-03-03",
        "still open",
        "M x",
        "G x could not be read: x",
        "as the platforms name them",
        "not comparable",
        "the beginning",
    ):
        assert line in text


def test_the_page_says_for_which_time_and_clocks_it_is(tmp_path: Path) -> None:
    record = attrs.evolve(
        record_of(tmp_path, told()),
        since=NOON,
        until=NOON,
        pseudonymised=True,
        clock_difference=NOON - NOON,
    )

    text = Seen(page_of(record)).text()

    assert text.count("2026-03-02 12:00 UTC") >= 3
    assert "+0.0 s at the least" in text
    assert "under other names" in text
    assert "Nothing was found." in text
    assert "could not be read" not in text


def test_filters_offer_each_partner_asset_and_finding_once(tmp_path: Path) -> None:
    story = [told(), told(minutes=1), told(minutes=2, words="y"), event("other", 3)]
    record = record_of(tmp_path, *story, findings=[finding(), finding(entry=2)])

    seen = Seen(page_of(record))

    assert [its["name"] for its in seen.of("select")] == ["kind", "partner", "asset", "finding"]
    offered = Counter(its["value"] for its in seen.of("option") if its["value"])
    assert offered == Counter(
        ["access.downloaded", "other", "P x", "P y", "A x", "A y", "still_open"]
    )
    # What the script hides when its filter is set has what the filter compares.
    marked = [its for its in seen.of("li") if its.get("class") == "event found bad"]
    assert [its["data-finding"] for its in marked] == ["still_open", "still_open"]
    assert "hidden" in seen.of("form")[0]


def test_findings_lead_to_the_entries_they_rest_on(tmp_path: Path) -> None:
    seen = Seen(page_of(a_record(tmp_path)))

    targets = {its.get("id") for its in seen.of("li")}
    links = [str(its["href"]).removeprefix("#") for its in seen.of("a")]
    # The skip link and the count lead to the timeline.
    assert links == ["rows", "rows", "e1"]
    assert targets | {"rows"} >= {*links}
    assert [its.get("id") for its in seen.of("section")].count("rows") == 1


def test_the_page_says_what_it_is_about_and_counts_as_the_record_does(tmp_path: Path) -> None:
    story = [told(), told(minutes=1), event(EventKind.COMMENTED, 2)]
    findings = [finding(), finding(entry=2), attrs.evolve(finding(), code="access_after_end")]
    record = attrs.evolve(
        record_of(tmp_path, *story, findings=findings),
        subject=Subject(assets=("A x", "A-of-no-event"), partners=("P x",)),
        names={"P x": "Nordlicht <i>Handels</i> GmbH"},
    )

    seen = Seen(page_of(record))

    text = seen.text()
    assert "T x, A-of-no-event, Nordlicht <i>Handels</i> GmbH (P x)" in text
    assert "From the beginning to 2026-03-02 12:00 UTC" in text
    tiles = [its for its in seen.of("a") if "data-filter" in its]
    assert [(its["data-filter"], its["data-value"]) for its in tiles] == [
        ("finding", "still_open"),
        ("finding", "access_after_end"),
    ]
    assert "<b>2</b>still open" in page_of(record)
    assert f"<b>{len(record)}</b>events" in page_of(record)
    assert "Findings: 3" in text


def test_findings_come_before_the_timeline_and_what_was_not_read_before_them(
    tmp_path: Path,
) -> None:
    page = page_of(a_record(tmp_path))

    places = [page.index(f"<h2>{name}") for name in ("What could not", "Findings", "Timeline")]
    assert places == sorted(places)


def test_partners_and_people_are_shown_by_name_with_their_ids(tmp_path: Path) -> None:
    names = {"P x": "Nordlicht", "U y": "Robin Example", "P x/u x": "Eva Huber"}
    story = [told(), attrs.evolve(told(minutes=1), actor="U y")]
    record = attrs.evolve(record_of(tmp_path, *story, findings=[finding()]), names=names)

    page = page_of(record)

    assert "Nordlicht downloaded T x · Eva Huber <small>U x</small>" in page
    assert "Robin Example <small>U y</small>" in page
    assert "entry 1 · P x · iconik history" in page
    assert '<option value="P x">Nordlicht (P x)</option>' in page
    assert "<small>Nordlicht (P x)</small>" in page


def test_a_contact_is_named_only_where_the_partner_acts(tmp_path: Path) -> None:
    names = {"P other/u x": "The chief executive"}
    record = attrs.evolve(record_of(tmp_path, told()), names=names)

    assert "The chief executive" not in page_of(record)


def test_a_long_timeline_is_laid_out_in_parts(tmp_path: Path) -> None:
    record = record_of(tmp_path, *(told(minutes=number / 10) for number in range(250)))

    seen = Seen(page_of(record))

    assert len([its for its in seen.of("ol") if "data-chunk" in its]) == 3
    assert len([its for its in seen.of("li") if "id" in its]) == 250


def test_light_dark_and_paper_have_styles_of_their_own(tmp_path: Path) -> None:
    page = page_of(a_record(tmp_path))

    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert {"name": "color-scheme", "content": "light dark"} in Seen(page).of("meta")


def test_a_notebook_shows_the_counts_and_the_gaps_escaped(tmp_path: Path) -> None:
    record = a_record(tmp_path, "<script>alert(1)</script>")

    shown = record._repr_html_()

    assert "&lt;AuditRecord of 2 events, 1 findings, 1 gaps&gt;" in shown
    assert "<th>access.downloaded</th><td>1</td>" in shown
    assert "<script" not in shown
    assert "<ul>" not in record_of(tmp_path, told())._repr_html_()


def test_a_notebook_shows_the_page_in_a_frame_that_can_do_nothing_to_the_notebook(
    tmp_path: Path,
) -> None:
    record = a_record(tmp_path, "<script>alert(1)</script>")

    (frame,) = Seen(record._repr_html_()).of("iframe")

    assert frame["srcdoc"] == page_of(record)
    assert frame["sandbox"] == "allow-scripts"
    assert "src" not in frame


def test_a_notebook_does_not_keep_the_timeline_of_very_many_events(tmp_path: Path) -> None:
    record = record_of(tmp_path, *(told(minutes=number) for number in range(1001)))

    shown = record._repr_html_()

    assert "<th>access.downloaded</th><td>1,001</td>" in shown
    assert "<iframe" not in shown
    assert "<code>to_html</code>" in shown


def test_a_notebook_shows_the_counts_of_a_record_whose_file_is_gone(tmp_path: Path) -> None:
    record = record_of(tmp_path, told())
    record.path.unlink()

    shown = record._repr_html_()

    assert "<th>access.downloaded</th><td>1</td>" in shown
    assert "<iframe" not in shown
