"""The store of an automation: its causes, runs and workers in one database."""

from collections.abc import Callable
from datetime import datetime, timedelta

from tgiconik.automation.database import open_database
from tgiconik.automation.schema import migrate
from tgiconik.automation.store.causes import Causes
from tgiconik.automation.store.records import Overview
from tgiconik.automation.store.runs import Runs
from tgiconik.automation.store.tables import Tables, to_text, to_time
from tgiconik.automation.store.workers import Workers, all_workers
from tgiconik.community.store.url import PostgresqlUrl, SqliteUrl


class Store:
    """An open database. Methods block, and may be called in any thread.

    Args:
        url: the database, as `parse_database` gives it.
        now: a clock instead of the database's, timezone-aware.

    Attributes:
        causes: what must still be done.
        runs: what is under way, and what was done.
        workers: who does it.

    Raises:
        ConfigurationError: a newer release wrote it, or psycopg is not installed.
        StoreError: it cannot be opened.
    """

    def __init__(
        self, url: SqliteUrl | PostgresqlUrl, now: Callable[[], datetime] | None = None
    ) -> None:
        self._database = open_database(url)
        try:
            migrate(self._database)
        except BaseException:
            self._database.close()
            raise
        self._tables = Tables(self._database, now)
        self.causes: Causes = Causes(self._tables)
        self.runs: Runs = Runs(self._tables)
        self.workers: Workers = Workers(self._tables)

    @property
    def name(self) -> str:
        """How to name the database in messages."""
        return self._database.name

    def now(self) -> datetime:
        """The time by the database's clock, timezone-aware."""
        with self._tables.transaction() as execute:
            return self._tables.now(execute)

    def overview(self) -> Overview:
        """How much there is to do, and who does it."""
        with self._tables.transaction() as execute:
            counts: dict[str, int] = dict(
                execute(
                    "SELECT state, COUNT(*) FROM automation_causes WHERE state != 'settled'"
                    " GROUP BY state"
                )
            )
            ((oldest,),) = execute(
                "SELECT MIN(stored_at) FROM automation_causes WHERE state = 'waiting'"
            )
            workers = all_workers(execute)
        return Overview(
            waiting=counts.get("waiting", 0),
            running=counts.get("running", 0),
            parked=counts.get("parked", 0),
            oldest=None if oldest is None else to_time(oldest),
            workers=workers,
        )

    def prune(self, keep: timedelta, *, most: int) -> tuple[bool, datetime]:
        """Delete runs that ended, and causes that were settled, some time ago.

        Args:
            keep: how long they are kept.
            most: how many of each to delete at most, so that nobody waits for long.

        Returns:
            Whether there may be more, and the time before which they ended.
        """
        with self._tables.transaction() as execute:
            before = self._tables.now(execute) - keep
            deleted = [
                execute(
                    f"DELETE FROM {table} WHERE number IN (SELECT number FROM {table}"  # noqa: S608 - names
                    f" WHERE {condition} ORDER BY number LIMIT ?) RETURNING number",
                    *(to_text(before), most),
                )
                for table, condition in (
                    ("automation_runs", "ended_at < ?"),
                    ("automation_causes", "state = 'settled' AND stored_at < ?"),
                )
            ]
        return any(len(rows) == most for rows in deleted), before

    def close(self) -> None:
        """Close the database. Safe to call twice."""
        self._database.close()
