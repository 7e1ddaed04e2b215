"""The part of iconik's rate that a worker has leased from the database."""

import time
from datetime import timedelta
from functools import partial
from typing import Final

import anyio.to_thread

from tgiconik._http import RateLimit
from tgiconik.automation.allowance import grant, wanted
from tgiconik.automation.store import Store

_LEASE: Final = timedelta(seconds=3)


class SharedRate:
    """Renews the lease of a part of the rate, and lets the client's limit follow it.

    A worker that cannot renew in time makes hardly any calls: others may have its part by then.

    Args:
        store: the tables.
        worker: id of the worker.
        limit: of the client.
    """

    #: Seconds between renewals.
    pause: Final = 1.0

    def __init__(self, store: Store, worker: str, limit: RateLimit) -> None:
        self._store = store
        self._worker = worker
        self._limit = limit
        self._started = limit.started
        self._at = time.monotonic()
        # Until the first part has been leased.
        limit.lease(0.0, seconds=0.0)

    @property
    def total(self) -> float:
        """Calls per second of all workers together."""
        return self._limit.rate

    async def renew(self) -> None:
        """Lease a part for the next seconds.

        Raises:
            StoreError: the database failed.
        """
        limit = self._limit
        began = time.monotonic()
        seconds = max(began - self._at, 1e-3)
        used = (limit.started - self._started) / seconds
        self._started, self._at = limit.started, began
        lease = partial(
            self._store.workers.lease_rate,
            self._worker,
            partial(grant, limit.rate, self._worker),
            wanted=wanted(used=used, rate=limit.leased, waiting=limit.waiting),
            used=used,
            lease=_LEASE,
        )
        rate = await anyio.to_thread.run_sync(lease)
        # Counted from before the call, so that it ends here before it ends in the database.
        passed = time.monotonic() - began
        limit.lease(rate or 0.0, seconds=_LEASE.total_seconds() - passed)
