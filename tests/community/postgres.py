"""A server of PostgreSQL for one run of the tests, from the programs that are installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import attrs
import psycopg

from tgiconik.community.store.postgresql import PostgresqlStore
from tgiconik.community.store.url import PostgresqlUrl, parse

_DEBIAN: Final = Path("/usr/lib/postgresql")
_TEMPLATE: Final = "community"
#: Safe in a crash of the machine is what nobody needs of a test.
_FAST: Final = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"
_numbers = count(1)


@attrs.frozen
class Server:
    """A running server that listens on a socket in a folder of its own."""

    folder: Path

    def url(self, database: str = "postgres") -> str:
        """The URL of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """The URL of a new database that has a community's tables."""
        name = f"test{next(_numbers)}"
        self.run(f'CREATE DATABASE {name} TEMPLATE "{_TEMPLATE}"')
        return self.url(name)

    def empty_database(self) -> str:
        """The URL of a new database without any table."""
        name = f"test{next(_numbers)}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def run(self, statement: str) -> None:
        """Run a statement as the server's owner."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def drop(self, url: str) -> None:
        """Drop a database, and end all connections to it."""
        self.run(f"DROP DATABASE {_database(url)} WITH (FORCE)")

    def cut_connections(self, url: str) -> None:
        """End all connections to a database, as a restart of the server does."""
        self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608 - ours
            f"WHERE datname = '{_database(url)}' AND pid <> pg_backend_pid()"
        )


def _database(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


@contextmanager
def server() -> Iterator[Server]:
    """Start a server, and stop it at the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        # The server refuses to run as root.
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        _run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        options = f"{_FAST} -c listen_addresses= -c max_connections=200 -k {folder}"
        log = str(folder / "log")
        _run("pg_ctl", "-D", str(data), "-w", "-l", log, "-o", options, "start")
        try:
            running = Server(folder)
            running.run(f'CREATE DATABASE "{_TEMPLATE}"')
            template = parse(running.url(_TEMPLATE))
            assert isinstance(template, PostgresqlUrl)
            PostgresqlStore(template).close()
            yield running
        finally:
            _run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(program: str, *arguments: str) -> None:
    who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    subprocess.run(  # noqa: S603 - ours
        [_path(program), *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        cwd="/",
        **who,  # type: ignore[call-overload]  # as subprocess takes them
    )


def _path(program: str) -> str:
    installed = sorted(_DEBIAN.glob(f"*/bin/{program}"), key=lambda path: int(path.parts[-3]))
    found = shutil.which(program) or (str(installed[-1]) if installed else None)
    assert found, f"{program} is not installed: apt-get install postgresql"
    return found
