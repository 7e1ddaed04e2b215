"""Two reads at the same time, for what does not need one for the other."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tgiconik._tasks import run_concurrently

A = TypeVar("A")
B = TypeVar("B")


async def both(one: Callable[[], Awaitable[A]], other: Callable[[], Awaitable[B]]) -> tuple[A, B]:
    """What both answer. When one fails, the other ends, and its error is raised as it is."""
    ones: list[A] = []
    others: list[B] = []

    async def run_one() -> None:
        ones.append(await one())

    async def run_other() -> None:
        others.append(await other())

    await run_concurrently(run_one, run_other)
    return ones[0], others[0]
