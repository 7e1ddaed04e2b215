"""Metadata is read and written through views."""

import httpx
import pytest

from .world import FILM, POSTER, VIEW

VALUES = f"/API/metadata/v1/assets/{FILM}/views/{VIEW}/"


def values(*each: object, mode: str | None = None) -> dict[str, object]:
    sent: dict[str, object] = {"field_values": [{"value": value} for value in each]}
    return sent if mode is None else sent | {"mode": mode}


def shown(answer: httpx.Response) -> dict[str, object]:
    """The values in an answer, without the dates of their creation, which all have."""
    found = answer.json()["metadata_values"]
    assert all(each.pop("date_created") for each in found.values())
    return dict(found)


async def test_a_view_shows_the_values_of_its_fields(http: httpx.AsyncClient) -> None:
    answer = await http.get(VALUES)

    assert answer.status_code == 200
    assert answer.json()["object_id"] == FILM
    assert shown(answer) == {
        "Region": values("EMEA"),
        "Language": values("de", "fr"),
        "Rating": values("12"),
    }


async def test_a_view_without_values_is_not_found(http: httpx.AsyncClient) -> None:
    field = {"name": "Shoot", "label": "Shoot", "field_type": "string"}
    await http.post("/API/metadata/v1/fields/", json=field)
    view = {"name": "Production", "view_fields": [{"name": "Shoot"}]}
    made = await http.post("/API/metadata/v1/views/", json=view)
    assert made.status_code == 201
    assert made.json()["view_fields"][0]["label"] == "Shoot"

    answer = await http.get(f"/API/metadata/v1/assets/{FILM}/views/{made.json()['id']}/")

    assert answer.status_code == 404
    assert answer.json()["errors"]


async def test_a_field_that_is_sent_is_replaced_and_the_others_stay(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.put(VALUES, json={"metadata_values": {"Language": values("it")}})

    assert answer.status_code == 200
    assert shown(answer)["Language"] == values("it")
    assert shown(await http.get(VALUES))["Region"] == values("EMEA")


async def test_values_are_added_and_removed_by_mode(http: httpx.AsyncClient) -> None:
    added = {"Language": values("it", "de", mode="append")}
    await http.put(VALUES, json={"metadata_values": added})
    removed = {"Language": values("fr", mode="delete")}
    answer = await http.put(VALUES, json={"metadata_values": removed})

    assert shown(answer)["Language"] == values("de", "it")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Region", "MARS"),
        ("Rating", "twelve"),
        ("Rating", True),
        ("Released", "perhaps"),
        ("Embargo", "tomorrow"),
        ("Embargo", 7),
        ("Language", 7),
        ("Unknown", "x"),
    ],
)
async def test_a_value_that_its_field_does_not_take_is_refused(
    http: httpx.AsyncClient, field: str, value: object
) -> None:
    answer = await http.put(VALUES, json={"metadata_values": {field: values(value)}})

    assert answer.status_code == 400
    assert field in answer.json()["errors"][0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Rating", 12),
        ("Rating", "12"),
        ("Released", True),
        ("Released", "true"),
        ("Embargo", "2026-05-01T09:00:00+02:00"),
        ("Embargo", "2026-05-01 09:00:00"),
    ],
)
async def test_values_travel_natively_and_as_text(
    http: httpx.AsyncClient, field: str, value: object
) -> None:
    answer = await http.put(VALUES, json={"metadata_values": {field: values(value)}})

    assert answer.status_code == 200
    assert shown(answer)[field] == values(value)


@pytest.mark.parametrize("sent", [None, "EMEA", {}, {"field_values": None}, {"field_values": [1]}])
async def test_values_of_another_shape_are_refused(http: httpx.AsyncClient, sent: object) -> None:
    answer = await http.put(VALUES, json={"metadata_values": {"Region": sent}})

    assert answer.status_code == 400


async def test_an_unknown_view_or_object_is_not_found(http: httpx.AsyncClient) -> None:
    nothing = "11111111-1111-4111-8111-111111111111"

    for url in (VALUES.replace(VIEW, nothing), VALUES.replace(FILM, nothing)):
        assert (await http.get(url)).status_code == 404


async def test_many_objects_are_written_at_once(http: httpx.AsyncClient) -> None:
    body = {"object_ids": [FILM, POSTER], "metadata_values": {"Rating": values("18")}}

    answer = await http.put(f"/API/metadata/v1/assets/views/{VIEW}/", json=body)

    assert answer.status_code == 202
    for asset_id in (FILM, POSTER):
        read = await http.get(f"/API/metadata/v1/assets/{asset_id}/views/{VIEW}/")
        assert shown(read)["Rating"] == values("18")


async def test_metadata_of_a_version_is_its_own(http: httpx.AsyncClient) -> None:
    version = (await http.get(f"/API/assets/v1/assets/{FILM}/")).json()["default_version_id"]

    answer = await http.get(f"/API/metadata/v1/assets/{FILM}/versions/{version}/views/{VIEW}/")

    assert answer.status_code == 404
