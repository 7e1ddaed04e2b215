"""Approvals: asked for, answered by reviewers, one per version."""

from typing import Any

import httpx
import pytest

from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.iconik.approvals import overall

from .world import FILM, POSTER

APPROVALS = f"/API/assets/v1/assets/{POSTER}/approvals/"
ANNA, BEN = seed.fixed_id("anna"), seed.fixed_id("ben")


async def ask(http: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    answer = await http.post(f"{APPROVALS}request/", json={"users": [ANNA, BEN]} | fields)
    assert answer.status_code == 201
    request: dict[str, Any] = answer.json()
    return request


async def answer(http: httpx.AsyncClient, status: str, user: str) -> str:
    noted = await http.put(APPROVALS, json={"status": status, "user": user})
    assert noted.status_code == 200
    stands: str = (await http.get(f"{APPROVALS}request/")).json()["status"]
    return stands


@pytest.mark.parametrize(
    ("statuses", "min_number", "expected"),
    [
        ([], 1, "REQUESTED"),
        (["APPROVED"], 1, "APPROVED"),
        (["APPROVED"], 2, "REQUESTED"),
        (["APPROVED", "APPROVED"], 2, "APPROVED"),
        (["NOT_APPROVED"], 1, "NOT_APPROVED"),
        (["APPROVED", "NOT_APPROVED"], 1, "MIXED"),
        (["REQUESTED", "N/A"], 1, "REQUESTED"),
    ],
)
def test_the_overall_status_follows_from_the_reviewers(
    statuses: list[str], min_number: int, expected: str
) -> None:
    assert overall(statuses, min_number) == expected


async def test_what_nobody_asked_for_is_not_found_and_has_no_answers(
    http: httpx.AsyncClient,
) -> None:
    assert (await http.get(f"{APPROVALS}request/")).status_code == 404
    assert (await http.get(APPROVALS)).json()["objects"] == []
    assert (await http.put(APPROVALS, json={"status": "APPROVED"})).status_code == 404


async def test_reviewers_decide_together(http: httpx.AsyncClient) -> None:
    request = await ask(http, min_number=2)
    assert request["status"] == "REQUESTED"
    assert request["version_id"] == seed.version_id(POSTER, 1)

    assert await answer(http, "APPROVED", ANNA) == "REQUESTED"
    assert await answer(http, "NOT_APPROVED", BEN) == "MIXED"
    assert await answer(http, "APPROVED", BEN) == "APPROVED"

    rows = (await http.get(APPROVALS)).json()["objects"]
    assert {row["user"]: row["status"] for row in rows} == {ANNA: "APPROVED", BEN: "APPROVED"}


async def test_each_version_has_its_own_approval(http: httpx.AsyncClient) -> None:
    versions = f"/API/assets/v1/assets/{FILM}/versions/"
    first, second = (f"{versions}{seed.version_id(FILM, n)}/approvals/request/" for n in (1, 2))

    assert (await http.get(second)).json()["status"] == "APPROVED"
    assert (await http.get(first)).status_code == 404


async def test_asking_again_starts_anew(http: httpx.AsyncClient) -> None:
    await ask(http)
    assert await answer(http, "APPROVED", ANNA) == "APPROVED"

    assert (await ask(http))["status"] == "REQUESTED"
    assert (await http.get(APPROVALS)).json()["objects"] == []


async def test_an_answer_is_taken_back(http: httpx.AsyncClient) -> None:
    await ask(http)
    await answer(http, "APPROVED", ANNA)
    await answer(http, "NOT_APPROVED", BEN)

    assert (await http.delete(f"{APPROVALS}user/{BEN}/")).status_code == 204

    assert (await http.get(f"{APPROVALS}request/")).json()["status"] == "APPROVED"


async def test_an_external_reviewer_answers_by_address(http: httpx.AsyncClient) -> None:
    await ask(http, externals=["eve@partner.example"])

    await http.put(APPROVALS, json={"status": "APPROVED", "external": "eve@partner.example"})

    rows = (await http.get(APPROVALS)).json()["objects"]
    assert [(row["external"], row["user"]) for row in rows] == [("eve@partner.example", None)]


async def test_many_are_approved_at_once_asked_for_or_not(http: httpx.AsyncClient) -> None:
    body = {"object_ids": [FILM, POSTER], "object_type": "assets", "status": "APPROVED"}

    assert (await http.post("/API/assets/v1/approvals/bulk/", json=body)).status_code == 200

    assert (await http.get(f"{APPROVALS}request/")).json()["status"] == "APPROVED"


async def test_a_collections_approval_becomes_a_job(http: httpx.AsyncClient) -> None:
    collections = "/API/assets/v1/collections/"
    collection = (await http.post(collections, json={"title": "Package"})).json()["id"]

    asked = await http.post(f"{collections}{collection}/approvals/request/", json={"users": [ANNA]})

    assert asked.status_code == 202
    assert asked.json()["job_id"]


async def test_approvals_and_refusals_are_told_in_the_history(http: httpx.AsyncClient) -> None:
    await ask(http)
    await answer(http, "APPROVED", ANNA)
    await answer(http, "NOT_APPROVED", BEN)

    history = (await http.get(f"/API/assets/v1/assets/{POSTER}/history/")).json()["objects"]

    told = [(each["operation_type"], each["user_id"]) for each in history]
    assert told == [("APPROVE", ANNA), ("REJECT", BEN)]
