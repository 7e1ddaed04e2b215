"""A pass that dies anywhere, beside another one, or on a database that fails: nothing lost or
done twice, on both databases.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from forked import KILLED, PATIENCE, exit_code, started

from tgiconik import errors
from tgiconik.community.community import open_store
from tgiconik.community.post.office import schedule
from tgiconik.community.post.office.run import Run
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.interface import Place
from tgiconik.community.store.url import parse

from ..world import COMPANY  # noqa: TID252 - one world for all letters
from .crashes import (
    channel_in,
    count_writes,
    dying_pass,
    end_state,
    one_pass,
    prepare,
    sent_in,
)
from .scripted import ANNA, Clock, ScriptedChannel, a_world, new_request, office

#: Writes of one pass over what `prepare` leaves; asserted below.
WRITES = 26


class KilledError(BaseException):
    """Nothing in the office handles it, as nothing handles `kill -9`."""


def opened(url: str, clock: Clock) -> BaseStore:
    return open_store(parse(url), now=clock)


def a_folder(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    return folder


async def killed_after(store: BaseStore, folder: Path, write: int) -> int:
    """Run a pass that dies right after a write; returns how many there were."""
    taken = 0
    channel = channel_in(folder)

    def written() -> None:
        nonlocal taken
        taken += 1
        if taken == write:
            raise KilledError

    end = count_writes(written, channel)
    try:
        await one_pass(store, channel)
    except KilledError:
        pass
    finally:
        end()
    return taken


@pytest.fixture
def new_url(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Callable[[], str]:
    """Makes further databases of the test's kind."""
    number = 0

    def made() -> str:
        nonlocal number
        number += 1
        if url.startswith("sqlite"):
            return f"sqlite:///{tmp_path}/another-{number}.db"
        return str(request.getfixturevalue("postgres").new_database())

    return made


async def expected(store: BaseStore, folder: Path) -> tuple[dict[str, Any], int]:
    """The end of a pass that nothing disturbs, and its number of writes."""
    prepare(store, folder)
    writes = await killed_after(store, folder, 0)
    return end_state(store), writes


async def test_a_pass_that_dies_after_any_write_is_finished_by_the_next_one(
    new_url: Callable[[], str], tmp_path: Path
) -> None:
    clock = Clock()
    with closing(opened(new_url(), clock)) as store:
        end, writes = await expected(store, a_folder(tmp_path, "sound"))
    assert writes == WRITES
    for write in range(1, writes + 1):
        clock, folder = Clock(), a_folder(tmp_path, f"dies-{write}")
        with closing(opened(new_url(), clock)) as store:
            prepare(store, folder)
            await killed_after(store, folder, write)
            clock.at += schedule.LEASE
            await one_pass(store, channel_in(folder))
            check_end(store, folder, end)


def check_end(store: BaseStore, folder: Path, end: dict[str, Any]) -> None:
    """Check that all is as if nothing had happened, and no letter was sent three times."""
    assert end_state(store) == end
    sent = sent_in(folder)
    assert max(Counter(name for name, _, _ in sent).values()) <= 2
    assert len({name for name, _, _ in sent}) == len({str(one) for one in sent})


@pytest.mark.parametrize(
    "write",
    [
        one if one in {3, 17} else pytest.param(one, marks=pytest.mark.enumeration)
        for one in range(1, WRITES + 1)
    ],
)
def test_kill_9_after_a_write_leaves_nothing_undone(
    new_url: Callable[[], str], tmp_path: Path, write: int
) -> None:
    url, folder, sound = new_url(), a_folder(tmp_path, "killed"), a_folder(tmp_path, "sound")
    with closing(open_store(parse(new_url()))) as store:
        end, _ = asyncio.run(expected(store, sound))
    with closing(open_store(parse(url))) as store:
        prepare(store, folder)
    assert exit_code(dying_pass, url, folder, write) == KILLED
    later = Clock(at=store.clock() + schedule.LEASE)
    with closing(opened(url, later)) as store:
        asyncio.run(one_pass(store, channel_in(folder)))
        check_end(store, folder, end)


def test_two_offices_at_once_share_the_work(url: str, tmp_path: Path) -> None:
    folder, sound = a_folder(tmp_path, "both"), a_folder(tmp_path, "sound")
    with closing(open_store(parse("sqlite://"))) as store:
        end, _ = asyncio.run(expected(store, sound))
    with closing(open_store(parse(url))) as store:
        prepare(store, folder)
    with started(dying_pass, url, folder, 0) as one, started(dying_pass, url, folder, 0) as other:
        for process in (one, other):
            process.join(PATIENCE)
        assert [one.exitcode, other.exitcode] == [0, 0]
    with closing(open_store(parse(url))) as store:
        asyncio.run(one_pass(store, channel_in(folder)))
        found = end_state(store)
    assert states(found) == states(end)
    # One may have planned a letter about a revision that the other one then changed.
    early = {("REQ-100001", 2)}
    assert letters_in(found, "sent") - early == letters_in(end, "sent")
    assert letters_in(found, "overtaken") <= early
    assert {row[4] for row in found["outbox"]} <= {"sent", "overtaken"}
    assert max(Counter(name for name, _, _ in sent_in(folder)).values()) == 1


def states(end: dict[str, Any]) -> dict[str, Any]:
    """The end without what depends on who came first: ids of what is logged."""
    return {
        "inbox": [[row[1], row[5]] for row in end["inbox"]],
        "records": Counter((row[0], row[1], row[4]) for row in end["records"]),
    }


def letters_in(end: dict[str, Any], state: str) -> set[tuple[str, int]]:
    """Record and revision of the letters in a state."""
    return {(row[6], row[3]) for row in end["outbox"] if row[4] == state}


async def test_offices_in_one_process_send_each_letter_once(url: str) -> None:
    with closing(open_store(parse(url))) as store:
        world = a_world(store)
        for _ in range(20):
            new_request(world)
        channel = ScriptedChannel()

        async def slowly(_: object) -> None:
            await anyio.lowlevel.checkpoint()

        send = channel.send

        async def yielding(outgoing: Any) -> Any:  # noqa: ANN401 - the channel's
            await slowly(outgoing)
            return await send(outgoing)

        channel.send = yielding  # type: ignore[method-assign]
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(office(world, channel).run_once)
        assert len(channel.sent) == len(set(channel.names())) == 20


async def test_a_database_that_fails_in_the_middle_ends_the_pass_and_loses_nothing(
    new_url: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    with closing(opened(new_url(), clock)) as store:
        end, writes = await expected(store, a_folder(tmp_path, "sound"))
    for write in range(1, writes, 3):
        clock, folder = Clock(), a_folder(tmp_path, f"full-{write}")
        with closing(opened(new_url(), clock)) as store:
            prepare(store, folder)
            with monkeypatch.context() as patch:
                fail_before(patch, write)
                with suppress(errors.StoreNotWritable):
                    await one_pass(store, channel_in(folder))
            clock.at += schedule.LEASE
            await one_pass(store, channel_in(folder))
            check_end(store, folder, end)


def fail_before(patch: pytest.MonkeyPatch, number: int) -> None:
    """Let a write find the disk full, before anything of it is there."""
    write, taken = Run.write, 0

    async def failing(self: Run, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - any work
        nonlocal taken
        taken += 1
        if taken == number:
            raise errors.StoreNotWritable("the database was not changed: its disk is full")
        return await write(self, *args, **options)

    patch.setattr(Run, "write", failing)


async def test_a_pass_that_is_cancelled_while_it_sends_is_finished_by_the_next_one(
    url: str,
) -> None:
    clock = Clock()
    with closing(opened(url, clock)) as store:
        world = a_world(store)
        for _ in range(3):
            new_request(world)
        channel = ScriptedChannel()
        seen: list[str] = []
        scope = anyio.CancelScope()

        def cancel(outgoing: Any) -> None:  # noqa: ANN401 - the channel's
            seen.append(outgoing.name)
            if len(seen) == 2:
                scope.cancel()

        channel.on_send = cancel
        send = channel.send

        async def slow(outgoing: Any) -> Any:  # noqa: ANN401 - the channel's
            tracking = await send(outgoing)
            await anyio.sleep(0.01)
            return tracking

        channel.send = slow  # type: ignore[method-assign]
        with scope:
            await office(world, channel).run_once()
        assert scope.cancelled_caught
        await office(world, channel).run_once()  # the letter that was being sent is left alone
        assert len(seen) == 3
        clock.at += schedule.LEASE
        await office(world, channel).run_once()
        assert Counter(seen) == Counter({seen[0]: 1, seen[1]: 2, seen[2]: 1})
        with store.transaction(COMPANY, write=False) as transaction:
            rows = transaction.execute("SELECT DISTINCT state FROM community_outbox", {})
            partners = transaction.records(Place("partners"))
        assert [tuple(row) for row in rows] == [("sent",)]
        assert ANNA in {one.id for one in partners}
