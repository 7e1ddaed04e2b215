"""URLs of databases: which database, and how to name it without its password."""

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import attrs

from tgiconik import errors

_MEMORY: Final = ":memory:"
_SQLITE: Final = "sqlite"
_POSTGRESQL: Final = ("postgresql", "postgres")
_FORMS: Final = (
    "sqlite:///community.db (a file, relative to the working directory), "
    "sqlite:////srv/community.db (an absolute path), sqlite:// (in memory), "
    "or postgresql://user@host/database"
)


@attrs.frozen
class SqliteUrl:
    """A SQLite database.

    Attributes:
        path: the file; None for a database in memory.
    """

    path: Path | None

    @property
    def name(self) -> str:
        """How to name it in messages."""
        return "sqlite://" if self.path is None else f"sqlite:///{self.path}"


@attrs.frozen
class PostgresqlUrl:
    """A PostgreSQL database.

    Attributes:
        dsn: what libpq connects by; it may hold a password.
        name: how to name it in messages, without password and parameters.
    """

    dsn: str = attrs.field(repr=False)
    name: str


def is_database(url: str) -> bool:
    """Whether a URL has the scheme of a database, in whatever form."""
    return url.partition(":")[0].strip().lower() in {_SQLITE, *_POSTGRESQL}


def parse(url: str) -> SqliteUrl | PostgresqlUrl:
    """The database that a URL names.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`, `sqlite://` or
            `sqlite:///:memory:` in memory, or `postgresql://…` as libpq reads it.

    Raises:
        ConfigurationError: it is none of these.
    """
    scheme, separator, rest = url.partition("://")
    if separator and scheme == _SQLITE:
        return _sqlite(rest)
    if separator and scheme in _POSTGRESQL and rest:
        return PostgresqlUrl(url, _without_secrets(url))
    # The URL is not repeated: it may hold a password.
    raise errors.ConfigurationError(f"this is no URL of a database; write {_FORMS}")


def _sqlite(rest: str) -> SqliteUrl:
    if not rest:
        return SqliteUrl(None)
    if not rest.startswith("/") or "?" in rest or "#" in rest:
        raise errors.ConfigurationError(
            f"a sqlite URL has three slashes, then the path, and nothing else; write {_FORMS}"
        )
    path = unquote(rest[1:])
    if not path or "\0" in path:
        raise errors.ConfigurationError(f"the sqlite URL names no file; write {_FORMS}")
    return SqliteUrl(None if path == _MEMORY else Path(path))


def _without_secrets(url: str) -> str:
    try:
        parts = urlsplit(url)
        user = f"{parts.username}@" if parts.username else ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the PostgreSQL database"
    return f"postgresql://{user}{parts.hostname or ''}{port}{parts.path}"
