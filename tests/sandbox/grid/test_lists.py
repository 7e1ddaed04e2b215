"""Lists: filters, order, pages, and what has changed since."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .community import Community, Query, problem
from .world import Clock, fresh_community

NEW = {"kind": "enhancement", "subject": "A poster", "partner_id": "GCPARTNER2"}


async def pages(community: Community, path: str, limit: int) -> list[list[str]]:
    found: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await community.get(path, limit=str(limit), **cursor)
        found.append([item["id"] for item in page["items"]])
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["REQ-1042", "REQ-100001"]),
        ({"kind": "enhancement"}, ["REQ-100001"]),
        ({"partner_id": "GCPARTNER1"}, ["REQ-1042"]),
        ({"status": ["submitted", "declined"]}, ["REQ-1042", "REQ-100001"]),
        ({"status": "declined"}, []),
        ({"asset_id": "asset-9"}, ["REQ-100001"]),
        ({"asset_id": "asset-8"}, []),
        ({"external_id": "x"}, ["REQ-100001"]),
        ({"external_id": "x", "kind": "media_request"}, []),
        ({"updated_since": "2026-03-01T12:01:00Z"}, ["REQ-100001"]),
        ({"updated_since": "2026-03-01T13:01:00+01:00"}, ["REQ-100001"]),
        ({"updated_since": "2026-03-01T12:01:01Z"}, []),
    ],
)
async def test_a_filter_filters(
    community: Community, clock: Clock, query: dict[str, Query], found: list[str]
) -> None:
    clock.passes(minutes=1)
    more = {"external_id": "x", "asset_references": [{"asset_id": "asset-9"}]}
    await community.write("POST", "/requests", {**NEW, **more})
    assert [item["id"] for item in await community.items("/requests", **query)] == found


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"cursor": "made-up"}, "cursor"),
        ({"cursor": "WzFd"}, "cursor"),
        ({"cursor": "bnVsbA=="}, "cursor"),
        ({"updated_since": "yesterday"}, "updated_since"),
        ({"kind": "song"}, "kind"),
        ({"status": ["submitted", "lost"]}, "status"),
        ({"kind": ["enhancement", "enhancement"]}, "kind"),
        ({"external_id": ""}, "external_id"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_parameter_that_is_not_of_its_form_is_refused_by_name(
    community: Community, query: dict[str, Query], name: str
) -> None:
    answer = await community.call("GET", "/requests", query=query)
    assert problem(answer) == (400, "invalid")
    assert {error["pointer"] for error in answer.json()["errors"]} == {name}


@given(count=st.integers(0, 12), limit=st.integers(1, 5), together=st.integers(1, 4))
async def test_pages_hold_everything_once_and_in_order(
    count: int, limit: int, together: int
) -> None:
    clock = Clock()
    async with fresh_community(clock) as community:
        for number in range(count):
            if number % together == 0:
                clock.passes(seconds=1)
            await community.write("POST", "/issues/ISS-7/comments", {"body": str(number)})
        whole = [item["id"] for item in await community.items("/issues/ISS-7/comments")]
        parts = await pages(community, "/issues/ISS-7/comments", limit=limit)
    assert [id_ for page in parts for id_ in page] == whole == sorted(whole)
    assert len(whole) == count
    assert all(len(page) == limit for page in parts[:-1])


async def test_what_changes_while_paging_is_seen_again_and_nothing_is_missed(
    community: Community, clock: Clock
) -> None:
    ids = ["REQ-1042"]
    for _ in range(3):
        clock.passes(seconds=1)
        ids.append((await community.write("POST", "/requests", NEW))["id"])
    first = await community.get("/requests", limit="2")
    assert [item["id"] for item in first["items"]] == ids[:2]
    clock.passes(seconds=1)
    await community.move(f"/requests/{ids[0]}", "in_review")
    rest = await community.items("/requests", cursor=first["next_cursor"])
    assert [item["id"] for item in rest] == [*ids[2:], ids[0]]
