"""Rules: what they match, how they are named, and what is refused."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.automation import (
    Automation,
    Cause,
    CauseKind,
    Rule,
    every,
    on_asset_approved,
    on_issue,
    on_receipt,
    on_request,
    on_task_done,
)
from tgiconik.automation.timetable import last_due


async def act(grid: TradingGridClient, iconik: IconikClient, id_: str) -> None:
    pass


async def nightly(grid: TradingGridClient, iconik: IconikClient) -> None:
    pass


NIGHTLY = every("0 2 * * *", nightly)
RULES = {
    "asset_approved:act": on_asset_approved(act),
    "media_request:act": on_request("media_request", act),
    "enhancement:act": on_request("enhancement", act),
    "issue:act": on_issue(act),
    "task_done:act": on_task_done(act),
    "receipt:act": on_receipt(act),
    "time:nightly": NIGHTLY,
}
CAUSES = {
    "asset_approved:act": Cause(CauseKind.ASSET_APPROVED, "a"),
    "media_request:act": Cause(CauseKind.REQUEST, "REQ-1", "media_request"),
    "enhancement:act": Cause(CauseKind.REQUEST, "REQ-2", "enhancement"),
    "issue:act": Cause(CauseKind.ISSUE, "ISS-1"),
    "task_done:act": Cause(CauseKind.TASK_DONE, "PRJ-1"),
    "receipt:act": Cause(CauseKind.RECEIPT, "DOC-1"),
    "time:nightly": Cause(CauseKind.TIME, "time:nightly"),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_named_after_its_function_and_matches_its_causes_alone(name: str) -> None:
    assert RULES[name].name == name
    assert [found for found, cause in CAUSES.items() if RULES[name].matches(cause)] == [name]


def test_an_automation_keeps_its_rules_in_order() -> None:
    assert Automation(RULES.values()).rules == tuple(RULES.values())


@pytest.mark.parametrize("rules", [[], [on_issue(act), on_issue(act)], [act]])
def test_rules_that_cannot_be_told_apart_are_refused(rules: list[Rule]) -> None:
    with pytest.raises(errors.ConfigurationError):
        Automation(rules)


def test_a_function_is_in_two_rules_under_two_names() -> None:
    automation = Automation([on_issue(act), on_issue(act).named("again")])

    assert [rule.name for rule in automation.rules] == ["issue:act", "again"]


def test_a_function_without_a_name_is_refused() -> None:
    with pytest.raises(errors.ConfigurationError, match="name"):
        on_issue(lambda grid, iconik, id_: act(grid, iconik, f"{id_}"))


def test_an_unknown_kind_of_request_is_refused() -> None:
    with pytest.raises(errors.ConfigurationError, match="did you mean media_request"):
        on_request("media_requests", act)


@pytest.mark.parametrize("cron", ["", "0 2 * *", "0 25 * * *", "0 2 * * * *", "daily"])
def test_a_timetable_that_cannot_be_read_is_refused(cron: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="timetable"):
        every(cron, nightly)


def test_a_time_zone_is_checked() -> None:
    assert NIGHTLY.in_zone("Europe/Berlin").zone == "Europe/Berlin"
    with pytest.raises(errors.ConfigurationError, match="time zone"):
        NIGHTLY.in_zone("Europe/Atlantis")
    with pytest.raises(errors.ConfigurationError, match="no times"):
        on_issue(act).in_zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 3, 2, 1, 0, tzinfo=UTC), datetime(2026, 3, 2, 1, 0, tzinfo=UTC)),
        (datetime(2026, 3, 2, 0, 59, 59, tzinfo=UTC), datetime(2026, 3, 1, 1, 0, tzinfo=UTC)),
        # In summer, two o'clock in Berlin is midnight in UTC.
        (datetime(2026, 7, 2, 0, 30, tzinfo=UTC), datetime(2026, 7, 2, 0, 0, tzinfo=UTC)),
    ],
)
def test_the_last_time_that_was_due(now: datetime, due: datetime) -> None:
    assert last_due("0 2 * * *", "Europe/Berlin", now) == due


@pytest.mark.parametrize(
    "given",
    [
        ("nonsense", "a"),
        (CauseKind.ISSUE, ""),
        (CauseKind.ISSUE, "a" * 201),
        (CauseKind.ISSUE, "a\nb"),
        (CauseKind.ISSUE, "a", "media_request"),
        (CauseKind.REQUEST, "REQ-1"),
    ],
)
def test_a_cause_that_cannot_be_is_refused(given: tuple[str, ...]) -> None:
    with pytest.raises(errors.ConfigurationError):
        Cause(*given)


async def test_any_async_function_fits_a_timetable_also_one_that_ignores_its_clients() -> None:
    passes: list[object] = []

    class Office:
        async def run_once(self) -> str:
            passes.append(self)
            return "3 letters"

    office = Office()

    async def post(grid: TradingGridClient, iconik: IconikClient) -> object:
        del grid, iconik
        return await office.run_once()

    rule = every("*/5 * * * *", post)
    assert rule.name == "time:post"
    assert await rule.run(None, None, rule.name) == "3 letters"
    assert passes == [office]


@pytest.mark.parametrize(
    "make",
    [
        lambda: every("0 2 * * *", nightly, polcy=1),  # type: ignore[call-arg]
        lambda: every("0 2 * * *", act),  # type: ignore[call-arg]
        lambda: on_issue(act, "one too many"),  # type: ignore[call-arg]
        lambda: on_asset_approved(nightly),  # type: ignore[arg-type]
    ],
    ids=["a misspelled option", "an id is missing", "an argument too many", "no place for the id"],
)
def test_a_function_that_cannot_be_called_as_the_rule_does_is_refused_at_once(
    make: Callable[[], Rule],
) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"(nightly|act) cannot be called with"):
        make()
