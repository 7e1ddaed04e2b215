"""Results as values to look at: plain data for programs, tables for notebooks."""

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.release import Decision, Reason, ReasonCode
from tgiconik.sandbox import world
from tgiconik.workflows import (
    Distribution,
    Distributions,
    Enhancement,
    Fulfillment,
    Outcome,
    State,
    Step,
    Verb,
    distribute_tagged_assets,
    fulfill_media_request,
)

from .conftest import Clock

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LINK = "https://app.example/share/whoever-has-this-can-look"


def outcome(**fields: object) -> Outcome:
    given_ = {"partner": "GC1", "asset_id": "a-1", "state": State.DELIVERED, "link": LINK} | fields
    return Outcome(**given_)  # type: ignore[arg-type]  # fields of an outcome, whatever a test needs


RESULTS = [
    Fulfillment(request_id="REQ-1", status="fulfilled", outcomes=(outcome(),)),
    Distribution(asset_id="a-1", outcomes=(outcome(),)),
    Distributions(distributions=(Distribution(asset_id="a-1", outcomes=(outcome(),)),)),
    Enhancement(request_id="REQ-2", status="in_review", outcomes=(outcome(),)),
]


class Tags(HTMLParser):
    """The tags of a page, and whether every one of them is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.unclosed: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        del attributes
        self.seen.add(tag)
        if tag != "br":
            self.unclosed.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_no_form_of_a_result_has_a_link_in_it(
    result: Fulfillment | Distribution | Distributions | Enhancement,
) -> None:
    assert result.outcomes[0].link == LINK
    for shown in (repr(result), json.dumps(result.to_dict()), result._repr_html_()):
        assert LINK not in shown
        assert "share/" not in shown


def test_plain_data_has_times_errors_and_sets_as_json_has_them() -> None:
    decision = Decision(
        allowed=False,
        reasons=(Reason(ReasonCode.EMBARGO, "Under embargo.", "EmbargoUntil"),),
        decided_at=NOW,
    )
    result = Distribution(
        asset_id="a-1",
        outcomes=(
            outcome(state=State.REFUSED, decision=decision),
            outcome(state=State.FAILED, error=errors.WorkflowError("GC2 has no profile")),
        ),
        timeline=(Step(NOW, Verb.READ, "asset a-1"),),
    )

    data = json.loads(json.dumps(result.to_dict()))

    refused, failed = data["outcomes"]
    assert refused["state"] == "refused"
    assert refused["decision"]["decided_at"] == "2026-03-02T09:00:00Z"
    assert refused["decision"]["reasons"] == [
        {"code": "embargo", "message": "Under embargo.", "field": "EmbargoUntil"}
    ]
    assert failed["error"] == {"type": "WorkflowError", "message": "GC2 has no profile"}
    assert data["timeline"] == [{"at": "2026-03-02T09:00:00Z", "verb": "read", "what": "asset a-1"}]


async def test_a_real_result_is_ready_for_json_and_for_a_notebook(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    for result in (
        await fulfill_media_request(grid, iconik, "REQ-1042", policy=world.policy(), now=clock),
        await distribute_tagged_assets(grid, iconik, policy=world.policy(), now=clock),
    ):
        assert json.loads(json.dumps(result.to_dict()))["dry_run"] is False
        page = Tags(result._repr_html_())
        assert page.unclosed == []
        assert "Not cleared for JP." in page.text or "Spring launch film" in page.text


@given(text=st.text())
def test_whatever_a_title_says_it_stays_text(text: str) -> None:
    hostile = f"<script>{text}</script>"
    result = Distribution(
        asset_id=hostile,
        outcomes=(outcome(title=hostile, error=errors.WorkflowError(hostile)),),
        waiting_on=(hostile,),
        timeline=(Step(NOW, Verb.READ, hostile),),
    )

    page = Tags(result._repr_html_())

    assert page.seen <= {
        "div", "p", "style", "strong", "table", "tr", "th", "td", "br", "details", "summary"
    }  # fmt: skip
    assert page.unclosed == []


def test_a_column_without_anything_in_it_is_left_out() -> None:
    shown = Distribution(asset_id="a-1", outcomes=(outcome(),))._repr_html_()

    assert "<th>partner</th>" in shown
    assert "<th>error</th>" not in shown


def test_of_very_many_rows_the_first_are_shown_and_the_rest_is_counted() -> None:
    many = tuple(outcome(partner=f"GC{number}") for number in range(1200))

    shown = Distribution(asset_id="a-1", outcomes=many)._repr_html_()

    assert shown.count("<td>a-1</td>") == 1001
    assert "… and 200 more" in shown


def test_the_timeline_is_folded_and_says_when_and_what() -> None:
    steps = (
        Step(NOW, Verb.READ, "asset a-1"),
        Step(NOW + timedelta(seconds=1), Verb.WROTE, "share it"),
    )

    shown = Distribution(asset_id="a-1", timeline=steps)._repr_html_()

    assert "<details><summary>timeline: 2</summary>" in shown
    assert "<td>2026-03-02 09:00:01</td><td>wrote</td><td>share it</td>" in shown


async def test_what_was_judged_for_a_request_is_a_table_of_what_a_person_asks_about(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await fulfill_media_request(
        grid, iconik, "REQ-1042", policy=world.policy(), now=clock, dry_run=True
    )

    shown = result._repr_html_()

    assert "<summary>candidates</summary>" in shown
    assert "<summary>judged: 3</summary>" in shown
    film = world.asset_id("film-de-unsigned")
    short = f'Spring launch film <abbr title="{film}">{film[:8]}</abbr>'
    assert re.search(
        f"<td>{short}</td><td>3, 1, 1, 1, 1</td><td>The approval .* MIXED.</td>", shown
    )


async def test_a_row_of_rows_says_who_got_it_and_keeps_its_timeline_for_the_data(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    result = await distribute_tagged_assets(
        grid, iconik, policy=world.policy(), now=clock, dry_run=True
    )

    shown = result._repr_html_()

    assert f"{world.NORDLICHT}: would be delivered<br>{world.SUMMIT}: would be delivered" in shown
    assert "<th>timeline</th>" not in shown


def test_cells_read_from_the_left_and_colours_are_the_notebooks() -> None:
    shown = Distribution(asset_id="a-1")._repr_html_()

    (style,) = re.findall("<style>(.*?)</style>", shown)
    assert "text-align: left" in style
    assert "color" not in style
    assert "background" not in style
