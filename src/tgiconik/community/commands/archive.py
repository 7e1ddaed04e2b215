"""`python -m tgiconik.community export`, `import` and `backup`."""

import argparse
import sys

from tgiconik.community.commands.database import add_company, with_community
from tgiconik.community.commands.options import add_database
from tgiconik.community.commands.output import say
from tgiconik.community.commands.parsers import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add `export`, `import` and `backup`.

    Args:
        subparsers: the commands of `python -m tgiconik.community`.
    """
    _add_export(subparsers)
    _add_import(subparsers)
    _add_backup(subparsers)


def _add_export(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "export",
        help="write everything as JSON Lines",
        description="Write everything as it is at one moment, while others go on writing.",
    )
    add_database(parser)
    add_company(parser)
    parser.add_argument("--output", metavar="FILE", help="default: standard output")
    parser.add_argument(
        "--without-answers", action="store_true", help="leave out answers to repeated writes"
    )
    parser.set_defaults(run=run_export)


def _add_import(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "import",
        help="read an export into an empty database",
        description="Read an export into an empty database: all of it, or nothing.",
    )
    add_database(parser)
    parser.add_argument("file", metavar="FILE", help="what `export` wrote")
    parser.set_defaults(run=run_import)


def _add_backup(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "backup",
        help="copy a SQLite database while it is used",
        description="Copy a SQLite database while it is used, and check the copy. PostgreSQL has "
        "pg_dump for this.",
    )
    add_database(parser)
    parser.add_argument("--output", required=True, metavar="FILE", help="the copy")
    parser.set_defaults(run=run_backup)


def run_export(options: argparse.Namespace) -> int:
    """Export a database.

    Args:
        options: `database`, `company`, `output` and `without_answers`.

    Returns:
        The exit code: 0.

    Raises:
        ConfigurationError: there is no such database or company.
        StoreError: the database does not answer.
        OSError: the file cannot be written.
    """
    target = sys.stdout.buffer if options.output is None else options.output
    summary = with_community(
        options,
        lambda community: community.export_archive(
            target, company_id=options.company, answers=not options.without_answers
        ),
    )
    if options.output is not None:
        say(f"exported to {options.output}\n{summary}")
    return 0


def run_import(options: argparse.Namespace) -> int:
    """Import an export.

    Args:
        options: `database` and `file`.

    Returns:
        The exit code: 0.

    Raises:
        ConfigurationError: the database is not empty, or the file is not as it was exported.
        StoreError: the database does not answer, or cannot take it.
        OSError: the file cannot be read.
    """
    summary = with_community(
        options, lambda community: community.import_archive(options.file), new=True
    )
    say(f"imported from {options.file}\n{summary}")
    return 0


def run_backup(options: argparse.Namespace) -> int:
    """Back up a SQLite database.

    Args:
        options: `database` and `output`.

    Returns:
        The exit code: 0.

    Raises:
        ConfigurationError: there is no such database, or it is PostgreSQL's.
        StoreError: the database cannot be copied.
        OSError: the file cannot be written.
    """
    with_community(options, lambda community: community.backup(options.output))
    say(f"copied to {options.output}, and the copy is sound")
    return 0
