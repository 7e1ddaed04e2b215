"""Who made something is the user whose credentials made it, whatever a body says."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tgiconik.sandbox import Sandbox, credentials
from tgiconik.sandbox.iconik import seed

from .world import FILM, HEADERS

ANYBODY = seed.fixed_id("user anybody")
ASSETS, COLLECTIONS = "/API/assets/v1/assets/", "/API/assets/v1/collections/"
SHARES, SEGMENTS = f"{ASSETS}{FILM}/shares/", f"{ASSETS}{FILM}/segments/"
VERSIONS = f"{ASSETS}{FILM}/versions/"
RIGHTS = {
    "allow_approving_comments": False,
    "allow_comments": False,
    "allow_download": True,
    "allow_setting_approve_status": False,
}
#: By the field that names the maker: where it is made, and its body.
MADE: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "asset": ("created_by_user", ASSETS, {"title": "Release"}),
    "collection": ("created_by_user", COLLECTIONS, {"title": "Package"}),
    "segment": ("user_id", SEGMENTS, {"segment_type": "COMMENT", "segment_text": "Hello"}),
    "share by e-mail": ("owner_id", SHARES, RIGHTS | {"emails": ["anna@partner.test"]}),
    "share by URL": ("owner_id", f"{SHARES}url/", RIGHTS),
}
COLLEAGUE = HEADERS | {"Auth-Token": credentials.user_token(seed.COLLEAGUE)}


async def sent(
    http: httpx.AsyncClient, method: str, path: str, body: object, headers: Mapping[str, str]
) -> dict[str, Any]:
    answer = await http.request(method, path, json=body, headers=headers)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize(
    ("headers", "user_id"), [(HEADERS, seed.CURRENT_USER), (COLLEAGUE, seed.COLLEAGUE)]
)
async def test_the_maker_is_the_user_of_the_credentials(
    http: httpx.AsyncClient, name: str, headers: Mapping[str, str], user_id: str
) -> None:
    field, path, body = MADE[name]
    made = await sent(http, "POST", path, {**body, field: ANYBODY}, headers)
    assert made[field] == user_id


@pytest.mark.parametrize("name", MADE)
async def test_a_change_does_not_change_the_maker(http: httpx.AsyncClient, name: str) -> None:
    field, path, body = MADE[name]
    made = await sent(http, "POST", path, body, COLLEAGUE)
    place = f"{path.removesuffix('url/')}{made['id']}/"
    changed = await sent(http, "PUT", place, {**body, field: seed.CURRENT_USER}, HEADERS)
    assert changed[field] == seed.COLLEAGUE


async def test_a_version_has_its_maker(http: httpx.AsyncClient) -> None:
    made = (await sent(http, "POST", VERSIONS, {}, COLLEAGUE))["versions"][-1]
    assert made["created_by_user"] == seed.COLLEAGUE
    body = {"created_by_user": seed.CURRENT_USER}
    changed = await sent(http, "PATCH", f"{VERSIONS}{made['id']}/", body, HEADERS)
    assert changed["created_by_user"] == seed.COLLEAGUE


async def test_the_current_user_is_that_of_the_credentials(http: httpx.AsyncClient) -> None:
    for headers, user_id in ((HEADERS, seed.CURRENT_USER), (COLLEAGUE, seed.COLLEAGUE)):
        current = await sent(http, "GET", "/API/users/v1/users/current/", None, headers)
        assert current["id"] == user_id


@pytest.mark.parametrize("token", ["", credentials.user_token(""), credentials.user_token(ANYBODY)])
async def test_a_token_of_nobody_is_refused(http: httpx.AsyncClient, token: str) -> None:
    answer = await http.get(ASSETS, headers=HEADERS | {"Auth-Token": token})
    assert answer.status_code == 401


async def test_clients_act_as_another_user(sandbox: Sandbox) -> None:
    async with sandbox.clients(user_id=seed.COLLEAGUE) as (_, iconik):
        assert (await iconik.users.get_current_user()).id == seed.COLLEAGUE
