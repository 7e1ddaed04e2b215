"""Batches: what arrives while a write is under way is written together after it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import attrs

T = TypeVar("T")


@attrs.define
class _Batch(Generic[T]):
    values: list[T] = attrs.Factory(list)
    is_written: bool = False
    error: Exception | None = None


class Batches(Generic[T]):
    """Writes values in batches, each by one call, one call after the other.

    Args:
        write: writes some values, all or none of them; it may be called again with the same ones.
        largest: no batch is larger.
    """

    def __init__(self, write: Callable[[Sequence[T]], Awaitable[None]], largest: int) -> None:
        self._write: Final = write
        self._largest: Final = largest
        self._next: _Batch[T] = _Batch()
        self._writing = asyncio.Lock()

    async def add(self, values: Sequence[T]) -> None:
        """Write values. When it returns, they are written.

        Args:
            values: the values.

        Raises:
            Exception: what the call raised that they were part of; none of them was written.
        """
        if len(self._next.values) >= self._largest:
            self._next = _Batch()
        batch = self._next
        batch.values += values
        # The first of a batch that gets here writes it, and the others find it written. If that one
        # is cancelled, the next one writes it again.
        async with self._writing:
            if not batch.is_written:
                if self._next is batch:
                    self._next = _Batch()
                try:
                    await self._write(batch.values)
                except Exception as error:  # noqa: BLE001 - it is raised to all who wait
                    batch.error = error
                batch.is_written = True
        if batch.error is not None:
            raise batch.error
