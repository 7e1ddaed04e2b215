"""`python -m tgiconik.community partners`: import and export partners and their groups."""

import argparse
import asyncio
import sys
from collections.abc import Callable

from tgiconik import errors
from tgiconik.community.commands.output import say
from tgiconik.community.commands.parsers import Subparsers
from tgiconik.community.partner_import import (
    PartnerProfile,
    import_partners,
    partner_csv,
    profiles_from_directory,
    profiles_of,
    read_current,
    read_partner_csv,
    write_partner_csv,
)
from tgiconik.tradinggrid import TradingGridClient


def add_parser(subparsers: Subparsers) -> None:
    """Add `partners import` and `partners export`.

    Args:
        subparsers: the commands of `python -m tgiconik.community`.
    """
    group = subparsers.add_parser("partners", help="import and export partners and their groups")
    commands = group.add_subparsers(required=True, metavar="COMMAND")
    _add_import(commands)
    _add_export(commands)


def _add_import(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "import",
        help="create and change partners, from a file or from Trading Grid's directory",
        description="Create and change partners and their groups. A second import of the same "
        "file changes nothing.",
    )
    parser.add_argument(
        "file", nargs="?", metavar="FILE.csv", help="partners, one line per contact"
    )
    parser.add_argument(
        "--directory",
        action="store_true",
        help="also add the partners of Trading Grid's directory who have no profile, and name "
        "those of the file whom it does not list",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and stop")
    parser.add_argument(
        "--prune",
        action="store_true",
        help="also remove partners from the groups that the file does not name for them",
    )
    parser.set_defaults(run=run_import)


def _add_export(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "export",
        help="write all partners and their groups as CSV",
        description="Write all partners and their groups as CSV, which `import` reads.",
    )
    parser.add_argument(
        "--output", metavar="FILE.csv", help="file to write; default: standard output"
    )
    parser.set_defaults(run=run_export)


def run_import(options: argparse.Namespace) -> int:
    """Import partners, and say what became of them.

    Args:
        options: `file`, `directory`, `dry_run` and `prune`.

    Returns:
        The exit code: 0, or 1 when a partner failed.

    Raises:
        ConfigurationError: neither a file nor `--directory` was given, the file is not valid, or
            the environment lacks a variable.
        CallError: Trading Grid cannot be read.
        OSError: the file cannot be read.
    """
    if options.file is None and not options.directory:
        raise errors.ConfigurationError("give a file of partners, or --directory")
    profiles = () if options.file is None else read_partner_csv(options.file)
    return asyncio.run(_import(profiles, options))


def client_of(options: argparse.Namespace) -> TradingGridClient:
    """The client: what `connect` makes, or else the one of the environment.

    Args:
        options: may have `connect`.

    Returns:
        The client.

    Raises:
        ConfigurationError: something that it needs is missing.
    """
    connect: Callable[[], TradingGridClient] = getattr(
        options, "connect", TradingGridClient.from_env
    )
    return connect()


async def _import(profiles: tuple[PartnerProfile, ...], options: argparse.Namespace) -> int:
    async with client_of(options) as grid:
        if options.directory:
            found = await profiles_from_directory(grid, profiles)
            say(found)
            profiles = found.profiles
        result = await import_partners(grid, profiles, dry_run=options.dry_run, prune=options.prune)
    say(result)
    return 1 if result.failed else 0


def run_export(options: argparse.Namespace) -> int:
    """Export all partners and their groups.

    Args:
        options: `output`, a path or None.

    Returns:
        The exit code: 0.

    Raises:
        ConfigurationError: the environment lacks a variable.
        CallError: the partners cannot be read.
        OSError: the file cannot be written.
    """
    profiles = asyncio.run(_current(options))
    if options.output is None:
        sys.stdout.buffer.write(partner_csv(profiles))
    else:
        write_partner_csv(options.output, profiles)
        say(f"{len(profiles):,} partners written to {options.output}")
    return 0


async def _current(options: argparse.Namespace) -> tuple[PartnerProfile, ...]:
    async with client_of(options) as grid:
        return profiles_of(await read_current(grid))
