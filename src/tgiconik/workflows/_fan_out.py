"""Many partners, a few at a time, and one outcome for each: nobody is lost, nobody waits for ever.

What fails for one is that one's outcome and stops nobody else. What no platform answers for (a
mistake in a program, a client that was closed) stops everybody, and is raised as it is.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeGuard, TypeVar

import anyio

from tgiconik import errors
from tgiconik.workflows._trail import Trail
from tgiconik.workflows._wording import in_short

T = TypeVar("T")

#: How many partners are served at once when nobody says otherwise. iconik answers 50 calls in a
#: second; a partner takes a call to each platform, and an answer a tenth or two of a second.
AT_ONCE: Final = 20


def checked_at_once(at_once: int) -> int:
    """How many partners are served at once, when it can be that.

    Raises:
        ConfigurationError: it is below 1.
    """
    if at_once < 1:
        raise errors.ConfigurationError("at_once must be at least 1")
    return at_once


async def fan_out(
    names: Sequence[str],
    serve: Callable[[str], Awaitable[T]],
    *,
    failed: Callable[[str, errors.TgIconikError], T],
    at_once: int = AT_ONCE,
    trail: Trail,
) -> dict[str, T]:
    """Serve everyone, and answer what became of each.

    Args:
        names: who is to be served, each once.
        serve: serves one of them.
        failed: what becomes of one who could not be served.
        at_once: how many are served at the same time.
        trail: is told who was not reached when it ends before all are served: then nothing is
            returned, but `progress` has heard.

    Raises:
        ConfigurationError: `at_once` is below 1.
        ClientClosed: a client was closed meanwhile; `not_reached` has who was not served.
    """
    checked_at_once(at_once)
    queue = iter(names)
    done: dict[str, T] = {}
    broken: list[Exception] = []

    async def work() -> None:
        for name in queue:
            try:
                done[name] = await serve(name)
            except Exception as error:  # noqa: BLE001 - raised below, outside the group
                if _is_its_own(error):
                    done[name] = failed(name, error)
                else:
                    broken.append(error)
                    group.cancel_scope.cancel()

    def missed() -> tuple[str, ...]:
        return tuple(name for name in names if name not in done)

    try:
        async with anyio.create_task_group() as group:
            for _ in range(min(at_once, len(names))):
                group.start_soon(work)
    except anyio.get_cancelled_exc_class():
        trail.decided(f"cancelled; not reached: {in_short(missed())}")
        raise
    for error in broken:
        trail.decided(f"stopped; not reached: {in_short(missed())}")
        if isinstance(error, errors.ClientClosed):
            error.not_reached = missed()
        raise error
    return {name: done[name] for name in names}


def _is_its_own(error: Exception) -> TypeGuard[errors.TgIconikError]:
    """Whether what failed is the one's who was served, and not everybody's."""
    return isinstance(error, errors.TgIconikError) and not isinstance(error, errors.ClientClosed)
