"""An automation: rules, as a value that says nothing about where they run."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

from tgiconik import errors
from tgiconik._validate import clock_with_zone
from tgiconik.automation.journal import Journal
from tgiconik.automation.planning import Patience
from tgiconik.automation.rules import Rule, distinct
from tgiconik.automation.worker import OpenClients, Worker, utc_now
from tgiconik.iconik import IconikClient
from tgiconik.tradinggrid import TradingGridClient


class Automation:
    """Rules, each from a cause to a function.

    Args:
        rules: the rules. Their names differ.

    Raises:
        ConfigurationError: there are no rules, or two have the same name.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = distinct(rules)

    def __repr__(self) -> str:
        return f"<Automation of {', '.join(self._rules)}>"

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules."""
        return tuple(self._rules.values())

    def worker(
        self,
        *,
        database: str,
        clients: OpenClients | None = None,
        journal: Journal | None = None,
        patience: Patience | None = None,
        max_concurrency: int = 8,
        drain: timedelta = timedelta(seconds=30),
        now: Callable[[], datetime] = utc_now,
    ) -> Worker:
        """A worker that runs the rules: `async with automation.worker(database=…) as worker`.

        Args:
            database: where causes and runs are kept: `sqlite:///automation.db` for a file,
                relative to the working directory, or `sqlite:////srv/automation.db`. It holds ids
                and results, and neither credentials nor links.
            clients: opens both clients; default: from the environment of this process.
            journal: the community whose changes are causes; it is read from its beginning, the
                first time. None to read none.
            patience: how often and how long a run that failed is tried again.
            max_concurrency: how many runs are under way at once, each of another subject.
            drain: how long the end waits for runs that are under way before it cancels them; the
                next worker runs them again.
            now: the clock, timezone-aware.

        Raises:
            ConfigurationError: `database` is no file of SQLite's, or `max_concurrency` is less
                than 1. When the worker is entered: the extra `automation` is not installed,
                another worker runs on the database, or the environment lacks something.
            StoreError: when the worker is entered, the database cannot be opened.
        """
        if max_concurrency < 1:
            raise errors.ConfigurationError("max_concurrency must be at least 1")
        return Worker(
            self._rules,
            _file(database),
            clients=clients or _from_env,
            journal=journal,
            patience=patience or Patience(),
            max_concurrency=max_concurrency,
            drain=drain,
            now=clock_with_zone(now),
        )


@asynccontextmanager
async def _from_env() -> AsyncIterator[tuple[TradingGridClient, IconikClient]]:
    async with TradingGridClient.from_env() as grid, IconikClient.from_env() as iconik:
        yield grid, iconik


def _file(url: str) -> Path:
    scheme, _, rest = url.partition(":///")
    path = unquote(rest)
    if scheme != "sqlite" or not path or path == ":memory:" or {"?", "#", "\0"} & {*path}:
        # The URL is not repeated: it may hold a password.
        raise errors.ConfigurationError(
            "an automation keeps its causes in a file of SQLite's: write "
            "sqlite:///automation.db, or sqlite:////srv/automation.db for an absolute path"
        )
    # A relative path stays the same file when the working directory changes.
    return Path(path).absolute()
