"""The parser of the whole command line. It imports a command's module only when that is named."""

import argparse
from collections.abc import Collection, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from tgiconik._version import __version__
from tgiconik.cli.commands import COMMANDS, Command
from tgiconik.cli.exit_codes import MEANINGS
from tgiconik.cli.options import add_common

if TYPE_CHECKING:
    # Generic for type checkers only.
    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it
else:
    Subparsers = argparse._SubParsersAction  # noqa: SLF001 - the same


class Parser(argparse.ArgumentParser):
    """A parser, as its sub-parsers are, that accepts whole names of options only.

    Args:
        options: as `argparse.ArgumentParser` has them.
    """

    def __init__(self, **options: object) -> None:
        # A shortened name in somebody's script would break with the next option.
        super().__init__(**{"allow_abbrev": False, **options})  # type: ignore[arg-type]


def children(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The parsers of a parser's commands, by name and alias; empty for one without commands.

    Args:
        parser: the parser.
    """
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to its actions
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            return dict(action.choices)
    return {}


def build_parser(words: Collection[str]) -> argparse.ArgumentParser:
    """The parser for a command line.

    Args:
        words: the words of the command line; commands that are not among them have a name and a
            line of help only.

    Raises:
        ImportError: a named command needs an extra that is not installed.
    """
    parser = _root()
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        if not command.names.isdisjoint(words):
            _add(command, commands)
        else:
            commands.add_parser(command.name, help=command.help)
    return parser


def build_whole_parser() -> argparse.ArgumentParser:
    """The parser with all commands; those that need a missing extra have a name and help only."""
    parser = _root()
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        try:
            module = import_module(command.module)
            module.add_parser(commands)
        except ImportError:
            commands.add_parser(command.name, help=command.help)
    return parser


def _add(command: Command, commands: Subparsers) -> None:
    import_module(command.module).add_parser(commands)


def _root() -> argparse.ArgumentParser:
    codes = "\n".join(f"  {code:>3}  {meaning}" for code, meaning in MEANINGS.items())
    parser = Parser(
        prog="tgiconik",
        description="OpenText Active Community - Trading Grid and iconik, joined.\n"
        "`tgiconik COMMAND --help` describes a command.",
        epilog=f"exit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tgiconik {__version__}")
    add_common(parser, root=True)
    return parser
