"""`tgiconik community`: the commands of `python -m tgiconik.community`, with a profile."""

import argparse

from tgiconik.cli.connection import grid_of, profile_of
from tgiconik.cli.options import add_common
from tgiconik.cli.parser import Subparsers
from tgiconik.community.commands import GROUPS


def add_parser(subparsers: Subparsers) -> None:
    """Add `community` with its commands.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "community",
        help="keep a community: partners, keys, server",
        description="Commands for the community: partners and their groups, keys, a server, export "
        "and upkeep. The database is that of --database, of the profile, or of the environment.",
    )
    add_common(parser)
    parser.set_defaults(prepare=use_profile)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in GROUPS:
        add(commands)


def use_profile(options: argparse.Namespace) -> None:
    """Let a command of the community find its database and its client by the chosen profile.

    Args:
        options: `profile` and `config`; gets `environ` and `connect`.

    Raises:
        ConfigurationError: the profile cannot be read.
    """
    profile = profile_of(options)
    if profile is not None:
        options.environ = profile.database_environment()
        options.connect = lambda: grid_of(options)
