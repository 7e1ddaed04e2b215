"""Concurrent tasks that stop each other: the first failure cancels the rest."""

from collections.abc import Callable, Coroutine
from typing import Any

import anyio


async def run_concurrently(*functions: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run async functions concurrently.

    The first failure cancels the others and is raised as it is, not within an exception group.
    """
    failure: BaseException | None = None
    try:
        async with anyio.create_task_group() as tasks:
            for function in functions:
                tasks.start_soon(function)
    except BaseExceptionGroup as group:
        failure = _first_failure(group)
    # Raised outside the handler, so that its cause stays and the group does not become its context.
    if failure is not None:
        raise failure


def _first_failure(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that cancelled the other tasks."""
    for failure in group.exceptions:
        return _first_failure(failure) if isinstance(failure, BaseExceptionGroup) else failure
    raise AssertionError("an exception group has members")
