"""httpcore's own log, without the headers of answers.

At DEBUG it writes down every header of an answer, and a `Location` can be a credential: the link of
an upload session at Google. Only lines of our own calls are changed; a program's other calls with
httpx are logged as it likes.
"""

import logging
from contextvars import ContextVar
from functools import cache
from typing import Final

import httpx

_LOGGERS: Final = ("httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")
_HEADERS: Final = "response_headers.complete"

_http11 = logging.getLogger("httpcore.http11")
_ours: ContextVar[bool] = ContextVar("tgiconik_call", default=False)


async def without_headers_in_log(
    transport: httpx.AsyncBaseTransport, request: httpx.Request
) -> httpx.Response:
    """Send a request; httpcore's log of it has no header of the answer."""
    if not _http11.isEnabledFor(logging.DEBUG):
        return await transport.handle_async_request(request)
    _install()
    token = _ours.set(True)
    try:
        return await transport.handle_async_request(request)
    finally:
        _ours.reset(token)


@cache
def _install() -> None:
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_without_headers)


def _without_headers(record: logging.LogRecord) -> bool:
    text = record.getMessage()
    if _ours.get() and _HEADERS in text:
        record.msg, record.args = text.partition(" ")[0], ()
    return True
