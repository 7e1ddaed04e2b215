"""Jobs, the current user, roles, tokens and access control lists."""

from typing import Any

import httpx

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import seed

from .world import FILM, HEADERS, POSTER

JOBS = "/API/jobs/v1/jobs/"
ANNA = seed.fixed_id("anna")


async def job(http: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    sent = {"title": "Transfer", "type": "TRANSFER", "status": "STARTED"} | fields
    answer = await http.post(JOBS, json=sent)
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


async def test_a_job_is_followed_to_its_end(http: httpx.AsyncClient) -> None:
    made = await job(http, object_type="assets", object_id=FILM)

    finished = {"status": "FINISHED", "progress_processed": 100}
    await http.patch(f"{JOBS}{made['id']}/", json=finished)

    found = (await http.get(f"{JOBS}?object_id={FILM}&status=FINISHED")).json()["objects"]
    assert [(each["id"], each["progress_processed"]) for each in found] == [(made["id"], 100)]
    assert (await http.get(f"{JOBS}?object_id={POSTER}")).json()["objects"] == []


async def test_steps_are_added_and_changed(http: httpx.AsyncClient) -> None:
    made = await job(http)
    step_id = seed.fixed_id("step")
    steps = {"steps": [{"id": step_id, "label": "Read", "status": "IN_PROGRESS"}]}

    written = (await http.patch(f"{JOBS}{made['id']}/steps/", json=steps)).json()
    url = f"{JOBS}{made['id']}/steps/{step_id}/"
    changed = (await http.put(url, json={"label": "Read", "status": "DONE"})).json()

    assert [step["status"] for step in written["steps"]] == ["IN_PROGRESS"]
    assert [(step["id"], step["status"]) for step in changed["steps"]] == [(step_id, "DONE")]


async def test_many_jobs_are_changed_but_never_all_by_accident(http: httpx.AsyncClient) -> None:
    made, other = await job(http), await job(http, type="CUSTOM")

    await http.patch(f"{JOBS}?type=CUSTOM", json={"status": "ABORTED"})
    ids = {"job_ids": [made["id"]]}
    await http.put(f"{JOBS}state/", json=ids | {"action": "PAUSE"})
    await http.put(f"{JOBS}priority/", json=ids | {"priority": 9})

    read = (await http.get(f"{JOBS}{made['id']}/")).json()
    assert (read["status"], read["priority"]) == ("PAUSED", 9)
    assert (await http.get(f"{JOBS}{other['id']}/")).json()["status"] == "ABORTED"
    await http.request("DELETE", JOBS, json={})
    assert (await http.get(JOBS)).json()["total"] == 2
    await http.request("DELETE", JOBS, json=ids)
    assert (await http.get(JOBS)).json()["total"] == 1


async def test_the_credentials_stand_for_a_person_with_all_roles(http: httpx.AsyncClient) -> None:
    current = (await http.get("/API/users/v1/users/current/")).json()
    roles = (await http.get("/API/users/v1/users/current/roles/")).json()["objects"]

    assert current["id"] == seed.CURRENT_USER
    assert "can_read_assets" in roles
    assert len(roles) > 100


async def test_others_have_the_roles_that_they_were_given(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    seed.add_user(
        sandbox.state,
        id_=ANNA,
        email="anna@a.example",
        first_name="Anna",
        last_name="A",
        roles=["can_read_assets"],
    )
    roles = f"/API/users/v1/users/{ANNA}/roles/"

    assert (await http.get(roles)).json() == {"objects": ["can_read_assets"]}
    assert (await http.get(f"{roles}can_read_assets/")).status_code == 200
    assert (await http.get(f"{roles}can_delete_assets/")).status_code == 404


async def test_oauth_answers_iconiks_own_kind_of_token(http: httpx.AsyncClient) -> None:
    answer = await http.post("/API/auth/v1/oauth/token/", data={"grant_type": "client_credentials"})

    assert answer.status_code == 200
    assert answer.json()["token"] == HEADERS["Auth-Token"]
    assert "access_token" not in answer.json()


async def test_permissions_are_overwritten_unless_appended(http: httpx.AsyncClient) -> None:
    acl = "/API/acls/v1/acl/assets/"
    body = {"object_keys": [FILM, POSTER], "user_ids": [ANNA]}

    await http.put(acl, json=body | {"permissions": ["read"]})
    await http.put(acl, json=body | {"permissions": ["write"], "mode": "APPEND"})
    both = (await http.get(f"{acl}{FILM}/")).json()["users_acl"]
    await http.put(acl, json=body | {"permissions": ["delete"]})
    last = (await http.get(f"{acl}{FILM}/")).json()["users_acl"]

    assert [each["permissions"] for each in both] == [["read", "write"]]
    assert [each["permissions"] for each in last] == [["delete"]]
    entry = f"/API/acls/v1/users/{ANNA}/acl/assets/{POSTER}/"
    assert (await http.get(f"{entry}delete/")).status_code == 200
    assert (await http.get(f"{entry}read/")).status_code == 403
    assert (await http.delete(entry)).status_code == 204
    assert (await http.get(entry)).status_code == 404
