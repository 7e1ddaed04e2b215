"""`tgiconik completion`: print a completion script for a shell."""

import argparse
import sys

from tgiconik.cli.completion import SHELLS, script
from tgiconik.cli.exit_codes import ExitCode
from tgiconik.cli.options import add_common
from tgiconik.cli.parser import Subparsers, build_whole_parser


def add_parser(subparsers: Subparsers) -> None:
    """Add `completion`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "completion",
        help="print completion for a shell",
        description="Print a script that completes commands and options. bash: "
        'eval "$(tgiconik completion bash)"',
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell")
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the script.

    Args:
        options: `shell`.

    Returns:
        The exit code: 0.
    """
    sys.stdout.write(script(build_whole_parser(), options.shell))
    return ExitCode.DONE
