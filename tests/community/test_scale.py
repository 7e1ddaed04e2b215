"""At 200,000 deliveries, every list is read along an index, and a walk holds one page."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks import communities
from tgiconik.community import Community
from tgiconik.community.store import sqlite
from tgiconik.community.store.sql import SqlTransaction

from .test_indexes import check

DELIVERIES = 200_000
LISTS = list(communities.filtered_lists())

pytestmark = [pytest.mark.scale, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite.SqliteStore]:
    file: Path = tmp_path_factory.mktemp("scale") / "community.db"
    store = sqlite.SqliteStore(file)
    communities.fill(store, DELIVERIES)
    yield store
    store.close()


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How the database goes about each statement from now on."""
    told: list[str] = []

    class Explained(SqlTransaction):
        def __init__(self, **given: Any) -> None:  # noqa: ANN401
            execute = given.pop("execute")

            def explain(statement: str, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
                plan = execute(f"EXPLAIN QUERY PLAN {statement}", values)
                told.append("\n".join(str(row[-1]) for row in plan))
                rows: Sequence[Sequence[Any]] = execute(statement, values)
                return rows

            super().__init__(execute=explain, **given)

    monkeypatch.setattr(sqlite, "SqlTransaction", Explained)
    return told


async def test_the_first_page_of_every_filtered_list_is_read_along_an_index(
    filled: sqlite.SqliteStore, plans: list[str]
) -> None:
    app: Any = Community(filled).operator_app()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        for path, query in LISTS:
            plans.clear()
            (await http.get(path, params=query)).raise_for_status()
            assert plans, path
            for plan in plans:
                check(plan)


def test_every_filter_of_every_list_is_asked() -> None:
    asked = {(path, name) for path, query in LISTS for name in query}
    wanted = {
        (f"{communities.BASE}/{noun.name}", name)
        for noun in communities.LISTED
        for name in noun.filters
    }
    assert asked == wanted


async def test_a_walk_by_time_holds_no_more_than_a_part_of_the_records(
    filled: sqlite.SqliteStore,
) -> None:
    walked = DELIVERIES // 2

    peak = await communities.walked(filled, walked)

    # Held in memory, each would take more than a kilobyte.
    assert peak < walked / 1000 / 3
