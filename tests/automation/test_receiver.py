"""The receiver of webhooks over real sockets: what is stored, and what is refused."""

import asyncio
import json
import logging
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from automation.calls import (
    HEADER,
    SECRET,
    SYSTEM,
    Kept,
    answer,
    call,
    call_many,
    connect,
    event,
    request,
)
from tgiconik import errors
from tgiconik.automation import Cause, CauseKind, WebhookReceiver
from tgiconik.automation.serving import served
from tgiconik.iconik.webhooks import ALREADY_AUTHENTICATED

MEGABYTE = 1024 * 1024


@pytest.fixture
def kept() -> Kept:
    return Kept()


def receiver(kept: Kept, **options: Any) -> WebhookReceiver:  # noqa: ANN401 - any option
    return WebhookReceiver(kept, **({"secret": SECRET} | options))


async def test_an_event_is_answered_after_its_cause_is_stored(kept: Kept) -> None:
    kept.gate.clear()
    async with receiver(kept).serve() as url:
        calling = asyncio.create_task(call(url, event("asset-1")))
        await asyncio.sleep(0.2)
        assert not calling.done()
        kept.gate.set()
        answered = await calling

    assert (answered.status, answered.text) == (204, "")
    assert kept.causes == [Cause(CauseKind.ASSET_APPROVED, "asset-1")]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {HEADER: ""},
        {HEADER: SECRET[:-1]},
        {HEADER: SECRET + "s"},
        {HEADER: SECRET.upper()},
        {HEADER: "é" * 32},
        {"Authorization": SECRET},
        {HEADER: SECRET, HEADER.lower(): SECRET},  # twice
    ],
)
async def test_a_call_with_a_wrong_secret_is_refused(kept: Kept, headers: dict[str, str]) -> None:
    async with receiver(kept).serve() as url:
        answered = await call(url, event("asset-1"), headers)

    assert answered.status == 403
    assert SECRET not in answered.text
    assert kept.causes == []


async def test_without_the_secret_nothing_of_the_body_is_waited_for(kept: Kept) -> None:
    async with receiver(kept).serve() as url:
        reader, writer = await connect(url)
        writer.write(request(b"", {HEADER: "wrong", "Content-Length": str(50 * MEGABYTE)}))
        answered = await answer(reader)
        writer.close()

    assert answered.status == 403


async def test_a_body_of_50_megabytes_is_refused_before_it_is_read(kept: Kept) -> None:
    async with receiver(kept).serve() as url:
        reader, writer = await connect(url)
        writer.write(request(b"", {HEADER: SECRET, "Content-Length": str(50 * MEGABYTE)}))
        answered = await answer(reader)
        writer.close()

    assert (answered.status, kept.causes) == (413, [])


async def test_a_body_of_50_megabytes_in_chunks_is_refused_within_the_bound(kept: Kept) -> None:
    async with receiver(kept).serve() as url:
        reader, writer = await connect(url)
        writer.write(request(b"", {HEADER: SECRET, "Transfer-Encoding": "chunked"}))
        sent = 0
        refused = asyncio.create_task(answer(reader))
        while not refused.done() and sent < 50 * MEGABYTE:
            writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
            sent += 0x10000
            await asyncio.sleep(0.001)
        answered = await refused
        writer.close()

    assert (answered.status, kept.causes) == (413, [])
    assert sent < 25 * MEGABYTE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"[]",
        b"null",
        b"{}",
        b'{"event_type": 3}',
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps({"event_type": "assets", "data": json.loads("[" * 40 + "]" * 40)}).encode(),
        json.dumps(event("x" * 201)).encode(),
        json.dumps(event("two\nlines")).encode(),
    ],
)
async def test_what_is_no_event_is_refused(kept: Kept, body: bytes) -> None:
    async with receiver(kept).serve() as url:
        answered = await call(url, body)

    assert (answered.status, kept.causes) == (400, [])


@pytest.mark.parametrize("fields", [{"system_domain_id": "another"}, {"system_domain_id": None}])
async def test_an_event_of_another_system_is_refused(kept: Kept, fields: dict[str, Any]) -> None:
    async with receiver(kept, system_domain_id=SYSTEM).serve() as url:
        assert (await call(url, event("asset-1", **fields))).status == 403
        assert (await call(url, event("asset-2"))).status == 204

    assert kept.ids == ["asset-2"]


async def test_of_ten_thousand_at_once_each_is_stored_in_few_transactions(kept: Kept) -> None:
    async with receiver(kept).serve() as url:
        statuses = await call_many(url, (event(f"asset-{n}") for n in range(10_000)))

    assert statuses == [204] * 10_000
    assert sorted(kept.ids) == sorted(f"asset-{n}" for n in range(10_000))
    assert kept.calls < 2_000


async def test_too_many_per_second_are_refused_and_no_others_are_answered_2xx(kept: Kept) -> None:
    bounded = receiver(kept, max_rate=1, max_waiting=500, clock=lambda: 0.0)
    async with bounded.serve() as url:
        statuses = await call_many(url, (event(f"asset-{n}") for n in range(2_000)))
        refused = await call(url, event("asset-late"))

    assert (statuses.count(204), statuses.count(429)) == (500, 1_500)
    assert len(kept.ids) == 500
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")


async def test_calls_without_the_secret_take_nothing_from_the_rate(kept: Kept) -> None:
    async with receiver(kept, max_rate=1, max_waiting=2, clock=lambda: 0.0).serve() as url:
        for _ in range(5):
            await call(url, event("asset-1"), {})
        assert (await call(url, event("asset-1"))).status == 204


async def test_too_many_that_wait_are_refused(kept: Kept) -> None:
    kept.gate.clear()
    async with receiver(kept, max_rate=1_000_000, max_waiting=2).serve() as url:
        waiting = [asyncio.create_task(call(url, event(f"asset-{n}"))) for n in range(2)]
        await asyncio.sleep(0.3)
        third = await call(url, event("asset-3"))
        kept.gate.set()
        statuses = [(await one).status for one in waiting]

    assert (third.status, third.headers["retry-after"], statuses) == (503, "1", [204, 204])


async def test_what_cannot_be_stored_is_answered_503_and_can_be_sent_again(kept: Kept) -> None:
    kept.error = errors.StoreUnavailable("the database is locked")
    async with receiver(kept).serve() as url:
        first = await call(url, event("asset-1"))
        kept.error = None
        second = await call(url, event("asset-1"))

    assert (first.status, first.headers["retry-after"], second.status) == (503, "5", 204)
    assert kept.ids == ["asset-1"]


async def test_a_body_that_does_not_arrive_in_time_is_given_up(kept: Kept) -> None:
    async with receiver(kept, timeout=0.05).serve() as url:
        reader, writer = await connect(url)
        writer.write(request(b"", {HEADER: SECRET, "Content-Length": "10"}))
        answered = await answer(reader)
        writer.close()

    assert (answered.status, kept.causes) == (408, [])


async def test_a_caller_that_leaves_in_the_middle_has_sent_nothing(kept: Kept) -> None:
    async with receiver(kept).serve() as url:
        _, writer = await connect(url)
        whole = request(json.dumps(event("asset-1")).encode())
        writer.write(whole[:-10])
        await writer.drain()
        writer.close()
        assert (await call(url, event("asset-2"))).status == 204

    assert kept.ids == ["asset-2"]


async def test_only_post_is_taken(kept: Kept) -> None:
    async with receiver(kept).serve() as url:
        answered = await call(url, b"", method="GET")

    assert (answered.status, answered.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "fields",
    [
        {"realm": "shares"},
        {"realm": "segments"},
        {"operation": "delete"},
        {"event_type": "collections"},
        {"realm": "a newer one", "data": {}},
    ],
)
async def test_events_that_are_no_cause_are_answered_and_not_stored(
    kept: Kept, fields: dict[str, Any]
) -> None:
    async with receiver(kept).serve() as url:
        answered = await call(url, event("asset-1", **fields))

    assert (answered.status, kept.calls) == (204, 0)


@pytest.mark.parametrize("secret", [None, "", "short", (), (SECRET, None), ("short", SECRET)])
def test_without_a_secret_there_is_no_receiver(kept: Kept, secret: Any) -> None:  # noqa: ANN401 - wrong
    with pytest.raises(errors.ConfigurationError, match="secret"):
        WebhookReceiver(kept, secret=secret)


@pytest.mark.parametrize("option", ["max_bytes", "max_waiting", "max_rate", "timeout"])
def test_bounds_are_above_zero(kept: Kept, option: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=option):
        receiver(kept, **{option: 0})


async def test_whoever_is_authenticated_in_front_needs_no_secret(kept: Kept) -> None:
    async with receiver(kept, secret=ALREADY_AUTHENTICATED).serve() as url:
        assert (await call(url, event("asset-1"), {})).status == 204


async def test_both_secrets_are_taken_while_one_replaces_the_other(kept: Kept) -> None:
    new = "another-secret-of-many-characters"
    async with receiver(kept, secret=(new, SECRET)).serve() as url:
        assert (await call(url, event("asset-1"), {HEADER: new})).status == 204
        assert (await call(url, event("asset-2"), {HEADER: SECRET})).status == 204


@pytest.mark.parametrize(
    "app",
    [
        lambda app: Starlette(routes=[Mount("/iconik", app)]),
        lambda app: Starlette(routes=[Route("/iconik/", app)]),
    ],
)
async def test_it_is_mounted_in_starlette(kept: Kept, app: Any) -> None:  # noqa: ANN401 - a factory
    async with (
        served(app(receiver(kept)), "127.0.0.1", 0) as url,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        answered = await http.post(
            f"{url}/iconik/", json=event("asset-1"), headers={HEADER: SECRET}
        )

    assert (answered.status_code, kept.ids) == (204, ["asset-1"])


BODIES = st.one_of(
    st.binary(max_size=300),
    st.dictionaries(
        st.sampled_from(["event_type", "realm", "operation", "object_id", "data", "user_id"]),
        st.recursive(
            st.sampled_from(["assets", "entity", "approvals", "update", "a\0b", "\ud800", "", 0]),
            lambda inner: st.dictionaries(st.sampled_from(["object_id", "object_type"]), inner),
            max_leaves=4,
        ),
    ).map(lambda told: json.dumps(told).encode()),
)


@given(BODIES)
def test_whatever_is_sent_is_answered_and_only_ids_are_stored(body: bytes) -> None:
    kept = Kept()
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - a message
        sent.append(message)

    headers = [(HEADER.lower().encode(), SECRET.encode())]
    scope = {"type": "http", "method": "POST", "headers": headers}
    asyncio.run(receiver(kept)(scope, receive, send))

    assert sent[0]["status"] in {204, 400}
    assert all(id_.isprintable() and id_.strip() for id_ in kept.ids)


async def test_it_answers_a_servers_lifespan(kept: Kept) -> None:
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:  # noqa: ANN401 - a message
        sent.append(message["type"])

    await receiver(kept)({"type": "lifespan"}, receive, send)

    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_port_that_is_taken_is_an_error(kept: Kept) -> None:
    async with receiver(kept).serve() as url:
        with pytest.raises(errors.ConfigurationError, match="in use"):
            async with receiver(kept).serve(port=int(url.rpartition(":")[2])):
                raise AssertionError


async def test_an_event_that_names_no_asset_is_told_of(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    async with receiver(kept).serve() as url:
        await call(url, event("asset-1", realm="a newer one", data={}))

    assert "an event of the realm 'a newer one' names no asset" in caplog.text


async def test_a_thousand_refusals_write_one_warning_and_no_secret(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "tgiconik.worker")
    async with receiver(kept).serve() as url:
        for _ in range(20):
            await call(url, event("asset-1"), {HEADER: "a-wrong-secret-of-many-characters"})
        await call(url, event("asset-1", realm="approvals\nforged"))

    warnings = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "secret-of" not in caplog.text
    assert "\nforged" not in caplog.text
