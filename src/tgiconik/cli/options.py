"""Options that several commands have."""

import argparse
from typing import Final

from tgiconik.profiles import CONFIG_FILE, CONFIG_VARIABLE, PROFILE_VARIABLE

#: Metavars whose values are paths: shells complete file names for them.
FILE: Final = "FILE"


def add_common(parser: argparse.ArgumentParser, *, root: bool = False) -> None:
    """Add the options that may stand before and after the command's name.

    Args:
        parser: the parser of a command, or the root.
        root: whether it is the root, which has the defaults; those of a command would hide what
            was given before its name.
    """
    group = parser.add_argument_group("profile and errors")
    group.add_argument(
        "--profile",
        metavar="NAME",
        default=None if root else argparse.SUPPRESS,
        help=f"profile of {CONFIG_FILE}; default: {PROFILE_VARIABLE}, or else the environment "
        "variables of the clients",
    )
    group.add_argument(
        "--config",
        metavar=FILE,
        default=None if root else argparse.SUPPRESS,
        help=f"file with profiles; default: {CONFIG_VARIABLE}, or else {CONFIG_FILE} in this "
        "folder or the nearest one above it",
    )
    group.add_argument(
        "--debug",
        action="store_true",
        default=False if root else argparse.SUPPRESS,
        help="show the traceback of an error",
    )


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Add `--policy`."""
    parser.add_argument(
        "--policy",
        metavar=FILE,
        help="release policy, TOML or JSON; default: that of the profile",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="write the result as JSON, no links")


def add_result(parser: argparse.ArgumentParser) -> None:
    """Add `--json` and `--html`, and say that the command may be repeated."""
    add_json(parser)
    parser.add_argument("--html", metavar=FILE, help="also write the result as an HTML page")
    parser.set_defaults(repeatable=True)


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Add `--dry-run`."""
    parser.add_argument(
        "--dry-run", action="store_true", help="write nothing, and say what would be written"
    )


def add_workflow(parser: argparse.ArgumentParser) -> None:
    """Add the options of all workflows that write."""
    add_policy(parser)
    add_dry_run(parser)
    add_result(parser)
    add_common(parser)


def add_audience(parser: argparse.ArgumentParser) -> None:
    """Add `--group` and `--partner`, which replace the groups that an asset is tagged for."""
    parser.add_argument(
        "--group",
        action="append",
        metavar="ID",
        help="group of partners, instead of those that the asset is tagged for; may be repeated",
    )
    parser.add_argument(
        "--partner",
        action="append",
        metavar="BUID",
        help="partner, beside --group or instead of any group; may be repeated",
    )


def add_restore(parser: argparse.ArgumentParser) -> None:
    """Add `--restore`."""
    parser.add_argument(
        "--restore",
        action="store_true",
        help="share again what somebody revoked by hand; otherwise that is respected",
    )


def add_max_concurrency(parser: argparse.ArgumentParser) -> None:
    """Add `--max-concurrency`."""
    parser.add_argument(
        "--max-concurrency",
        type=_positive,
        default=20,
        metavar="N",
        help="partners, or objects, that are processed at the same time (%(default)s)",
    )


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return number
