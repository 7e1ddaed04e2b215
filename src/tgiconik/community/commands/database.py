"""Opening a database, for the commands that work on all of it."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tgiconik import errors
from tgiconik.community import Community
from tgiconik.community.commands.options import url_of
from tgiconik.community.store import url as urls

T = TypeVar("T")


def add_company(parser: argparse.ArgumentParser) -> None:
    """Add `--company`.

    Args:
        parser: the command's parser.
    """
    parser.add_argument("--company", metavar="BUID", help="only this company; default: all")


def with_community(
    options: argparse.Namespace, work: Callable[[Community], Awaitable[T]], *, new: bool = False
) -> T:
    """Open the database, do something with it, and close it.

    Args:
        options: `database`.
        work: what to do.
        new: whether the database may be a file that is not there yet.

    Returns:
        The result.

    Raises:
        ConfigurationError: no URL is given, or it names no database, or a file that is not there.
        StoreError: the database does not answer.
    """
    url = url_of(options)
    parsed = urls.parse(url)
    path = parsed.path if isinstance(parsed, urls.SqliteUrl) else None
    # Opening it would make an empty one.
    if not new and path is not None and not path.exists():
        raise errors.ConfigurationError(f"{parsed.name} is not there; check the path")

    async def run() -> T:
        async with Community.open(url) as community:
            return await work(community)

    return asyncio.run(run())
