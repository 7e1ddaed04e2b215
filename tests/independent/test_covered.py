"""The independent client asks for everything that this project's workflows ask for."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
from workflows.conftest import Clock, Wire, grid_client, iconik_client
from workflows.test_rules import PLAYS

from tgiconik.sandbox import facts

from . import test_round_trips
from .test_reading import EXCEPTIONS, READABLE
from .theirs import operations

CALL = re.compile(r'theirs\(\s*"(\w+)"')


def asked() -> Iterator[str]:
    """The operations that these tests go through."""
    yield from (operation.name for operation in READABLE)
    source = Path(test_round_trips.__file__).read_text("utf-8")
    yield from (name for name in CALL.findall(source) if name not in EXCEPTIONS)


async def touched() -> set[tuple[str, str]]:
    """What the workflows ask iconik for, over all their plays."""
    known = [
        (one.method, re.sub(r"{\w+}", "{}", f"/API/{one.service}{one.path}"))
        for one in facts.load().operations
    ]
    found: set[tuple[str, str]] = set()

    async def note(request: httpx.Request) -> None:
        for method, path in known:
            pattern = re.escape(path).replace(r"\{\}", "[^/]+")
            if method == request.method and re.fullmatch(pattern, request.url.path):
                found.add((method, path))
                return

    for play in PLAYS:
        clock = Clock()
        sandbox = await play.world(clock)
        wire = Wire(sandbox.transport())
        wire.before.append(note)
        async with (
            grid_client(sandbox, sandbox.transport()) as grid,
            iconik_client(sandbox, wire) as iconik,
        ):
            await play.run(grid, iconik, clock)
        sandbox.close()
    return found


async def test_everything_that_workflows_touch_is_asked_for() -> None:
    routes = {operations()[name].route for name in asked()}

    assert await touched() - routes == set()


def test_more_than_two_hundred_operations_are_asked_for() -> None:
    assert len(set(asked())) > 200
