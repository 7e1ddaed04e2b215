"""The facts that are read for a decision, and the view that they are read through."""

from datetime import timedelta
from typing import Any

import attrs
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.iconik.assets import current_version
from tgiconik.iconik.models import assets as m
from tgiconik.release import AssetFacts, ReasonCode, ReleasePolicy
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.faults import Fault, Refuse
from tgiconik.sandbox.iconik.kinds import ASSETS, FIELDS, VIEWS
from tgiconik.workflows import State, distribute_approved_asset
from tgiconik.workflows.run import IconikRun
from tgiconik.workflows.run.trail import Trail
from tgiconik.workflows.sharing.facts import check_view, facts_from, read_facts

from .conftest import Clock, Wire

POLICY = world.policy()
LOOKBOOK = world.asset_id("lookbook")
VIEW = f"/API/metadata/v1/views/{world.RELEASE_VIEW}/"


def run_of(iconik: IconikClient, clock: Clock, policy: ReleasePolicy = POLICY) -> IconikRun:
    return IconikRun(iconik=iconik, policy=policy, trail=Trail(now=clock))


# What is read of an asset and its versions


def read_of(clock: Clock, version_id: str | None = "v2", **asset: Any) -> AssetFacts:  # noqa: ANN401 - any field
    return facts_from(m.Asset(id="a", **asset), version_id, None, {}, read_at=clock())


def test_what_is_known_of_the_asset_is_a_fact(clock: Clock) -> None:
    known = read_of(
        clock, is_blocked=True, date_deleted=clock(), limit_download_to_groups=["g1", "g2"]
    )

    assert known.is_blocked
    assert known.deleted_at == clock()
    assert known.limit_download_to_groups == {"g1", "g2"}


def test_the_version_that_is_judged_has_its_own_status(clock: Clock) -> None:
    versions = [
        m.AssetVersion(id="v1", status="DELETING"),
        m.AssetVersion(id="v2", status="ACTIVE"),
        m.AssetVersion(status="FAILED"),
    ]

    assert read_of(clock, "v1", versions=versions).version_status == "DELETING"
    assert read_of(clock, "v2", versions=versions).version_status == "ACTIVE"
    assert read_of(clock, "v3", versions=versions).version_status is None
    assert read_of(clock, None, versions=versions).version_status is None
    assert read_of(clock, versions=versions).version_ids == frozenset({"v1", "v2"})


def test_a_current_version_that_the_versions_lack_is_current_and_not_among_them(
    clock: Clock,
) -> None:
    asset = m.Asset(id="a", default_version_id="gone", versions=[m.AssetVersion(id="v1")])
    current = current_version(asset)
    assert current is not None

    known = facts_from(asset, current.id, None, {}, read_at=clock())

    assert known.version_id == "gone"
    assert known.version_ids == frozenset({"v1"})


def test_no_versions_and_versions_that_are_not_known_are_told_apart(clock: Clock) -> None:
    assert read_of(clock, versions=[]).version_ids == frozenset()
    assert read_of(clock).version_ids is None


def test_a_vote_of_a_user_is_no_vote_of_a_reviewer_outside(clock: Clock) -> None:
    votes = [
        m.ApprovalBy(user="u1", external="x@y.example", status="APPROVED"),
        m.ApprovalBy(external="z@y.example", status="NOT_APPROVED"),
        m.ApprovalBy(status="APPROVED"),
    ]
    approval = m.Approval(status="APPROVED", approvals_by=votes)

    known = facts_from(m.Asset(id="a"), "v1", approval, {}, read_at=clock())

    assert known.approved_by == {"u1"}
    assert known.external_approvers == frozenset()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("is_blocked", True, ReasonCode.ASSET_BLOCKED),
        ("date_deleted", "2026-03-01T00:00:00Z", ReasonCode.ASSET_NOT_ACTIVE),
        ("limit_download_to_groups", ["g1"], ReasonCode.DOWNLOAD),
        ("versions", "IN_PROGRESS", ReasonCode.VERSION_NOT_USABLE),
    ],
)
async def test_nothing_goes_out_that_these_facts_forbid(
    *,
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    field: str,
    value: Any,  # noqa: ANN401 - any field's
    code: ReasonCode,
) -> None:
    document = sandbox.state.store.get(ASSETS, LOOKBOOK)
    assert document is not None
    if field == "versions":
        value = [version | {"status": value} for version in document["versions"]]
    sandbox.state.store.put(ASSETS, LOOKBOOK, document | {field: value})

    result = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=clock)

    assert {outcome.state for outcome in result.outcomes} == {State.REFUSED}
    for outcome in result.outcomes:
        assert outcome.decision is not None
        assert code in {reason.code for reason in outcome.decision.reasons}


# The platform's clock


async def test_the_platforms_time_is_that_of_its_answer(iconik: IconikClient, clock: Clock) -> None:
    ours = Clock()
    ours.advance(minutes=10)

    known = await read_facts(run_of(iconik, ours), LOOKBOOK)

    assert known.read_at == ours()
    assert known.platform_at == clock()


async def test_the_time_that_the_answer_took_is_taken_off(
    iconik: IconikClient, clock: Clock, wire: Wire
) -> None:
    ours = Clock()

    async def take_time(request: httpx.Request) -> None:
        if request.url.path.endswith(f"/assets/{LOOKBOOK}/"):
            ours.advance(seconds=3)
            clock.advance(seconds=3)

    wire.before.append(take_time)
    started = ours()
    known = await read_facts(run_of(iconik, ours), LOOKBOOK)

    assert known.read_at == started
    assert known.platform_at == clock() - timedelta(seconds=3)


async def test_a_clock_that_is_set_back_meanwhile_makes_the_platform_no_later(
    iconik: IconikClient, clock: Clock, wire: Wire
) -> None:
    ours = Clock()

    async def set_back(request: httpx.Request) -> None:
        del request
        ours.advance(hours=-1)

    wire.before.append(set_back)
    known = await read_facts(run_of(iconik, ours), LOOKBOOK)

    assert known.platform_at == clock()


@pytest.mark.parametrize("minutes", [0, 10])
async def test_a_fast_worker_does_not_end_an_embargo(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, minutes: int
) -> None:
    until = clock() + timedelta(minutes=8)
    await iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, {"EmbargoUntil": until})
    ours = Clock()
    ours.advance(minutes=minutes)

    early = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=ours)
    assert {outcome.state for outcome in early.outcomes} == {State.REFUSED}

    clock.advance(minutes=8)
    ours.advance(minutes=8)
    result = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=POLICY, now=ours)
    assert State.DELIVERED in {outcome.state for outcome in result.outcomes}


# The view of the policy


async def test_the_view_of_the_sandbox_fits_its_policy_and_is_read_once(
    iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    run = run_of(iconik, clock)
    before = sandbox.calls.iconik.reads

    await check_view(run)

    assert sandbox.calls.iconik.reads == before + 1
    assert sandbox.writes == []
    assert [step.what for step in run.trail.steps] == [
        f"the fields of metadata view {world.RELEASE_VIEW}"
    ]


async def test_a_policy_without_a_view_is_not_configured(
    iconik: IconikClient, clock: Clock
) -> None:
    with pytest.raises(errors.ConfigurationError, match="needs a metadata_view"):
        await check_view(run_of(iconik, clock, ReleasePolicy()))


@pytest.mark.parametrize("meant", ["Release", "release", world.RELEASE_VIEW[:-1] + "z"])
async def test_a_view_that_is_not_there_is_named_with_the_one_that_was_meant(
    iconik: IconikClient, clock: Clock, meant: str
) -> None:
    wrong = attrs.evolve(POLICY, metadata_view=meant)

    with pytest.raises(
        errors.ConfigurationError,
        match=rf"^There is no metadata view {meant}; there is Release \({world.RELEASE_VIEW}\)\.$",
    ):
        await check_view(run_of(iconik, clock, wrong))


async def test_where_there_is_no_view_at_all_it_says_so(
    iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.state.store.delete(VIEWS, world.RELEASE_VIEW)

    with pytest.raises(errors.ConfigurationError, match="there is none at all"):
        await check_view(run_of(iconik, clock))


async def test_a_view_that_is_not_there_is_an_error_also_when_the_others_are_not_told(
    iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.faults.append(Fault(Refuse(403), path=r"/metadata/v1/views/\?"))
    wrong = attrs.evolve(POLICY, metadata_view="Release")

    with pytest.raises(errors.ConfigurationError, match="the others cannot be listed"):
        await check_view(run_of(iconik, clock, wrong))


async def test_every_field_that_is_not_there_is_named_with_the_one_that_was_meant(
    iconik: IconikClient, clock: Clock
) -> None:
    wrong = attrs.evolve(POLICY, holds_field="HeldVersion", embargo_field="Xyzzy")

    with pytest.raises(errors.ConfigurationError) as caught:
        await check_view(run_of(iconik, clock, wrong))

    assert str(caught.value) == (
        f"metadata view {world.RELEASE_VIEW}: The metadata view has no field Xyzzy. "
        "The metadata view has no field HeldVersion; did you mean HeldVersions?"
    )


@pytest.mark.parametrize(
    ("field", "type_"),
    [("HeldVersions", "boolean"), ("HeldVersions", "datetime"), ("EmbargoUntil", "integer")],
)
async def test_a_field_that_cannot_hold_what_is_read_from_it_is_named(
    iconik: IconikClient, sandbox: Sandbox, clock: Clock, field: str, type_: str
) -> None:
    retype(sandbox, field, type_)

    with pytest.raises(
        errors.ConfigurationError, match=f"The metadata field {field} is {type_}, not "
    ):
        await check_view(run_of(iconik, clock))


def retype(sandbox: Sandbox, field: str, type_: str) -> None:
    """Give a field of the view another type, as an administrator may."""
    for known in sandbox.state.store.list(FIELDS):
        if known["name"] == field:
            sandbox.state.store.put(FIELDS, field, known | {"field_type": type_})
    view = sandbox.state.store.get(VIEWS, world.RELEASE_VIEW)
    assert view is not None
    fields = [
        one | ({"field_type": type_} if one["name"] == field else {}) for one in view["view_fields"]
    ]
    sandbox.state.store.put(VIEWS, world.RELEASE_VIEW, view | {"view_fields": fields})


async def test_a_view_that_cannot_be_read_is_no_matter_of_configuration(
    iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.faults.append(Fault(Refuse(403), path=VIEW))

    with pytest.raises(errors.Forbidden):
        await check_view(run_of(iconik, clock))
