"""One link per recipient: found again by its key, renewed with its settings kept, revoked."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.iconik.world import FILM, START, Clock

from tgiconik import IconikClient
from tgiconik.errors import ConfigurationError, Inconsistent
from tgiconik.iconik.assets import SHARE_SETTINGS, ShareLink, key_in, keyed_title
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import seed

from .conftest import canned, client_of

EXPIRES = START + timedelta(days=14)
FACTS = Path(__file__).parents[2] / "codegen" / "facts" / "iconik" / "assets.json"
keys = st.text("abcXYZ019:._@/%-", min_size=1, max_size=40)


async def link(iconik: IconikClient, key: str = "REQ-1/GC1", **options: Any) -> ShareLink:  # noqa: ANN401 - any option
    given_: dict[str, Any] = {
        "title": "Launch",
        "expires": EXPIRES,
        "allow_download": True,
    } | options
    return await iconik.assets.create_link(FILM, key=key, **given_)


@given(st.text(max_size=200), keys)
def test_a_key_is_found_in_whatever_title_it_was_put(title: str, key: str) -> None:
    assert key_in(keyed_title(title, key)) == key


@pytest.mark.parametrize("title", [None, "", "Launch", "Launch []", "Launch [a b]", "[k] Launch"])
def test_a_title_without_a_key_has_none(title: str | None) -> None:
    assert key_in(title) is None


@pytest.mark.parametrize("key", ["", "a b", "a]", "[a", "ü", "a\n", "x" * 201])
def test_a_key_that_could_not_be_found_again_is_refused(key: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be the key of a share"):
        keyed_title("Launch", key)


async def test_a_link_opens_and_shows_nothing_but_the_current_version(
    iconik: IconikClient, sandbox: Sandbox
) -> None:
    made = await link(iconik)

    share = await iconik.assets.get_object_share("assets", FILM, made.share_id)
    assert made.url is not None
    assert (made.key, made.expires, made.allow_download) == ("REQ-1/GC1", EXPIRES, True)
    assert share.title == "Launch [REQ-1/GC1]"
    assert share.allow_view_versions is False
    assert share.allow_comments is False
    transport = httpx.ASGITransport(sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as partner:
        assert (await partner.get(made.url)).status_code == 200


def test_a_link_is_a_secret_that_no_repr_shows() -> None:
    shown = repr(
        ShareLink(
            share_id="s",
            object_id="a",
            object_type="assets",
            key="k",
            url="https://iconik.test/share/secret",
            expires=EXPIRES,
            allow_download=True,
            date_created=None,
        )
    )

    assert "secret" not in shown


async def test_a_key_finds_its_link_among_hundreds(iconik: IconikClient) -> None:
    for number in range(120):
        await link(iconik, f"REQ-1/GC{number}")
    await link(iconik, "REQ-1/GC7")

    found = await iconik.assets.find_links(FILM, "REQ-1/GC7")

    assert [each.key for each in found] == ["REQ-1/GC7", "REQ-1/GC7"]
    assert await iconik.assets.find_links(FILM, "REQ-1/GC") == []


async def test_links_are_found_oldest_first_and_when_they_have_expired(
    iconik: IconikClient, clock: Clock
) -> None:
    first = await link(iconik)
    clock.forward(days=15)
    second = await link(iconik, expires=clock() + timedelta(days=1))

    found = await iconik.assets.find_links(FILM, "REQ-1/GC1")

    assert [each.share_id for each in found] == [first.share_id, second.share_id]


async def test_a_renewed_link_keeps_its_address_and_settings(iconik: IconikClient) -> None:
    body: dict[str, Any] = {
        "title": keyed_title("Launch", "k"),
        "expires": EXPIRES.isoformat(),
        "allow_download": False,
        "allow_comments": True,
        "allow_approving_comments": False,
        "allow_setting_approve_status": True,
        "allow_view_transcriptions": True,
        "watermark": "standard",
        "message": "Look",
    }
    await iconik.assets.create_object_share_url("assets", FILM, body=body)
    (made,) = await iconik.assets.find_links(FILM, "k")
    before = await iconik.assets.get_object_share("assets", FILM, made.share_id)

    later = EXPIRES + timedelta(days=30)
    renewed = await iconik.assets.renew_link(made, later)

    after = await iconik.assets.get_object_share("assets", FILM, made.share_id)
    assert (renewed.url, renewed.expires, after.expires) == (made.url, later, later)
    for setting in SHARE_SETTINGS:
        assert getattr(after, setting) == getattr(before, setting), setting


async def test_a_renewal_sends_every_setting_and_nothing_that_is_iconiks_own() -> None:
    there: dict[str, Any] = {
        name: f"kept {name}" for name in ("title", "drm", "watermark", "message")
    }
    there |= {"allow_comments": True, "metadata_views": ["v"], "owner_id": "o", "id": "s"}
    wire = canned(there)
    made = ShareLink(
        share_id="s",
        object_id="a",
        object_type="assets",
        key=None,
        url=None,
        expires=None,
        allow_download=False,
        date_created=None,
    )

    async with client_of(wire) as iconik:
        await iconik.assets.renew_link(made, EXPIRES)

    sent = json.loads(wire.requests[1].content)
    assert sent.pop("expires") == "2026-03-15T12:00:00Z"
    assert sent == dict.fromkeys(SHARE_SETTINGS) | {
        name: value for name, value in there.items() if name not in {"owner_id", "id"}
    }


def test_the_settings_of_a_share_are_those_of_the_facts() -> None:
    schemas = json.loads(FACTS.read_text("utf-8"))["components"]["schemas"]
    taken = schemas["ShareSchema"]["properties"]
    answered = schemas["GetShareSchema"]["properties"]

    identity = {"id", "url", "object_id", "object_type", "owner_id", "system_domain_id"}
    course = {"date_created", "expires", "population_status", "has_password"}
    assert set(SHARE_SETTINGS) == (set(taken) & set(answered)) - identity - course


async def test_counts_are_kept_before_a_link_is_revoked(
    iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    made = await link(iconik)
    transport = httpx.ASGITransport(sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as partner:
        await partner.get(str(made.url))
        clock.forward(hours=1)
        await partner.get(f"{made.url}?download=1")

        counts = await iconik.assets.count_accesses(made)
        assert (counts.access_count, counts.download_count) == (2, 1)
        assert counts.last_access_date == clock()

        assert await iconik.assets.revoke_link(made) is True
        assert await iconik.assets.revoke_link(made) is False
        assert (await partner.get(str(made.url))).status_code == 404


async def test_counts_that_iconik_leaves_out_are_none() -> None:
    accesses = [{"id": "u"}, {"id": "w", "access_count": 2, "download_count": None}]
    users = {"objects": accesses, "total": 2}
    made = ShareLink(
        share_id="s",
        object_id="a",
        object_type="assets",
        key=None,
        url=None,
        expires=None,
        allow_download=False,
        date_created=None,
    )

    async with client_of(canned(users)) as iconik:
        counts = await iconik.assets.count_accesses(made)

    assert (counts.access_count, counts.download_count, counts.last_access_date) == (2, 0, None)


async def test_a_link_stops_working_when_it_expires(
    iconik: IconikClient, sandbox: Sandbox, clock: Clock
) -> None:
    made = await link(iconik)
    clock.forward(days=14)

    transport = httpx.ASGITransport(sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as partner:
        assert (await partner.get(str(made.url))).status_code == 410


async def test_a_share_without_an_id_is_an_error() -> None:
    async with client_of(canned({"title": "Launch [k]"})) as iconik:
        with pytest.raises(Inconsistent, match="without an id"):
            await iconik.assets.create_link(
                "a", key="k", title="Launch", expires=EXPIRES, allow_download=False
            )


async def test_a_collection_is_shared_as_a_collection(
    iconik: IconikClient, sandbox: Sandbox
) -> None:
    package = seed.fixed_id("package")
    seed.add_collection(sandbox.state, id_=package, title="Package", asset_ids=[FILM])

    made = await iconik.assets.create_link(
        package,
        key="k",
        title="Package",
        expires=EXPIRES,
        allow_download=False,
        object_type="collections",
    )

    (found,) = await iconik.assets.find_links(package, "k", object_type="collections")
    assert (found.share_id, found.object_type) == (made.share_id, "collections")


async def test_a_share_by_email_goes_to_every_address(iconik: IconikClient) -> None:
    share = await iconik.assets.share_by_email(
        FILM,
        ["anna@a.example", "ben@b.example"],
        key="k",
        title="Launch",
        expires=datetime(2026, 3, 9, tzinfo=UTC),
        allow_download=False,
        message="Please look",
    )

    users = iconik.assets.list_object_share_users("assets", FILM, str(share.id))
    assert [user.email async for user in users] == ["anna@a.example", "ben@b.example"]
    assert re.fullmatch(r"Launch \[k\]", str(share.title))


async def test_a_share_by_email_needs_an_address(iconik: IconikClient) -> None:
    with pytest.raises(ConfigurationError, match="needs an address"):
        await iconik.assets.share_by_email(
            FILM, [], key="k", title="Launch", expires=EXPIRES, allow_download=False
        )
