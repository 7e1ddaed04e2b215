"""A served community on a socket, in a thread, with keys of an operator and of a partner."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TypeAlias

import attrs
import httpx
import pytest

from tgiconik.community.community import open_store
from tgiconik.community.keys import Keys
from tgiconik.community.server.app import Limits, served_app
from tgiconik.community.server.listen import Server, listening, url_of
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.url import parse

COMPANY, PARTNER, OTHER = "GC00000001SB", "GCPARTNER1", "GCPARTNER2"
BASE = f"/community/v1/companies/{COMPANY}"


@attrs.frozen(repr=False)
class Served:
    """A served community.

    Attributes:
        url: where.
        store: its database.
        operator: headers of an operator's key.
        partner: headers of a partner's key.
    """

    url: str
    store: BaseStore
    operator: dict[str, str]
    partner: dict[str, str]

    def client(self, headers: dict[str, str]) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30)


Serve: TypeAlias = Callable[..., Served]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def add_partners(url: str, operator: dict[str, str]) -> None:
    with httpx.Client(base_url=url, headers=operator) as http:
        for partner_id in (PARTNER, OTHER):
            path = f"{BASE}/partners/{partner_id}"
            answer = http.put(path, json={"name": "P"}, headers={"If-None-Match": "*"})
            assert answer.status_code == 201, answer.text


@contextmanager
def serving(database: str, limits: Limits | None = None) -> Iterator[Served]:
    store = open_store(parse(database))
    ready = Event()
    with listening("127.0.0.1", 0) as listener:
        app = served_app(store, names=["community.test"], limits=limits)
        server = Server(app, ready=ready.set)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        assert ready.wait(30)
        url = url_of(listener)
        operator = bearer(Keys(store).add_operator(COMPANY, "test").token)
        add_partners(url, operator)
        try:
            yield Served(
                url, store, operator, bearer(Keys(store).add_partner(COMPANY, PARTNER).token)
            )
        finally:
            server.should_exit = True
            thread.join()
            store.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(f"sqlite:///{tmp_path}/community.db") as community:
        yield community


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Make up the calls of `test_fuzzed.py`, which takes seconds, only where they are sent."""
    is_quick = config.option.markexpr == "not heavy"
    return True if is_quick and collection_path.name == "test_fuzzed.py" else None
