"""Which events are causes, how they are batched, and how often they may come."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tgiconik import errors
from tgiconik.automation import Cause, CauseKind, on_asset_approved, on_issue
from tgiconik.automation.batching import Batches
from tgiconik.automation.events import causes_of
from tgiconik.iconik.webhooks import Event


def event(**fields: Any) -> Event:  # noqa: ANN401 - any field
    return Event(**({"event_type": "assets", "object_id": "asset-1"} | fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"realm": "entity", "operation": "update"},
        {"realm": "entity", "operation": "create"},
        {"realm": "entity", "operation": "restore"},
        {"realm": "metadata", "operation": "update"},
        {
            "realm": "approvals",
            "object_id": "whatever",
            "data": {"object_type": "assets", "object_id": "asset-1"},
        },
        {"realm": "approvals"},
        {"realm": "a newer one", "data": {"asset_id": "asset-1"}},
    ],
)
def test_an_event_after_which_an_asset_may_be_due_is_a_cause(fields: dict[str, Any]) -> None:
    async def run(*_: object) -> None: ...

    (cause,) = causes_of(event(**fields))

    assert cause == Cause(CauseKind.ASSET_APPROVED, "asset-1")
    assert on_asset_approved(run).matches(cause)
    assert not on_issue(run).matches(cause)


@pytest.mark.parametrize(
    "fields",
    [
        {"realm": "shares", "data": {"object_id": "asset-1"}},
        {"realm": "segments", "data": {"asset_id": "asset-1"}},
        {"realm": "files", "data": {"asset_id": "asset-1"}},
        {"realm": "acls"},
        {"realm": "entity", "operation": "delete"},
        {"realm": "entity", "operation": "purge"},
        {"realm": "entity", "operation": "download"},
        {"realm": "a newer one"},
        {"event_type": "collections", "realm": "entity"},
    ],
)
def test_other_events_are_no_cause(fields: dict[str, Any]) -> None:
    assert causes_of(event(**fields)) == ()


class Written:
    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, values: Sequence[int]) -> None:
        batch = [*values]
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.batches.append(batch)


async def test_what_comes_during_a_write_is_written_together_after_it() -> None:
    written = Written()
    batches = Batches(written, 3)
    adding = [asyncio.create_task(batches.add([n])) for n in range(6)]
    await asyncio.sleep(0.01)
    written.gate.set()
    await asyncio.gather(*adding)

    assert sorted(n for batch in written.batches for n in batch) == [*range(6)]
    assert len(written.batches) < 4
    assert max(map(len, written.batches)) <= 3


async def test_a_write_that_fails_fails_for_all_that_were_in_it() -> None:
    written = Written()
    written.error = errors.StoreError("the disk is full")
    written.gate.set()
    batches = Batches(written, 100)

    results = await asyncio.gather(*(batches.add([n]) for n in range(5)), return_exceptions=True)

    assert all(isinstance(one, errors.StoreError) for one in results)
    written.error = None
    await batches.add([7])
    assert written.batches == [[7]]


async def test_who_leaves_in_the_middle_of_a_write_takes_nobody_along() -> None:
    written = Written()
    batches = Batches(written, 100)
    first, second = (asyncio.create_task(batches.add([n])) for n in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0.01)
    written.gate.set()
    await second

    assert 1 in [n for batch in written.batches for n in batch]
