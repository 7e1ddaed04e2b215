"""The lock of a database in a file, which one worker may use."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tgiconik import errors


@contextmanager
def only_worker(path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process, however it ends.

    Args:
        path: the database.

    Raises:
        ConfigurationError: another worker holds it.
        StoreError: the file cannot be made.
    """
    lock = path.with_name(f"{path.name}-worker")
    try:
        connection = sqlite3.connect(lock, timeout=0, isolation_level=None)
    except sqlite3.Error as error:
        raise errors.StoreError(f"sqlite:///{lock} cannot be opened: {error}") from error
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        connection.close()
        raise errors.ConfigurationError(
            f"another worker runs on sqlite:///{path}; one database has one worker"
        ) from None
    try:
        yield
    finally:
        connection.close()
