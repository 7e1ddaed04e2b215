"""The generic resource keeps what it is told, whatever the resource."""

import httpx
import pytest

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import _HANDLERS
from tgiconik.sandbox.iconik.crud import ResourceTypes
from tgiconik.sandbox.schema import Schemas

from .samples import FACTS, Samples

_BY_PLACE = {(each.service, each.method, each.path): each for each in FACTS.operations}
_NOUNS = {
    service: ResourceTypes(
        service,
        {(each.method, each.path): each for each in FACTS.operations if each.service == service},
        Schemas(schemas),
    )
    for service, schemas in FACTS.schemas.items()
}
#: Every noun that can be created, read by its id and deleted, by the path of one.
ITEMS = [
    (each.service, each.path)
    for each in FACTS.operations
    if each.method == "GET"
    and (_BY_PLACE.get((each.service, "DELETE", each.path)) is not None)
    and f"DELETE {each.service}{each.path}" not in _HANDLERS
    and (resource := _NOUNS[each.service].of_item(each.path)) is not None
    and resource.must_exist
    and _NOUNS[each.service].creation(each.path[: each.path.rindex("{")]) is not None
]


def test_most_nouns_are_generic() -> None:
    assert len(ITEMS) > 40


@pytest.mark.parametrize(("service", "path"), ITEMS, ids=lambda each: each)
async def test_what_is_created_is_read_listed_and_gone_when_deleted(
    service: str, path: str, sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    things = Samples(sandbox, http)
    url = await things.url(_BY_PLACE[service, "GET", path])
    collection, _, id_ = url.rstrip("/").rpartition("/")

    read = await http.get(url)
    assert read.status_code == 200
    if (service, "GET", path[: path.rindex("{")]) in _BY_PLACE:
        list_response = (await http.get(f"{collection}/")).json()["objects"]
        assert any(id_ in map(str, each.values()) for each in list_response)

    assert (await http.delete(url)).is_success
    gone = await http.get(url)
    assert gone.status_code == 404
    assert gone.json()["errors"]
    assert (await http.delete(url)).status_code == 404


async def test_a_replaced_noun_keeps_its_id_and_birthday_only(http: httpx.AsyncClient) -> None:
    made = (await http.post(WEBHOOKS, json=WEBHOOK | {"description": "old"})).json()

    await http.put(f"{WEBHOOKS}{made['id']}/", json=WEBHOOK | {"url": "https://b.example"})

    now = (await http.get(f"{WEBHOOKS}{made['id']}/")).json()
    assert now["id"] == made["id"]
    assert now["date_created"] == made["date_created"]
    assert now["url"] == "https://b.example"
    assert "description" not in now


async def test_an_updated_noun_changes_in_what_was_sent_only(http: httpx.AsyncClient) -> None:
    made = (await http.post(GROUPS, json={"name": "Editors", "description": "They edit"})).json()

    await http.patch(f"{GROUPS}{made['id']}/", json={"description": "They cut"})

    now = (await http.get(f"{GROUPS}{made['id']}/")).json()
    assert (now["name"], now["description"]) == ("Editors", "They cut")


async def test_a_client_decides_neither_ids_nor_dates(http: httpx.AsyncClient) -> None:
    forged = {"id": "11111111-1111-4111-8111-111111111111", "date_created": "2001-01-01T00:00:00"}

    made = (await http.post(GROUPS, json={"name": "Editors"} | forged)).json()

    assert made["id"] != forged["id"]
    assert made["date_created"] != forged["date_created"]


async def test_settings_are_there_before_anybody_wrote_them(http: httpx.AsyncClient) -> None:
    url = "/API/settings/v1/system/current/"

    before = await http.get(url)
    assert before.status_code == 200
    await http.patch(url, json={"billing_tier": "gold"})

    assert (await http.get(url)).json()["billing_tier"] == "gold"


async def test_nothing_is_below_what_does_not_exist(http: httpx.AsyncClient) -> None:
    nowhere = "/API/assets/v1/playlists/11111111-1111-4111-8111-111111111111/items/"

    answer = await http.get(nowhere)

    assert answer.status_code == 404
    assert "11111111-1111-4111-8111-111111111111" in answer.json()["errors"][0]


GROUPS = "/API/users/v1/groups/"
WEBHOOKS = "/API/notifications/v1/webhooks/"
WEBHOOK = {"event_type": "assets", "status": "ENABLED", "url": "https://a.example"}
