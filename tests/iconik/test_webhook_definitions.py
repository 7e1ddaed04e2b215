"""Definitions of webhooks: made and repaired, never twice, and only ours."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import IconikClient, errors
from tgiconik.iconik.models.notifications import Webhook
from tgiconik.iconik.webhook_definitions import (
    ALL_OF_ASSETS,
    EnsuredWebhooks,
    Subscription,
    WebhookAction,
    ensure_webhooks,
    plan_webhooks,
)
from tgiconik.iconik.webhooks import HEADER, webhook
from tgiconik.sandbox import Sandbox

URL = "https://media.example/iconik"
SECRET = "a-secret-of-32-visible-characters"
OTHER_SECRET = "another-secret-of-many-characters"
METADATA = Subscription("assets", realm="metadata", operation="update")
CONTENTS = Subscription("collections", realm="contents", query="operation!=delete")


async def definitions(iconik: IconikClient) -> list[Webhook]:
    return [one async for one in iconik.notifications.list_webhooks()]


def actions(ensured: EnsuredWebhooks) -> list[str]:
    return [str(change.action) for change in ensured.changes]


async def make(iconik: IconikClient, **fields: Any) -> Webhook:  # noqa: ANN401 - any field
    body = {"event_type": "assets", "status": "ENABLED", "url": URL, **fields}
    return await iconik.notifications.create_webhook(body=body)


async def test_they_are_made_once(iconik: IconikClient, sandbox: Sandbox) -> None:
    first = await ensure_webhooks(iconik, URL, SECRET, subscriptions=[METADATA, CONTENTS])
    written = len(sandbox.writes)
    second = await ensure_webhooks(iconik, URL, SECRET, subscriptions=[METADATA, CONTENTS])

    assert (actions(first), actions(second)) == (["create", "create"], ["keep", "keep"])
    assert [one.webhook_id for one in first.changes] == [one.webhook_id for one in second.changes]
    assert (first.is_unchanged, second.is_unchanged) == (False, True)
    assert len(sandbox.writes) == written
    found = {(one.event_type, one.realm, one.operation, one.query) for one in await listed(iconik)}
    assert found == {
        ("assets", "metadata", "update", None),
        ("collections", "contents", None, "operation!=delete"),
    }


async def listed(iconik: IconikClient) -> list[Webhook]:
    found = await definitions(iconik)
    assert {(one.status, one.url, one.name) for one in found} == {("ENABLED", URL, "tgiconik")}
    assert all(one.headers == {HEADER: SECRET} for one in found)
    return found


async def test_a_dry_run_says_what_would_be_done_and_writes_nothing(
    iconik: IconikClient, sandbox: Sandbox
) -> None:
    written = len(sandbox.writes)
    planned = await ensure_webhooks(iconik, URL, SECRET, dry_run=True)

    assert (planned.dry_run, actions(planned), len(sandbox.writes)) == (True, ["create"], written)
    assert planned.changes[0].subscription == ALL_OF_ASSETS[0]
    assert await definitions(iconik) == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"status": "FAILING"}, "status"),
        ({"status": "DISABLED"}, "status"),
        ({"realm": "files"}, "events"),
        ({"query": "operation=create"}, "events"),
        ({"url": "https://old.example"}, "url"),
        ({"headers": {HEADER: OTHER_SECRET}}, "headers"),
        ({"headers": None}, "headers"),
        ({"name": "renamed"}, "name"),
    ],
)
async def test_one_of_ours_that_differs_is_repaired(
    iconik: IconikClient, changed: dict[str, Any], reason: str
) -> None:
    right = {"name": "tgiconik", "headers": {HEADER: SECRET}}
    made = await make(iconik, **(right | changed))

    (change,) = (await ensure_webhooks(iconik, URL, SECRET)).changes

    assert change.action is WebhookAction.REPAIR
    assert (change.webhook_id, change.reasons) == (made.id, (reason,))
    (found,) = await listed(iconik)
    assert (found.id, found.realm, found.query) == (made.id, None, None)


@pytest.mark.parametrize(
    "fields",
    [
        {},  # our URL alone
        {"name": "somebody", "headers": {HEADER: OTHER_SECRET}},
        {"name": "tgiconik", "url": "https://other.example", "headers": {HEADER: OTHER_SECRET}},
        {"name": "tgiconik", "url": "https://other.example"},
    ],
)
async def test_those_of_others_are_left_alone(iconik: IconikClient, fields: dict[str, Any]) -> None:
    theirs = await make(iconik, **fields)

    ensured = await ensure_webhooks(iconik, URL, SECRET)
    again = await ensure_webhooks(iconik, URL, SECRET)

    assert actions(ensured)[0] == "create"
    assert again.is_unchanged
    assert {*actions(again)} <= {"keep", "leave"}
    found = {one.id: one for one in await definitions(iconik)}
    assert found[theirs.id] == theirs
    assert len(found) == 2


async def test_a_deleted_one_is_not_adopted(iconik: IconikClient) -> None:
    gone = await make(iconik, name="tgiconik", headers={HEADER: SECRET}, status="DELETED")

    (change,) = (await ensure_webhooks(iconik, URL, SECRET)).changes

    assert change.action is WebhookAction.CREATE
    assert change.webhook_id != gone.id


async def test_of_duplicates_the_oldest_stays_and_what_is_not_wanted_goes(
    iconik: IconikClient,
) -> None:
    ours = {"name": "tgiconik", "headers": {HEADER: SECRET}}
    made = [await make(iconik, **ours) for _ in range(2)]
    await make(iconik, **ours, realm="files")

    ensured = await ensure_webhooks(iconik, URL, SECRET)

    assert sorted(actions(ensured)) == ["delete", "delete", "keep"]
    (found,) = await listed(iconik)
    assert found.id == min(str(one.id) for one in made)  # made at one moment


async def test_several_at_once_leave_one(iconik: IconikClient) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(ensure_webhooks, iconik, URL, SECRET)

    assert (await ensure_webhooks(iconik, URL, SECRET)).is_unchanged
    assert len(await listed(iconik)) == 1


async def test_another_name_is_another_service(iconik: IconikClient) -> None:
    await ensure_webhooks(iconik, "https://stage.example", OTHER_SECRET, name="stage")
    await ensure_webhooks(iconik, URL, SECRET, name="prod")

    assert (await ensure_webhooks(iconik, URL, SECRET, name="prod")).is_unchanged
    assert len(await definitions(iconik)) == 2


async def test_a_new_secret_and_then_a_new_url_are_taken_over(iconik: IconikClient) -> None:
    await ensure_webhooks(iconik, URL, SECRET)
    await ensure_webhooks(iconik, URL, OTHER_SECRET)
    await ensure_webhooks(iconik, "https://new.example", OTHER_SECRET)

    (found,) = await definitions(iconik)
    assert (found.url, found.headers) == ("https://new.example", {HEADER: OTHER_SECRET})


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("http://media.example/iconik", {}),
        ("media.example", {}),
        ("https://", {}),
        (URL, {"secret": "short"}),
        (URL, {"secret": None}),
        (URL, {"subscriptions": []}),
        (URL, {"subscriptions": METADATA}),
        (URL, {"subscriptions": ["assets"]}),
        (URL, {"name": " "}),
    ],
)
async def test_what_cannot_work_is_an_error_before_any_call(
    iconik: IconikClient, sandbox: Sandbox, url: str, options: dict[str, Any]
) -> None:
    given = {"secret": SECRET} | options
    with pytest.raises(errors.ConfigurationError) as caught:
        await ensure_webhooks(iconik, url, **given)

    assert SECRET not in str(caught.value)
    assert sandbox.calls.iconik.reads == 0


def test_a_subscription_says_what_it_is_for() -> None:
    with pytest.raises(errors.ConfigurationError):
        Subscription(" ")
    assert Subscription("assets", realm="") == Subscription("assets")


FIELDS = {
    "name": st.sampled_from(["tgiconik", "somebody", None]),
    "url": st.sampled_from([URL, "https://other.example"]),
    "headers": st.sampled_from([{HEADER: SECRET}, {HEADER: OTHER_SECRET}, None]),
    "status": st.sampled_from(["ENABLED", "DISABLED", "FAILING", "DELETED"]),
    "event_type": st.sampled_from(["assets", "collections"]),
    "realm": st.sampled_from([None, "metadata", "contents"]),
}
WANTED = {
    one: webhook(
        URL,
        SECRET,
        name="tgiconik",
        event_type=one.event_type,
        realm=one.realm,
    )
    for one in (Subscription("assets"), Subscription("assets", realm="metadata"))
}


@given(st.lists(st.fixed_dictionaries(FIELDS), max_size=6))
def test_after_a_plan_is_carried_out_nothing_is_left_to_do(fields: list[dict[str, Any]]) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    existing = [
        Webhook(id=f"w-{n}", date_created=start + timedelta(hours=n), **each)
        for n, each in enumerate(fields)
    ]
    after = [*carried_out(existing)]

    again = plan_webhooks(after, WANTED)

    assert all(change.action in {"keep", "leave"} for change in again)
    assert [one.action for one in again].count(WebhookAction.KEEP) == len(WANTED)
    # What had neither our name nor our secret is as it was.
    for one in existing:
        if one.name != "tgiconik" and one.headers != {HEADER: SECRET}:
            assert one in after


def carried_out(existing: list[Webhook]) -> Iterable[Webhook]:
    changes = plan_webhooks(existing, WANTED)
    written = {one.webhook_id for one in changes if one.action in {"repair", "delete"}}
    yield from (one for one in existing if one.id not in written)
    for number, change in enumerate(changes):
        if change.action in {"create", "repair"}:
            body = WANTED[change.subscription]
            yield Webhook(
                id=change.webhook_id or f"new-{number}",
                event_type=str(body.event_type),
                realm=str(body.realm) if body.realm else None,
                url=str(body.url),
                name=str(body.name),
                status=str(body.status),
                headers={HEADER: SECRET},
            )
