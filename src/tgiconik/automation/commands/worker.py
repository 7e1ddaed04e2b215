"""`worker module:app`: run the rules of a program of yours until SIGTERM."""

import argparse
import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Final

from tgiconik import errors
from tgiconik.automation.automation import Automation
from tgiconik.automation.commands.options import (
    Subparsers,
    add_database,
    database_of,
    environ_of,
)
from tgiconik.automation.worker import Worker
from tgiconik.community import Community
from tgiconik.community.commands.output import say
from tgiconik.community.post import PostOffice
from tgiconik.community.store.url import is_database

TOKEN: Final = "TGICONIK_WORKER_TOKEN"  # noqa: S105 - the name of a variable
COMMUNITY: Final = "TRADING_GRID_COMMUNITY_URL"
COMPANY: Final = "TRADING_GRID_COMPANY_ID"


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add `worker`.

    Args:
        subparsers: the commands that it becomes one of.

    Returns:
        Its parser. What opens both clients may be set as `open_clients`.
    """
    parser = subparsers.add_parser(
        "worker",
        help="run the rules of an automation until SIGTERM",
        description="Run the rules of an automation until SIGTERM. Start it as often as you like "
        "on one PostgreSQL database: the workers share the work, and iconik's rate. Both clients "
        "are made from the environment.",
        epilog=f"With --listen, /healthz and /readyz answer whoever watches the worker. The page "
        f"at / needs {TOKEN} in the environment, with at least 16 characters.",
    )
    parser.add_argument(
        "app", metavar="MODULE:NAME", help="the Automation, such as service:automation"
    )
    add_database(parser)
    parser.add_argument(
        "--journal",
        metavar="URL",
        help="database of the community whose changes are causes; default: "
        f"{COMMUNITY} in the environment, if it names a database",
    )
    parser.add_argument(
        "--watch",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="how often to ask a community over HTTP for changes, where there is no journal; 0 not "
        "to ask (%(default)g)",
    )
    parser.add_argument(
        "--listen", metavar="HOST:PORT", help="serve health checks and the page there"
    )
    parser.add_argument(
        "--max-concurrency",
        type=int,
        default=8,
        metavar="N",
        help="runs at once in this worker (%(default)s)",
    )
    parser.add_argument(
        "--drain",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="how long runs have after SIGTERM before they are handed back (%(default)g)",
    )
    parser.add_argument(
        "--release",
        metavar="NAME",
        help="names your code, such as its version; default: derived from the rules",
    )
    parser.set_defaults(run=run_worker, open_clients=None)
    return parser


def run_worker(options: argparse.Namespace) -> int:
    """Run the rules until SIGTERM or SIGINT.

    Args:
        options: as `add_parser` has them.

    Returns:
        The exit code: 0 when it was stopped.

    Raises:
        ConfigurationError: the automation is not there, an option is wrong, the environment lacks
            something, or the address to listen on is in use.
        StoreError: a database cannot be opened.
    """
    automation = load(options.app)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("tgiconik.worker")
    logger.addHandler(handler)
    try:
        asyncio.run(_work(automation, options))
    finally:
        logger.removeHandler(handler)
    return 0


def load(name: str) -> Automation:
    """The automation that a name stands for.

    Args:
        name: module and variable, such as `service:automation`; modules of the working directory
            are found.

    Raises:
        ConfigurationError: there is no such module or variable, or it is no automation.
    """
    module, _, variable = name.partition(":")
    if not module or not variable:
        raise errors.ConfigurationError(f"{name!r} is no automation; write module:name")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        loaded = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise errors.ConfigurationError(
            f"there is no module {module!r}; modules are found in the working directory, {here}"
        ) from None
    found = getattr(loaded, variable, None)
    if not isinstance(found, Automation):
        raise errors.ConfigurationError(
            f"{module} has no automation called {variable!r}; write {variable} = Automation([…])"
        )
    return found


async def _work(automation: Automation, options: argparse.Namespace) -> None:
    environ = environ_of(options)
    async with AsyncExitStack() as ends:
        journal = await _journal(options, ends)
        watch = timedelta(seconds=options.watch) if journal is None and options.watch else None
        worker = await ends.enter_async_context(
            automation.worker(
                database=database_of(options),
                clients=options.open_clients,
                journal=journal,
                watch=watch,
                max_concurrency=options.max_concurrency,
                drain=timedelta(seconds=options.drain),
                release=options.release,
            )
        )
        office = _office(journal, environ.get(COMPANY))
        async with _served(worker, options.listen, environ.get(TOKEN), office):
            say(f"# {worker.id} works; stop it with SIGTERM or Ctrl-C")
            sys.stdout.flush()
            await worker.run()


async def _journal(options: argparse.Namespace, ends: AsyncExitStack) -> Community | None:
    url = options.journal or environ_of(options).get(COMMUNITY, "")
    if not is_database(url):
        if options.journal:
            raise errors.ConfigurationError("--journal needs the URL of a community's database")
        return None
    return await ends.enter_async_context(Community.open(url))


def _office(community: Community | None, company_id: str | None) -> PostOffice | None:
    """The post office of the journal's community, to look at."""
    if community is None or not company_id:
        return None
    return PostOffice(community, company_id, channels=())


@asynccontextmanager
async def _served(
    worker: Worker, address: str | None, token: str | None, office: PostOffice | None
) -> AsyncIterator[None]:
    if address is None:
        yield
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isascii() or not port.isdigit():
        raise errors.ConfigurationError(f"{address!r} is no address; write HOST:PORT")
    app = worker.app(token=token or None, office=office)
    async with worker.serving(app, host.strip("[]"), int(port)) as url:
        say(f"# health checks and {'the page' if token else 'no page'} at {url}")
        yield
