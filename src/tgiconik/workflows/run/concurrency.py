"""Bounded fan-out over partners, shared reads, and batches of checks.

A platform's error for one partner is that partner's outcome and does not affect others. Any other
error (a bug, a closed client) cancels all and is raised unchanged.
"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import Final, Generic, TypeVar

import anyio
import attrs

from tgiconik import errors
from tgiconik._frames import forget_locals
from tgiconik._report import in_short
from tgiconik._tasks import run_bounded, run_concurrently
from tgiconik.workflows.run.trail import Trail

T = TypeVar("T")

#: The default number of partners to process concurrently. iconik allows 50 calls per second; a
#: partner takes one call to each platform, and a response 0.1 to 0.2 seconds.
MAX_CONCURRENCY: Final = 20


def checked_concurrency(max_concurrency: int) -> int:
    """Validate the number of partners to process concurrently.

    Raises:
        ConfigurationError: it is below 1.
    """
    if max_concurrency < 1:
        raise errors.ConfigurationError("max_concurrency must be at least 1")
    return max_concurrency


async def fan_out(
    names: Sequence[str],
    serve: Callable[[str], Awaitable[T]],
    *,
    failed: Callable[[str, errors.TgIconikError], T],
    max_concurrency: int = MAX_CONCURRENCY,
    trail: Trail,
) -> dict[str, T]:
    """Process every name with bounded concurrency, and return one result for each.

    Args:
        names: the distinct names to process.
        serve: processes one name.
        failed: returns the result for a name whose processing failed.
        max_concurrency: the number of names to process concurrently.
        trail: records the names that were not reached, if this is cancelled or fails: then nothing
            is returned, but `progress` was called.

    Raises:
        ConfigurationError: `max_concurrency` is below 1.
        ClientClosed: a client was closed; `not_reached` has the unprocessed names.
    """
    done: dict[str, T] = {}

    finished: Callable[[], None]

    async def serve_one(name: str) -> None:
        try:
            done[name] = await serve(name)
        except errors.ClientClosed:
            raise
        except errors.TgIconikError as error:
            # It becomes part of a result, with the frames that it came through.
            forget_locals(error)
            done[name] = failed(name, error)
        finished()

    def missed() -> tuple[str, ...]:
        return tuple(name for name in names if name not in done)

    try:
        with trail.counting(len(names)) as finished:
            await run_bounded(
                names, serve_one, max_concurrency=checked_concurrency(max_concurrency)
            )
    except anyio.get_cancelled_exc_class():
        trail.decided(f"cancelled; not reached: {in_short(missed())}")
        raise
    except Exception as error:
        trail.decided(f"stopped; not reached: {in_short(missed())}")
        if isinstance(error, errors.ClientClosed):
            error.not_reached = missed()
        raise
    return {name: done[name] for name in names}


A = TypeVar("A")
B = TypeVar("B")


async def both(one: Callable[[], Awaitable[A]], other: Callable[[], Awaitable[B]]) -> tuple[A, B]:
    """Run two reads concurrently and return both results.

    If one fails, the other is cancelled, and the error is raised unchanged.
    """
    ones: list[A] = []
    others: list[B] = []

    async def run_one() -> None:
        ones.append(await one())

    async def run_other() -> None:
        others.append(await other())

    await run_concurrently(run_one, run_other)
    return ones[0], others[0]


@attrs.define
class SharedRead(Generic[T]):
    """A read shared by concurrent callers; each gets a read that began after its call.

    Attributes:
        begun: the number of reads begun; callers pass it as `asked`.
        ended: the number of reads that have ended; as `asked`, it accepts one in progress.
    """

    begun: int = attrs.field(default=0, init=False)
    ended: int = attrs.field(default=0, init=False)
    _one_at_a_time: anyio.Lock = attrs.field(factory=anyio.Lock, init=False)
    _latest: tuple[int, T] | None = attrs.field(default=None, init=False)

    async def __call__(
        self,
        read: Callable[[], Awaitable[T]],
        *,
        asked: int | None = None,
        within: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> T:
        """Read, or share the read of another caller.

        Args:
            read: makes the read, when one has to be made.
            asked: how many reads had `begun` when the caller asked; that of now when left out.
            within: a context to make the read in, when one has to be made.
        """
        begun_before = self.begun if asked is None else asked
        async with self._one_at_a_time:
            if self._latest is None or self._latest[0] <= begun_before:
                async with within():
                    self.begun += 1
                    this = self.begun
                    self._latest = (this, await read())
                    self.ended = this
            return self._latest[1]


#: The maximum number of partners that share one read. iconik allows 50 calls per second, so these
#: have written within the last second.
MAX_BATCH: Final = 50
#: The maximum number of seconds that a partner waits for a batch.
MAX_BATCH_WAIT: Final = 2.0


class FairSemaphore:
    """A semaphore that alternates between tasks that begin and tasks that end.

    After a batch of fifty links is checked, fifty deliveries are to be recorded. If all of them
    went first, iconik would be idle; if all came last, no begun task would end.
    """

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._beginning: deque[anyio.Event] = deque()
        self._ending: deque[anyio.Event] = deque()
        self._ended_last = False

    async def begin(self) -> None:
        """Wait for a slot to begin a task."""
        await self._take(self._beginning)

    async def end(self, *, now: bool = False) -> None:
        """Wait for a slot to end a task; with `now`, before all others that end."""
        await self._take(self._ending, before_others=now)

    async def _take(self, queue: deque[anyio.Event], *, before_others: bool = False) -> None:
        if self._free:
            self._free -= 1
            return
        mine = anyio.Event()
        (queue.appendleft if before_others else queue.append)(mine)
        try:
            await mine.wait()
        except BaseException:
            if mine.is_set():
                self.release()
            else:
                queue.remove(mine)
            raise

    def release(self) -> None:
        """Release a slot to the next waiter."""
        one, other = self._ending, self._beginning
        if self._ended_last:
            one, other = other, one
        queue = one or other
        if queue:
            self._ended_last = queue is self._ending
            queue.popleft().set()
        else:
            self._free += 1


class BatchBarrier:
    """Bounds the concurrency over partners, and batches the checks after their writes.

    Every new link is checked again right after it is created. A separate check would take three
    reads for each of two thousand partners, so partners wait for each other at a barrier and
    release their slot meanwhile. The wait is short, because a late check protects nobody.

    Args:
        max_concurrency: the number of slots.
        expected: the number of partners that will take a slot.
    """

    def __init__(self, max_concurrency: int, expected: int) -> None:
        self._slots = FairSemaphore(max_concurrency)
        # Without concurrency, each partner is finished before the next one begins.
        self._batch = MAX_BATCH if max_concurrency > 1 else 1
        #: The maximum number of partners in progress: with a slot, at the barrier, or in a check.
        self.workers: int = max_concurrency + 2 * MAX_BATCH if max_concurrency > 1 else 1
        #: Partners that neither reached the barrier nor ended: all that a batch can wait for.
        self._to_come = expected
        self._waiting: list[Slot] = []
        self._gate = anyio.Event()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator["Slot"]:
        """Hold a slot for the duration of a block."""
        await self._slots.begin()
        slot = Slot(self)
        try:
            yield slot
        finally:
            self._slots.release()
            if slot.is_to_come:
                self._to_come -= 1
                self._open_when_all_are_here()

    @asynccontextmanager
    async def reserved(self) -> AsyncIterator[None]:
        """Hold a slot for the shared check of a batch, with precedence over all others."""
        await self._slots.end(now=True)
        try:
            yield
        finally:
            self._slots.release()

    @asynccontextmanager
    async def wait(self, slot: "Slot") -> AsyncIterator[None]:
        """See `Slot.wait_for_batch`."""
        self._slots.release()
        try:
            await self._gather(slot)
            yield
        finally:
            # The context of the slot releases it, so it must be held again, cancelled or not.
            with anyio.CancelScope(shield=True):
                await self._slots.end()

    async def _gather(self, slot: "Slot") -> None:
        if not slot.is_to_come:
            slot.is_to_come = True
            self._to_come += 1
        self._waiting.append(slot)
        gate = self._gate
        self._open_when_all_are_here()
        with anyio.move_on_after(MAX_BATCH_WAIT):
            await gate.wait()
        if not gate.is_set():
            self._open()

    def _open_when_all_are_here(self) -> None:
        here = len(self._waiting)
        if here and here >= min(self._batch, self._to_come):
            self._open()

    def _open(self) -> None:
        for slot in self._waiting:
            slot.is_to_come = False
        self._to_come -= len(self._waiting)
        self._waiting.clear()
        self._gate.set()
        self._gate = anyio.Event()


@attrs.define(eq=False)
class Slot:
    """The slot of one of many partners.

    Attributes:
        barrier: the barrier of the slot.
        is_to_come: whether it has neither reached the barrier nor ended.
    """

    barrier: BatchBarrier
    is_to_come: bool = True

    @asynccontextmanager
    async def wait_for_batch(self) -> AsyncIterator[None]:
        """Release the slot until a batch is complete; the block then makes the check.

        The check needs a slot from `reserved`.
        """
        async with self.barrier.wait(self):
            yield

    @asynccontextmanager
    async def reserved(self) -> AsyncIterator[None]:
        """Hold a slot for the check."""
        async with self.barrier.reserved():
            yield


@attrs.define
class BestEffort:
    """Steps of which a failed one stops no other; the first failure is raised at the end.

    effort = BestEffort()
    for link in links:
        with effort.attempt():
            await revoke(link)
    effort.finish()
    """

    _first: errors.CallError | None = attrs.field(default=None, init=False)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """One step; its failure is kept."""
        try:
            yield
        except errors.CallError as error:
            self._first = self._first or error

    def finish(self) -> None:
        """Raise the first failure, if there was one.

        Raises:
            CallError: a step failed.
        """
        if self._first is not None:
            raise self._first
