"""Calls are tried again where that is safe, for as long as they may take, and end in one error."""

import logging
from collections.abc import Mapping
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from tgiconik import errors
from tgiconik._http import Call, Retry, Session, build
from tgiconik._http._retry import RetryBudget

from .conftest import TOKEN, Answer, session

READ = build("GET", "/v1/assets/")
WRITE = build("POST", "/v1/assets/", json={"title": "Film"})
SEARCH = build("POST", "/v1/search/", json={}, repeatable=True)
GOOD = httpx.Response(200, json={"ok": True})
BUSY = httpx.Response(503, text="<html>busy</html>")
SLOW_DOWN = httpx.Response(429, headers={"Retry-After": "7"})


async def test_a_call_carries_credentials_and_says_who_we_are() -> None:
    client, wire = session(GOOD, user_agent="acme/1.0")
    async with client:
        answer = await client.send(READ)

    (request,) = wire.requests
    assert answer.json() == {"ok": True}
    assert str(request.url) == "https://iconik.test/v1/assets/"
    assert request.headers["auth-token"] == TOKEN
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"].startswith("acme/1.0 tgiconik/")
    assert "httpx/" in request.headers["user-agent"]
    assert wire.closed


async def test_a_timeout_is_on_unless_said_otherwise() -> None:
    client, wire = session(GOOD)
    async with client:
        await client.send(READ)

    assert set(wire.requests[0].extensions["timeout"].values()) == {30.0}


@pytest.mark.parametrize(
    "failure",
    [
        BUSY,
        httpx.Response(408),
        httpx.Response(500),
        httpx.Response(502),
        httpx.Response(504),
        httpx.ReadError("cut"),
        httpx.ReadTimeout("slow"),
    ],
)
@pytest.mark.parametrize("call", [READ, SEARCH], ids=["read", "search"])
async def test_what_may_be_repeated_is_tried_again(
    failure: Answer, call: Call, waits: list[float]
) -> None:
    client, wire = session(failure, failure, GOOD)
    async with client:
        answer = await client.send(call)

    assert answer.status == 200
    assert len(wire.requests) == 3
    assert len(waits) == 2
    assert 0 <= waits[0] <= 0.5
    assert 0 <= waits[1] <= 1.0


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (BUSY, errors.ServiceUnavailable),
        (httpx.Response(408), errors.ClientError),
        (httpx.Response(500), errors.ServerError),
        (httpx.Response(502), errors.BadGateway),
        (httpx.ReadError("cut"), errors.ConnectionFailed),
        (httpx.RemoteProtocolError("cut"), errors.ConnectionFailed),
        (httpx.ReadTimeout("slow"), errors.TimedOut),
        (httpx.WriteError("cut"), errors.ConnectionFailed),
    ],
)
async def test_a_write_whose_answer_is_lost_is_not_repeated(
    failure: Answer, kind: type[errors.CallError], waits: list[float]
) -> None:
    client, wire = session(failure, GOOD)
    async with client:
        with pytest.raises(kind):
            await client.send(WRITE)

    assert len(wire.requests) == 1
    assert waits == []


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("far"),
        httpx.PoolTimeout("full"),
        SLOW_DOWN,
    ],
)
async def test_a_write_that_was_never_taken_is_tried_again(
    failure: Answer, waits: list[float]
) -> None:
    client, wire = session(failure, GOOD)
    async with client:
        await client.send(WRITE)

    assert len(wire.requests) == 2
    assert len(waits) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 412, 422, 501, 505, 507])
async def test_an_answer_that_is_final_is_not_asked_for_again(
    status: int, waits: list[float]
) -> None:
    client, wire = session(httpx.Response(status))
    async with client:
        with pytest.raises(errors.StatusError):
            await client.send(READ)

    assert len(wire.requests) == 1
    assert waits == []


async def test_tries_have_an_end_and_the_last_error_is_told(waits: list[float]) -> None:
    client, wire = session(BUSY)
    async with client:
        with pytest.raises(errors.ServiceUnavailable) as failed:
            await client.send(READ)

    assert len(wire.requests) == 4
    assert len(waits) == 3
    assert failed.value.excerpt == "<html>busy</html>"


async def test_what_the_platform_asks_to_wait_is_waited_at_least(waits: list[float]) -> None:
    client, _ = session(SLOW_DOWN, GOOD, retry=Retry(cap=0.5))
    async with client:
        await client.send(READ)

    assert 7 <= waits[0] <= 7.5


async def test_no_wait_goes_beyond_the_deadline(waits: list[float]) -> None:
    client, wire = session(SLOW_DOWN, GOOD, deadline=5.0)
    async with client:
        with pytest.raises(errors.TooManyRequests) as refused:
            await client.send(READ)

    assert refused.value.retry_after == 7
    assert len(wire.requests) == 1
    assert waits == []


async def test_the_deadline_begins_when_a_call_may_start_by_our_own_pace() -> None:
    client, wire = session(GOOD, deadline=0.05, rate=100.0)

    async with client, anyio.create_task_group() as tasks:
        for _ in range(40):
            tasks.start_soon(client.send, READ)

    assert len(wire.requests) == 40


async def test_a_platforms_pause_counts_so_that_nobody_waits_for_ever() -> None:
    client, wire = session(
        httpx.Response(429, headers={"Retry-After": "86400"}), GOOD, deadline=5.0, rate=1000.0
    )
    async with client:
        with pytest.raises(errors.TooManyRequests, match="asks to wait 86400 s"):
            await client.send(READ)
        with pytest.raises(errors.TimedOut, match="not sent: the platform refused calls"):
            await client.send(READ)

    assert len(wire.requests) == 1


@pytest.mark.parametrize("call", [READ, WRITE], ids=["read", "write"])
async def test_a_page_for_people_is_no_answer(call: Call) -> None:
    page = httpx.Response(200, html="<!doctype html><title>Log in</title>")
    client, _ = session(page)
    async with client:
        with pytest.raises(errors.UnreadableResponse, match="not JSON but a page"):
            await client.send(call)


async def test_json_that_is_called_html_is_json() -> None:
    client, _ = session(httpx.Response(200, html='{"id": "a"}'), httpx.Response(200, html=""))
    async with client:
        assert (await client.send(READ)).json() == {"id": "a"}
        assert (await client.send(READ)).json() is None


async def test_the_deadline_is_of_the_whole_call() -> None:
    class Stuck(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await anyio.sleep_forever()
            raise AssertionError(request)

    async with Session("https://iconik.test", deadline=0.05, transport=Stuck()) as client:
        with pytest.raises(errors.TimedOut, match="retries included") as late:
            await client.send(build("GET", "/x", query={"token": "hush"}))

    assert "hush" not in str(late.value)
    assert late.value.url == "https://iconik.test/x?token=***"


def test_waits_double_up_to_their_cap_and_are_spread() -> None:
    retry = Retry(base=1.0, cap=5.0)

    assert [retry.wait(n, None, spread=lambda: 1.0) for n in range(1, 6)] == [1, 2, 4, 5, 5]
    assert retry.wait(3, None, spread=lambda: 0.0) == 0
    assert retry.wait(1, 30.0, spread=lambda: 0.5) == 30.5


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"base": 0}, {"cap": -1}])
def test_a_patience_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Retry(**wrong)


class Renewing:
    """Credentials that are renewed once they are refused."""

    def __init__(self) -> None:
        self.number = 1
        self.refusals = 0

    async def headers(self, session: Session) -> Mapping[str, str]:
        del session
        return {"Authorization": f"Bearer number-{self.number}"}

    async def refused(self, session: Session, used: Mapping[str, str]) -> bool:
        del session
        assert used["Authorization"] == f"Bearer number-{self.number}"
        self.number += 1
        self.refusals += 1
        return True

    def secrets(self) -> Mapping[str, str]:
        return {}


async def test_refused_credentials_are_renewed_once() -> None:
    auth = Renewing()
    client, wire = session(httpx.Response(401), GOOD, auth=auth)
    async with client:
        await client.send(WRITE)

    sent = [request.headers["authorization"] for request in wire.requests]
    assert sent == ["Bearer number-1", "Bearer number-2"]


async def test_credentials_that_stay_refused_are_an_error() -> None:
    auth = Renewing()
    client, wire = session(httpx.Response(401), auth=auth)
    async with client:
        with pytest.raises(errors.Unauthorized):
            await client.send(READ)

    assert (auth.refusals, len(wire.requests)) == (1, 2)


async def test_a_call_without_credentials_carries_none() -> None:
    client, wire = session(GOOD)
    async with client:
        await client.send(build("POST", "/token", authenticated=False))

    assert "auth-token" not in wire.requests[0].headers


async def test_a_redirect_is_no_yes_and_takes_credentials_nowhere() -> None:
    away = httpx.Response(302, headers={"Location": "https://evil.test/"})
    client, wire = session(away)
    async with client:
        with pytest.raises(errors.Redirected) as raised:
            await client.send(READ)

    assert raised.value.location == "https://evil.test/"
    assert [request.url.host for request in wire.requests] == ["iconik.test"]


async def test_no_cookie_is_kept() -> None:
    client, wire = session(httpx.Response(200, headers={"Set-Cookie": "session=1; Path=/"}))
    async with client:
        await client.send(READ)
        await client.send(READ)

    assert all("cookie" not in request.headers for request in wire.requests)


async def test_a_calls_own_credentials_are_masked_too() -> None:
    call = build("POST", "/token", headers={"Authorization": "Basic aWQ6c2VjcmV0"})
    client, _ = session(httpx.Response(400, text="no: aWQ6c2VjcmV0"))
    async with client:
        with pytest.raises(errors.BadRequest) as refused:
            await client.send(call)

    assert refused.value.excerpt == "no: ***"


async def test_no_secret_is_logged(caplog: pytest.LogCaptureFixture, waits: list[float]) -> None:
    caplog.set_level(logging.DEBUG, logger="tgiconik")
    client, _ = session(BUSY, GOOD)
    async with client:
        await client.send(READ)

    assert "trying again" in caplog.text
    assert TOKEN not in caplog.text
    assert len(waits) == 1


# httpx leaves generators of its own behind when a body is left early, and trio says so.
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_an_answer_without_end_is_unreadable() -> None:
    def endless() -> Any:  # noqa: ANN401 - an iterator of bytes
        async def chunks() -> Any:  # noqa: ANN401 - the same
            while True:
                yield bytes(1024 * 1024)

        return chunks()

    class Endless(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, content=endless(), request=request)

    async with Session("https://iconik.test", transport=Endless()) as client:
        with pytest.raises(errors.UnreadableResponse, match="more than 67108864 bytes"):
            await client.send(READ)


async def test_a_rate_limit_is_kept_and_a_429_slows_all_calls_down(waits: list[float]) -> None:
    client, _ = session(SLOW_DOWN, GOOD, rate=1000.0)
    async with client:
        await client.send(READ)
        before = len(waits)
        await client.send(READ)

    assert any(wait > 6 for wait in waits[before:])


async def test_a_caller_who_leaves_leaves_at_once(waits: list[float]) -> None:
    entered = anyio.Event()

    class Stuck(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            entered.set()
            await anyio.sleep_forever()
            raise AssertionError(request)

    async with (
        Session("https://iconik.test", transport=Stuck()) as client,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(client.send, READ)
        await entered.wait()
        tasks.cancel_scope.cancel()

    assert waits == []


async def test_closing_ends_what_is_on_its_way_and_refuses_what_comes_after(
    waits: list[float],
) -> None:
    entered: list[httpx.Request] = []
    ended: list[errors.ClientClosed] = []

    class Stuck(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            entered.append(request)
            await anyio.sleep_forever()
            raise AssertionError

    async def call(client: Session) -> None:
        with pytest.raises(errors.ClientClosed) as closed:
            await client.send(READ)
        ended.append(closed.value)

    async with anyio.create_task_group() as tasks:
        async with Session("https://iconik.test", transport=Stuck()) as client:
            for _ in range(3):
                tasks.start_soon(call, client)
            await anyio.wait_all_tasks_blocked()
            assert len(entered) == 3
        await call(client)

    assert sorted(error.message for error in ended) == [
        "the client is closed; nothing was sent",
        *["the client was closed before the answer came"] * 3,
    ]
    assert len(entered) == 3
    assert waits == []


def test_a_product_that_could_carry_another_header_is_refused() -> None:
    with pytest.raises(errors.ConfigurationError, match="User-Agent"):
        Session("https://iconik.test", user_agent="acme/1.0\r\nX: y")


def test_a_session_shows_its_origin_and_nothing_else() -> None:
    client, _ = session(GOOD)

    assert repr(client) == "<Session https://iconik.test>"


async def test_a_url_that_is_too_long_is_the_callers_mistake() -> None:
    client, wire = session(GOOD)
    async with client:
        with pytest.raises(errors.ConfigurationError, match="URL too long"):
            await client.send(build("GET", "/{}/", "x" * 70_000))

    assert wire.requests == []


async def test_what_httpx_refuses_to_send_is_not_repeated() -> None:
    client, _ = session(httpx.LocalProtocolError(f"Illegal header value {TOKEN!r}"))
    async with client:
        with pytest.raises(errors.ConfigurationError) as refused:
            await client.send(READ)

    assert TOKEN not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "url", ["https://[::1", "https://x.test\n", "https://x .test", "https://x.test/\x00", ""]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="is not a URL"):
        Session(url)


async def test_what_a_client_did_is_counted(waits: list[float]) -> None:
    client, _ = session(
        httpx.Response(503), httpx.Response(200, json={"a": 1}), rate=1.0, retry=Retry(attempts=4)
    )
    async with client:
        await client.send(build("GET", "/v1/a"))
        await client.send(build("POST", "/v1/a", json={"b": 2}))

    traffic = client.traffic
    assert (traffic.calls, traffic.retries) == (2, 1)
    assert traffic.waited == pytest.approx(sum(waits))
    assert traffic.sent == len(b'{"b":2}')
    assert traffic.received == 2 * len(b'{"a":1}')


async def test_a_platform_that_is_down_is_not_asked_many_times_as_much(waits: list[float]) -> None:
    client, wire = session(httpx.Response(503), retry=Retry(attempts=5, budget=0.2))
    async with client:
        for _ in range(500):
            with pytest.raises(errors.ServiceUnavailable):
                await client.send(build("GET", "/v1/a"))

    # The first fifty further tries are free; after them every fifth call has one.
    assert len(wire.requests) == pytest.approx(500 * 1.2 + 50, abs=5)
    assert waits


async def test_being_asked_to_wait_costs_no_budget(waits: list[float]) -> None:
    again = [httpx.Response(429, headers={"Retry-After": "1"}), httpx.Response(200, json={})]
    client, wire = session(*again * 300, retry=Retry(attempts=2, budget=0))
    async with client:
        for _ in range(300):
            await client.send(build("GET", "/v1/a"))

    assert len(wire.requests) == 600
    assert len(waits) == 300


def test_a_budget_is_earned_up_to_its_reserve_and_no_further() -> None:
    budget = RetryBudget(0.5)
    for _ in range(1000):
        budget.earn()

    assert sum(budget.spend() for _ in range(1000)) == 50
    budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()


def levels(caplog: pytest.LogCaptureFixture) -> list[tuple[Any, str]]:
    return [(vars(record)["event"], record.levelname) for record in caplog.records]


async def test_answers_retries_and_failures_have_levels_of_their_own(
    caplog: pytest.LogCaptureFixture, waits: list[float]
) -> None:
    caplog.set_level(logging.DEBUG, logger="tgiconik")
    client, _ = session(BUSY, retry=Retry(attempts=2))
    async with client:
        with pytest.raises(errors.ServiceUnavailable):
            await client.send(READ)

    assert levels(caplog) == [
        ("http.answered", "DEBUG"),
        ("http.retried", "WARNING"),
        ("http.answered", "DEBUG"),
        ("http.failed", "ERROR"),
    ]
    retry = vars(caplog.records[1])
    assert (retry["attempt"], retry["status"], retry["wait"]) == (1, 503, waits[0])
    assert retry["url_template"] == READ.template
    assert vars(caplog.records[3])["duration"] > 0


@pytest.mark.parametrize(
    ("status", "fails"), [(401, True), (403, False), (404, False), (409, False), (412, False)]
)
async def test_the_refusal_of_a_call_is_an_answer_and_that_of_credentials_a_failure(
    status: int,
    fails: bool,  # noqa: FBT001 - a parameter
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="tgiconik")
    client, _ = session(httpx.Response(status))
    async with client:
        with pytest.raises(errors.ClientError):
            await client.send(READ)

    assert [level for _, level in levels(caplog)] == ["DEBUG", *["ERROR"] * fails]
