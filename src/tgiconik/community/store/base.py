"""The common part of both stores: clock, listeners, and threads for calls that block."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

from tgiconik.community.store.interface import Change, Listener, Store
from tgiconik.community.store.sql import SqlTransaction, Whole

T = TypeVar("T")


class BaseStore(Store):
    """The part of a store that does not depend on the database.

    Args:
        name: how to name the database in messages, without secrets.
        now: a clock instead of the database's.
        connections: transactions at a time; 0 for one that never blocks, and is used inline.

    Attributes:
        name: how to name the database in messages.
        file: where the database is; None for one in memory or on a server.
    """

    file: Path | None = None

    def __init__(self, name: str, *, now: Callable[[], datetime] | None, connections: int) -> None:
        self.name = name
        self._now = now
        self._connections = connections
        self._listeners: list[Listener] = []
        # An event loop of its own has a limiter of its own.
        self._limiter: RunVar[anyio.CapacityLimiter] = RunVar(f"tgiconik {id(self)}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def transaction(
        self, company_id: str, *, write: bool = True
    ) -> AbstractContextManager[SqlTransaction]:
        """All writes of the block are made, or none if it raises."""
        raise NotImplementedError

    def whole(self, *, write: bool = False) -> AbstractContextManager[Whole]:
        """A transaction on all companies: a snapshot, or one that lets nobody else write.

        Raises:
            StoreError: the database did not answer, or refused.
        """
        raise NotImplementedError

    def backup(self, target: Path) -> None:
        """Copy the database into a file, which is replaced, while others read and write.

        Raises:
            ConfigurationError: the database is on a server, whose own tools make its backups.
            StoreError: the copy was not made, or is not sound.
            OSError: the file cannot be written.
        """
        raise NotImplementedError

    def analyse(self, whole: Whole) -> None:
        """Let the database count its rows anew, where it plans by such counts."""

    def clock(self) -> datetime:
        """The time, by the clock that was given or else by this machine's."""
        return datetime.now(UTC) if self._now is None else self._now()

    def subscribe(self, listener: Listener) -> None:
        """Call a listener after every transaction of this store that wrote."""
        self._listeners.append(listener)

    @property
    def is_watched(self) -> bool:
        """Whether somebody wants to know of changes."""
        return bool(self._listeners)

    def tell(self, changes: Sequence[Change]) -> None:
        """Tell the listeners what was committed."""
        if changes:
            for listener in self._listeners:
                listener(changes)

    async def call(self, work: Callable[[], T]) -> T:
        """Run a function that uses transactions, in a thread where the database may block."""
        if not self._connections:
            return work()
        try:
            limiter = self._limiter.get()
        except LookupError:
            limiter = anyio.CapacityLimiter(self._connections)
            self._limiter.set(limiter)
        return await anyio.to_thread.run_sync(work, limiter=limiter)
