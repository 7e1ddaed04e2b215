"""A rate per key: a bucket of calls each, which fills steadily."""

import math
import time
from collections.abc import Callable
from typing import Final

import attrs

#: Forgotten buckets are full ones: keys that have not called for as long.
_KEPT: Final = 10_000


@attrs.define
class _Bucket:
    calls: float
    at: float


class RatePerKey:
    """Decides whether a key may call now. Each process counts for itself.

    Args:
        rate: calls per second and key in the long run; as many, and at least one, at once.
        clock: seconds, monotonic.
    """

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._most = max(1.0, rate)
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def seconds_to_wait(self, key: str) -> int:
        """Take a call; 0 if there was one, else whole seconds until there is one again."""
        now = self._clock()
        bucket = self._buckets.pop(key, None) or _Bucket(self._most, now)
        # The last one is the one that called last.
        self._buckets[key] = bucket
        if len(self._buckets) > _KEPT:
            del self._buckets[next(iter(self._buckets))]
        bucket.calls = min(self._most, bucket.calls + (now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.calls < 1:
            return max(1, math.ceil((1 - bucket.calls) / self._rate))
        bucket.calls -= 1
        return 0
