"""httpcore's own log, without the headers of answers.

At DEBUG it writes down every header of an answer, and a `Location` can be a credential: the link of
an upload session at Google. Only lines of our own calls are changed; a program's other calls with
httpx are logged as it likes.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Final

_LOGGERS: Final = ("httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")
_HEADERS: Final = "response_headers.complete"

#: Where httpcore writes down requests and answers.
WIRE_LOG: Final = logging.getLogger("httpcore.http11")

_ours: ContextVar[bool] = ContextVar("tgiconik_call", default=False)


@contextmanager
def headers_left_out() -> Iterator[None]:
    """A call of ours is under way in this task: what httpcore logs has no header of its answer."""
    _install()
    token = _ours.set(True)
    try:
        yield
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
