"""Workflows in logs and traces: each run has an id, a begin, an end and a span."""

import inspect
from collections.abc import Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from tgiconik.telemetry.events import Event, is_logged
from tgiconik.telemetry.runs import described, run

P = ParamSpec("P")
T = TypeVar("T")

#: The fields of values that name them, most telling first.
_NAMES: Final = ("id", "key", "asset_id")
_MOST_NAMES: Final = 3


def observed(
    subject: str | None = None,
) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Log and trace the runs of a workflow, under the function's name.

    Args:
        subject: the parameter with what the workflow is about; None if it has none.
    """

    def decorate(
        function: Callable[P, Coroutine[Any, Any, T]],
    ) -> Callable[P, Coroutine[Any, Any, T]]:
        name = function.__name__
        position = (
            None if subject is None else list(inspect.signature(function).parameters).index(subject)
        )

        @wraps(function)
        async def observed_run(*args: P.args, **kwargs: P.kwargs) -> T:
            about = None
            if subject is not None and position is not None:
                given = args[position] if position < len(args) else kwargs.get(subject)
                about = name_of(given)
            with run(name, about, dry_run=is_dry(kwargs)) as active:
                result = await function(*args, **kwargs)
                if is_logged(Event.WORKFLOW_FINISHED):
                    active.summary = summary_of(result)
                active.failures = [*failures_in(result)]
                return result

        return observed_run

    return decorate


def name_of(subject: object) -> str | None:
    """The id of a workflow's subject: a text, the id or key of a value, or the ids in it."""
    if isinstance(subject, str):
        return subject
    for name in _NAMES:
        if isinstance(found := getattr(subject, name, None), str):
            return found
    several = [one for name in ("assets", "partners") for one in getattr(subject, name, ()) or ()]
    return ", ".join(several[:_MOST_NAMES]) if several else None


def is_dry(options: dict[str, Any]) -> bool:
    """Whether the options of a workflow make it write nothing."""
    trail = options.get("trail")
    return bool(options.get("dry_run") or getattr(trail, "dry_run", False))


def summary_of(result: object) -> str:
    """A result in one line; empty for values that have no such line."""
    summary = getattr(result, "summary", None)
    return str(summary()) if callable(summary) else ""


def failures_in(result: object) -> Iterator[str]:
    """The failures in a result, each in one line, without links."""
    whole = getattr(result, "_failures", None)
    if callable(whole):
        yield from (_line(name, error) for name, error in whole())
    single = result if isinstance(result, tuple) else (result,)
    for outcome in (*getattr(result, "outcomes", single), *getattr(result, "closed", ())):
        if isinstance(error := getattr(outcome, "error", None), Exception):
            name = getattr(outcome, "partner", "") or getattr(outcome, "asset_id", "")
            yield _line(name, error)


def _line(name: str, error: Exception) -> str:
    return ": ".join(filter(None, (" ".join(name.split()), described(error))))
