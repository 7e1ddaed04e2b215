"""`tgiconik worker`: the same as `python -m tgiconik.automation worker`, with a profile."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tgiconik import IconikClient, TradingGridClient
from tgiconik.automation.commands import worker
from tgiconik.cli.commands import community
from tgiconik.cli.connection import grid_of, has_profile, iconik_of
from tgiconik.cli.options import add_common
from tgiconik.cli.parser import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add `worker`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = worker.add_parser(subparsers)
    add_common(parser)
    parser.set_defaults(prepare=use_profile)


def use_profile(options: argparse.Namespace) -> None:
    """Let the worker find the community and open its clients by the chosen profile.

    Args:
        options: `profile` and `config`; gets `environ`, `connect` and `open_clients`.

    Raises:
        ConfigurationError: the profile cannot be read.
    """
    community.use_profile(options)
    if has_profile(options):
        options.open_clients = lambda: _clients(options)


@asynccontextmanager
async def _clients(
    options: argparse.Namespace,
) -> AsyncIterator[tuple[TradingGridClient, IconikClient]]:
    async with grid_of(options) as grid, iconik_of(options) as iconik:
        yield grid, iconik
