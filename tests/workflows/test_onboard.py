"""Use case 6: a partner on its way in, with everybody's moves in between."""

import json
import logging
import pickle
import traceback
from typing import Any

import attrs
import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.release import ReasonCode
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed
from tgiconik.tradinggrid.community_management import RoleName
from tgiconik.workflows import (
    NewUser,
    Onboarding,
    OnboardingTemplate,
    State,
    TaskPlan,
    onboard_partner,
    onboarding_status,
    share_key,
)

from .conftest import Clock, Wire, grid_client, iconik_client
from .onboard_plays import (
    ALPIN,
    FILM,
    PASSWORD,
    ROUGH_CUT,
    TEMPLATE,
    USERS,
    cancelled,
    confirmed,
    finish,
    half_done,
    join,
    new,
    project_of,
    run,
    withdrawn,
)

POLICY = world.policy()


async def run_with(
    grid: TradingGridClient,
    iconik: IconikClient,
    clock: Clock,
    **changes: Any,  # noqa: ANN401 - any argument
) -> Onboarding:
    arguments: dict[str, Any] = {
        "template": TEMPLATE,
        "users": USERS,
        "users_company": ALPIN,
        "password": lambda _: PASSWORD,
        "policy": POLICY,
        "now": clock,
    }
    return await onboard_partner(grid, iconik, ALPIN, **arguments | changes)


async def status(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Onboarding:
    return await onboarding_status(
        grid,
        iconik,
        ALPIN,
        template=TEMPLATE,
        users=USERS,
        users_company=ALPIN,
        policy=POLICY,
        now=clock,
    )


async def roles(grid: TradingGridClient) -> dict[str, list[str]]:
    users = grid.users.in_company(ALPIN)
    return {
        str(user.loginId): sorted(str(role.roleName) for role in await users.roles(user))
        async for user in users.list()
    }


async def open_links(iconik: IconikClient) -> int:
    count = 0
    async for hit in iconik.search.collections():
        if (hit.external_id or "").startswith("package:"):
            count += len(
                await iconik.assets.find_links(
                    str(hit.id), share_key(ALPIN), object_type="collections"
                )
            )
    return count


async def test_the_whole_life_of_an_onboarding(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    nobody = await run(grid, iconik, clock)
    assert nobody.waiting_on == (f"{ALPIN} to be in the partner directory",)
    assert (nobody.status, nobody.readiness) == (None, None)
    assert sandbox.writes == []

    await new(sandbox, grid, iconik, clock)
    before = await status(grid, iconik, clock)
    assert before.waiting_on == ("onboard_partner to begin",)
    assert [user.ready for user in before.users] == [False, False]

    begun = await run(grid, iconik, clock)
    assert begun.status == "active"
    assert [user.ready for user in begun.users] == [True, True]
    assert await roles(grid) == {
        "eva@alpin.example": [RoleName.COMMUNITY_VIEWER, RoleName.LENS_STANDARD],
        "max@alpin.example": [RoleName.COMMUNITY_VIEWER, RoleName.LENS_STANDARD],
    }
    assert [(one.asset_id, one.state) for one in begun.outcomes] == [
        (FILM, State.DELIVERED),
        (ROUGH_CUT, State.REFUSED),
    ]
    assert begun.waiting_on == (
        "our own people to do: Check the logo",
        f"{ALPIN} to do: Send your logo",
        f"{ALPIN} to confirm",
    )
    assert "GRP-RETAIL" in (await grid.community.partners.get(ALPIN)).groups
    assert await open_links(iconik) == 1

    looked = await status(grid, iconik, clock)
    assert attrs.evolve(looked, timeline=()) == attrs.evolve(begun, timeline=())

    await finish(grid)
    done = await run(grid, iconik, clock)
    assert (done.status, done.waiting_on) == ("completed", ())
    assert done.readiness is not None
    assert done.readiness.ready
    assert (await status(grid, iconik, clock)).status == "completed"


async def test_a_status_writes_nothing(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await half_done(sandbox, grid, iconik, clock)
    assert (await status(grid, iconik, clock)).status is None
    assert sandbox.writes == []

    await run(grid, iconik, clock)
    writes = len(sandbox.writes)
    seed.set_approval(sandbox.state, FILM, "NOT_APPROVED")
    looked = await status(grid, iconik, clock)

    assert len(sandbox.writes) == writes
    assert looked.outcomes[0].state is State.REFUSED


async def test_only_who_is_not_there_yet_needs_a_password(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await half_done(sandbox, grid, iconik, clock)
    asked: list[str] = []

    async def password(user: NewUser) -> str:
        asked.append(str(user.login_id))
        return PASSWORD

    await run_with(grid, iconik, clock, password=password)
    await run_with(grid, iconik, clock, password=password)

    assert asked == ["max@alpin.example"]
    assert (await roles(grid))["eva@alpin.example"] == [
        RoleName.COMMUNITY_VIEWER,
        RoleName.LENS_STANDARD,
    ]


async def test_a_dry_run_asks_for_no_password(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)

    def password(user: NewUser) -> str:
        raise AssertionError(user)

    result = await run_with(grid, iconik, clock, password=password, dry_run=True)

    assert sandbox.writes == []
    assert [user.ready for user in result.users] == [True, True]


async def test_a_user_without_a_password_fails_alone_and_holds_the_end_up(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await half_done(sandbox, grid, iconik, clock)

    result = await run_with(grid, iconik, clock, password=None)

    assert [user.ready for user in result.users] == [True, False]
    assert "user max@alpin.example to be ready" in result.waiting_on
    with pytest.raises(ExceptionGroup, match="1 users are not ready") as raised:
        result.raise_for_failures()
    (error,) = raised.value.exceptions
    assert "give a password callback" in str(error)
    await finish(grid)
    assert (await run_with(grid, iconik, clock, password=None)).status == "active"
    assert (await run(grid, iconik, clock)).status == "completed"


async def test_a_callback_that_fails_is_the_callers_business(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)

    def password(_: NewUser) -> str:
        raise KeyError("vault")

    with pytest.raises(KeyError, match="vault"):
        await run_with(grid, iconik, clock, password=password)

    assert sandbox.writes == []


@pytest.mark.parametrize("returned", [None, "", " ", b"bytes", 5])
async def test_a_callback_that_returns_no_password_is_told_so(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
    returned: Any,  # noqa: ANN401 - wrong on purpose
) -> None:
    await half_done(sandbox, grid, iconik, clock)

    result = await run_with(grid, iconik, clock, password=lambda _: returned)

    assert [user.ready for user in result.users] == [True, False]
    assert "return the password" in str(result.users[1].error)
    assert "max@alpin.example" not in await roles(grid)


async def test_users_need_the_company_that_they_are_made_in(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)

    with pytest.raises(errors.ConfigurationError, match="users_company"):
        await run_with(grid, iconik, clock, users_company=None)

    assert sandbox.writes == []
    without = await run_with(grid, iconik, clock, users=(), users_company=None)
    assert without.users == ()


async def test_a_role_that_the_platform_refuses_fails_that_user(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)
    users = [attrs.evolve(USERS[0], roles=["King of Austria" * 20]), USERS[1]]

    result = await run_with(grid, iconik, clock, users=users)

    assert [user.ready for user in result.users] == [False, True]
    assert result.outcomes[0].state is State.DELIVERED


async def test_a_partner_whom_nobody_can_reach_is_waited_for(
    grid: TradingGridClient,
    iconik: IconikClient,
    sandbox: Sandbox,
    clock: Clock,
) -> None:
    join(sandbox, contacts=[])

    result = await run(grid, iconik, clock)

    assert result.waiting_on == (f"{ALPIN} to name a contact with an e-mail address",)
    assert sandbox.writes == []


async def test_a_partner_without_a_profile_is_waited_for(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock, wire: Wire
) -> None:
    await new(sandbox, grid, iconik, clock)

    async def hide(request: httpx.Request) -> None:
        if request.url.path.endswith(f"/partners/{ALPIN}"):
            request.url = request.url.copy_with(path=request.url.path + "X")

    wire.before.append(hide)
    result = await run(grid, iconik, clock)

    assert result.waiting_on == (f"a profile of {ALPIN}",)
    assert sandbox.writes == []


async def test_an_empty_bundle_gives_no_link(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)

    result = await run_with(
        grid, iconik, clock, template=attrs.evolve(TEMPLATE, asset_ids=(), tasks=())
    )

    assert result.outcomes == ()
    assert await open_links(iconik) == 0
    assert f"a package that may go to {ALPIN}" in result.waiting_on
    told = [a async for a in grid.community.announcements.list(partner_id=ALPIN)]
    assert told == []


async def test_the_assets_of_a_collection_are_in_the_bundle(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)
    collection = seed.fixed_id("collection spring launch")

    result = await run_with(
        grid,
        iconik,
        clock,
        template=attrs.evolve(TEMPLATE, asset_ids=[FILM], collection_id=collection),
    )

    assert [one.asset_id for one in result.outcomes] == [
        FILM,
        world.asset_id("film-us"),
        world.asset_id("film-jp"),
    ]


async def test_an_asset_that_is_gone_fails_alone(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)
    gone = seed.fixed_id("gone")

    result = await run_with(
        grid, iconik, clock, template=attrs.evolve(TEMPLATE, asset_ids=[gone, FILM])
    )

    assert [one.state for one in result.outcomes] == [State.FAILED, State.DELIVERED]
    with pytest.raises(ExceptionGroup):
        result.raise_for_failures()


async def test_a_user_that_another_run_makes_meanwhile_gets_the_roles_that_are_missing(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, wire: Wire, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)

    async def be_faster(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("/users"):
            wire.before.clear()
            await run(grid, iconik, clock)

    wire.before.append(be_faster)
    result = await run(grid, iconik, clock)

    assert wire.before == []
    assert [(user.ready, user.error) for user in result.users] == [(True, None)] * len(result.users)


async def test_what_may_not_be_seen_any_more_is_taken_back(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await withdrawn(sandbox, grid, iconik, clock)

    result = await run(grid, iconik, clock)

    refused = result.outcomes[0]
    assert refused.state is State.REFUSED
    assert refused.decision is not None
    assert refused.decision.reasons[0].code == ReasonCode.NOT_APPROVED
    assert await open_links(iconik) == 0


async def test_a_cancelled_onboarding_is_taken_back_and_makes_nobody(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await cancelled(sandbox, grid, iconik, clock)
    one_more = attrs.evolve(USERS[0], login_id="third@alpin.example")

    result = await run_with(grid, iconik, clock, users=[*USERS, one_more])

    assert (result.status, result.waiting_on) == ("cancelled", ())
    assert "third@alpin.example" not in await roles(grid)
    assert [user.ready for user in result.users] == [True, True, False]
    assert await open_links(iconik) == 0


async def test_a_completed_onboarding_is_looked_after(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await confirmed(sandbox, grid, iconik, clock)
    assert (await run(grid, iconik, clock)).status == "completed"
    clock.advance(days=POLICY.link_lifetime.days - 1)

    again = await run(grid, iconik, clock)

    assert again.status == "completed"
    assert again.outcomes[0].expires_at is not None
    assert again.outcomes[0].expires_at > clock.time + POLICY.renew_before


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"key": ""}, "key must not be blank"),
        ({"title": " \n"}, "title must not be blank"),
        ({"asset_ids": FILM}, "must be a list of texts"),
        ({"tasks": [TaskPlan(key="a", title="A", depends_on=["a"])]}, "wait for each other"),
    ],
)
def test_what_is_no_template_is_refused_when_it_is_written(
    changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(errors.ConfigurationError, match=why):
        OnboardingTemplate(**{"key": "retail", "title": "Welcome"} | changes)


def test_roles_are_a_list() -> None:
    with pytest.raises(errors.ConfigurationError, match="must be a list of texts"):
        attrs.evolve(USERS[0], roles="Community Viewer")


async def test_names_from_outside_stay_on_one_line(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)
    template = attrs.evolve(TEMPLATE, title="<b>Welcome</b>\nApproved\x1b[1m")

    result = await run_with(grid, iconik, clock, template=template)

    assert "<b>" not in result._repr_html_()
    (told,) = [a async for a in grid.community.announcements.list(partner_id=ALPIN)]
    assert told.subject == "<b>Welcome</b> Approved [1m"
    assert (await project_of(grid)).name == f"<b>Welcome</b> Approved [1m ({ALPIN})"
    assert json.loads(json.dumps(result.to_dict()))["partner"] == ALPIN


@pytest.mark.parametrize("minutes", [-5, 5])
async def test_clocks_five_minutes_apart_change_nothing(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, minutes: int
) -> None:
    ours = Clock()
    await new(sandbox, grid, iconik, ours)
    ours.advance(minutes=minutes)

    first = await run(grid, iconik, ours)
    writes = len(sandbox.writes)

    assert first.outcomes[0].state is State.DELIVERED
    assert [await run(grid, iconik, ours) for _ in range(2)] == [first, first]
    assert len(sandbox.writes) == writes


class Echo(httpx.AsyncBaseTransport):
    """A platform that refuses every new user, and says all that it was sent."""

    def __init__(self, inner: httpx.AsyncBaseTransport, content_type: str) -> None:
        self._inner = inner
        self._content_type = content_type
        self.sent = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("/users"):
            self.sent += PASSWORD.encode() in request.content
            return httpx.Response(
                400, content=request.content, headers={"content-type": self._content_type}
            )
        return await self._inner.handle_async_request(request)


@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
async def test_a_password_appears_nowhere(
    sandbox: Sandbox,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    content_type: str,
) -> None:

    caplog.set_level(logging.DEBUG)
    join(sandbox)
    echo = Echo(sandbox.transport(), content_type)
    heard: list[str] = []
    async with (
        grid_client(sandbox, echo) as grid,
        iconik_client(sandbox, sandbox.transport()) as iconik,
    ):
        refused = await run_with(
            grid, iconik, clock, progress=lambda step: heard.append(repr(step))
        )
    assert echo.sent == len(USERS)
    assert [user.ready for user in refused.users] == [False, False]
    async with sandbox.clients() as (grid, iconik):
        made = await run_with(grid, iconik, clock)
    assert [user.ready for user in made.users] == [True, True]

    everything = [*heard, caplog.text, *map(repr, USERS)]
    for result in (refused, made):
        everything += [repr(result), str(result.to_dict()), result._repr_html_()]
        everything += [repr(step) for step in result.timeline]
    for user in refused.users:
        assert isinstance(user.error, errors.BadRequest)
        told = traceback.TracebackException.from_exception(user.error, capture_locals=True)
        everything += [str(user.error), repr(user.error), "".join(told.format())]
        everything.append(str(pickle.dumps(user.error)))
    assert not [text for text in everything if PASSWORD in text]


async def test_who_is_onboarded_for_another_brand_is_not_touched(
    grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    await new(sandbox, grid, iconik, clock)
    grid_seed.add_user(
        sandbox.state, credentials.COMPANY_ID, "GCUOURS", "ours@brand.example", roles=[]
    )

    await run(grid, iconik, clock)

    ours = [user.loginId async for user in grid.users.in_company(credentials.COMPANY_ID).list()]
    assert "eva@alpin.example" not in ours
