"""Many partners, a few at a time, and one outcome for each: nobody is lost, nobody waits for ever.

What fails for one is that one's outcome and stops nobody else. What no platform answers for (a
mistake in a program, a client that was closed) stops everybody, and is raised as it is.
"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Final, Generic, TypeGuard, TypeVar

import anyio
import attrs

from tgiconik import errors
from tgiconik.iconik._together import together
from tgiconik.workflows.run.text import in_short
from tgiconik.workflows.run.trail import Trail

T = TypeVar("T")

#: How many partners are served at once when nobody says otherwise. iconik answers 50 calls in a
#: second; a partner takes a call to each platform, and an answer a tenth or two of a second.
AT_ONCE: Final = 20


def checked_at_once(at_once: int) -> int:
    """How many partners are served at once, when it can be that.

    Raises:
        ConfigurationError: it is below 1.
    """
    if at_once < 1:
        raise errors.ConfigurationError("at_once must be at least 1")
    return at_once


async def fan_out(
    names: Sequence[str],
    serve: Callable[[str], Awaitable[T]],
    *,
    failed: Callable[[str, errors.TgIconikError], T],
    at_once: int = AT_ONCE,
    trail: Trail,
) -> dict[str, T]:
    """Serve everyone, and answer what became of each.

    Args:
        names: who is to be served, each once.
        serve: serves one of them.
        failed: what becomes of one who could not be served.
        at_once: how many are served at the same time.
        trail: is told who was not reached when it ends before all are served: then nothing is
            returned, but `progress` has heard.

    Raises:
        ConfigurationError: `at_once` is below 1.
        ClientClosed: a client was closed meanwhile; `not_reached` has who was not served.
    """
    checked_at_once(at_once)
    queue = iter(names)
    done: dict[str, T] = {}
    broken: list[Exception] = []

    async def work() -> None:
        for name in queue:
            try:
                done[name] = await serve(name)
            except Exception as error:  # noqa: BLE001 - raised below, outside the group
                if _is_its_own(error):
                    done[name] = failed(name, error)
                else:
                    broken.append(error)
                    group.cancel_scope.cancel()

    def missed() -> tuple[str, ...]:
        return tuple(name for name in names if name not in done)

    try:
        async with anyio.create_task_group() as group:
            for _ in range(min(at_once, len(names))):
                group.start_soon(work)
    except anyio.get_cancelled_exc_class():
        trail.decided(f"cancelled; not reached: {in_short(missed())}")
        raise
    for error in broken:
        trail.decided(f"stopped; not reached: {in_short(missed())}")
        if isinstance(error, errors.ClientClosed):
            error.not_reached = missed()
        raise error
    return {name: done[name] for name in names}


def _is_its_own(error: Exception) -> TypeGuard[errors.TgIconikError]:
    """Whether what failed is the one's who was served, and not everybody's."""
    return isinstance(error, errors.TgIconikError) and not isinstance(error, errors.ClientClosed)


A = TypeVar("A")
B = TypeVar("B")


async def both(one: Callable[[], Awaitable[A]], other: Callable[[], Awaitable[B]]) -> tuple[A, B]:
    """What both answer. When one fails, the other ends, and its error is raised as it is."""
    ones: list[A] = []
    others: list[B] = []

    async def run_one() -> None:
        ones.append(await one())

    async def run_other() -> None:
        others.append(await other())

    await together(run_one, run_other)
    return ones[0], others[0]


@attrs.define
class SharedRead(Generic[T]):
    """Answers everyone by a read that began after they asked, and makes as few as that takes.

    Attributes:
        begun: how many reads have begun: what names the moment of a question.
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
        """What is there.

        Args:
            asked: how many reads had `begun` when it was asked; those of now when left out.
            within: what a read is made in, when one has to be made.
        """
        begun_before = self.begun if asked is None else asked
        async with self._one_at_a_time:
            if self._latest is None or self._latest[0] <= begun_before:
                async with within():
                    self.begun += 1
                    this = self.begun
                    self._latest = (this, await self._read())
            return self._latest[1]


#: How many at most are looked at together. iconik answers 50 calls in a second, so these have
#: written within the last one.
TOGETHER: Final = 50
#: Seconds that anybody waits for others, however slow those are.
PATIENCE: Final = 2.0


class Slots:
    """So many at a time. Those who begin and those who end take turns, so that nobody is held up.

    With fifty links looked at, fifty deliveries are to be recorded at once. If they all went first,
    iconik would not be called meanwhile; if they all came last, what was begun would not end.
    """

    def __init__(self, number: int) -> None:
        self._free = number
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
                self.give()
            else:
                queue.remove(mine)
            raise

    def give(self) -> None:
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


class Turns:
    """Turns of partners who are served, each of whom may write and then look.

    Args:
        at_once: how many have their turn at the same time.
        expected: how many will have one.
    """

    def __init__(self, at_once: int, expected: int) -> None:
        self._slots = Slots(at_once)
        # Who wants them one after the other gets that: nobody is half served meanwhile.
        self._together = TOGETHER if at_once > 1 else 1
        #: How many are under way at the most: with a turn, waiting for a look, or in one.
        self.workers: int = at_once + 2 * TOGETHER if at_once > 1 else 1
        #: Who has neither looked nor ended: all that a look can wait for.
        self._to_come = expected
        self._waiting: list[Turn] = []
        self._gate = anyio.Event()

    @asynccontextmanager
    async def take(self) -> AsyncIterator["Turn"]:
        """Have a turn, for the length of a block."""
        await self._slots.begin()
        turn = Turn(self)
        try:
            yield turn
        finally:
            self._slots.give()
            if turn.is_to_come:
                self._to_come -= 1
                self._open_when_all_are_here()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Do something for everybody, for the length of a block."""
        await self._slots.end(now=True)
        try:
            yield
        finally:
            self._slots.give()

    @asynccontextmanager
    async def aside(self, turn: "Turn") -> AsyncIterator[None]:
        """See `Turn.aside`."""
        self._slots.give()
        try:
            await self._gather(turn)
            yield
        finally:
            # Whoever ends the turn gives it back: it has to be there, cancelled or not.
            with anyio.CancelScope(shield=True):
                await self._slots.end()

    async def _gather(self, turn: "Turn") -> None:
        if not turn.is_to_come:
            turn.is_to_come = True
            self._to_come += 1
        self._waiting.append(turn)
        gate = self._gate
        self._open_when_all_are_here()
        with anyio.move_on_after(PATIENCE):
            await gate.wait()
        if not gate.is_set():
            self._open()

    def _open_when_all_are_here(self) -> None:
        here = len(self._waiting)
        if here and here >= min(self._together, self._to_come):
            self._open()

    def _open(self) -> None:
        for turn in self._waiting:
            turn.is_to_come = False
        self._to_come -= len(self._waiting)
        self._waiting.clear()
        self._gate.set()
        self._gate = anyio.Event()


@attrs.define(eq=False)
class Turn:
    """One partner's turn.

    Attributes:
        turns: all of them.
        is_to_come: it has neither looked nor ended.
    """

    turns: Turns
    is_to_come: bool = True

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[None]:
        """Wait until a look can be taken for many, and leave the turn to others, until it was.

        The block takes the look, in a `slot` of its own.
        """
        async with self.turns.aside(self):
            yield

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """A slot for the look."""
        async with self.turns.slot():
            yield
