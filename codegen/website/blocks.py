"""Runs the Python and the commands of a page and shows the output below each block.

An MkDocs hook. A page whose code ran gets a badge below its heading. The pages contain only the
code, so that they read well as plain Markdown and their output cannot become outdated. Each page is
one session on a new sandbox, with a fixed clock and identifiers that are the same in every build. A
block that raises ends the build. A block that cannot run has a comment above it with the reason:
`<!-- not run: … -->`. It ends the build if it uses a name that nothing above it defines. Shell
blocks are run where `<!-- run -->` stands above them, without a shell: a line is `export NAME=value
…`, `pytest …`, a command of `python -m tgiconik.community`, or `python NAME.py` of a script on the
page; `$NAME` stands for a variable, a backslash at the end goes on in the next line, and `#` begins
a comment. A block with a title is a file of that name, in the folder that the page runs in. A
script gets a new sandbox from `start()`, without a socket, by the page's clock.

MkDocs loads this file by its path, so it imports nothing that lies beside it.
"""

import ast
import asyncio
import builtins
import inspect
import logging
import os
import posixpath
import random
import re
import runpy
import shlex
import subprocess
import symtable
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, closing, contextmanager, redirect_stdout, suppress
from datetime import UTC, datetime, timedelta, tzinfo
from importlib import import_module
from io import StringIO
from pathlib import Path
from string import Template
from typing import Any, Final
from unittest import mock

import attrs
import httpx

from tgiconik import IconikClient, TradingGridClient
from tgiconik.community.__main__ import main
from tgiconik.sandbox import Sandbox, Started, media, world

# It makes identifiers when it is imported: later, they would shift those of the first page.
with suppress(ModuleNotFoundError):
    import_module("opentelemetry.trace")

START: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
#: What blocks find defined, on a page of which at least one runs.
SESSION: Final = frozenset({"sandbox", "grid", "iconik", "policy", "world", "clock"})
_ALWAYS: Final = frozenset({*dir(builtins), "__name__", "__file__"})
_COMMAND: Final = ["python", "-m", "tgiconik.community"]
_FENCE: Final = re.compile(
    r"^(?:(?:<!-- not run: (?P<why>[^\n]+) -->\n+)?```python|<!-- run -->\n+```(?P<shell>shell))\n"
    r"(?P<code>.*?)^```\n",
    re.MULTILINE | re.DOTALL,
)
_SCRIPT: Final = re.compile(r"python ([\w-]+\.py)")
_DURATION: Final = re.compile(r" in [\d.]+s(?: \([\d:]+\))?")
_HEADING: Final = re.compile(r"^# .+$", re.MULTILINE)
#: The section of sandbox.md that says how the code of pages runs.
_EXPLAINED: Final = "the-code-on-these-pages"
_FILE: Final = re.compile(
    r'^```\w+ title="(?P<name>[\w.-]+)"\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL
)


@attrs.frozen
class Block:
    """A block of a page that runs.

    Attributes:
        code: Python, or lines of a shell.
        line: the number of its first line.
        end: where its fence ends in the page.
        why_not: why it is not run; None for one that is.
        is_shell: whether it has commands.
    """

    code: str
    line: int
    end: int
    why_not: str | None
    is_shell: bool = False


@attrs.define
class Clock:
    """The clock of the page; a block advances it."""

    moment: datetime = START

    def __call__(self) -> datetime:
        """The current time, in UTC."""
        return self.moment

    def advance(self, **by: float) -> None:
        """Advance the clock, such as by `days=1`."""
        self.moment += timedelta(**by)


class BlockError(Exception):
    """A block of a page raised; the build ends."""


class CommandError(Exception):
    """A line cannot be run here, or its command failed."""


def blocks(markdown: str) -> list[Block]:
    """All blocks of a page with Python or with commands that are run, in order."""
    return [
        Block(
            code=found["code"],
            line=markdown.count("\n", 0, found.start("code")) + 1,
            end=found.end(),
            why_not=found["why"],
            is_shell=found["shell"] is not None,
        )
        for found in _FENCE.finditer(markdown)
    ]


def undefined(found: Sequence[Block]) -> list[tuple[int, str]]:
    """Names that a block uses and that neither it nor a block above it defines.

    Blocks that are not run are checked too: a reader copies them as well.

    Args:
        found: the blocks of a page.

    Returns:
        Each name with the number of the block's first line.
    """
    python = [block for block in found if not block.is_shell]
    known = set(_ALWAYS)
    if any(block.why_not is None for block in python):
        known |= SESSION
    missing = []
    for block in python:
        used, defined = _names(symtable.symtable(block.code, f"line {block.line}", "exec"))
        known |= defined
        missing += [(block.line, name) for name in sorted(used - known)]
    return missing


def _names(table: symtable.SymbolTable) -> tuple[set[str], set[str]]:
    """The names of a module that its code uses, and those that it defines."""
    is_module = table.get_type() == "module"
    used, defined = set[str](), set[str]()
    for symbol in table.get_symbols():
        binds = symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
        if binds and (is_module or symbol.is_declared_global()):
            defined.add(symbol.get_name())
        elif symbol.is_referenced() and (is_module or symbol.is_global()):
            used.add(symbol.get_name())
    for child in table.get_children():
        deeper = _names(child)
        used |= deeper[0]
        defined |= deeper[1]
    return used, defined


def files(markdown: str) -> dict[str, str]:
    """The files that a page shows, by name."""
    return {found["name"]: found["text"] for found in _FILE.finditer(markdown)}


def run(page: str, found: Sequence[Block], shown: Mapping[str, str] | None = None) -> list[str]:
    """The output of each block; empty for blocks that are not run.

    Args:
        page: its name.
        found: its blocks.
        shown: its files, by name.
    """
    with tempfile.TemporaryDirectory() as folder, chdir(folder), alike() as (sandbox, clock):
        Path("policy.toml").write_text(f'metadata_view = "{world.RELEASE_VIEW}"\n')
        Path("launch.mp4").write_bytes(media.mp4("launch.mp4", "Launch, version 1").content)
        Path("launch v2.mp4").write_bytes(media.mp4("launch.mp4", "Launch, version 2").content)
        for name, text in (shown or {}).items():
            Path(name).write_text(text, "utf-8")
        return asyncio.run(_session(page, found, sandbox, clock))


async def _session(page: str, found: Sequence[Block], sandbox: Sandbox, clock: Clock) -> list[str]:
    printed = []
    # One for the page: a log handler of one block writes in those that follow.
    out = StringIO()
    async with sandbox.clients() as (grid, iconik):
        names: dict[str, Any] = {
            "sandbox": sandbox,
            "grid": grid,
            "iconik": iconik,
            "policy": sandbox.policy(),
            "world": world,
            "clock": clock,
            "__name__": "__main__",
        }
        for block in found:
            begin = out.tell()
            if block.why_not is None:
                try:
                    with redirect_stdout(out):
                        if block.is_shell:
                            await _run_commands(block.code)
                        else:
                            await _run_python(page, block, names)
                except Exception as error:
                    raise BlockError(f"{page}, block at line {block.line}: {error!r}") from error
            printed.append(out.getvalue()[begin:].rstrip())
    return printed


async def _run_python(page: str, block: Block, names: dict[str, Any]) -> None:
    # Blank lines before the code, so that a traceback has the page's line number.
    code = "\n" * (block.line - 1) + block.code
    compiled = compile(code, page, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    running = eval(compiled, names)  # noqa: S307 - the page is ours
    if inspect.iscoroutine(running):
        await running


async def _run_commands(text: str) -> None:
    """Run all lines. What they print goes to standard output.

    Raises:
        CommandError: names the line.
    """
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        if words[0] == "export":
            for word in words[1:]:
                name, _, value = word.partition("=")
                os.environ[name] = _expanded(value)
        elif words[:3] == _COMMAND:
            # A command has an event loop of its own.
            code = await asyncio.to_thread(main, [_expanded(word) for word in words[3:]])
            if code:
                raise CommandError(f"exit code {code}: {line}")
        elif script := _SCRIPT.fullmatch(line.strip()):
            # A script has an event loop of its own too.
            await asyncio.to_thread(_run_script, script[1])
        elif words[0] == "pytest":
            await asyncio.to_thread(_run_pytest, words[1:])
        else:
            known = f"export, pytest, {shlex.join(_COMMAND)} and scripts"
            raise CommandError(f"only {known} can be run: {line}")


def _run_script(name: str) -> None:
    if not Path(name).is_file():
        raise CommandError(f"the page has no script for: python {name}")
    runpy.run_path(name, run_name="__main__")


def _run_pytest(arguments: Sequence[str]) -> None:
    """Run the tests of a page, and print what pytest does, without how long it took."""
    command = [sys.executable, "-m", "pytest", "--no-header", "-p", "no:cacheprovider"]
    done = subprocess.run(  # noqa: S603 - the page is ours
        [*command, *arguments], capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise CommandError(f"pytest {shlex.join(arguments)}: {done.stdout}{done.stderr}")
    print(_DURATION.sub("", done.stdout))


def _expanded(word: str) -> str:
    return Template(word).substitute(os.environ)


@contextmanager
def alike() -> Iterator[tuple[Sandbox, Clock]]:
    """A sandbox that all clients in this process reach, with reproducible output."""
    clock = Clock()
    chance = random.Random(0)  # noqa: S311 - reproducible on purpose
    sandbox = Sandbox(now=clock)

    class Still(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock().astimezone(tz)

    def start() -> Started:
        made = scripts.enter_context(closing(Sandbox(now=clock)))
        environ, transport = made.environment(), made.transport()
        return Started(
            made,
            TradingGridClient.from_env(environ=environ, transport=transport),
            IconikClient.from_env(environ=environ, rate=None, transport=transport),
        )

    real = httpx.AsyncHTTPTransport

    def connection(**given: Any) -> httpx.AsyncBaseTransport:  # noqa: ANN401 - any option
        # A proxy is asked: pages show what a client says where there is none.
        return real(**given) if given.get("proxy") else sandbox.transport()

    try:
        with (
            ExitStack() as scripts,
            mock.patch("tgiconik.sandbox.start", start),
            mock.patch("tgiconik.workflows.run.trail.datetime", Still),
            mock.patch("os.urandom", chance.randbytes),
            mock.patch("random._urandom", chance.randbytes),
            mock.patch.dict(os.environ, sandbox.environment()),
            _logging_restored(),
            # Clients created by a page reach the same sandbox.
            mock.patch("httpx.AsyncHTTPTransport", side_effect=connection),
        ):
            yield sandbox, clock
    finally:
        sandbox.close()


@contextmanager
def _logging_restored() -> Iterator[None]:
    """Undo what a page does to the loggers of the package: other pages and tests have them too."""
    names = [name for name in logging.root.manager.loggerDict if name.startswith("tgiconik")]
    loggers = [logging.getLogger(name) for name in ("tgiconik", *names)]
    before = [(logger, logger.level, [*logger.handlers]) for logger in loggers]
    try:
        yield
    finally:
        for logger, level, handlers in before:
            logger.setLevel(level)
            logger.handlers[:] = handlers


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:  # noqa: ANN401 - MkDocs' types
    """Insert the output below each block, and the badge below the heading."""
    found = blocks(markdown)
    for line, name in undefined(found):
        raise BlockError(f"{page.file.src_uri}, block at line {line}: nothing defines {name!r}")
    if all(block.why_not for block in found):
        return markdown
    printed_by = run(page.file.src_uri, found, files(markdown))
    for block, printed in reversed(list(zip(found, printed_by, strict=True))):
        if printed:
            shown = f"\n``` {{ .text .output }}\n{printed}\n```\n"
            markdown = markdown[: block.end] + shown + markdown[block.end :]
    return badged(markdown, page.file.src_uri)


def badged(markdown: str, page: str) -> str:
    """The page with a badge below its heading that says that its code runs.

    Args:
        markdown: the page.
        page: its path below `docs`, with slashes.
    """
    target = posixpath.relpath("sandbox.md", posixpath.dirname(page) or ".")
    badge = f"[This page's code runs]({target}#{_EXPLAINED}){{ .badge }}"
    return _HEADING.sub(lambda found: f"{found[0]}\n\n{badge}", markdown, count=1)
