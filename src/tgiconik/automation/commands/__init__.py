"""The commands of an automation, each in a module of its own.

A module has `add_parser(subparsers)`, which adds the parser of its command and sets `run` as a
default: a function that takes the parsed arguments and returns the exit code.
"""

from collections.abc import Callable
from typing import Final

from tgiconik.automation.commands import runs, worker
from tgiconik.automation.commands.options import Subparsers

#: What adds the parsers, in the order of the help.
COMMANDS: Final[tuple[Callable[[Subparsers], object], ...]] = (worker.add_parser, runs.add_parser)
