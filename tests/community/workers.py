"""What other processes do with a community while a test looks on; run by `multiprocessing`."""

import asyncio
import itertools
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from tgiconik import TradingGridClient, errors
from tgiconik.community import Community
from tgiconik.community.community import open_store
from tgiconik.community.store.interface import Place
from tgiconik.community.store.url import parse
from tgiconik.tradinggrid.collaboration import CommentInput, PartnerInput, RequestInput

from .records import put

T = TypeVar("T")

COMPANY, PARTNER = "GC1", "GCP"


def client(community: Community) -> TradingGridClient:
    """A client whose community is in this process."""
    return TradingGridClient("https://grid.test", "id", "secret", COMPANY, community=community)


def with_client(
    url: str, work: Callable[[TradingGridClient], Awaitable[T]], *, ahead: float = 0
) -> T:
    """Run something with a client; the clock may be ahead by some seconds."""

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=ahead)

    async def run() -> T:
        async with (
            Community.open(url, now=now if ahead else None) as community,
            client(community) as grid,
        ):
            return await work(grid)

    return asyncio.run(run())


def set_up(url: str) -> str:
    """Make a partner and a request; returns the request's id."""

    async def work(grid: TradingGridClient) -> str:
        await grid.community.partners.put(PARTNER, PartnerInput(name="P"), if_match=None)
        return (await grid.community.requests.create(request("first"))).id

    return with_client(url, work)


def request(external_id: str | None = None) -> RequestInput:
    """A request to create."""
    return RequestInput(
        kind="media_request", subject="A film", partner_id=PARTNER, external_id=external_id
    )


def create_under_names(url: str, names: list[str]) -> list[str]:
    """Create a request under each external id, and one without; returns all ids."""

    async def work(grid: TradingGridClient) -> list[str]:
        named = [(await grid.community.requests.create(request(name))).id for name in names]
        nameless = [(await grid.community.requests.create(request())).id for _ in names]
        return named + nameless

    return with_client(url, work)


def comment_under_keys(url: str, request_id: str, keys: list[str]) -> list[str]:
    """Comment once under each idempotency key; returns the comments' ids."""

    async def work(grid: TradingGridClient) -> list[str]:
        new = CommentInput(body="Here.")
        return [
            (await grid.community.requests.comment(request_id, new, idempotency_key=key)).id
            for key in keys
        ]

    return with_client(url, work)


def claim(url: str, request_id: str, holder: str) -> bool:
    """Try to take the first claim on a request; returns whether it was won."""

    async def work(grid: TradingGridClient) -> bool:
        try:
            await grid.community.requests.put_claim(
                request_id, if_match='"claim-0"', holder=holder, seconds=600
            )
        except errors.PreconditionFailed:
            return False
        return True

    return with_client(url, work)


def write_many(url: str, name: str, count: int, ahead: float) -> list[str]:
    """Create requests one after the other by a clock of its own; returns their ids."""

    async def work(grid: TradingGridClient) -> list[str]:
        made = [await grid.community.requests.create(request(f"{name}-{i}")) for i in range(count)]
        return [one.id for one in made]

    return with_client(url, work, ahead=ahead)


def write_until_killed(url: str, name: str) -> None:
    """Write and change records in transactions of several, without an end."""
    store = open_store(parse(url))
    for number in itertools.count():
        with store.transaction(COMPANY) as transaction:
            put(transaction, f"{name}-{number % 7}", [("n", str(number))], n=number)
            put(transaction, f"{name}-c{number}", place=Place("comments", name), n=number)
            transaction.put_entry("counters", name, {"last": number})
        if not number:
            sys.stdout.write("begun\n")
            sys.stdout.flush()


def open_at_once(url: str) -> int:
    """Open a database that may have no tables yet; returns how many companies it has."""
    store = open_store(parse(url))
    with store.transaction(COMPANY, write=False) as transaction:
        change = transaction.last_change
    store.close()
    return change


if __name__ == "__main__":
    write_until_killed(*sys.argv[1:])
