"""Options that the commands share: the database of the automation."""

import argparse
import os
from collections.abc import Mapping
from typing import Final

from tgiconik import errors
from tgiconik.community.commands.parsers import Subparsers

__all__ = ["DATABASE", "Subparsers", "add_database", "database_of", "environ_of"]

DATABASE: Final = "TGICONIK_AUTOMATION_URL"


def add_database(parser: argparse.ArgumentParser) -> None:
    """Add `--database`.

    Args:
        parser: of the command.
    """
    parser.add_argument(
        "--database",
        metavar="URL",
        help="where causes and runs are kept: sqlite:///FILE for one worker, or postgresql://… for "
        f"any number; default: {DATABASE} in the environment, which keeps a password out of the "
        "list of processes",
    )


def environ_of(options: argparse.Namespace) -> Mapping[str, str]:
    """The environment, or what stands for it.

    Args:
        options: may have `environ`, as a profile sets it.
    """
    found: Mapping[str, str] | None = getattr(options, "environ", None)
    return os.environ if found is None else {**os.environ, **found}


def database_of(options: argparse.Namespace) -> str:
    """URL of the database; it may hold a password.

    Args:
        options: `database`.

    Raises:
        ConfigurationError: none is given.
    """
    found: str | None = options.database or environ_of(options).get(DATABASE)
    if not found:
        raise errors.ConfigurationError(f"give --database, or set {DATABASE} in the environment")
    return found
