"""Two reads at the same time, for what does not need one for the other."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")


async def both(one: Callable[[], Awaitable[A]], other: Callable[[], Awaitable[B]]) -> tuple[A, B]:
    """What both answer. When one fails, the other ends, and its error is raised as it is."""
    ones: list[A] = []
    others: list[B] = []
    failed: list[Exception] = []

    async def run(ask: Callable[[], Awaitable[T]], answers: list[T]) -> None:
        try:
            answers.append(await ask())
        except Exception as error:  # noqa: BLE001 - raised below, outside the group
            failed.append(error)
            group.cancel_scope.cancel()

    async def run_one() -> None:
        await run(one, ones)

    async def run_other() -> None:
        await run(other, others)

    async with anyio.create_task_group() as group:
        group.start_soon(run_one)
        group.start_soon(run_other)
    for error in failed:
        raise error
    return ones[0], others[0]
