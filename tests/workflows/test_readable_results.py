"""Results that people read: one line, one screen, one page; a dry run says that it is one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.release import Decision, Reason, ReasonCode
from tgiconik.sandbox import world
from tgiconik.workflows import (
    ComplianceDistribution,
    Distribution,
    Distributions,
    Enhancement,
    Fulfillment,
    Launch,
    Onboarding,
    Outcome,
    PartnerReadiness,
    Readiness,
    Recall,
    Reconciliation,
    Resolution,
    State,
    Step,
    Verb,
    Verification,
    Way,
    distribute_approved_asset,
    distribute_tagged_assets,
    reconcile_links,
)
from tgiconik.workflows.run.results import Result
from tgiconik.workflows.run.summary import TIMES
from tgiconik.workflows.run.trail import Trail

from .conftest import Clock

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LINK = "https://app.example/share/whoever-has-this-can-look"
LINES = 24
PARTNERS = 2000

#: Makes a result of one class; all have what is tested here.
Make = Callable[..., Any]


def distributions(outcomes: tuple[Outcome, ...], *, dry_run: bool, **rest: object) -> Distributions:
    one = Distribution(asset_id="a-1", outcomes=outcomes, dry_run=dry_run, **rest)  # type: ignore[arg-type]  # whatever a test needs
    return Distributions(distributions=(one,), dry_run=dry_run)


def of(kind: type[Result], **fixed: object) -> Make:
    def make(outcomes: tuple[Outcome, ...], *, dry_run: bool, **rest: object) -> Result:
        return kind(outcomes=outcomes, dry_run=dry_run, **fixed, **rest)  # type: ignore[call-arg]  # each has these fields

    return make


def readiness() -> Readiness:
    return Readiness(at=NOW, partners=(PartnerReadiness(partner="GC1", delivered=True),))


KINDS: dict[str, Make] = {
    "Fulfillment": of(Fulfillment, request_id="REQ-1", status="fulfilled"),
    "Distribution": of(Distribution, asset_id="a-1"),
    "Distributions": distributions,
    "ComplianceDistribution": of(ComplianceDistribution, asset_id="a-1"),
    "Recall": of(Recall, asset_id="a-1", version_id="v-1"),
    "Launch": of(Launch, campaign_key="spring", readiness=readiness()),
    "Onboarding": of(Onboarding, partner="GC1"),
    "Enhancement": of(Enhancement, request_id="REQ-2", status="in_review"),
    "Resolution": of(Resolution, issue_id="ISS-1", status="resolved"),
    "Reconciliation": of(Reconciliation),
}
EVERY = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


def outcome(number: int, **fields: object) -> Outcome:
    given_ = {
        "partner": f"GC{number:04}",
        "asset_id": "a-1",
        "title": "Spring film",
        "state": State.DELIVERED,
        "link": LINK,
    }
    return Outcome(**given_ | fields)  # type: ignore[arg-type]  # fields of an outcome


def refusal(message: str) -> Decision:
    reason = Reason(ReasonCode.EMBARGO, message, "EmbargoUntil")
    return Decision(allowed=False, reasons=(reason,), decided_at=NOW)


def many() -> tuple[Outcome, ...]:
    """Two thousand partners: the last ones failed or were refused."""
    return (
        *(outcome(number) for number in range(PARTNERS - 30)),
        *(
            outcome(
                number,
                state=State.REFUSED,
                decision=refusal(f"GC{number:04} is not cleared for it."),
                link=None,
            )
            for number in range(PARTNERS - 30, PARTNERS - 10)
        ),
        *(
            outcome(
                number,
                state=State.FAILED,
                error=errors.WorkflowError(f"GC{number:04} has no contact"),
                link=None,
            )
            for number in range(PARTNERS - 10, PARTNERS)
        ),
    )


def test_every_result_of_a_workflow_is_tested_here() -> None:
    assert {kind.__name__ for kind in Result.__subclasses__()} == KINDS.keys()


@EVERY
@pytest.mark.parametrize("dry_run", [False, True])
def test_two_thousand_partners_are_one_line_and_one_screen(make: Make, dry_run: bool) -> None:  # noqa: FBT001 - a parameter
    waits = tuple(f"GC{number:04} to confirm" for number in range(PARTNERS))
    rest = {} if make is KINDS["Distributions"] else {"waiting_on": waits}

    result = make(many(), dry_run=dry_run, **rest)

    assert "\n" not in result.summary()
    assert len(result.summary()) <= 300
    screen = str(result).splitlines()
    assert len(screen) <= LINES
    assert max(map(len, screen)) <= 160
    assert len(repr(result)) < 60_000
    would = "would be " if dry_run else ""
    assert f"10 failed, 20 {would}refused, 1,970 {would}delivered" in result.summary()
    assert LINK not in "".join((repr(result), str(result), result.summary(), result.to_html()))


@EVERY
def test_failures_and_refusals_come_first_and_are_grouped_whoever_they_name(make: Make) -> None:
    screen = str(make(many(), dry_run=False)).splitlines()

    states = [line for line in screen if line.startswith(("failed", "refused", "delivered"))]
    assert [line.split(":")[0] for line in states] == ["failed", "refused", "delivered"]
    assert len([line for line in screen if f"20 {TIMES} " in line]) == 1
    assert len([line for line in screen if f"10 {TIMES} WorkflowError: " in line]) == 1
    assert "… and 16 more" in next(line for line in screen if f"20 {TIMES} " in line)


@EVERY
def test_nothing_of_a_dry_run_says_that_something_is_done(make: Make) -> None:
    outcomes = (outcome(1), outcome(2, state=State.REFUSED, decision=refusal("No.")))

    result = make(outcomes, dry_run=True)

    assert [one.state for one in result.outcomes] == [
        State.WOULD_BE_DELIVERED,
        State.WOULD_BE_REFUSED,
    ]
    shown = (result.summary(), str(result), result._repr_html_(), result.to_html())
    for text in (*shown, json.dumps(result.to_dict())):
        assert text.count("would be delivered") + text.count("would be closed") >= 1
        assert text.replace("would be delivered", "").count(">delivered<") == 0
        assert '"state": "delivered"' not in text
    for text in shown:
        assert "Dry run: nothing was written." in text
    real = make(outcomes, dry_run=False)
    for text in (real.summary(), str(real), real._repr_html_(), real.to_html()):
        assert "would be" not in text
        assert "Dry run" not in text


@EVERY
def test_a_dry_run_stays_one_when_it_is_copied(make: Make) -> None:
    result = make((outcome(1),), dry_run=True)

    assert attrs.evolve(result) == result


@EVERY
@given(text=st.text())
def test_hostile_titles_stay_on_their_line_and_stay_text(make: Make, text: str) -> None:
    hostile = f"<script>{text}</script>\n\x1b[2J\u202e"
    outcomes = (
        outcome(1, title=hostile),
        outcome(2, title=hostile, partner=hostile, state=State.FAILED, error=ValueError(hostile)),
        outcome(3, title=hostile, state=State.REFUSED, decision=refusal(hostile)),
    )
    rest = {} if make is KINDS["Distributions"] else {"waiting_on": (hostile,)}

    result = make(outcomes, dry_run=False, **rest)

    assert all(line.isprintable() for line in str(result).split("\n"))
    assert len(str(result).split("\n")) <= LINES
    assert result.summary().isprintable()
    assert result.to_html().count("<script>") == 1
    assert "<script>" not in result._repr_html_()


def test_very_many_reasons_are_cut_and_counted() -> None:
    words = ["".join(chr(97 + int(digit)) for digit in f"{n:03}") for n in range(500)]
    outcomes = tuple(
        outcome(n, state=State.FAILED, error=errors.WorkflowError(f"{word} is broken"))
        for n, word in enumerate(words)
    )

    assert "… and 495 more reasons" in str(Distribution(asset_id="a-1", outcomes=outcomes))


def test_a_notebook_shows_failures_first_and_a_part_of_two_thousand() -> None:
    shown = Distribution(asset_id="a-1", outcomes=many())._repr_html_()

    assert "GC1999" in shown
    assert shown.index("<td>failed</td>") < shown.index("<td>refused</td>")
    assert "… and 1,000 more" in shown or "… and 1000 more" in shown
    nested = distributions(many(), dry_run=False)._repr_html_()
    assert len(nested) < 20_000


def test_a_page_has_every_one_of_two_thousand_partners() -> None:
    page = Distribution(asset_id="a-1", outcomes=many()).to_html()

    assert page.count("<tr class=") == PARTNERS
    assert page.index('data-state="failed"') < page.index('data-state="refused"')
    assert "default-src 'none'" in page


def test_a_page_of_too_many_rows_leaves_out_deliveries_and_says_so() -> None:
    outcomes = (*(outcome(n) for n in range(6000)), *many()[-10:])

    page = Distribution(asset_id="a-1", outcomes=outcomes).to_html(max_rows=5000)

    assert page.count('data-state="failed"') == 10
    assert page.count('data-state="delivered"') == 4990
    assert "… and 1,010 more (delivered)" in page


@pytest.mark.parametrize(
    ("result", "headline"),
    [
        (Distribution(asset_id="a-1", outcomes=many()), "10 deliveries failed"),
        (
            Distributions(
                distributions=(Distribution(asset_id="a-9", error=errors.WorkflowError("gone")),)
            ),
            "1 assets were not distributed",
        ),
        (
            Recall(asset_id="a", version_id="v", failures=(errors.WorkflowError("no hold"),)),
            "1 steps of the recall failed",
        ),
        (Reconciliation(failures=(errors.WorkflowError("lost"),)), "1 links or objects"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_exception_group_counts_kinds_and_names_the_first(
    result: Distribution | Distributions | Recall | Reconciliation, headline: str
) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        result.raise_for_failures()

    message = raised.value.message
    count = len(raised.value.exceptions)
    assert message.startswith(headline)
    assert f"({count} WorkflowError)" in message
    assert str(raised.value.exceptions[0]) in message
    assert len(message) < 1000
    assert ("and 7 more" in message) == (count == 10)


def test_what_is_wrong_with_open_ways_fits_on_a_screen() -> None:
    way = Way(share_id="s", object_type="assets", object_id="a", title="A\nfilm", why_not="held")
    found = Verification(asset_id=None, ways=(way,) * PARTNERS)

    assert "2000 of 2000 open ways are wrong" in found.summary()
    assert len(str(found).splitlines()) <= LINES
    assert "… and 1,980 more" in str(found)


def test_readiness_of_a_dry_run_says_would_be() -> None:
    dry = attrs.evolve(readiness(), dry_run=True)

    assert str(dry).startswith("would be ")
    assert "would be delivered" in dry._repr_html_()
    assert "would be" not in readiness()._repr_html_()


async def test_progress_knows_its_total_and_never_goes_back(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    policy, lookbook = world.policy(), world.asset_id("lookbook")
    one: list[Step] = []
    tagged: list[Step] = []
    judged: list[Step] = []
    first = await distribute_approved_asset(
        grid, iconik, lookbook, policy=policy, now=clock, progress=one.append
    )
    all_ = await distribute_tagged_assets(
        grid, iconik, policy=policy, now=clock, progress=tagged.append
    )
    open_ = await reconcile_links(grid, iconik, policy=policy, now=clock, progress=judged.append)

    for steps, total in (
        (one, len(first.outcomes)),
        (tagged, len(all_.distributions)),
        (judged, open_.objects),
    ):
        assert total
        assert steps[0].total is None
        assert {step.total for step in steps} == {None, total}
        done = [step.done for step in steps]
        assert done == sorted(done)
        assert done[-1] <= total


def test_the_end_is_estimated_by_the_speed_so_far() -> None:
    times = iter(NOW + timedelta(seconds=10 * n) for n in range(10))
    trail = Trail(now=lambda: next(times))

    with trail.counting(4) as finished:
        trail.read("one")
        finished()
        with trail.counting(100) as within:
            within()
        trail.read("two")

    trail.read("three")
    first, second, third = trail.steps
    assert (first.done, first.total, first.ends_at) == (0, 4, None)
    # One took 20 s until now, so that three more take 60 s.
    assert (second.done, second.total) == (1, 4)
    assert second.ends_at == second.at + timedelta(seconds=60)
    assert third.ends_at is None


def test_how_far_a_run_was_is_neither_data_nor_compared() -> None:
    step = Step(NOW, Verb.READ, "asset", done=1, total=2, ends_at=NOW, dry_run=True)

    assert step == Step(NOW, Verb.READ, "asset")
    data = Distribution(asset_id="a-1", timeline=(step,)).to_dict()
    assert data["timeline"][0].keys() == {"at", "verb", "what"}
