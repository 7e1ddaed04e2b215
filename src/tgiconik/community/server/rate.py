"""A rate per key: a bucket of calls each, which fills steadily."""

import math
import time
from collections.abc import Callable
from typing import Final

from tgiconik._token_bucket import TokenBucket

#: Forgotten buckets are full ones: keys that have not called for as long.
_KEPT: Final = 10_000


class RatePerKey:
    """Decides whether a key may call now. Each process counts for itself.

    Args:
        rate: calls per second and key in the long run; as many, and at least one, at once.
        clock: seconds, monotonic.
    """

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}

    def seconds_to_wait(self, key: str) -> int:
        """Take a call; 0 if there was one, else whole seconds until there is one again."""
        bucket = self._buckets.pop(key, None) or self._full()
        # The last one is the one that called last.
        self._buckets[key] = bucket
        if len(self._buckets) > _KEPT:
            del self._buckets[next(iter(self._buckets))]
        return math.ceil(bucket.take())

    def _full(self) -> TokenBucket:
        return TokenBucket(self._rate, max(1.0, self._rate), self._clock)
