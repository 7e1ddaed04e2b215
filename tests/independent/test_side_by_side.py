"""The code of the page for users of pythonik: both columns do the same, call by call."""

import ast
import asyncio
import inspect
import os
import re
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from unittest import mock

import attrs

from codegen.website.blocks import Block, blocks
from tgiconik.sandbox import Sandbox, world

PAGE = Path(__file__).parents[2] / "docs" / "from-pythonik.md"
FOUND = blocks(PAGE.read_text("utf-8"))
SETUP, *PAIRED = FOUND
THEIRS, OURS = PAIRED[::2], PAIRED[1::2]
#: The reason by which the site's build leaves pythonik's code to this test.
LEFT = "a test runs it with nsa-pythonik"
IDENTIFIER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@attrs.frozen
class Ran:
    """What blocks did.

    Attributes:
        printed: by each block.
        writes: what they wrote, with identifiers numbered in order.
        assets: title, status and versions of each asset at the end.
    """

    printed: list[str]
    writes: list[tuple[str, str, int]]
    assets: list[tuple[str | None, str | None, list[bool | None]]]


def run(chosen: Sequence[Block]) -> Ran:
    """Run the first block of the page and then these, on a sandbox of their own."""
    sandbox = Sandbox()
    with sandbox.serve() as url, mock.patch.dict(os.environ, sandbox.environment(url)):
        ran = asyncio.run(_run(chosen, sandbox))
    sandbox.close()
    return ran


async def _run(chosen: Sequence[Block], sandbox: Sandbox) -> Ran:
    printed = []
    async with sandbox.clients() as (_, iconik):
        names = {"iconik": iconik, "policy": sandbox.policy(), "world": world}
        for block in (SETUP, *chosen):
            out = StringIO()
            with redirect_stdout(out):
                code = compile(block.code, PAGE.name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
                running = eval(code, names)  # noqa: S307 - the page is ours
                if inspect.iscoroutine(running):
                    await running
            printed.append(out.getvalue())
        assets = [
            (one.title, one.status, [version.is_online for version in one.versions or ()])
            async for one in iconik.assets.list_assets(sort="title")
        ]
    return Ran(printed, _numbered(sandbox), assets)


def _numbered(sandbox: Sandbox) -> list[tuple[str, str, int]]:
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return numbers.setdefault(found[0], f"#{len(numbers)}")

    return [(one.method, IDENTIFIER.sub(number, one.path), one.status) for one in sandbox.writes]


def test_columns_alternate() -> None:
    assert [block.why_not for block in THEIRS] == [LEFT] * len(OURS)
    assert [block.why_not for block in (SETUP, *OURS)] == [None] * (len(OURS) + 1)
    assert len(OURS) == 12


def test_pythonik_stands_in_the_left_column_alone() -> None:
    assert all("ik." in block.code or "Iconik(" in block.code for block in THEIRS)
    assert not [block.line for block in OURS if "pythonik" in block.code]


def test_both_columns_print_write_and_leave_the_same() -> None:
    theirs, ours = run(THEIRS), run(OURS)
    assert theirs == ours
    assert [method for method, _, _ in ours.writes] == ["POST", "POST", "PATCH", "POST", "PUT"]
    silent = [number for number, text in enumerate(ours.printed) if not text]
    assert silent == [0, 1, 12], "the setup, and how clients are made and closed"
