"""One read for all who ask at the same time, instead of one for each."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio
import attrs

T = TypeVar("T")


@attrs.define
class SharedRead(Generic[T]):
    """Answers everyone by a read that began after they asked, and makes as few as that takes."""

    _read: Callable[[], Awaitable[T]]
    _one_at_a_time: anyio.Lock = attrs.field(factory=anyio.Lock, init=False)
    _begun: int = attrs.field(default=0, init=False)
    _latest: tuple[int, T] | None = attrs.field(default=None, init=False)

    async def __call__(self) -> T:
        """What is there."""
        begun_before = self._begun
        async with self._one_at_a_time:
            if self._latest is None or self._latest[0] <= begun_before:
                self._begun += 1
                this = self._begun
                self._latest = (this, await self._read())
            return self._latest[1]
