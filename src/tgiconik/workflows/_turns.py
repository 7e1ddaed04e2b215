"""A few partners at a time, and one look for all who have written at about the same time.

Whatever is opened for a partner is looked at once more right after. A look of their own would be
three reads for each of two thousand partners; so they wait for each other, and whoever waits leaves
the turn to somebody else. Nobody waits for long: a look that comes late protects nobody.
"""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio
import attrs

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
