"""Shares, and the links that partners open."""

from base64 import b64encode
from hashlib import sha256
from typing import Any

import httpx
import pytest

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.iconik.kinds import MAILS
from tgiconik.sandbox.media import mp4

from .world import FILM, POSTER, START, Clock

RIGHTS = {
    "allow_approving_comments": False,
    "allow_comments": False,
    "allow_download": True,
    "allow_setting_approve_status": False,
}
SHARES = f"/API/assets/v1/assets/{FILM}/shares/"
CURRENT = mp4("film.mp4", "Film, version 2").content


async def share(http: httpx.AsyncClient, url: str = SHARES, **fields: object) -> dict[str, Any]:
    answer = await http.post(f"{url}url/", json=RIGHTS | {"title": "REQ-1"} | fields)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def users(http: httpx.AsyncClient, share_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await http.get(f"{SHARES}{share_id}/users/")).json()["objects"]
    return found


async def test_a_link_opens_the_current_original_with_type_and_digest(
    http: httpx.AsyncClient,
) -> None:
    link = (await share(http))["url"]

    opened = await http.get(link, headers={"App-ID": "", "Auth-Token": ""})

    assert opened.status_code == 200
    assert opened.content == CURRENT
    assert opened.headers["content-type"] == "video/mp4"
    assert opened.headers["content-length"] == str(len(CURRENT))
    digest = sha256(CURRENT)
    assert opened.headers["etag"] == f'"{digest.hexdigest()}"'
    expected = f"sha-256=:{b64encode(digest.digest()).decode()}:"
    assert opened.headers["repr-digest"] == expected


async def test_a_link_shows_whatever_version_is_current(http: httpx.AsyncClient) -> None:
    link = (await share(http))["url"]

    first = seed.version_id(FILM, 1)
    await http.put(f"/API/assets/v1/assets/{FILM}/versions/{first}/promote/")

    assert (await http.get(link)).content == mp4("film.mp4", "Film, version 1").content
    await http.post(f"/API/assets/v1/assets/{FILM}/versions/", json={})
    assert (await http.get(link)).status_code == 404


async def test_accesses_and_downloads_are_counted_in_a_nameless_row(
    http: httpx.AsyncClient, clock: Clock
) -> None:
    made = await share(http)
    before = await users(http, made["id"])
    assert [(row["access_count"], row["last_access_date"]) for row in before] == [(0, None)]

    await http.get(made["url"])
    clock.forward(hours=1)
    await http.get(f"{made['url']}?download=1")
    await http.head(made["url"])

    (row,) = await users(http, made["id"])
    assert (row["access_count"], row["download_count"]) == (2, 1)
    assert row["last_access_date"] == clock.moment.isoformat()
    assert "email" not in row
    list_response = (await http.get(f"/API/assets/v1/shares/?object_id={FILM}")).json()["objects"]
    assert [each["users"][0]["access_count"] for each in list_response] == [2]


async def test_a_download_by_link_is_told_in_the_history(http: httpx.AsyncClient) -> None:
    made = await share(http)

    await http.get(f"{made['url']}?download=1")

    history = (await http.get(f"/API/assets/v1/assets/{FILM}/history/")).json()["objects"]
    assert (history[-1]["operation_type"], history[-1]["share_id"]) == ("DOWNLOAD", made["id"])


async def test_downloads_need_to_be_allowed(http: httpx.AsyncClient) -> None:
    made = await share(http, allow_download=False)

    assert (await http.get(f"{made['url']}?download=1")).status_code == 403
    assert (await http.get(made["url"])).status_code == 200


async def test_a_link_ends_when_the_share_expires(http: httpx.AsyncClient, clock: Clock) -> None:
    made = await share(http, expires="2026-03-02T00:00:00+00:00")
    clock.forward(hours=11)
    assert (await http.get(made["url"])).status_code == 200

    clock.forward(hours=1)

    assert (await http.get(made["url"])).status_code == 410
    assert (await http.get(f"{SHARES}{made['id']}/")).json()["expires"] == made["expires"]


async def test_a_share_is_renewed_under_the_same_link(
    http: httpx.AsyncClient, clock: Clock
) -> None:
    made = await share(http, expires="2026-03-02T00:00:00+00:00")
    clock.forward(days=2)

    renewed = RIGHTS | {"expires": "2026-04-01T00:00:00+00:00"}
    answer = await http.put(f"{SHARES}{made['id']}/", json=renewed)

    assert answer.status_code == 200
    assert answer.json()["url"] == made["url"]
    assert answer.json()["title"] == "REQ-1"
    assert (await http.get(made["url"])).status_code == 200


async def test_a_revoked_link_is_dead_at_once(http: httpx.AsyncClient) -> None:
    made = await share(http)

    assert (await http.delete(f"{SHARES}{made['id']}/")).status_code == 204

    assert (await http.get(made["url"])).status_code == 404
    assert (await http.get(f"{SHARES}{made['id']}/")).status_code == 404
    assert (await http.delete(f"{SHARES}{made['id']}/")).status_code == 404


async def test_a_link_is_dead_while_its_asset_is_deleted(http: httpx.AsyncClient) -> None:
    made = await share(http)

    await http.delete(f"/API/assets/v1/assets/{FILM}/")

    assert (await http.get(made["url"])).status_code == 404


async def test_shares_of_a_deleted_asset_can_be_read_and_revoked_but_not_made(
    http: httpx.AsyncClient,
) -> None:
    kept, revoked = await share(http), await share(http)
    await http.delete(f"/API/assets/v1/assets/{FILM}/")

    listed = (await http.get(SHARES)).json()["objects"]
    assert [one["id"] for one in listed] == [kept["id"], revoked["id"]]
    assert (await http.get(f"{SHARES}{kept['id']}/")).json()["id"] == kept["id"]
    assert (await http.delete(f"{SHARES}{revoked['id']}/")).status_code == 204
    assert (await http.post(f"{SHARES}url/", json=RIGHTS)).status_code == 404

    await http.put(f"/API/assets/v1/assets/{FILM}/restore/")
    assert (await http.get(kept["url"])).status_code == 200
    assert (await http.get(revoked["url"])).status_code == 404


async def test_shares_of_a_purged_asset_are_gone(http: httpx.AsyncClient) -> None:
    await share(http)
    await http.delete(f"/API/assets/v1/assets/{FILM}/")
    await http.delete(f"/API/assets/v1/assets/{FILM}/purge/")

    assert (await http.get(SHARES)).status_code == 404


async def test_a_part_of_the_bytes_can_be_asked_for(http: httpx.AsyncClient) -> None:
    link = (await share(http))["url"]
    size = len(CURRENT)

    for asked, start, end in (("0-9", 0, 10), ("10-", 10, size), ("-5", size - 5, size)):
        part = await http.get(link, headers={"Range": f"bytes={asked}"})
        assert part.status_code == 206
        assert part.content == CURRENT[start:end]
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    beyond = await http.get(link, headers={"Range": f"bytes={size}-"})
    assert beyond.status_code == 416
    nonsense = await http.get(link, headers={"Range": "lines=1-2"})
    assert nonsense.content == CURRENT


@pytest.mark.parametrize("expires", ["2026-02-01T00:00:00", "2036-01-01T00:00:00Z"])
async def test_shares_end_in_the_future_but_not_too_far(
    http: httpx.AsyncClient, expires: str
) -> None:
    answer = await http.post(f"{SHARES}url/", json=RIGHTS | {"expires": expires})

    assert answer.status_code == 400
    assert "expires" in answer.json()["errors"][0]


async def test_a_share_always_expires_and_takes_its_title_from_the_asset(
    http: httpx.AsyncClient,
) -> None:
    made = await share(http, title=None)

    assert made["expires"] > START.isoformat()
    assert made["title"] == "Launch film (EMEA)?"


async def test_shares_by_mail_cannot_be_read_back_and_count_each_recipient(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    emails = ["anna@a.example", "ben@b.example"]

    answer = await http.post(SHARES, json=RIGHTS | {"emails": emails})

    assert answer.status_code == 202
    assert answer.json().get("url") is None
    share_id = answer.json()["id"]
    mails = sandbox.state.store.list(MAILS, parent=share_id)
    assert [mail["to"] for mail in mails] == emails
    assert (await http.get(mails[0]["url"])).content == CURRENT
    assert (await http.get(mails[0]["url"].rpartition("/")[0])).status_code == 404
    rows = await users(http, share_id)
    assert [(row["email"], row["access_count"]) for row in rows] == [
        ("anna@a.example", 1),
        ("ben@b.example", 0),
    ]


async def test_a_recipient_who_is_removed_has_no_link_any_more(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    emails = ["anna@a.example"]
    share_id = (await http.post(SHARES, json=RIGHTS | {"emails": emails})).json()["id"]
    (row,) = await users(http, share_id)

    assert (await http.delete(f"{SHARES}{share_id}/users/{row['id']}/")).is_success

    (mail,) = sandbox.state.store.list(MAILS, parent=share_id)
    assert (await http.get(mail["url"])).status_code == 404


async def test_shares_are_found_by_object_and_title(http: httpx.AsyncClient) -> None:
    mine = await share(http, title="REQ-1/partner-a")
    await share(http, title="REQ-1/partner-b")
    await share(http, f"/API/assets/v1/assets/{POSTER}/shares/")

    of_film = await http.get(f"/API/assets/v1/shares/?object_id={FILM}&object_type=assets")
    assert of_film.json()["total"] == 2
    titled = await http.get(f"/API/assets/v1/shares/?object_id={FILM}&title=REQ-1/partner-a")
    assert [each["id"] for each in titled.json()["objects"]] == [mine["id"]]
    assert (await http.get(SHARES)).json()["objects"][0]["url"] == mine["url"]


async def test_the_shares_of_an_object_go_on_after_the_last_id(http: httpx.AsyncClient) -> None:
    made = [(await share(http))["id"] for _ in range(5)]

    first = (await http.get(f"{SHARES}?per_page=3")).json()["objects"]
    rest = (await http.get(f"{SHARES}?per_page=3&last_id={first[-1]['id']}")).json()["objects"]

    assert [each["id"] for each in (*first, *rest)] == made


async def test_a_shared_collection_is_a_page_of_links_to_its_assets(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    evil = seed.fixed_id("evil")
    seed.add_asset(sandbox.state, id_=evil, title="<script>alert(1)</script>")
    package = seed.fixed_id("package")
    seed.add_collection(sandbox.state, id_=package, title="A & B", asset_ids=[FILM, evil])
    shares = f"/API/assets/v1/collections/{package}/shares/"

    made = await share(http, shares)
    assert made["population_status"] == "POPULATING"
    page = await http.get(made["url"])

    assert page.headers["content-type"].startswith("text/html")
    assert "<h1>REQ-1</h1>" in page.text
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
    member = await http.get(f"{made['url']}?asset={FILM}")
    assert member.content == CURRENT
    assert (await http.get(f"{made['url']}?asset={POSTER}")).status_code == 404
    read = (await http.get(f"{shares}{made['id']}/")).json()
    assert read["population_status"] == "FINISHED"
    assert read["users"][0]["access_count"] == 2


async def test_an_assets_link_opens_no_other_asset(http: httpx.AsyncClient) -> None:
    link = (await share(http))["url"]

    assert (await http.get(f"{link}?asset={POSTER}")).status_code == 404


async def test_a_share_is_reached_only_through_its_own_object(http: httpx.AsyncClient) -> None:
    made = await share(http)

    other = SHARES.replace(FILM, POSTER)

    assert (await http.get(f"{other}{made['id']}/")).status_code == 404
