"""A community in a database of the customer's: opened, served, and read as a journal."""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from datetime import datetime, timedelta
from functools import partial
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import anyio.to_thread

from tgiconik import errors
from tgiconik._files import atomic_write
from tgiconik._frames import without_locals
from tgiconik._validate import clock_with_zone
from tgiconik.community.archive import ArchiveSummary, export_to, import_from
from tgiconik.community.archive.writing import Writable
from tgiconik.community.erasure import Erasure, Person, erase_in
from tgiconik.community.retention import Pruned, prune_in
from tgiconik.community.store import url as urls
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.companies import company_ids
from tgiconik.community.store.interface import JournalEntry
from tgiconik.community.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from tgiconik.community.rules.endpoint import Authenticate

#: Longer than anybody repeats a call whose answer was lost.
ANSWERS_KEPT_FOR: Final = timedelta(days=7)
#: Lens shows files of the last 60 days, some of which wait for days before they are judged. As long
#: as it does, the earlier files of a name must be known: they tell the senders of files apart.
_YOUNGEST_POST: Final = timedelta(days=90)
#: Entries of the journal in memory at a time.
_AT_ONCE: Final = 500


class Community:
    """The collaboration of one or more companies, in a database that you keep.

    Open it with `Community.open(url)`. The rules are those of the collaboration contract, the same
    that the sandbox serves.

    Args:
        store: the database.
        answers_kept_for: how long answers are repeated under their idempotency keys.
    """

    def __init__(self, store: BaseStore, *, answers_kept_for: timedelta = ANSWERS_KEPT_FOR) -> None:
        self._store = store
        self._answers_kept_for = answers_kept_for

    @classmethod
    @without_locals
    def open(
        cls,
        url: str,
        *,
        now: Callable[[], datetime] | None = None,
        answers_kept_for: timedelta = ANSWERS_KEPT_FOR,
    ) -> "Opening":
        """Open a database: `async with Community.open(url) as community`, or `await` it.

        An empty database gets its tables, one of an earlier release is brought up to date. A
        company needs no registration: it is there once an operator writes to it. SQLite serves one
        machine, in as many processes as you like; PostgreSQL, with the extra `postgres`, serves
        several.

        Args:
            url: `sqlite:///community.db` for a file, relative to the working directory;
                `sqlite:////srv/community.db` for an absolute path; `sqlite://` for one in memory;
                `postgresql://user:password@host/database`.
            now: a clock instead of the database's, for tests; timezone-aware.
            answers_kept_for: how long the answer to a write is repeated to whoever sends it again
                under the same idempotency key. The contract promises 24 hours.

        Raises:
            ConfigurationError: the URL names no database, an extra is not installed,
                `answers_kept_for` is less than 24 hours, or a newer release wrote the database.
            StoreError: the database does not answer, or cannot be opened.
        """
        if answers_kept_for < timedelta(hours=24):
            raise errors.ConfigurationError(
                f"answers_kept_for must be at least 24 hours, not {answers_kept_for}"
            )
        clock = None if now is None else clock_with_zone(now)
        made = partial(open_store, urls.parse(url), now=clock)

        async def opened() -> Community:
            store = await anyio.to_thread.run_sync(made)
            return cls(store, answers_kept_for=answers_kept_for)

        return Opening(without_locals(opened))

    def __repr__(self) -> str:
        return f"<Community in {self._store!r}>"

    @property
    def store(self) -> BaseStore:
        """The database, for what is built on it, such as the post office."""
        return self._store

    @property
    def answers_kept_for(self) -> timedelta:
        """How long answers are repeated under their idempotency keys."""
        return self._answers_kept_for

    def app(self, authenticate: "Authenticate") -> "ASGIApp":
        """The contract's HTTP surface, below `/community/v1/companies/`, as an ASGI app.

        Args:
            authenticate: decides who makes a request. There is no default: what is served to
                others must know who calls.

        Raises:
            ConfigurationError: the extra `community` is not installed.
        """
        if find_spec("starlette") is None:
            raise missing_extra()
        from tgiconik.community.app import application  # noqa: PLC0415 - an extra

        return application(self._store, authenticate, answers_kept_for=self._answers_kept_for)

    def operator_app(self) -> "ASGIApp":
        """The same surface for calls within this process: whoever calls is an operator.

        Never serve it: anybody who reaches it may do everything.

        Raises:
            ConfigurationError: the extra `community` is not installed.
        """
        if find_spec("starlette") is None:
            raise missing_extra()
        from tgiconik.community.rules.endpoint import operator  # noqa: PLC0415 - an extra

        return self.app(operator)

    async def journal(self, company_id: str, *, after: int = 0) -> AsyncIterator[JournalEntry]:
        """The changes of a company's records, in their order, up to the last one there is.

        Read on from `after=entry.change` later: no change is ever missed, however many write at
        the same time.

        Args:
            company_id: BUID of the company.
            after: number of the last change that is known already.

        Raises:
            StoreError: the database does not answer.
        """
        while True:
            entries = await self._store.call(partial(self._entries, company_id, after))
            for entry in entries:
                yield entry
            if len(entries) < _AT_ONCE:
                return
            after = entries[-1].change

    def _entries(self, company_id: str, after: int) -> list[JournalEntry]:
        with self._store.transaction(company_id, write=False) as transaction:
            return transaction.journal(after, _AT_ONCE)

    @without_locals
    async def export_archive(
        self,
        target: str | PathLike[str] | Writable,
        *,
        company_id: str | None = None,
        answers: bool = True,
    ) -> ArchiveSummary:
        """Write everything into a file of JSON Lines, as it is at one moment.

        Others go on reading and writing. Memory does not grow with the community. A header is
        first, a footer with the number of rows and the SHA-256 of all lines before it is last.

        Args:
            target: path of the file, which is replaced once it is complete; or a file that is open
                for writing bytes.
            company_id: BUID of the only company to export; all when left out.
            answers: whether the answers kept under idempotency keys are exported too.

        Raises:
            ConfigurationError: there is no such company, or the file is the database.
            StoreError: the database does not answer.
            OSError: the file cannot be written.
        """
        write = partial(export_to, self._store, company_id=company_id, answers=answers)
        if not isinstance(target, str | PathLike):
            return await self._store.call(partial(write, target))
        path = self._elsewhere(target)

        def write_file() -> ArchiveSummary:
            with atomic_write(path) as new, new.open("wb") as file:
                return write(file)

        return await self._store.call(write_file)

    @without_locals
    async def import_archive(self, source: str | PathLike[str] | BinaryIO) -> ArchiveSummary:
        """Read what `export_archive` wrote, into a database without any community.

        All of it is imported, or nothing. Ids, change numbers, revisions, times and the order of
        keys stay, also from SQLite to PostgreSQL and back.

        Args:
            source: path of the file, or a file that is open for reading bytes.

        Raises:
            InvalidArchive: the file is cut off, was changed, or a newer release wrote it.
            ConfigurationError: the database holds a community already.
            StoreError: the database does not answer, or cannot take it.
            OSError: the file cannot be read.
        """
        if not isinstance(source, str | PathLike):
            return await self._store.call(partial(import_from, self._store, source))
        path = Path(source)

        def read_file() -> ArchiveSummary:
            with path.open("rb") as file:
                return import_from(self._store, file)

        return await self._store.call(read_file)

    @without_locals
    async def backup(self, target: str | PathLike[str]) -> None:
        """Copy a SQLite database while others use it, and check that the copy is sound.

        Args:
            target: path of the copy, which is replaced once it is complete.

        Raises:
            ConfigurationError: the database is PostgreSQL's, which `pg_dump` backs up; or the file
                is the database.
            StoreError: the database cannot be read, or the copy is not sound.
            OSError: the file cannot be written.
        """
        await self._store.call(partial(self._store.backup, self._elsewhere(target)))

    @without_locals
    async def erase(
        self, email: str, *, company_id: str | None = None, dry_run: bool = False
    ) -> tuple[Erasure, ...]:
        """Replace a person by a pseudonym, in records, history, names, claims and answers.

        The address is found whatever its case and Unicode form. Names and logins are those that
        contacts with this address have, now or in the journal. The journal's entries are rewritten,
        and one more, of the noun `erased`, says that it happened. Revisions, times and ids stay.
        Each company is one transaction. A second call finds nothing.

        Args:
            email: the person's address.
            company_id: BUID of the only company to look in; all when left out.
            dry_run: say where the person is, and change nothing.

        Returns:
            The companies where the person was found.

        Raises:
            ConfigurationError: this is no address, or the id of a record contains it.
            StoreError: the database does not answer, or cannot be written.
        """
        person = Person.of(email)
        found = []
        for company in await self._companies(company_id):
            work = partial(erase_in, self._store, company, person, dry_run=dry_run)
            found.append(await self._store.call(work))
        return tuple(one for one in found if one.places)

    @without_locals
    async def prune(
        self,
        *,
        journal_older_than: timedelta | None = None,
        post_older_than: timedelta | None = None,
        company_id: str | None = None,
        dry_run: bool = False,
    ) -> tuple[Pruned, ...]:
        """Delete answers that have expired and, if asked, old entries of the journal and old post.

        Records always stay. A reader of the journal that has not come that far misses what was
        deleted: its next entry's `change` is then more than one higher than its last. Of the
        journal stays what a post office has not read, or has not sent yet; of the post, what waits,
        is undelivered, or is in quarantine.

        Args:
            journal_older_than: the age from which entries of the journal are deleted, at least a
                day; none are when left out.
            post_older_than: the age from which letters and messages that are done with, and ended
                reply tokens, are deleted, at least 90 days; none are when left out. A message that
                comes once more after that is new.
            company_id: BUID of the only company; all when left out.
            dry_run: count, and delete nothing.

        Returns:
            What was deleted of each company.

        Raises:
            ConfigurationError: an age is less than that.
            StoreError: the database does not answer, or cannot be written.
        """
        if journal_older_than is not None and journal_older_than < timedelta(days=1):
            raise errors.ConfigurationError("journal_older_than must be at least a day")
        if post_older_than is not None and post_older_than < _YOUNGEST_POST:
            raise errors.ConfigurationError(
                f"post_older_than must be at least {_YOUNGEST_POST.days} days"
            )
        found = []
        for company in await self._companies(company_id):
            work = partial(
                prune_in,
                self._store,
                company,
                journal_older_than,
                post_older_than,
                dry_run=dry_run,
            )
            found.append(await self._store.call(work))
        return tuple(found)

    async def _companies(self, only: str | None) -> list[str]:
        def read() -> list[str]:
            with self._store.whole() as whole:
                return company_ids(whole.execute)

        found = await self._store.call(read)
        if only is None:
            return found
        if only not in found:
            raise errors.ConfigurationError(
                f"{self._store.name} has no company {only}; it has {', '.join(found) or 'none'}"
            )
        return [only]

    def _elsewhere(self, target: str | PathLike[str]) -> Path:
        """The path to write to.

        Raises:
            ConfigurationError: it is the database.
        """
        path = Path(target).resolve()
        if self._store.file is not None and path == self._store.file.resolve():
            raise errors.ConfigurationError(f"{path} is the database itself; write to another file")
        return path

    async def aclose(self) -> None:
        """Close all connections to the database. Safe to call twice."""
        await anyio.to_thread.run_sync(self._store.close)


class Opening(Awaitable[Community]):
    """A community that is about to be opened: `async with` it, or `await` it and close it later."""

    def __init__(self, opened: Callable[[], Awaitable[Community]]) -> None:
        self._opened = opened
        self._community: Community | None = None

    def __await__(self) -> Generator[Any, Any, Community]:
        return self._opened().__await__()

    async def __aenter__(self) -> Community:
        self._community = await self._opened()
        return self._community

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._community is not None:
            await self._community.aclose()


def missing_extra() -> errors.ConfigurationError:
    """The error of an app without what serves it."""
    return errors.ConfigurationError(
        'a community of your own needs starlette: pip install "tgiconik[community]"'
    )


def open_store(
    database: urls.SqliteUrl | urls.PostgresqlUrl, *, now: Callable[[], datetime] | None = None
) -> BaseStore:
    """Open a database, in the calling thread; its tables are made or brought up to date.

    Raises:
        ConfigurationError: an extra is not installed, or a newer release wrote the database.
        StoreError: the database does not answer, or cannot be opened.
    """
    if isinstance(database, urls.SqliteUrl):
        return SqliteStore(database.path, now=now)
    # Reads nothing of psycopg where SQLite is used.
    from tgiconik.community.store.postgresql import PostgresqlStore  # noqa: PLC0415

    return PostgresqlStore(database, now=now)
