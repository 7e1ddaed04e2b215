"""How often a request to a storage is repeated, and after which failures.

A storage names what went wrong by a code in its answer, also in one of status 200 or 400: the codes
are from the error pages of Amazon, Backblaze and Azure.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import anyio
import attrs

from tgiconik import errors
from tgiconik._http import Retry, link_template, may_repeat, requested_wait, retried

T = TypeVar("T")

_CODE: Final = re.compile(r'<Code>\s*(\w+)\s*</Code>|"code"\s*:\s*"(\w+)"')
#: Failures of a storage that pass, or bytes that it got otherwise than they were sent.
_PASSING: Final = frozenset(
    {
        "InternalError",
        "SlowDown",
        "ServiceUnavailable",
        "OperationAborted",
        "RequestTimeout",
        "IncompleteBody",
        "BadDigest",
        "Md5Mismatch",
        "ServerBusy",
        "OperationTimedOut",
    }
)
#: Backblaze has one code, `bad_request`, for this and for much else.
_B2_BAD_DIGEST: Final = "did not match data received"


def code_of(error: BaseException) -> str | None:
    """The code by which a storage names an error, if it does."""
    match = _CODE.search(_excerpt(error))
    return match[1] or match[2] if match else None


def may_pass(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later. All requests here may be repeated."""
    if not isinstance(error, errors.CallError):
        return False
    return (
        may_repeat(error, repeatable=True)
        or code_of(error) in _PASSING
        or _B2_BAD_DIGEST in _excerpt(error)
    )


def _excerpt(error: BaseException) -> str:
    if isinstance(error, errors.StatusError | errors.UnreadableResponse):
        return error.excerpt
    return ""


@attrs.frozen(kw_only=True)
class Attempts:
    """How often a request is repeated, and the waits between attempts.

    Attributes:
        retry: the rules.
        longest_wait: seconds that a storage may ask to wait; where it asks for more, its answer is
            the error.
    """

    retry: Retry
    longest_wait: float

    async def wait_or_raise(self, attempt: int, error: errors.CallError) -> None:
        """Wait before the next attempt, or raise the error if there is none.

        Args:
            attempt: the attempt that failed; 1 is the first.
            error: how it failed.
        """
        if attempt >= self.retry.attempts or not may_pass(error):
            raise error
        asked = requested_wait(error)
        if asked is not None and asked > self.longest_wait:
            error.add_note(f"the storage asks to wait longer than deadline={self.longest_wait:g}")
            raise error
        wait = self.retry.wait(attempt, asked)
        template = link_template(error.url)
        retried(error.method, template, error, attempt=attempt, wait=wait)
        await anyio.sleep(wait)

    async def repeat(self, act: Callable[[], Awaitable[T]]) -> T:
        """Call something that is safe to repeat, again after each failure that may pass."""
        attempt = 1
        while True:
            try:
                return await act()
            except errors.CallError as error:
                await self.wait_or_raise(attempt, error)
                attempt += 1
