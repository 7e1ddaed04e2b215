"""The lease by which the workers of a database know each other: a worker without one is dead.

The lease lasts by the database's clock. The worker itself counts by a clock that does not jump, and
gives up before the others may think it dead.
"""

import math
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from tgiconik import errors
from tgiconik.automation.planning import LiveWorker
from tgiconik.automation.store import Store
from tgiconik.telemetry import Event, log

LEASE: Final = timedelta(seconds=15)
#: Seconds between renewals.
_EVERY: Final = 3.0
#: Seconds without a renewal after which the worker stops its runs: before the others take them.
_GIVES_UP_AFTER: Final = LEASE.total_seconds() - 3.0


class Presence:
    """Renews a worker's lease from a thread of its own, so that a busy event loop does not end it.

    Args:
        store: used by nobody else.
        worker: the worker.
        lost: called in that thread when the worker was, or will soon be, thought dead: its runs
            must end.
        every: seconds between renewals.
    """

    def __init__(
        self,
        store: Store,
        worker: LiveWorker,
        lost: Callable[[], object],
        *,
        every: float = _EVERY,
    ) -> None:
        self._store = store
        self._worker = worker
        self._lost = lost
        self._every = every
        # Never: until it is taken, there is none.
        self._renewed = -math.inf
        self._told = False
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="tgiconik-lease", daemon=True)

    @property
    def seconds_since_renewal(self) -> float:
        """Seconds since the lease was renewed."""
        return time.monotonic() - self._renewed

    @property
    def is_sure(self) -> bool:
        """Whether no other worker thinks this one dead."""
        return self.seconds_since_renewal < _GIVES_UP_AFTER

    def start(self) -> None:
        """Take the lease, and keep it.

        Raises:
            StoreError: the database failed.
        """
        began = time.monotonic()
        self._store.workers.join(self._worker, LEASE)
        self._renewed = began
        self._thread.start()

    def stop(self) -> None:
        """Give the lease back, where the database is there. Blocks until the thread has ended."""
        self._ends.set()
        self._thread.join()
        try:
            self._store.workers.leave(self._worker.id)
        except errors.StoreError as error:
            message = "the worker's lease was not given back, and ends by itself: %s"
            self._log(Event.WORKER_LEASE_LATE, message, error)

    def _log(self, event: Event, message: str, error: Exception) -> None:
        kind = type(error).__name__
        log(event, message, kind, worker=self._worker.id, error=kind)

    def _beat(self) -> None:
        while not self._ends.wait(self._every):
            # Counted from before the call: the lease may have begun at any moment of it.
            began = time.monotonic()
            try:
                renewed = self._store.workers.renew(self._worker, LEASE)
                if not renewed:
                    message = "the worker was thought dead: its runs end, and others do them"
                    log(Event.WORKER_LEASE_LOST, message, worker=self._worker.id)
                    self._lost()
                    self._store.workers.join(self._worker, LEASE)
                self._renewed = began
                self._told = False
            except Exception as error:  # noqa: BLE001 - the thread outlives the database
                self._log(Event.WORKER_LEASE_LATE, "the worker's lease was not renewed: %s", error)
                if not self.is_sure and not self._told:
                    self._told = True
                    message = "the worker's lease ends: its runs end too"
                    log(Event.WORKER_LEASE_LOST, message, worker=self._worker.id)
                    self._lost()
