"""A client-side rate limit: callers are spaced out, not refused."""

import anyio


class RateLimit:
    """Lets calls start at a steady rate, with a small burst after a pause.

    The generic cell rate algorithm: each call has a due time, one interval after the one before;
    a call may start up to `burst` intervals ahead of its due time. Shared by all calls of a
    client, so that one 429 slows all of them down.

    Args:
        rate: calls per second.
        burst: calls that may start at once after a pause.
    """

    def __init__(self, rate: float, *, burst: int = 10) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError("a rate limit needs a rate above 0 and a burst of at least 1")
        self._interval = 1.0 / rate
        self._ahead = (burst - 1) * self._interval
        self._due = 0.0
        self._paused_until = 0.0

    async def wait(self) -> float:
        """Return when the next call may start, and how many seconds that took.

        A cancelled waiter gives its place back.
        """
        now = anyio.current_time()
        self._due = max(self._due, now) + self._interval
        start = max(self._due - self._interval - self._ahead, self._paused_until)
        if start <= now:
            return 0.0
        try:
            await anyio.sleep(start - now)
        except BaseException:
            self._due -= self._interval
            raise
        return start - now

    def pause(self, seconds: float) -> None:
        """Start no call for a while: the platform said that these were too many."""
        self._paused_until = max(self._paused_until, anyio.current_time() + seconds)
