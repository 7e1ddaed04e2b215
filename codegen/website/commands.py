"""Runs the commands of a page: those of `python -m tgiconik.community`, without a shell.

A line is `export NAME=value …`, or a command. `$NAME` stands for a variable, a backslash at the end
goes on in the next line, and `#` begins a comment. A command that fails ends the build.
"""

import asyncio
import os
import shlex
from string import Template
from typing import Final

from tgiconik.community.__main__ import main

_COMMAND: Final = ["python", "-m", "tgiconik.community"]


class CommandError(Exception):
    """A line cannot be run here, or its command failed."""


async def run(text: str) -> None:
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
        else:
            raise CommandError(f"only export and {shlex.join(_COMMAND)} can be run: {line}")


def _expanded(word: str) -> str:
    return Template(word).substitute(os.environ)
