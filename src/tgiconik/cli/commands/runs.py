"""`tgiconik runs`: the same as `python -m tgiconik.automation runs`."""

from tgiconik.automation.commands import runs
from tgiconik.cli.options import add_common
from tgiconik.cli.parser import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add `runs` with its commands.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    add_common(runs.add_parser(subparsers))
