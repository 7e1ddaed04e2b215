"""A bound on how often something may happen: a burst, and afterwards a steady rate."""

from collections.abc import Callable


class TokenBucket:
    """Allows a burst, and afterwards a steady rate.

    Args:
        rate: how many per second.
        burst: how many at once after a pause; at least 1.
        clock: monotonic, in seconds.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._left = burst
        self._at = clock()

    def take(self) -> float:
        """Take one.

        Returns:
            0 if it was there, otherwise the seconds until there is one; nothing was taken then.
        """
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return (1 - self._left) / self._rate
        self._left -= 1
        return 0.0
