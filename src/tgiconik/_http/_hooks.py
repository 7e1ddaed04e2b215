"""Hooks of a client: functions of the user that are told of each attempt of each call."""

from collections.abc import Callable
from inspect import isawaitable
from typing import Final, TypeAlias

import anyio
import attrs

from tgiconik._place import name_of, type_and_place
from tgiconik.telemetry import Event, log

#: Seconds that a hook has to await something after its call was cancelled.
_LAST_WORDS: Final = 1.0


@attrs.frozen(kw_only=True)
class Attempt:
    """One attempt of a call, as `on_request` and `on_response` are given it.

    Attributes:
        method: HTTP method, in capitals.
        url_template: path of the operation with `{id}` for each id in it, such as
            `/API/assets/v1/assets/{id}/`; no host, no query. Of a path that `client.request` was
            given, whatever may be an id is `{id}`.
        number: 1 for the first attempt, 2 for the first retry.
        status: HTTP status of the answer; None before it came, and when none came.
        seconds: time from the request to the end of the answer; 0.0 in `on_request`.
        error: type name of the error when no answer came, such as `ConnectionFailed`; else None.
    """

    method: str
    url_template: str
    number: int
    status: int | None = None
    seconds: float = 0.0
    error: str | None = None


#: A function, async or not; what it returns or raises does not change the call.
Hook: TypeAlias = Callable[[Attempt], object]


@attrs.frozen(kw_only=True)
class Hooks:
    """The hooks of one client.

    Attributes:
        on_request: called before each attempt.
        on_response: called after each attempt, whether an answer came or not.
    """

    on_request: Hook | None = None
    on_response: Hook | None = None

    async def request(self, attempt: Attempt) -> None:
        """Tell that an attempt begins."""
        if self.on_request is not None:
            await _told(self.on_request, "on_request", attempt)

    async def response(self, attempt: Attempt) -> None:
        """Tell that an attempt has ended."""
        if self.on_response is not None:
            await _told(self.on_response, "on_response", attempt)

    async def cancelled(self, attempt: Attempt) -> None:
        """Tell that an attempt was cancelled, from within the cancelled task."""
        with anyio.move_on_after(_LAST_WORDS, shield=True):
            await self.response(attempt)


async def _told(hook: Hook, name: str, attempt: Attempt) -> None:
    try:
        answer = hook(attempt)
        if isawaitable(answer):
            await answer
    except Exception as error:  # noqa: BLE001 - a hook's failure is not the call's
        kind = type(error).__name__
        message = "%s, %s, raised %s; the call goes on: %s %s"
        log(
            Event.HTTP_HOOK_FAILED,
            message,
            name,
            name_of(hook),
            type_and_place(error),
            attempt.method,
            attempt.url_template,
            method=attempt.method,
            url_template=attempt.url_template,
            attempt=attempt.number,
            hook=name,
            error=kind,
        )
