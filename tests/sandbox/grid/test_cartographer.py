"""The sandbox's Cartographer: all 22 operations, and what it refuses."""

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tgiconik.community.shapes import Json
from tgiconik.sandbox.credentials import CLIENT_ID
from tgiconik.sandbox.grid.cartographer import operations, seed
from tgiconik.sandbox.state import State
from tgiconik.tradinggrid.cartographer import PrexrefEntry

from .community import Community
from .world import Clock

PUBLISHED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "codegen/facts/tradinggrid/cartographer.json").read_text(
        encoding="utf-8"
    )
)["operations"]
MAPS = "/cartographer/mp/v1/solutions/DEMO/maps"
XREF = "/cartographer/xref/v1/solutions/DEMO"
ENTITY = f"{XREF}/entities/Articles"
ENTRIES = f"{ENTITY}/entries"
PREXREF: dict[str, Any] = {
    "searchDoctype": "850",
    "searchSender": "ZZ:A",
    "searchReceiver": "ZZ:B",
    "profileDoctype": "ORDERS",
    "profileSender": "A",
    "profileReceiver": "B",
}


@pytest.fixture(autouse=True)
def solution(state: State) -> None:
    """Three maps, an entity with two entries and three that cannot be changed, and a prexref."""
    seed.add_solution(state, "DEMO")
    for number, name in ((1, "b"), (2, "c"), (3, "a")):
        seed.add_map(
            state,
            "DEMO",
            number,
            name,
            docType="850",
            databaseLookup=True,
            partners=[{"name": "Contoso", "sender": "ZZ:A", "receiver": "ZZ:B"}],
            specifications={"850.txt": "How it is mapped."},
            notes=["Checked."],
        )
    keys = ("partner", "number")
    seed.add_entity(
        state,
        "DEMO",
        "Articles",
        keys=keys,
        values=("asset", "title"),
        key_delimiter="|",
        max_rows=4,
        patterns={"number": "[0-9/]+"},
    )
    seed.add_entry(state, "DEMO", "Articles", "P1|100", "asset-1", "Jacket")
    seed.add_entry(state, "DEMO", "Articles", "P1|200", "asset-2")
    seed.add_entity(state, "DEMO", "Fixed", read_only=True)
    seed.add_entity(state, "DEMO", "Taken", reserved_by="lee")
    for name in ("Fixed", "Taken"):
        seed.add_entry(state, "DEMO", name, "k", "v")
    seed.add_prexref_entry(state, "DEMO", PrexrefEntry(**PREXREF))


def entry(key: str, *values: str) -> dict[str, Json]:
    return {
        "key": key,
        "values": [{"index": number, "value": value} for number, value in enumerate(values)],
    }


def refused(answer: httpx.Response, status: int, says: str = "") -> bool:
    body = answer.json()
    assert set(body) == {"status", "message", "error-code"}
    assert all(isinstance(value, str) and value for value in body.values())
    assert says in body["message"], body["message"]
    return answer.status_code == status


def test_the_operations_are_the_published_ones() -> None:
    names = {"solution": "solutionId", "map": "mapId", "file": "fileId", "entity": "entityName"}
    served = set()
    for method, path, _ in operations():
        for ours, theirs in names.items():
            path = path.replace(f"{{{ours}}}", f"{{{theirs}}}")  # noqa: PLW2901 - one name after another
        served.add((method, path))
    assert served == {(one["method"], one["path"]) for one in PUBLISHED}
    assert len(operations()) == 22


# Maps


async def test_solutions_are_listed(grid: httpx.AsyncClient) -> None:
    assert (await grid.get("/cartographer/mp/v1/solutions")).json() == ["DEMO"]


async def test_maps_are_paged_and_sorted_by_name(grid: httpx.AsyncClient) -> None:
    first = (await grid.get(MAPS, params={"pageSize": 2})).json()
    assert [one["name"] for one in first["response"]] == ["a", "b"]
    assert first["page"] == {
        "page": 1,
        "pageSize": 2,
        "pageTotal": 2,
        "totalCount": 3,
        "sortOrder": "asc",
    }
    assert set(first["_links"]) == {"self", "next"}
    following = first["_links"]["next"]["href"].removeprefix("http://localhost")
    second = (await grid.get(following)).json()
    assert [one["name"] for one in second["response"]] == ["c"]
    assert set(second["_links"]) == {"self", "previous"}
    backwards = (await grid.get(MAPS, params={"sort": "desc"})).json()
    assert [one["name"] for one in backwards["response"]] == ["c", "b", "a"]


@pytest.mark.parametrize(
    "query",
    [
        {"pageNo": "0"},
        {"pageNo": "-1"},
        {"pageNo": "one"},
        {"pageNo": "9" * 30},
        {"pageNo": "²"},
        {"pageSize": "0"},
        {"pageSize": "501"},
        {"sort": "sideways"},
    ],
)
async def test_a_page_that_cannot_be_is_refused(
    grid: httpx.AsyncClient, query: dict[str, str]
) -> None:
    assert refused(await grid.get(MAPS, params=query), 400)


async def test_a_map_has_details_partners_files_and_notes(grid: httpx.AsyncClient) -> None:
    listed = (await grid.get(MAPS)).json()["response"][0]
    details = (await grid.get(f"{MAPS}/3/metadata")).json()
    assert ("databaseLookup" in details, "databaseLookup" in listed) == (True, False)
    assert {name: value for name, value in details.items() if name in listed} == listed
    [partner] = (await grid.get(f"{MAPS}/3/trading-partners")).json()
    assert (partner["name"], partner["mapName"]) == ("Contoso", "a")
    [file] = (await grid.get(f"{MAPS}/3/specifications")).json()
    assert (file["name"], file["size"]) == ("850.txt", "17")
    content = await grid.get(f"{MAPS}/3/specifications/{file['id']}")
    assert content.content == b"How it is mapped."
    [note] = (await grid.get(f"{MAPS}/3/annotations")).json()
    assert note["message"][0]["text"] == "Checked."


@pytest.mark.parametrize(
    "path",
    [
        f"{MAPS}/9/metadata",
        f"{MAPS}/3/specifications/9",
        "/cartographer/mp/v1/solutions/OTHER/maps",
        "/cartographer/xref/v1/solutions/OTHER/entities",
        "/cartographer/xref/v1/solutions/OTHER/prexref/content",
        f"{XREF}/entities/Nothing/content",
        f"{ENTRIES}/P1|999",
        f"{XREF}/nothing",
        f"{MAPS}//metadata",
    ],
)
async def test_what_is_not_there_is_not_found(grid: httpx.AsyncClient, path: str) -> None:
    assert refused(await grid.get(path), 404)


# Entities and entries


async def test_entities_say_how_many_entries_they_have(grid: httpx.AsyncClient) -> None:
    found = (await grid.get(f"{XREF}/entities")).json()
    rows = {one["name"]: one["numberRows"] for one in found["entities"]}
    assert rows == {"Articles": 2, "Fixed": 1, "Taken": 1}
    assert (found["totalCount"], found["fetchedCount"]) == (3, 3)
    config = (await grid.get(f"{ENTITY}/header-config")).json()
    assert [one["name"] for one in config["keyHeaders"]] == ["partner", "number"]


async def test_entries_are_paged_by_offset(grid: httpx.AsyncClient) -> None:
    first = (await grid.get(f"{ENTITY}/content", params={"count": 1})).json()
    assert (first["totalCount"], first["fetchedCount"]) == (2, 1)
    second = (await grid.get(f"{ENTITY}/content", params={"offset": 1, "count": 1})).json()
    assert [one["key"] for one in first["entries"] + second["entries"]] == ["P1|100", "P1|200"]
    assert ("next" in first["_links"], "next" in second["_links"]) == (True, False)
    for wrong in ({"offset": "-1"}, {"count": "0"}, {"count": "1001"}, {"offset": "x"}):
        assert refused(await grid.get(f"{ENTITY}/content", params=wrong), 400)


async def test_a_search_finds_keys_and_values_and_can_count(grid: httpx.AsyncClient) -> None:
    path = f"{ENTITY}/content-search"
    for text, keys in (("p1|1", ["P1|100"]), ("JACKET", ["P1|100"]), ("p1", ["P1|100", "P1|200"])):
        found = (await grid.get(path, params={"searchToken": text})).json()
        assert [one["key"] for one in found["entries"]] == keys
    counted = (await grid.get(path, params={"searchToken": "p1", "onlyCount": "true"})).json()
    assert (counted["totalCount"], counted["entries"]) == (2, [])
    assert refused(await grid.get(path), 400)
    assert refused(await grid.get(path, params={"searchToken": "p", "onlyCount": "yes"}), 400)


async def test_an_entry_is_added_read_changed_and_deleted(grid: httpx.AsyncClient) -> None:
    new = entry("P2|1/2", "asset-3", "Tent")
    added = await grid.post(ENTRIES, json=new)
    assert (added.status_code, added.json()) == (201, new)
    path = f"{ENTRIES}/{quote('P2|1/2', safe='')}"
    assert (await grid.get(path)).json() == new
    changed = entry("P2|1/2", "asset-4")
    assert (await grid.put(path, json=changed)).json() == changed
    assert (await grid.get(path)).json() == changed
    assert (await grid.delete(path)).status_code == 204
    assert refused(await grid.delete(path), 404)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{", "not JSON"),
        ([], "must be an object"),
        ({}, "/key is required"),
        ({"key": "P2|1"}, "/values is required"),
        ({"key": "", "values": []}, "/key"),
        ({"key": 1, "values": []}, "/key must be a string"),
        (entry("P2|1"), "/values must have values"),
        ({"key": "P2|1", "values": [{"index": 0}]}, "/values/0/value is required"),
        ({"key": "P2|1", "values": [{"index": -1, "value": "x"}]}, "/values/0/index"),
        ({"key": "P2|1", "values": [{"index": "0", "value": "x"}]}, "/values/0/index"),
        ({"key": "P2|1", "values": [{"index": 0, "value": "x"}] * 2}, "different numbers"),
        ({**entry("P2|1", "x"), "colour": "red"}, "/colour is not a known field"),
        (entry("P1|100", "x"), "is there already"),
        (entry("P2", "x"), "key number: is mandatory"),
        (entry("P2|1|2", "x"), "key: 2 parts"),
        (entry("P2|abc", "x"), "key number: must match"),
        (entry("P2|1", ""), "value asset: is mandatory"),
        (entry("P2|1", "x", "y", "z"), "value: 2 parts"),
        (entry("P2|1", "x" * 201), "1 to 200 characters"),
    ],
)
async def test_an_entry_that_is_not_as_it_must_be_is_refused(
    grid: httpx.AsyncClient, body: Json, says: str
) -> None:
    sent = {"content": body} if isinstance(body, str) else {"json": body}
    assert refused(await grid.post(ENTRIES, **sent), 400, says)
    assert (await grid.get(f"{ENTITY}/content")).json()["totalCount"] == 2


async def test_an_entity_that_is_full_takes_no_more(grid: httpx.AsyncClient) -> None:
    for number in (1, 2):
        assert (await grid.post(ENTRIES, json=entry(f"P2|{number}", "x"))).status_code == 201
    assert refused(await grid.post(ENTRIES, json=entry("P2|3", "x")), 400, "4 entries")


async def test_a_change_is_for_the_key_in_the_path(grid: httpx.AsyncClient) -> None:
    answer = await grid.put(f"{ENTRIES}/P1|100", json=entry("P1|200", "x"))
    assert refused(answer, 400, "that of the path")
    assert refused(await grid.put(f"{ENTRIES}/P1|7", json=entry("P1|7", "x")), 404)


@pytest.mark.parametrize(("name", "says"), [("Fixed", "read-only"), ("Taken", "reserved by lee")])
async def test_an_entity_that_is_read_only_or_taken_is_not_changed(
    grid: httpx.AsyncClient, name: str, says: str
) -> None:
    path = f"{XREF}/entities/{name}/entries"
    assert refused(await grid.post(path, json=entry("new", "x")), 403, says)
    assert refused(await grid.put(f"{path}/k", json=entry("k", "x")), 403, says)
    assert refused(await grid.delete(f"{path}/k"), 403, says)
    assert (await grid.get(f"{path}/k")).json() == entry("k", "v")


async def test_an_entity_is_reserved_and_free_again(grid: httpx.AsyncClient, clock: Clock) -> None:
    path = f"{ENTITY}/state"
    first = await grid.patch(path, json={"action": "reserve"})
    assert first.json()["userId"] == CLIENT_ID
    clock.passes(seconds=5)
    assert (await grid.patch(path, json={"action": "Reserve"})).json() == first.json()
    listed = (await grid.get(f"{XREF}/entities")).json()["entities"][0]
    assert (listed["isLocked"], listed["lockedBy"]) == (True, CLIENT_ID)
    assert (await grid.post(ENTRIES, json=entry("P2|1", "x"))).status_code == 201
    for _ in range(2):
        assert (await grid.patch(path, json={"action": "unreserve"})).status_code == 204
    listed = (await grid.get(f"{XREF}/entities")).json()["entities"][0]
    assert (listed["isLocked"], listed["lockedBy"]) == (False, None)


@pytest.mark.parametrize("body", [{}, {"action": "grab"}, {"action": 1}, []])
async def test_an_unknown_action_is_refused(grid: httpx.AsyncClient, body: Json) -> None:
    assert refused(await grid.patch(f"{ENTITY}/state", json=body), 400)


async def test_somebody_else_s_reservation_stays(grid: httpx.AsyncClient) -> None:
    for action in ("reserve", "unreserve"):
        answer = await grid.patch(f"{XREF}/entities/Taken/state", json={"action": action})
        assert refused(answer, 403, "reserved by lee")


async def test_an_export_has_all_entries(grid: httpx.AsyncClient) -> None:
    exported = await grid.get(f"{ENTITY}/export")
    assert exported.text.splitlines() == ["P1|100,asset-1,Jacket", "P1|200,asset-2"]


# Prexref


async def test_a_prexref_entry_is_added_found_changed_and_deleted(
    grid: httpx.AsyncClient,
) -> None:
    path, new = f"{XREF}/prexref/entries", {**PREXREF, "searchDoctype": "810"}
    assert (await grid.post(path, json=new)).status_code == 201
    assert refused(await grid.post(path, json=new), 400, "already")
    listed = (await grid.get(f"{XREF}/prexref/content")).json()
    assert listed["entries"] == [PREXREF, new]
    found = await grid.get(f"{XREF}/prexref/content-search", params={"searchToken": "810"})
    assert found.json()["entries"] == [new]
    changed = {**new, "profileSender": "Z"}
    assert (await grid.put(path, json=changed)).json() == changed
    assert (await grid.request("DELETE", path, json=changed)).status_code == 204
    assert refused(await grid.request("DELETE", path, json=changed), 404)
    assert refused(await grid.put(path, json=changed), 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("body", [{}, {"searchDoctype": 1}, [], {**PREXREF, "searchSender": ""}])
async def test_a_prexref_entry_that_is_not_as_published_is_refused(
    grid: httpx.AsyncClient, method: str, body: Json
) -> None:
    assert refused(await grid.request(method, f"{XREF}/prexref/entries", json=body), 400)


# The surface


async def test_another_method_is_refused_with_those_of_the_path(grid: httpx.AsyncClient) -> None:
    answer = await grid.delete(ENTRIES)
    assert refused(answer, 405)
    assert answer.headers["Allow"] == "POST"


async def test_without_a_token_nothing_is_said(http: httpx.AsyncClient) -> None:
    assert refused(await http.get(MAPS), 401)
    assert refused(await http.get("/cartographer/nothing"), 401)


async def test_cartographer_is_not_for_partners(partner: Community) -> None:
    assert refused(await partner.http.get(MAPS), 403)


@pytest.mark.parametrize("name", ["%FF", "%00", "..%2F..", "%E2%82%AC", "a" * 5000])
async def test_a_hostile_name_is_only_a_name(grid: httpx.AsyncClient, name: str) -> None:
    answer = await grid.get(f"{ENTRIES}/{name}")
    assert refused(answer, 400 if name == "%FF" else 404)


async def test_a_deep_body_is_refused(grid: httpx.AsyncClient) -> None:
    deep = "[" * sys.getrecursionlimit() * 2
    assert refused(await grid.post(ENTRIES, content=deep.encode()), 400)


def test_what_the_rules_refuse_cannot_be_seeded(state: State) -> None:
    with pytest.raises(ValueError, match="key number: must match"):
        seed.add_entry(state, "DEMO", "Articles", "P1|x", "v")
    with pytest.raises(ValueError, match="There is no entity"):
        seed.add_entry(state, "DEMO", "Nothing", "k", "v")
    with pytest.raises(ValueError, match="profileSender"):
        seed.add_prexref_entry(
            state,
            "DEMO",
            PrexrefEntry(searchDoctype="1", searchSender="2", searchReceiver="3"),
        )
