"""One read for all who ask at the same time, instead of one for each."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Generic, TypeVar

import anyio
import attrs

T = TypeVar("T")


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
