"""An automation: rules, as a value that says nothing about where they run."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from hashlib import sha256

from tgiconik import errors
from tgiconik._validate import clock_with_zone, not_blank
from tgiconik._version import __version__
from tgiconik.automation.database import parse_database
from tgiconik.automation.hooks import Hook
from tgiconik.automation.journal import Journal, JournalSource
from tgiconik.automation.options import Clients, OpenClients, Options
from tgiconik.automation.planning import Patience
from tgiconik.automation.rules import Rule, distinct
from tgiconik.automation.sources import Source
from tgiconik.automation.watching import Watching, sources_over_http
from tgiconik.automation.worker import Worker
from tgiconik.iconik import IconikClient
from tgiconik.tradinggrid import TradingGridClient


class Automation:
    """Rules, each from a cause to a function.

    Args:
        rules: the rules. Their names differ.
        on_finish: called after every run that ended, with the run, and what its function returned
            or raised; may be a coroutine function.
        on_failure: called after every run that failed for good, so that its causes are parked, with
            the run and the error; may be a coroutine function. What a hook itself raises is logged
            with the hook's name and the line, and changes nothing. Without any logging set up, it
            appears on standard error.

    Raises:
        ConfigurationError: there are no rules, or two have the same name.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        *,
        on_finish: Hook | None = None,
        on_failure: Hook | None = None,
    ) -> None:
        self._rules = distinct(rules)
        self._on_finish = on_finish
        self._on_failure = on_failure

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
        watch: timedelta | None = None,
        patience: Patience | None = None,
        max_concurrency: int = 8,
        drain: timedelta = timedelta(seconds=30),
        release: str | None = None,
        keep: timedelta = timedelta(days=30),
        now: Callable[[], datetime] | None = None,
    ) -> Worker:
        """A worker that runs the rules: `async with automation.worker(database=…) as worker`.

        Args:
            database: where causes and runs are kept. `sqlite:///automation.db` for a file,
                relative to the working directory, or `sqlite:////srv/automation.db`, for one
                worker; `postgresql://user@host/database` for any number. It holds ids and results,
                and neither credentials nor links.
            clients: opens both clients; default: from the environment of this process.
            journal: the community whose changes are causes; it is read from its beginning, the
                first time. None to read none.
            watch: how often to ask the client's `community` for changes instead; None not to ask.
            patience: how often and how long a run that failed is tried again.
            max_concurrency: how many runs are under way at once in this worker, each of another
                subject.
            drain: how long the end waits for runs before it hands them back to other workers.
            release: names your code. Of two releases that run at once, the one that came later
                gets the new causes; default: derived from the rules and the version of tgiconik.
            keep: how long runs that ended, and causes that were settled, are kept.
            now: a clock instead of the database's, timezone-aware.

        Raises:
            ConfigurationError: `database` is neither a file of SQLite's nor in PostgreSQL,
                `max_concurrency` is less than 1, `journal` and `watch` are both given, or `watch`
                is not above zero. When the worker is entered: an extra is not installed, another
                worker runs on the file, or the environment lacks something.
            StoreError: when the worker is entered, the database cannot be opened.
        """
        if max_concurrency < 1:
            raise errors.ConfigurationError("max_concurrency must be at least 1")
        return Worker(
            self._rules,
            parse_database(database),
            Options(
                clients=clients or _from_env,
                sources=_sources(journal, watch),
                patience=patience or Patience(),
                max_concurrency=max_concurrency,
                drain=drain,
                release=_derived(self.rules) if release is None else not_blank(release, "release"),
                on_finish=self._on_finish,
                on_failure=self._on_failure,
                keep=keep,
                now=None if now is None else clock_with_zone(now),
            ),
        )


def _sources(journal: Journal | None, watch: timedelta | None) -> tuple[Source, ...]:
    if journal is not None and watch is not None:
        raise errors.ConfigurationError(
            "give journal for a community whose database is here, or watch for one over HTTP; "
            "with both, every change would be a cause twice"
        )
    if journal is not None:
        return (JournalSource(journal),)
    return () if watch is None else sources_over_http(Watching(watch))


def _derived(rules: Iterable[Rule]) -> str:
    """Differs where the rules differ in more than their functions."""
    said = sorted((one.name, one.kind, one.request_kind, one.cron, one.zone) for one in rules)
    return f"{__version__}-{sha256(repr(said).encode()).hexdigest()[:12]}"


@asynccontextmanager
async def _from_env() -> AsyncIterator[Clients]:
    async with TradingGridClient.from_env() as grid, IconikClient.from_env() as iconik:
        yield grid, iconik
