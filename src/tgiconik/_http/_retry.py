"""Which failed requests are sent again, and how long to wait before: pure rules without I/O.

Calls to the platforms and transfers to storages follow the same rules.
"""

import random
from collections.abc import Callable
from typing import Any, Final

import attrs

from tgiconik import errors
from tgiconik._validate import positive

#: The server has not processed the request: repeating it is safe whatever it does.
_NOT_PROCESSED: Final = frozenset({429})
#: The failure may pass, but whether the request had its effect is not known.
_TRANSIENT: Final = frozenset({408, 500, 502, 503, 504})

_FREE_RETRIES: Final = 50.0


def _positive(_: object, field: "attrs.Attribute[Any]", value: float) -> None:
    positive(value, f"Retry.{field.name}")


def _not_negative(_: object, field: "attrs.Attribute[Any]", value: float) -> None:
    if value != 0:
        positive(value, f"Retry.{field.name}")


@attrs.frozen(kw_only=True)
class Retry:
    """How often a failed request is sent again, and how long to wait between attempts.

    Attributes:
        attempts: attempts at the most, the first one included.
        base: longest wait before the second attempt, in seconds; doubles with each further one.
        cap: longest wait chosen here, in seconds. A longer `Retry-After` is honoured.
        budget: retries that each call adds to the budget that all calls of a client share; the
            first 50 are free. Limits the load on a platform that is down. Retries after a 429 are
            not counted: the platform itself says when to come back.

    Raises:
        ConfigurationError: a number is not above zero.
    """

    attempts: int = attrs.field(default=5, validator=_positive)
    base: float = attrs.field(default=0.5, validator=_positive)
    cap: float = attrs.field(default=20.0, validator=_positive)
    budget: float = attrs.field(default=0.2, validator=_not_negative)

    @attempts.validator
    def _is_whole(self, _: object, attempts: int) -> None:
        if not isinstance(attempts, int):
            raise errors.ConfigurationError(f"attempts must be a whole number, not {attempts!r}")

    def wait(
        self,
        attempt: int,
        retry_after: float | None,
        *,
        spread: Callable[[], float] = random.random,
    ) -> float:
        """Seconds to wait after the given attempt (1 is the first).

        Full jitter: a random wait between 0 and the doubled base, so that many callers that
        failed at the same time do not return at the same time. `retry_after` is a minimum.

        Args:
            attempt: attempts so far.
            retry_after: seconds that the platform asks to wait, if it does.
            spread: a number between 0 and 1, for tests.
        """
        jitter = spread() * min(self.cap, self.base * 2.0 ** (attempt - 1))
        return jitter if retry_after is None else retry_after + jitter


class RetryBudget:
    """The retries that all calls of a client share.

    Args:
        per_call: retries that each call adds.
    """

    def __init__(self, per_call: float) -> None:
        self._per_call = per_call
        self._left = _FREE_RETRIES

    def earn(self) -> None:
        """Add the retries of a call that begins."""
        self._left = min(_FREE_RETRIES, self._left + self._per_call)

    def spend(self) -> bool:
        """Take one retry; False when none is left."""
        if self._left < 1:
            return False
        self._left -= 1
        return True


def may_repeat(error: errors.CallError, *, repeatable: bool, sent: bool = True) -> bool:
    """Whether sending a failed request again is safe and may succeed.

    Args:
        error: how it failed.
        repeatable: whether sending it twice has the effect of sending it once.
        sent: False if no connection was made, so that the request cannot have had an effect.
    """
    match error:
        case errors.StatusError(status=status):
            return status in _NOT_PROCESSED or (repeatable and status in _TRANSIENT)
        case errors.ConnectionFailed() | errors.TimedOut():
            return repeatable or not sent
        case _:
            return False


def requested_wait(error: errors.CallError) -> float | None:
    """Seconds that the answer asks to wait before the next attempt, if it does."""
    return error.retry_after if isinstance(error, errors.StatusError) else None
