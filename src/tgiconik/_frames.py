"""Errors that leave this package without the local variables of its frames.

Whoever prints a traceback with local variables (pytest, rich, error trackers) would print what was
sent: bodies, signed links, upload tokens. At each public method the frames below it, which have
ended by then, are emptied; what is public holds nothing itself while it waits.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from traceback import walk_tb
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def without_locals(function: Callable[P, T]) -> Callable[P, T]:
    """A function or coroutine function whose errors show none of its local variables."""
    return _asynchronous(function) if inspect.iscoroutinefunction(function) else _plain(function)


def forget_locals(error: BaseException) -> None:
    """Empty the frames that an error, and those behind it, came through and that have ended."""
    seen: set[int] = set()
    ahead: list[BaseException | None] = [error]
    while ahead:
        one = ahead.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        _empty(one.__traceback__)
        ahead += [one.__cause__, one.__context__]
        ahead += one.exceptions if isinstance(one, BaseExceptionGroup) else ()


def _empty(trace: TracebackType | None) -> None:
    ours = False
    for frame, _ in walk_tb(trace):
        # A caller's own frames stay as they are; what is below ours is a library's.
        ours = ours or frame.f_globals.get("__name__", "").startswith("tgiconik.")
        if ours:
            try:
                frame.clear()
            except RuntimeError:
                # It has not ended.
                continue


def _asynchronous(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def method(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the function's
        awaitable = function(*args, **kwargs)
        # This frame is the one that has not ended.
        del args, kwargs
        try:
            return await awaitable
        except Exception as error:
            forget_locals(error)
            raise

    return method


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def method(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the function's
        try:
            return function(*args, **kwargs)
        except Exception as error:
            args, kwargs = (), {}
            forget_locals(error)
            raise

    return method
