"""Webhooks: the secret first, then whatever iconik says, read tolerantly."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import IconikClient, errors
from tgiconik.iconik.webhooks import (
    ALREADY_AUTHENTICATED,
    HEADER,
    is_authentic,
    read_action,
    read_event,
    webhook,
)

SECRET = "a-secret-of-32-visible-characters"
HEADERS = {HEADER: SECRET}
#: As a live service got it.
DELIVERED = {
    "system_domain_id": "sys-1",
    "event_type": "collections",
    "object_id": "asset-1",
    "user_id": "user-1",
    "realm": "contents",
    "operation": "create",
    "data": {
        "collection_id": "collection-1",
        "object_id": "asset-1",
        "object_type": "assets",
        "parents": ["collection-1"],
        "date_created": "2024-10-02T17:06:00.314064+00:00",
    },
    "request_id": "request-1",
}
CHOSEN = {
    "user_id": "user-1",
    "system_domain_id": "sys-1",
    "context": "BULK",
    "action_id": "action-1",
    "asset_ids": ["asset-1", "asset-2"],
    "collection_ids": [],
    "saved_search_ids": None,
    "metadata_view_id": "view-1",
    "metadata_values": {"Region": ["EMEA"]},
    "date_created": "2024-10-02T17:06:00",
    "auth_token": "acts-as-the-user",
}


def body(told: object) -> bytes:
    return json.dumps(told).encode()


def test_a_delivered_event_is_read() -> None:
    event = read_event(body(DELIVERED), HEADERS, secret=SECRET)

    assert (event.event_type, event.realm, event.operation) == ("collections", "contents", "create")
    assert (event.user_id, event.system_domain_id, event.request_id) == (
        "user-1",
        "sys-1",
        "request-1",
    )
    assert event.data["parents"] == ["collection-1"]
    assert event.body == DELIVERED


@pytest.mark.parametrize(
    ("told", "asset_id", "collection_id"),
    [
        (DELIVERED, "asset-1", "collection-1"),
        (DELIVERED | {"data": {"object_type": "collections"}}, None, None),
        ({"event_type": "assets", "realm": "entity", "object_id": "a"}, "a", None),
        ({"event_type": "assets", "realm": "metadata", "object_id": "a"}, "a", None),
        (
            {
                "event_type": "assets",
                "realm": "shares",
                "object_id": "share",
                "data": {"object_id": "a"},
            },
            "a",
            None,
        ),
        (
            {
                "event_type": "assets",
                "realm": "files",
                "object_id": "file",
                "data": {"asset_id": "a"},
            },
            "a",
            None,
        ),
        ({"event_type": "assets", "realm": "files", "object_id": "file"}, None, None),
        ({"event_type": "collections", "realm": "entity", "object_id": "c"}, None, "c"),
        ({"event_type": "jobs", "realm": "entity", "object_id": "j"}, None, None),
    ],
)
def test_an_event_knows_what_it_is_about_where_that_is_known(
    told: dict[str, Any], asset_id: str | None, collection_id: str | None
) -> None:
    event = read_event(body(told), HEADERS, secret=SECRET)

    assert (event.asset_id, event.collection_id) == (asset_id, collection_id)


def test_the_call_of_a_custom_action_is_read_and_its_token_shown_nowhere() -> None:
    action = read_action(body(CHOSEN), HEADERS, secret=SECRET)

    assert (action.action_id, action.context) == ("action-1", "BULK")
    assert action.asset_ids == ("asset-1", "asset-2")
    assert (action.collection_ids, action.saved_search_ids) == ((), ())
    assert action.metadata_values == {"Region": ["EMEA"]}
    assert action.date_created == datetime(2024, 10, 2, 17, 6, tzinfo=UTC)
    assert action.auth_token == "acts-as-the-user"
    assert "acts-as-the-user" not in repr(action) + repr(action.body)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {HEADER: ""},
        {HEADER: SECRET[:-1]},
        {HEADER: SECRET + " "},
        {HEADER: "ä" * 32},
        {HEADER: "\ud800" * 16},
        {"Authorization": SECRET},
    ],
)
def test_without_the_secret_nothing_is_read(headers: dict[str, str]) -> None:
    for read in (read_event, read_action):
        with pytest.raises(errors.WebhookRefused, match="missing or wrong") as refused:
            read(b"\xff not even JSON", headers, secret=SECRET)
        assert SECRET not in str(refused.value)


def test_header_names_have_no_case_and_another_header_may_be_named() -> None:
    event = body(DELIVERED)

    same = [
        read_event(event, {HEADER.upper(): SECRET}, secret=SECRET),
        read_event(event, httpx.Headers({"x-mine": SECRET}), secret=SECRET, header="X-Mine"),
        # Something in front has looked already.
        read_event(event, {}, secret=ALREADY_AUTHENTICATED),
    ]

    assert [one.body for one in same] == [DELIVERED] * 3


@pytest.mark.parametrize("weak", ["", "short", "with blanks in it all", "ünïcödé-ünïcödé"])
def test_a_secret_that_could_be_guessed_or_not_be_sent_is_refused(weak: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="16 or more"):
        read_event(b"{}", {}, secret=weak)
    with pytest.raises(errors.ConfigurationError, match="16 or more"):
        webhook("https://here.test/", weak, event_type="assets")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "it has no"),
        (b'{"event_type": 1, "action_id": null}', "it has no"),
        (b'{"event_type": "assets"' + b" " * 2**20 + b"}", "more than"),
    ],
)
def test_what_is_no_event_is_refused(content: bytes, why: str) -> None:
    for read in (read_event, read_action):
        with pytest.raises(errors.WebhookRefused, match=why):
            read(content, HEADERS, secret=SECRET)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*DELIVERED, *CHOSEN]), JSON))
def test_whatever_the_fields_hold_the_rest_is_read(fields: dict[str, Any]) -> None:
    event = read_event(body(fields | {"event_type": "assets"}), {}, secret=ALREADY_AUTHENTICATED)
    action = read_action(body(fields | {"action_id": "a"}), {}, secret=ALREADY_AUTHENTICATED)

    assert event.body == fields | {"event_type": "assets"}
    assert isinstance(event.asset_id, str | None)
    assert isinstance(event.collection_id, str | None)
    assert all(isinstance(one, str) for one in action.asset_ids)


@pytest.mark.parametrize("url", ["http://here.test/", "https://", "here.test", ""])
def test_secrets_are_sent_to_encrypted_places_only(url: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="secrets may be sent to"):
        webhook(url, SECRET, event_type="assets")


async def test_a_definition_is_made_in_iconik_and_shows_no_secret(iconik: IconikClient) -> None:
    wanted = webhook(
        "https://here.test/events",
        SECRET,
        event_type="assets",
        realm="shares",
        query="data.is_archived=false",
    )

    made = await iconik.notifications.create_webhook(body=wanted)

    assert made.headers == {HEADER: SECRET}
    assert (made.event_type, made.realm, made.operation) == ("assets", "shares", None)
    assert SECRET not in repr(wanted) + repr(made)


APPROVAL = {"event_type": "assets", "realm": "approvals"}


@pytest.mark.parametrize(
    "told",
    [
        {"object_id": "a"},
        {"object_id": "another", "data": {"object_type": "assets", "object_id": "a"}},
        {"object_id": "another", "data": {"asset_id": "a"}},
    ],
)
def test_the_asset_of_an_approval_is_found_wherever_it_is(told: dict[str, Any]) -> None:
    assert read_event(body(APPROVAL | told), HEADERS, secret=SECRET).asset_id == "a"


@pytest.mark.parametrize(("levels", "is_read"), [(31, True), (32, False), (500, False)])
def test_a_body_is_nested_at_most_32_levels_deep(levels: int, is_read: bool) -> None:  # noqa: FBT001 - a case
    told = body({"event_type": "assets", "data": json.loads("[" * levels + "]" * levels)})

    if is_read:
        assert read_event(told, HEADERS, secret=SECRET).event_type == "assets"
    else:
        with pytest.raises(errors.WebhookRefused, match="nested"):
            read_event(told, HEADERS, secret=SECRET)


def test_a_call_is_authenticated_before_its_body_is_read() -> None:
    assert is_authentic({HEADER.upper(): SECRET}, secret=SECRET)
    assert not is_authentic({HEADER: SECRET + "x"}, secret=SECRET)
    assert not is_authentic({}, secret=SECRET)
    assert is_authentic({}, secret=ALREADY_AUTHENTICATED)
    with pytest.raises(errors.ConfigurationError, match="secret"):
        is_authentic({HEADER: ""}, secret="")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/x", "http://localhost/", "http://[::1]/"])
def test_this_machine_may_be_called_without_tls(url: str) -> None:
    assert webhook(url, SECRET, event_type="assets").url == url


@pytest.mark.parametrize("url", ["http://[::1/", "http://localhost.example/", "http:///x"])
def test_another_machine_may_not(url: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="https"):
        webhook(url, SECRET, event_type="assets")
