"""Concurrent tasks that stop each other: the first failure cancels the rest."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import anyio

T = TypeVar("T")


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


async def run_bounded(
    items: Sequence[T], act: Callable[[T], Awaitable[None]], *, max_concurrency: int
) -> None:
    """Act on every item with bounded concurrency.

    The first error cancels the rest and is raised unchanged, without an exception group.
    """
    queue = iter(items)
    failures: list[Exception] = []

    async def work() -> None:
        for item in queue:
            try:
                await act(item)
            except Exception as error:  # noqa: BLE001 - raised below, outside the group
                failures.append(error)
                group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for _ in range(min(max_concurrency, len(items))):
            group.start_soon(work)
    if failures:
        raise failures[0]


def _first_failure(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that cancelled the other tasks."""
    for failure in group.exceptions:
        return _first_failure(failure) if isinstance(failure, BaseExceptionGroup) else failure
    raise AssertionError("an exception group has members")
