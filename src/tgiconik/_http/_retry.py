"""When a failed call is sent again, and how long to wait before: rules without any I/O."""

import random
from collections.abc import Callable
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._http._message import Call

#: The platform says that it did not even look at the call: repeating it is safe whatever it does.
_NOT_TAKEN: Final = frozenset({429})
#: The answer is lost; whether the call had its effect is not known.
_LOST: Final = frozenset({502, 503, 504})

_FREE_TRIES: Final = 50.0


@attrs.frozen(kw_only=True)
class Retry:
    """How often, and how patiently.

    Attributes:
        attempts: how often a call is sent at the most, the first time included.
        base: longest wait before the second attempt, in seconds; doubles with each further one.
        cap: longest wait that we choose ourselves, in seconds. A `Retry-After` is honoured
            beyond it.
        budget: how many further tries each call earns for all calls of a client, after the first
            50 that are free: a platform that is down is not asked five times as much. A 429 costs
            nothing: it says by itself when to come back.
    """

    attempts: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    base: float = attrs.field(default=0.5, validator=attrs.validators.gt(0))
    cap: float = attrs.field(default=20.0, validator=attrs.validators.gt(0))
    budget: float = attrs.field(default=0.2, validator=attrs.validators.ge(0))

    def wait(
        self,
        attempt: int,
        retry_after: float | None,
        *,
        spread: Callable[[], float] = random.random,
    ) -> float:
        """Seconds to wait after the given attempt (1 is the first).

        Full jitter: anything between nothing and the doubled base, so that many callers that
        failed together do not come back together. What the platform asks for is a minimum.

        Args:
            attempt: how often it was sent so far.
            retry_after: seconds that the platform asks to wait, when it does.
            spread: a number between 0 and 1, for tests.
        """
        ours = spread() * min(self.cap, self.base * 2.0 ** (attempt - 1))
        return ours if retry_after is None else retry_after + ours


class RetryBudget:
    """The further tries that all calls of a client have left together.

    Args:
        earned: by each call.
    """

    def __init__(self, earned: float) -> None:
        self._earned = earned
        self._left = _FREE_TRIES

    def earn(self) -> None:
        """A call begins."""
        self._left = min(_FREE_TRIES, self._left + self._earned)

    def spend(self) -> bool:
        """Take one further try; False when there is none left."""
        if self._left < 1:
            return False
        self._left -= 1
        return True


def may_repeat(call: Call, error: errors.CallError, *, sent: bool) -> bool:
    """Whether sending the call again can do no harm.

    Args:
        call: what was sent.
        error: how it failed.
        sent: False when the connection was never made, so that nothing can have happened.
    """
    match error:
        case errors.StatusError(status=status):
            return status in _NOT_TAKEN or (call.repeatable and status in _LOST)
        case errors.ConnectionFailed() | errors.TimedOut():
            return call.repeatable or not sent
        case _:
            return False
