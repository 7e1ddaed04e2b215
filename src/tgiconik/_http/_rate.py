"""A client-side rate limit: callers are spaced out, not refused, and it learns what is allowed."""

import math
from typing import Final

import anyio
from anyio import Lock

from tgiconik._http._per_loop import PerLoop, SharedClock
from tgiconik._http._surface import Listed

#: Calls left of an allowance when calls begin to be spaced out more: other clients could have that
#: many in flight already.
_FEW_LEFT: Final = 8
#: However many share the rate, as few calls are in flight together as the rate and distance make.
_SMALLEST_PART: Final = 0.25
#: One in so many of the calls that are left may start at once after a pause.
_BURST_DIVISOR: Final = 4
#: The smallest share of the rate that is used, so that the limit recovers.
_MIN_SHARE: Final = 0.05
#: Factor on the rate when a platform refuses a call.
_BACKOFF: Final = 0.7
#: Share of the rate that is recovered in a second.
_RECOVERY: Final = 0.02
#: Calls per second without a lease, where the rate is leased: others may use all of it.
_UNLEASED: Final = 0.2


class PausedTooLongError(Exception):
    """The platform asked for a longer pause than a call can wait.

    Attributes:
        seconds: how much longer it lasts.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class RateLimit(Listed):
    """Lets calls start at a steady rate, with a small burst after a pause.

    The generic cell rate algorithm: each call has a due time, one interval after the one before;
    a call may start up to `burst` intervals ahead of its due time. Shared by all calls of a
    client, of whichever event loop, so that one 429 slows all of them down.

    The rate is the most that is tried, and all of it is, as long as nothing speaks against that.
    Where the platform says how many calls are left, more of them start at once after a pause, and
    they are spread when they get few, before one is refused. Where it refuses one, because it
    allows less or others call with the same credentials, the rate goes back a good step, and forth
    again little by little.

    Several processes that call with the same credentials can share the rate: each leases a part of
    it for a few seconds at a time. Bursts and what the platform says is left count in proportion.

    Args:
        rate: calls per second.
        burst: calls that may start at once after a pause.

    Attributes:
        rate: calls per second of all who share it.
        started: calls that started so far.
        waiting: calls that wait for their turn.
    """

    def __init__(self, rate: float, *, burst: int = 10) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError("a rate limit needs a rate above 0 and a burst of at least 1")
        self.rate = rate
        self.started: int = 0
        self.waiting: int = 0
        self._burst = burst
        self._lease: tuple[float, float] | None = None
        self._turns = PerLoop(Lock)
        self._clock = SharedClock(lambda: anyio.current_time())  # noqa: PLW0108 - tests replace anyio
        self._due = 0.0
        self._paused_until = 0.0
        self._pauses = 0.0
        self._left = math.inf
        self._in_flight = 0
        self._share = 1.0
        self._share_at = 0.0

    def lease(self, rate: float, *, seconds: float) -> None:
        """Use a part of the rate from now on, and hardly any of it once the lease has ended.

        Args:
            rate: calls per second, at most the rate of all.
            seconds: how long the lease lasts.
        """
        self._lease = (min(rate, self.rate), self._clock() + seconds)

    @property
    def leased(self) -> float:
        """Calls per second that may start now, as far as the lease says."""
        return self._leased(self._clock())

    def _leased(self, now: float) -> float:
        if self._lease is None:
            return self.rate
        rate, until = self._lease
        return max(_UNLEASED, rate) if now < until else _UNLEASED

    async def wait(self, *, patience: float = math.inf) -> float:
        """Return when the next call may start, and how many seconds that took.

        First come, first served. Each call that started is to be `ended`; a cancelled waiter has
        taken nothing.

        Args:
            patience: seconds of the platform's pauses, as opposed to our own pace, that this call
                can wait.

        Raises:
            PausedTooLongError: the platform's pauses last longer than that.
        """
        turn = await self._turns.get()
        came = self._clock() if turn.locked() else None
        most = math.inf if patience == math.inf else self.paused() + patience
        self.waiting += 1
        try:
            async with turn:
                now = self._clock()
                if self._pauses > most:
                    raise PausedTooLongError(max(0.0, self._paused_until - now))
                # Looked at when it is this caller's turn: what was learned meanwhile counts.
                interval, start = self._next(now)
                if start > now:
                    await anyio.sleep(start - now)
                self._start(interval, start)
        finally:
            self.waiting -= 1
        return start - (now if came is None else came)

    async def start_now(self) -> bool:
        """Start a call, where it need not wait; it is to be `ended`. False where it must."""
        if (await self._turns.get()).locked():
            return False
        now = self._clock()
        interval, start = self._next(now)
        if start > now:
            return False
        self._start(interval, start)
        return True

    def _start(self, interval: float, start: float) -> None:
        self._due = max(self._due, start) + interval
        self._in_flight += 1
        self.started += 1

    def _next(self, now: float) -> tuple[float, float]:
        """Seconds between calls, and when the next may start."""
        leased = self._leased(now)
        part = leased / self.rate
        interval = 1.0 / (leased * self._rate_share(now, part))
        early = interval * (self._burst_now(part) - 1)
        return interval, max(now, self._due - early, self._paused_until)

    def ended(self, *, left: int | None = None) -> None:
        """A call has ended.

        Args:
            left: how many more the platform said that it allows for now.
        """
        self._in_flight -= 1
        if left is not None:
            # The platform has not counted the calls that are still in flight.
            self._left = left - self._in_flight

    def refused(self, seconds: float) -> None:
        """The platform said that these were too many: start no call for a while."""
        now = self._clock()
        if now >= self._paused_until:
            # Once for all that are refused at the same time.
            self._share = max(_MIN_SHARE, self._share_now(now) * _BACKOFF)
            self._share_at = now
        self._pauses += max(0.0, now + seconds - max(now, self._paused_until))
        self._paused_until = max(self._paused_until, now + seconds)

    def paused(self) -> float:
        """Seconds that the platform has had all calls wait so far."""
        return self._pauses - max(0.0, self._paused_until - self._clock())

    def _burst_now(self, part: float) -> float:
        """How many may start at once after a pause, of whoever has this part of the rate."""
        if self._left == math.inf:
            return max(1.0, self._burst * part)
        return max(1.0, self._burst * part, self._left * part / _BURST_DIVISOR)

    def _rate_share(self, now: float, part: float) -> float:
        """How much of its part of the rate is used: of what is left, the others take theirs."""
        mine = self._left * max(part, _SMALLEST_PART)
        return max(_MIN_SHARE, min(1.0, mine / _FEW_LEFT, self._share_now(now)))

    def _share_now(self, now: float) -> float:
        return min(1.0, self._share + _RECOVERY * (now - self._share_at))
