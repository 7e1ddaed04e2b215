"""Several things at once, of which none goes on when another one has failed."""

from collections.abc import Callable, Coroutine
from typing import Any

import anyio


async def together(*acts: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do several things at once; the first failure stops the others, and is raised as it is."""
    failure: BaseException | None = None
    try:
        async with anyio.create_task_group() as tasks:
            for act in acts:
                tasks.start_soon(act)
    except BaseExceptionGroup as failures:
        failure = _first(failures)
    # Not within the handler: what caused it stays its cause, and the group is no part of it.
    if failure is not None:
        raise failure


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that stopped the others, which ended as cancelled."""
    for failure in failures.exceptions:
        return _first(failure) if isinstance(failure, BaseExceptionGroup) else failure
    raise AssertionError("a group has members")
