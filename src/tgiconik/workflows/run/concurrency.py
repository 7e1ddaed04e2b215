"""Bounded fan-out over partners, shared reads, and batches of checks.

An error of one partner is that partner's outcome and stops nobody else. An error that is not a
platform's (a bug, a client that was closed) stops everybody and is raised as it is.
"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Final, Generic, TypeVar

import anyio
import attrs

from tgiconik import errors
from tgiconik._frames import forget_locals
from tgiconik._tasks import run_concurrently
from tgiconik.workflows.run.text import in_short
from tgiconik.workflows.run.trail import Trail

T = TypeVar("T")

#: How many partners are served at once when nobody says otherwise. iconik answers 50 calls in a
#: second; a partner takes a call to each platform, and an answer a tenth or two of a second.
MAX_CONCURRENCY: Final = 20


def checked_concurrency(max_concurrency: int) -> int:
    """The number of partners to serve at once, validated.

    Raises:
        ConfigurationError: it is below 1.
    """
    if max_concurrency < 1:
        raise errors.ConfigurationError("max_concurrency must be at least 1")
    return max_concurrency


async def run_bounded(
    names: Sequence[str], act: Callable[[str], Awaitable[None]], *, max_concurrency: int
) -> None:
    """Act on every name, a few at a time.

    The first error cancels the rest and is raised as it is, without an exception group around it.
    """
    queue = iter(names)
    failures: list[Exception] = []

    async def work() -> None:
        for name in queue:
            try:
                await act(name)
            except Exception as error:  # noqa: BLE001 - raised below, outside the group
                failures.append(error)
                group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for _ in range(min(max_concurrency, len(names))):
            group.start_soon(work)
    if failures:
        raise failures[0]


async def fan_out(
    names: Sequence[str],
    serve: Callable[[str], Awaitable[T]],
    *,
    failed: Callable[[str, errors.TgIconikError], T],
    max_concurrency: int = MAX_CONCURRENCY,
    trail: Trail,
) -> dict[str, T]:
    """Serve every name, a few at a time, and return one result for each.

    Args:
        names: the names to serve, each once.
        serve: serves one of them.
        failed: makes the result of one that could not be served.
        max_concurrency: how many are served at the same time.
        trail: records the names that were not reached when this ends before all are served: then
            nothing is returned, but `progress` was called.

    Raises:
        ConfigurationError: `max_concurrency` is below 1.
        ClientClosed: a client was closed meanwhile; `not_reached` has the names not served.
    """
    done: dict[str, T] = {}

    async def serve_one(name: str) -> None:
        try:
            done[name] = await serve(name)
        except errors.ClientClosed:
            raise
        except errors.TgIconikError as error:
            # It becomes part of a result, with the frames that it came through.
            forget_locals(error)
            done[name] = failed(name, error)

    def missed() -> tuple[str, ...]:
        return tuple(name for name in names if name not in done)

    try:
        await run_bounded(names, serve_one, max_concurrency=checked_concurrency(max_concurrency))
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
    """Run two reads at the same time and return both answers.

    When one fails, the other is cancelled, and the error is raised as it is.
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
    """Answers every caller by a read that began after they asked, with as few reads as that takes.

    Attributes:
        begun: how many reads have begun; it marks the moment of a question.
    """

    _read: Callable[[], Awaitable[T]]
    begun: int = attrs.field(default=0, init=False)
    _one_at_a_time: anyio.Lock = attrs.field(factory=anyio.Lock, init=False)
    _latest: tuple[int, T] | None = attrs.field(default=None, init=False)

    async def __call__(
        self,
        *,
        asked: int | None = None,
        within: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> T:
        """Read, or share a read with others.

        Args:
            asked: how many reads had `begun` when the caller asked; that of now when left out.
            within: a context to make the read in, when one has to be made.
        """
        begun_before = self.begun if asked is None else asked
        async with self._one_at_a_time:
            if self._latest is None or self._latest[0] <= begun_before:
                async with within():
                    self.begun += 1
                    this = self.begun
                    self._latest = (this, await self._read())
            return self._latest[1]


#: How many partners at most share one read. iconik answers 50 calls in a second, so these have
#: written within the last one.
MAX_BATCH: Final = 50
#: How many seconds a partner waits for others at most, however slow they are.
MAX_BATCH_WAIT: Final = 2.0


class FairSemaphore:
    """A semaphore whose slots go in turn to those who begin and to those who end.

    With fifty links checked, fifty deliveries are to be recorded at once. If they all went first,
    iconik would not be called meanwhile; if they all came last, nothing that was begun would end.
    """

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._beginning: deque[anyio.Event] = deque()
        self._ending: deque[anyio.Event] = deque()
        self._ended_last = False

    async def begin(self) -> None:
        """Wait for a slot to begin with something."""
        await self._take(self._beginning)

    async def end(self, *, now: bool = False) -> None:
        """Wait for a slot to end what was begun; `now`, before all others who do."""
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
        """Leave a slot to whoever is next."""
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
    """Bounds how many partners are served at the same time, and batches their second looks.

    Every link that is opened for a partner is checked once more right after. A check of their own
    would be three reads for each of two thousand partners; so they wait for each other at a
    barrier, and leave their slot to somebody else meanwhile. Nobody waits for long: a check that
    comes late protects nobody.

    Args:
        max_concurrency: how many have a slot at the same time.
        expected: how many will take one.
    """

    def __init__(self, max_concurrency: int, expected: int) -> None:
        self._slots = FairSemaphore(max_concurrency)
        # Whoever asks for one after the other gets that: nobody is half served meanwhile.
        self._batch = MAX_BATCH if max_concurrency > 1 else 1
        #: How many are under way at the most: with a slot, waiting at the barrier, or in a check.
        self.workers: int = max_concurrency + 2 * MAX_BATCH if max_concurrency > 1 else 1
        #: Those who neither reached the barrier nor ended: all that a batch can wait for.
        self._to_come = expected
        self._waiting: list[Slot] = []
        self._gate = anyio.Event()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator["Slot"]:
        """Have a slot for the length of a block."""
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
        """A slot for the check that a batch shares, before all others."""
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
            # Whoever ends the slot gives it back: it has to be there, cancelled or not.
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
    """The slot of one partner among many who are served.

    Attributes:
        barrier: the barrier that it belongs to.
        is_to_come: it has neither reached the barrier nor ended.
    """

    barrier: BatchBarrier
    is_to_come: bool = True

    @asynccontextmanager
    async def wait_for_batch(self) -> AsyncIterator[None]:
        """Leave the slot to others until a batch can be checked; the block makes the check.

        The check is made in a slot of its own, from `reserved`.
        """
        async with self.barrier.wait(self):
            yield

    @asynccontextmanager
    async def reserved(self) -> AsyncIterator[None]:
        """A slot for the check."""
        async with self.barrier.reserved():
            yield
