"""How calls show in logs and traces: one record or span each, made of a call and what became of it.

Records name a call by its URL without secrets and by its template, spans by its template alone.
"""

from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

from tgiconik import errors
from tgiconik._http._hooks import Attempt
from tgiconik._http._message import Call
from tgiconik.telemetry import Event, log, tracing
from tgiconik.telemetry.runs import described


def call_span(method: str, template: str, url: str) -> AbstractContextManager[Any]:
    """A span around a call, its retries included; the value is None where nothing is traced.

    Args:
        method: HTTP method.
        template: the path without ids.
        url: the host's origin; what is behind it is not looked at.
    """
    server = urlsplit(url)
    attributes: dict[str, str | int | bool] = {
        "http.request.method": method,
        "url.template": template,
        "server.address": server.hostname or "",
    }
    if server.port is not None:
        attributes["server.port"] = server.port
    return tracing.span(f"{method} {template}", attributes, is_call=True)


def answered(attempt: Attempt, url: str) -> None:
    """Log an answer.

    Args:
        attempt: the attempt that it ended.
        url: where the call went, without secrets.
    """
    log(
        Event.HTTP_ANSWERED,
        "%s %s: %d in %.3f s",
        attempt.method,
        url,
        attempt.status,
        attempt.seconds,
        method=attempt.method,
        url_template=attempt.url_template,
        status=attempt.status,
        attempt=attempt.number,
        duration=attempt.seconds,
    )


def retried(
    method: str, template: str, error: errors.CallError, *, attempt: int, wait: float
) -> None:
    """Log a retry, and note it in the call's span.

    Args:
        method: HTTP method.
        template: the path without ids.
        error: how the attempt failed.
        attempt: the number of the attempt that failed.
        wait: seconds before the next one.
    """
    status, kind = _status_of(error), type(error).__name__
    log(
        Event.HTTP_RETRIED,
        "trying again in %.1f s after: %s",
        wait,
        described(error),
        method=method,
        url_template=template,
        status=status,
        attempt=attempt,
        wait=wait,
        error=kind,
    )
    attributes: dict[str, str | int | float] = {
        "tgiconik.attempt": attempt,
        "tgiconik.wait": wait,
        "error.type": kind,
    }
    tracing.add_event("retry", attributes)


def failed(call: Call, error: errors.CallError, seconds: float) -> None:
    """Log that a call failed for good, if somebody should look at it.

    That is the platform, the network or the credentials. The refusal of one call, such as 404 or
    409, is an answer, and the caller's to deal with.

    Args:
        call: the call.
        error: how it ended.
        seconds: how long it took.
    """
    ordinary = isinstance(error, errors.ClientError) and not isinstance(
        error, errors.Unauthorized | errors.TooManyRequests
    )
    if ordinary or isinstance(error, errors.ClientClosed):
        return
    log(
        Event.HTTP_FAILED,
        "failed after %.3f s: %s",
        seconds,
        described(error),
        method=call.method,
        url_template=call.template,
        status=_status_of(error),
        duration=seconds,
        error=type(error).__name__,
    )


def _status_of(error: errors.CallError) -> int | None:
    found = getattr(error, "status", None)
    return found if isinstance(found, int) else None
