"""Slots are bounded, checks are batched, nobody waits for ever; two reads run concurrently."""

from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel
import pytest

from tgiconik import errors
from tgiconik.workflows.run import concurrency
from tgiconik.workflows.run.concurrency import (
    MAX_BATCH,
    BatchBarrier,
    FairSemaphore,
    SharedRead,
    Slot,
    both,
)


class Looks:
    """Counts looks, and those who are at work at the same time."""

    def __init__(self, max_concurrency: int, expected: int) -> None:
        self.barrier = BatchBarrier(max_concurrency, expected)
        self.shared: SharedRead[int] = SharedRead()
        self.looks = self.at_work = self.most_at_work = 0

    async def check(self) -> int:
        self.looks += 1
        await self.work()
        return self.looks

    async def work(self) -> None:
        """A call to a platform."""
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        self.at_work -= 1

    async def look(self, slot: Slot) -> int:
        """Look with the others."""
        asked = self.shared.begun
        async with slot.wait_for_batch():
            return await self.shared(self.check, asked=asked, within=slot.reserved)

    async def serve(self, number: int) -> None:
        """Write, look, and write again."""
        del number
        async with self.barrier.slot() as slot:
            await self.work()
            before = self.shared.begun
            assert await self.look(slot) > before
            await self.work()

    async def serve_all(
        self, number: int, serve: Callable[[int], Awaitable[None]] | None = None
    ) -> None:
        """Everybody, as `fan_out` does."""
        queue = iter(range(number))

        async def worker() -> None:
            for one in queue:
                await (serve or self.serve)(one)

        async with anyio.create_task_group() as group:
            for _ in range(min(self.barrier.workers, number)):
                group.start_soon(worker)


@pytest.mark.parametrize("number", [1, 2, MAX_BATCH, MAX_BATCH + 1, 7 * MAX_BATCH + 3])
@pytest.mark.parametrize("max_concurrency", [2, 20])
async def test_fifty_look_together_and_no_more_than_that_wait(
    number: int, max_concurrency: int
) -> None:
    looks = Looks(max_concurrency, number)

    with anyio.fail_after(concurrency.MAX_BATCH_WAIT):
        await looks.serve_all(number)

    assert 1 <= looks.looks <= -(-number // MAX_BATCH)
    assert looks.most_at_work <= max_concurrency


async def test_one_after_the_other_looks_for_each() -> None:
    looks = Looks(1, 5)

    await looks.serve_all(5)

    assert (looks.looks, looks.most_at_work, looks.barrier.workers) == (5, 1, 1)


async def test_who_fails_before_the_look_is_not_waited_for() -> None:
    looks = Looks(20, 10)

    async def serve(number: int) -> None:
        if number % 2:
            await looks.serve(number)
            return
        with pytest.raises(errors.WorkflowError):
            async with looks.barrier.slot():
                raise errors.WorkflowError("no contact")

    with anyio.fail_after(concurrency.MAX_BATCH_WAIT):
        await looks.serve_all(10, serve)

    assert looks.looks == 1


async def test_who_looks_twice_is_waited_for_once_more() -> None:
    looks = Looks(20, 3)

    async def serve(number: int) -> None:
        del number
        async with looks.barrier.slot() as slot:
            await looks.look(slot)
            await looks.look(slot)

    with anyio.fail_after(concurrency.MAX_BATCH_WAIT):
        await looks.serve_all(3, serve)

    assert looks.looks == 2


async def test_nobody_waits_longer_than_patience_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "MAX_BATCH_WAIT", 0.01)
    looks = Looks(20, 2)
    slow = anyio.Event()

    async def serve(number: int) -> None:
        if number:
            await slow.wait()
            return
        await looks.serve(number)
        slow.set()

    with anyio.fail_after(5):
        await looks.serve_all(2, serve)

    assert looks.looks == 1


async def test_a_look_that_fails_is_one_partners_and_the_others_look_again() -> None:
    looks = Looks(20, 3)
    failed: list[bool] = []

    async def read() -> int:
        if not failed:
            failed.append(True)
            raise errors.WorkflowError("later")
        return 1

    looks.check = read  # type: ignore[method-assign]  # it fails once
    ends: list[str] = []

    async def serve(number: int) -> None:
        del number
        async with looks.barrier.slot() as slot:
            try:
                await looks.look(slot)
                ends.append("seen")
            except errors.WorkflowError:
                ends.append("failed")

    await looks.serve_all(3, serve)

    assert sorted(ends) == ["failed", "seen", "seen"]


async def test_all_can_be_cancelled_while_they_wait() -> None:
    looks = Looks(2, 100)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for number in range(99):
                group.start_soon(looks.serve, number)
            await anyio.sleep(0.01)
            group.cancel_scope.cancel()

    # Every slot came back.
    await looks.barrier._slots.begin()
    await looks.barrier._slots.begin()


async def test_those_who_begin_and_those_who_end_alternate_and_a_look_goes_first() -> None:
    slots = FairSemaphore(1)
    order: list[str] = []

    async def wait(name: str, take: Callable[[], Awaitable[None]]) -> None:
        await take()
        order.append(name)
        slots.release()

    await slots.begin()
    async with anyio.create_task_group() as group:
        for name in ("begin 1", "begin 2"):
            group.start_soon(wait, name, slots.begin)
        for name in ("end 1", "end 2"):
            group.start_soon(wait, name, slots.end)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()

        async def now() -> None:
            await slots.end(now=True)

        group.start_soon(wait, "look", now)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        slots.release()

    assert order == ["look", "begin 1", "end 1", "begin 2", "end 2"]


async def test_both_are_asked_at_the_same_time() -> None:
    asked = anyio.Event()

    async def one() -> int:
        await asked.wait()
        return 1

    async def other() -> str:
        asked.set()
        return "other"

    assert await both(one, other) == (1, "other")


async def test_an_error_is_raised_as_it_is_and_ends_the_other() -> None:
    ended = []

    async def fails() -> None:
        await anyio.lowlevel.checkpoint()
        raise errors.WorkflowError("no")

    async def lasts() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    with pytest.raises(errors.WorkflowError):
        await both(lasts, fails)
    assert ended == [True]
