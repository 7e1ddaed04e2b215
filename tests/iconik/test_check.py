"""The check says what is missing before a workflow finds out, and changes nothing."""

import re
from pathlib import Path

import attrs
import httpx
import pytest
from sandbox.iconik.world import VIEW, Clock
from workflows.conftest import Wire, grid_client, iconik_client

from tgiconik import IconikClient
from tgiconik.iconik.check import WORKFLOW_ROLES
from tgiconik.release import ReleasePolicy
from tgiconik.sandbox import Sandbox, credentials, facts, world
from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.iconik.kinds import USERS
from tgiconik.workflows import (
    distribute_approved_asset,
    distribute_tagged_assets,
    fulfill_media_request,
    share_key,
)

PAGE = Path(__file__).parents[2] / "docs" / "roles.md"


@pytest.fixture
def whole(clock: Clock) -> Sandbox:
    return Sandbox(now=clock)


async def checked(sandbox: Sandbox, policy: ReleasePolicy | None = None) -> list[str]:
    """The problems of a sandbox, seen without a trace."""
    before = len(sandbox.writes)
    async with iconik_client(sandbox, sandbox.transport()) as iconik:
        found = await iconik.check(policy)
    assert len(sandbox.writes) == before
    assert found.ok is (not found.problems)
    return list(found.problems)


async def test_the_sandboxs_own_world_is_ready(whole: Sandbox) -> None:
    async with iconik_client(whole, whole.transport()) as iconik:
        found = await iconik.check(whole.policy())

    assert found.ok, found.problems
    assert found.user
    assert found.missing_roles == {}


@pytest.mark.parametrize(
    "answer", [{}, {"objects": []}, {"status": "ok"}, [], "ok", 7, None], ids=str
)
async def test_what_answers_and_is_no_iconik_is_one_problem(answer: object, whole: Sandbox) -> None:
    wire = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    async with IconikClient("https://x.example", "app", "token", transport=wire) as iconik:
        found = await iconik.check(whole.policy())

    (problem,) = found.problems
    assert problem.startswith("There is no iconik at this URL")
    assert "ICONIK_URL" in problem
    assert found.missing_roles == {}


def with_roles(sandbox: Sandbox, roles: list[str]) -> None:
    user = sandbox.state.store.get(USERS, seed.CURRENT_USER)
    assert user is not None
    sandbox.state.store.put(USERS, seed.CURRENT_USER, user | {"roles": roles})


async def test_every_missing_role_is_named_with_its_workflow(whole: Sandbox) -> None:
    needed = WORKFLOW_ROLES["fulfill_media_request"]
    with_roles(whole, sorted(needed - {"can_search", "can_write_shares"}))

    problems = await checked(whole)

    assert [text for text in problems if text.startswith("fulfill_media_request")] == [
        "fulfill_media_request needs the role can_search.",
        "fulfill_media_request needs the role can_write_shares.",
    ]


async def test_missing_roles_are_a_value_too(whole: Sandbox) -> None:
    with_roles(whole, [])

    async with iconik_client(whole, whole.transport()) as iconik:
        found = await iconik.check()

    assert found.missing_roles == WORKFLOW_ROLES


async def test_credentials_that_do_not_work_are_said_and_nothing_else(whole: Sandbox) -> None:
    client = IconikClient(
        "http://localhost", credentials.APP_ID, "wrong-token", transport=whole.transport()
    )
    async with client as iconik:
        found = await iconik.check(whole.policy())

    assert len(found.problems) == 1
    assert found.problems[0].startswith("The credentials do not work: GET ")
    assert "wrong-token" not in found.problems[0]
    assert found.user is None


async def test_a_policy_without_a_view_releases_nothing(whole: Sandbox) -> None:
    (problem,) = await checked(whole, ReleasePolicy())

    assert "names no metadata view" in problem


async def test_a_view_that_is_not_there_is_said(whole: Sandbox) -> None:
    gone = attrs.evolve(whole.policy(), metadata_view="33333333-3333-4333-8333-333333333333")

    (problem,) = await checked(whole, gone)

    assert problem.startswith("The policy's metadata view cannot be read: GET ")


async def test_a_field_that_is_not_in_the_view_is_named(whole: Sandbox) -> None:
    policy = attrs.evolve(whole.policy(), embargo_field="Nowhere")

    assert await checked(whole, policy) == ["The metadata view has no field Nowhere."]


async def test_a_field_of_the_wrong_type_is_named(sandbox: Sandbox) -> None:
    policy = ReleasePolicy(metadata_view=VIEW, regions_field="Rating", embargo_field="Released")

    problems = await checked(sandbox, policy)

    assert any(text.startswith("The metadata field Rating is integer, not ") for text in problems)
    assert any(text.startswith("The metadata field Released is boolean, not ") for text in problems)


def roles_of(request: httpx.Request) -> tuple[str, ...]:
    """The roles that the facts ask for a request."""
    for operation in facts.load().operations:
        path = "/API/" + operation.service + re.sub(r"\{\w+\}", "[^/]+", operation.path)
        if request.method == operation.method and re.fullmatch(path, request.url.path):
            return operation.roles
    raise AssertionError(f"{request.method} {request.url.path} is no operation of iconik's")


async def test_the_roles_of_fulfill_media_request_are_those_of_the_calls_it_makes(
    whole: Sandbox, clock: Clock
) -> None:
    called: set[str] = set()
    wire = Wire(whole.transport())

    async def note(request: httpx.Request) -> None:
        called.update(roles_of(request))

    async with (
        grid_client(whole, whole.transport()) as grid,
        iconik_client(whole, wire) as iconik,
    ):
        # Two links where one should be: one of them will be revoked.
        for _ in range(2):
            await iconik.assets.create_link(
                world.asset_id("film-de"),
                key=share_key(world.NORDLICHT),
                title="Stray",
                expires=clock() + whole.policy().link_lifetime,
                allow_download=True,
            )
        wire.before.append(note)
        for number in range(1042, 1047):
            await fulfill_media_request(
                grid, iconik, f"REQ-{number}", policy=whole.policy(), now=clock
            )

    assert called == WORKFLOW_ROLES["fulfill_media_request"]


async def test_the_roles_of_distributing_are_those_of_the_calls_it_makes(
    whole: Sandbox, clock: Clock
) -> None:
    called: set[str] = set()
    wire = Wire(whole.transport())

    async def note(request: httpx.Request) -> None:
        called.update(roles_of(request))

    async with grid_client(whole, whole.transport()) as grid, iconik_client(whole, wire) as iconik:
        # A link of one who may not have it: it will be revoked.
        await iconik.assets.create_link(
            world.asset_id("lookbook"),
            key=share_key(world.YAMA),
            title="Stray",
            expires=clock() + whole.policy().link_lifetime,
            allow_download=True,
        )
        wire.before.append(note)
        await distribute_approved_asset(
            grid, iconik, world.asset_id("lookbook"), policy=whole.policy(), now=clock
        )
        one = set(called)
        await distribute_tagged_assets(grid, iconik, policy=whole.policy(), now=clock)

    assert one == WORKFLOW_ROLES["distribute_approved_asset"]
    assert called == WORKFLOW_ROLES["distribute_tagged_assets"]


def test_the_table_in_the_documentation_is_the_one_that_is_checked() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)

    assert {workflow: set(re.findall(r"`(\w+)`", roles)) for workflow, roles in rows} == {
        workflow: set(roles) for workflow, roles in WORKFLOW_ROLES.items()
    }
