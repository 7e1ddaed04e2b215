"""A server of PostgreSQL for the tests of communities and workflows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .postgres import Server


@pytest.fixture(scope="session")
def postgres() -> Iterator["Server"]:
    """A server of PostgreSQL for this run."""
    # psycopg is not needed where no test uses it.
    from .postgres import server

    with server() as running:
        yield running
