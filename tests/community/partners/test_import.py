"""An import converges: it writes what differs, nothing twice, and loses no partner."""

from collections.abc import Iterator
from typing import Any

import anyio
import attrs
import pytest

from tgiconik import Retry, TradingGridClient, errors
from tgiconik.community.partner_import import (
    ContactProfile,
    ImportState,
    PartnerOutcome,
    PartnerProfile,
    import_partners,
    partner_csv,
    profiles_of,
    read_current,
    read_partner_csv,
)
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.faults import CutRequest, Effect, Fault, LoseAnswer, Refuse
from tgiconik.sandbox.late import Late
from tgiconik.testing import Clock
from tgiconik.tradinggrid.collaboration import Contact, PartnerInput
from tgiconik.tradinggrid.collaboration.protocol import Partners

ALPIN = PartnerProfile(
    company_id="GC10000499AT",
    name="Alpin Sport GmbH",
    contacts=[ContactProfile(email="eva@alpin.example", name="Eva Huber", role="media")],
    regions=["AT"],
    languages=["de"],
    groups=["Retailers", "Austria"],
)
NORDLICHT = PartnerProfile(
    company_id=world.NORDLICHT, name="Nordlicht Handels GmbH", regions=["DE", "CH"]
)


def crowd(number: int) -> list[PartnerProfile]:
    return [
        attrs.evolve(ALPIN, company_id=f"GC{one:08}AT", name=f"Alpin {one}", groups=["Austria"])
        for one in range(number)
    ]


def states(outcomes: tuple[PartnerOutcome, ...]) -> list[ImportState]:
    return [one.state for one in outcomes]


async def test_partners_are_created_and_changed_and_join_groups(grid: TradingGridClient) -> None:
    done = await import_partners(grid, [ALPIN, NORDLICHT])

    assert states(done.outcomes) == [ImportState.CREATED, ImportState.CHANGED]
    assert done.groups_created == ("Austria",)
    assert done.outcomes[0].groups_joined == ("Retailers", "Austria")
    alpin = await grid.community.partners.get(ALPIN.company_id)
    assert alpin.contacts == (Contact(email="eva@alpin.example", name="Eva Huber", role="media"),)
    groups = {one.id: one.name async for one in grid.community.groups.list()}
    assert {groups[one] for one in alpin.groups} == {"Retailers", "Austria"}
    nordlicht = await grid.community.partners.get(world.NORDLICHT)
    assert set(nordlicht.regions) == {"DE", "CH"}
    assert nordlicht.contacts
    assert len(nordlicht.groups) == 2


async def test_a_second_import_writes_nothing(sandbox: Sandbox, grid: TradingGridClient) -> None:
    await import_partners(grid, [ALPIN, NORDLICHT], prune=True)
    sandbox.writes.clear()

    again = await import_partners(grid, [ALPIN, NORDLICHT], prune=True)

    assert sandbox.writes == []
    assert set(states(again.outcomes)) == {ImportState.UNCHANGED}
    assert again.groups_created == ()


async def test_a_second_import_writes_nothing_where_lists_are_late(
    sandbox: Sandbox, sandbox_clock: Clock, grid: TradingGridClient
) -> None:
    sandbox_clock.advance(hours=1)
    await import_partners(grid, [ALPIN, NORDLICHT])
    made = len([one async for one in grid.community.groups.list()])
    before = await grid.community.partners.get(ALPIN.company_id)
    sandbox.writes.clear()

    with sandbox.late(Late("collaboration", 30)):
        again = await import_partners(grid, [ALPIN, NORDLICHT])

    assert [one for one in sandbox.writes if not one.path.endswith("/groups")] == []
    assert await grid.community.partners.get(ALPIN.company_id) == before
    assert len([one async for one in grid.community.groups.list()]) == made
    assert set(states(again.outcomes)) == {ImportState.UNCHANGED}


async def test_what_is_exported_is_imported_as_nothing(
    sandbox: Sandbox, grid: TradingGridClient
) -> None:
    exported = partner_csv(profiles_of(await read_current(grid)))
    sandbox.writes.clear()

    done = await import_partners(grid, read_partner_csv(exported), prune=True)

    assert states(done.outcomes) == [ImportState.UNCHANGED] * 3
    assert sandbox.writes == []


async def test_a_dry_run_writes_nothing_and_says_what_would_be(
    sandbox: Sandbox, grid: TradingGridClient
) -> None:
    sandbox.writes.clear()

    shown = await import_partners(grid, [ALPIN, NORDLICHT], dry_run=True)

    assert sandbox.writes == []
    done = await import_partners(grid, [ALPIN, NORDLICHT])
    assert attrs.evolve(shown, dry_run=False) == done


async def test_groups_are_left_only_with_prune(grid: TradingGridClient) -> None:
    profile = attrs.evolve(NORDLICHT, groups=["Retailers"])

    kept = await import_partners(grid, [profile])
    pruned = await import_partners(grid, [profile], prune=True)

    assert kept.outcomes[0].groups_left == ()
    assert pruned.outcomes[0].groups_left == ("Launch partners",)
    assert (await grid.community.partners.get(world.NORDLICHT)).groups == ("GRP-RETAIL",)


async def test_one_failure_stops_nobody_else(sandbox: Sandbox, grid: TradingGridClient) -> None:
    sandbox.faults.append(Fault(Refuse(422), method="PUT", path="partners/GC00000003AT"))

    done = await import_partners(grid, crowd(6))

    assert states(done.outcomes).count(ImportState.CREATED) == 5
    (failed,) = done.failed
    assert failed.partner == "GC00000003AT"
    assert isinstance(failed.error, errors.Unprocessable)
    with pytest.raises(ExceptionGroup, match="1 partners failed"):
        done.raise_for_failures()
    again = await import_partners(grid, crowd(6))
    assert states(again.outcomes).count(ImportState.CREATED) == 1


async def test_a_membership_that_fails_is_the_partners_outcome_with_what_was_done(
    sandbox: Sandbox, grid: TradingGridClient
) -> None:
    sandbox.faults.append(Fault(Refuse(403), method="PUT", path="groups/GRP-RETAIL/members"))

    (failed,) = (await import_partners(grid, [ALPIN])).outcomes

    assert failed.state is ImportState.FAILED
    assert failed.groups_joined == ("Austria",)
    (again,) = (await import_partners(grid, [ALPIN])).outcomes
    assert (again.state, again.groups_joined) == (ImportState.CHANGED, ("Retailers",))


async def test_a_group_that_cannot_be_created_fails_those_who_would_join_it(
    sandbox: Sandbox, grid: TradingGridClient
) -> None:
    sandbox.faults.append(Fault(Refuse(403), method="POST", path="/groups"))

    done = await import_partners(grid, [ALPIN, NORDLICHT])

    assert states(done.outcomes) == [ImportState.FAILED, ImportState.CHANGED]
    assert isinstance(done.outcomes[0].error, errors.Forbidden)
    assert done.outcomes[0].groups_joined == ("Retailers",)
    assert done.groups_created == ()
    assert (await import_partners(grid, [ALPIN])).groups_created == ("Austria",)


@pytest.mark.parametrize("effect", [LoseAnswer(), CutRequest(after=10), Refuse(503)])
@pytest.mark.parametrize(("method", "path"), [("POST", "/groups"), ("PUT", "")])
async def test_a_lost_call_is_repeated_and_nothing_is_done_twice(
    sandbox: Sandbox, sandbox_url: str, effect: Effect, method: str, path: str
) -> None:
    environ = sandbox.environment(sandbox_url)
    async with TradingGridClient.from_env(environ=environ, retry=Retry(base=0.001)) as grid:
        sandbox.faults.append(Fault(effect, method=method, path=f"community/.*{path}"))

        done = await import_partners(grid, crowd(3))

        assert sandbox.faults == []
        assert states(done.outcomes) == [ImportState.CREATED] * 3
        assert [one.name async for one in grid.community.groups.list()].count("Austria") == 1
        sandbox.writes.clear()
        await import_partners(grid, crowd(3))
        assert [one for one in sandbox.writes if "/community/" in one.path] == []


class StopError(Exception):
    """The process ends."""


class Ending:
    """Part of a backend, in a process that ends before its nth write."""

    def __init__(self, part: Any, left: Iterator[int]) -> None:  # noqa: ANN401 - any noun
        self._part = part
        self._left = left

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any method
        method = getattr(self._part, name)
        if name not in {"put", "create", "add_member", "remove_member"}:
            return method

        async def write(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the method's
            if next(self._left, None) is None:
                raise StopError
            return await method(*args, **options)

        return write


@pytest.mark.parametrize("writes", range(7))
async def test_an_import_that_ended_at_any_write_is_finished_by_another(
    sandbox: Sandbox, grid: TradingGridClient, writes: int
) -> None:
    left = iter(range(writes))
    ending = _Client(
        grid,
        partners=Ending(grid.community.partners, left),
        groups=Ending(grid.community.groups, left),
    )
    with pytest.raises(StopError):
        await import_partners(ending, crowd(3))

    assert (await import_partners(grid, crowd(3))).failed == ()
    partners = [one.name async for one in grid.community.partners.list()]
    assert {one for one in partners if partners.count(one) > 1} == set()
    sandbox.writes.clear()
    await import_partners(grid, crowd(3))
    assert sandbox.writes == []


class Meddling:
    """The partners of a backend, with somebody who changes a profile before each write."""

    def __init__(self, partners: Partners, times: int) -> None:
        self._partners = partners
        self._languages = iter([f"de-{one:04}" for one in range(times)])

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any method
        return getattr(self._partners, name)

    async def put(self, partner_id: str, profile: PartnerInput, **options: Any) -> Any:  # noqa: ANN401
        for language in self._languages:
            try:
                there = await self._partners.get(partner_id)
            except errors.NotFound:
                await self._partners.put(partner_id, PartnerInput(name="Theirs"), if_match=None)
                break
            theirs = PartnerInput(
                name=there.name,
                contacts=there.contacts,
                regions=there.regions,
                languages=[language],
            )
            await self._partners.put(partner_id, theirs, if_match=there.etag)
            break
        return await self._partners.put(partner_id, profile, **options)


class _Client:
    """A client with another backend for some nouns."""

    def __init__(self, grid: TradingGridClient, **nouns: Any) -> None:  # noqa: ANN401 - any backend
        self.community: Any = _Community(grid.community, nouns)


class _Community:
    def __init__(self, community: Any, nouns: dict[str, Any]) -> None:  # noqa: ANN401 - any backend
        self._community = community
        self._nouns = nouns

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any noun
        return self._nouns.get(name) or getattr(self._community, name)


def beside(grid: TradingGridClient, times: int) -> _Client:
    """A client whose partners somebody else changes too."""
    return _Client(grid, partners=Meddling(grid.community.partners, times))


async def test_a_profile_that_somebody_changes_meanwhile_keeps_their_fields(
    grid: TradingGridClient,
) -> None:
    (changed,) = (await import_partners(beside(grid, 2), [NORDLICHT])).outcomes

    assert changed.state is ImportState.CHANGED
    there = await grid.community.partners.get(world.NORDLICHT)
    assert set(there.regions) == {"DE", "CH"}
    assert there.languages == ("de-0001",)


async def test_a_profile_that_somebody_creates_meanwhile_is_changed(
    grid: TradingGridClient,
) -> None:
    (outcome,) = (await import_partners(beside(grid, 1), [ALPIN])).outcomes

    assert outcome.state is ImportState.CHANGED
    assert outcome.changes[0].before == ("Theirs",)
    assert (await grid.community.partners.get(ALPIN.company_id)).regions == ("AT",)


async def test_a_profile_that_never_keeps_still_is_a_failure(grid: TradingGridClient) -> None:
    (outcome,) = (await import_partners(beside(grid, 99), [NORDLICHT])).outcomes

    assert outcome.state is ImportState.FAILED
    assert isinstance(outcome.error, errors.PreconditionFailed)


async def test_two_imports_at_once_make_each_thing_once(
    sandbox: Sandbox, grid: TradingGridClient
) -> None:
    results = []

    async def run() -> None:
        results.append(await import_partners(grid, crowd(10)))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        group.start_soon(run)

    assert [one.failed for one in results] == [(), ()]
    assert [one.name async for one in grid.community.groups.list()].count("Austria") == 1
    sandbox.writes.clear()
    await import_partners(grid, crowd(10))
    assert sandbox.writes == []


@pytest.mark.parametrize("number", [40, pytest.param(2_000, marks=pytest.mark.scale)])
async def test_an_import_takes_as_many_calls_as_it_says(
    sandbox: Sandbox, grid: TradingGridClient, number: int
) -> None:
    there = len([one async for one in grid.community.partners.list()])
    lists = -(-(there + number) // 1_000) + 1
    sandbox.calls.clear()
    await import_partners(grid, crowd(number))
    first = attrs.asdict(sandbox.calls.grid)
    sandbox.calls.clear()
    again = await import_partners(grid, crowd(number))
    second = attrs.asdict(sandbox.calls.grid)
    sandbox.calls.clear()
    more = [attrs.evolve(one, groups=["Austria", "Retailers"]) for one in crowd(number)]
    await import_partners(grid, more)

    assert (first["reads"], first["writes"]) == (2, 1 + 2 * number)
    assert (second["reads"], second["writes"]) == (lists, 0)
    assert len(again.outcomes) == number
    third = attrs.asdict(sandbox.calls.grid)
    assert (third["reads"], third["writes"]) == (lists + number, number)


async def test_nothing_is_written_when_a_profile_or_a_list_is_bad(
    sandbox: Sandbox, grid: TradingGridClient
) -> None:
    sandbox.writes.clear()
    bad = PartnerProfile(company_id="GC1", name="")

    with pytest.raises(errors.ConfigurationError, match="the name is missing"):
        await import_partners(grid, [ALPIN, bad])
    with pytest.raises(errors.ConfigurationError, match="max_concurrency"):
        await import_partners(grid, [ALPIN], max_concurrency=0)
    sandbox.faults.append(Fault(Refuse(403), method="GET", path="/groups"))
    with pytest.raises(errors.Forbidden):
        await import_partners(grid, [ALPIN])

    assert [one for one in sandbox.writes if "/community/" in one.path] == []


async def test_a_closed_client_names_those_who_were_not_reached(grid: TradingGridClient) -> None:
    closing = _Client(grid, partners=Closing(grid.community.partners))
    told: list[PartnerOutcome] = []

    with pytest.raises(errors.ClientClosed) as closed:
        await import_partners(closing, crowd(3), max_concurrency=1, progress=told.append)

    assert [one.partner for one in told] == ["GC00000000AT"]
    assert closed.value.not_reached == ("GC00000001AT", "GC00000002AT")


class Closing:
    """Partners of a client that is closed after the first of them is written."""

    def __init__(self, partners: Partners) -> None:
        self._partners = partners
        self._left = iter(range(1))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any method
        return getattr(self._partners, name)

    async def put(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the method's
        if next(self._left, None) is None:
            raise errors.ClientClosed("closed", method="PUT", url="https://grid.test/")
        return await self._partners.put(*args, **options)


async def test_progress_is_told_of_each_partner(grid: TradingGridClient) -> None:
    told: list[PartnerOutcome] = []

    done = await import_partners(grid, crowd(5), progress=told.append)

    assert sorted(told, key=lambda one: one.partner) == list(done.outcomes)


async def test_the_summary_is_for_a_person(sandbox: Sandbox, grid: TradingGridClient) -> None:
    sandbox.faults.append(Fault(Refuse(403), method="PUT", path=f"partners/{ALPIN.company_id}"))
    bare = PartnerProfile(company_id="GC2", name="Fjell\u2028=<b>".replace("\u2028", " "))

    done = await import_partners(grid, [ALPIN, NORDLICHT, bare])

    lines = str(done).splitlines()
    assert lines[0] == "import of partners: 1 created, 1 changed, 0 unchanged, 1 failed"
    assert lines[1:3] == ["groups created: Austria", "without contact: GC2"]
    assert lines[3].startswith(f"  failed {ALPIN.company_id} Alpin Sport GmbH: Forbidden: PUT ")
    assert "regions: DE → DE, CH" in lines[4]
    assert lines[5] == "  created GC2 Fjell =<b>"
    assert "<b>" not in done._repr_html_()
    assert done.to_dict()["outcomes"][0]["error"]["type"] == "Forbidden"


async def test_the_summary_of_many_is_short(grid: TradingGridClient) -> None:
    done = await import_partners(grid, crowd(60), dry_run=True)

    lines = str(done).splitlines()
    assert lines[0].startswith("dry run, nothing was written: 60 created")
    assert lines[-1] == "  … and 10 more"
