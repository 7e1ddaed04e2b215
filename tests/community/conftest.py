"""Databases of both kinds, new for every test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tgiconik.community.community import open_store
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.url import parse

if TYPE_CHECKING:
    from .postgres import Server

#: Opens another connection to the test's database, as another process would.
Open = Callable[[], BaseStore]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.database)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without data."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/community.db"
    server: Server = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def open_one(url: str) -> Iterator[Open]:
    """Opens stores on the test's database, and closes them at its end."""
    with ExitStack() as ends:

        def opened() -> BaseStore:
            store = open_store(parse(url))
            assert isinstance(store, BaseStore)
            ends.callback(store.close)
            return store

        yield opened


@pytest.fixture
def store(open_one: Open) -> BaseStore:
    return open_one()
