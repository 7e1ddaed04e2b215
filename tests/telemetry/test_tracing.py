"""Spans: one per run and call, one trace from a cause to the last write; none without the API."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from tgiconik import Retry, errors, telemetry
from tgiconik._http import Links, Session, build
from tgiconik.sandbox import Sandbox, credentials
from tgiconik.workflows import distribute_approved_asset, fulfill_media_request

from .conftest import Spans

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
READ = build("GET", "/v1/assets/{}/", "a-1", query={"token": "hush-hush"})


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with closing(Sandbox()) as sandbox:
        yield sandbox


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def answering(*answers: httpx.Response) -> httpx.AsyncBaseTransport:
    ahead = iter(answers)
    return httpx.MockTransport(lambda _: next(ahead))


def session(*answers: httpx.Response) -> Session:
    retry = Retry(attempts=3, base=0.001)
    return Session("https://iconik.test:8443", retry=retry, transport=answering(*answers))


def shown(spans: Spans) -> str:
    """Everything of all spans."""
    return "".join(span.to_json() for span in spans.all())


async def test_a_call_is_a_span_with_its_template_and_status(spans: Spans) -> None:
    async with session(httpx.Response(200, json={})) as client:
        await client.send(READ)

    span = spans.named("GET /v1/assets/{id}/")
    assert span.kind is SpanKind.CLIENT
    assert attributes(span) == {
        "http.request.method": "GET",
        "url.template": "/v1/assets/{id}/",
        "server.address": "iconik.test",
        "server.port": 8443,
        "http.response.status_code": 200,
    }
    assert "hush-hush" not in shown(spans)
    assert "a-1" not in shown(spans)


async def test_a_retry_is_an_event_of_the_call_s_span(spans: Spans) -> None:
    async with session(httpx.Response(503), httpx.Response(200, json={})) as client:
        await client.send(READ)

    (span,) = spans.all()
    (event,) = span.events
    assert event.name == "retry"
    assert (event.attributes or {})["tgiconik.attempt"] == 1
    assert (event.attributes or {})["error.type"] == "ServiceUnavailable"
    assert span.status.status_code is StatusCode.UNSET


async def test_a_refused_call_marks_its_span_as_failed(spans: Spans) -> None:
    async with session(httpx.Response(404, text="hush-hush")) as client:
        with pytest.raises(errors.NotFound):
            await client.send(READ)

    (span,) = spans.all()
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)["error.type"] == "NotFound"
    assert attributes(span)["http.response.status_code"] == 404
    assert "hush-hush" not in shown(spans)


async def test_a_storage_is_named_by_its_host(spans: Spans) -> None:
    link = "https://storage.test/secret-path/film.mp4?signature=hush-hush"
    async with Links(transport=answering(httpx.Response(200), httpx.Response(200))) as links:
        await links.send("PUT", link, body=b"x")
        async with links.fetch(link):
            pass

    names = [span.name for span in spans.all()]
    assert names == [f"{method} https://storage.test/{{object}}" for method in ("PUT", "GET")]
    assert {attributes(span)["http.response.status_code"] for span in spans.all()} == {200}
    assert "hush-hush" not in shown(spans)
    assert "secret-path" not in shown(spans)


async def test_a_run_and_all_of_its_calls_are_one_trace(sandbox: Sandbox, spans: Spans) -> None:
    async with sandbox.clients() as (grid, iconik):
        await fulfill_media_request(grid, iconik, "REQ-1042", policy=sandbox.policy())

    run = spans.named("fulfill_media_request")
    assert attributes(run)["tgiconik.subject"] == "REQ-1042"
    assert attributes(run)["tgiconik.dry_run"] is False
    assert run.kind is SpanKind.INTERNAL
    assert run.parent is None
    assert {span.context.trace_id for span in spans.all()} == {run.context.trace_id}
    calls = [span.name for span in spans.all()]
    assert "POST /community/v1/companies/{id}/requests/{id}/comments" in calls


async def test_tasks_of_a_run_belong_to_its_trace(sandbox: Sandbox, spans: Spans) -> None:
    from tgiconik.sandbox import world

    async with sandbox.clients() as (grid, iconik):
        asset_id = world.asset_id("film-de")
        await distribute_approved_asset(grid, iconik, asset_id, policy=sandbox.policy())

    run = spans.named("distribute_approved_asset")
    assert len(spans.all()) > 10
    assert {span.context.trace_id for span in spans.all()} == {run.context.trace_id}


async def test_a_trace_goes_on_from_what_was_stored_with_a_cause(
    sandbox: Sandbox, spans: Spans
) -> None:
    with telemetry.run("receive_webhook"):
        stored = telemetry.current_traceparent()
    async with sandbox.clients() as (grid, iconik):
        with telemetry.continue_trace(stored):
            await fulfill_media_request(grid, iconik, "REQ-1042", policy=sandbox.policy())

    cause, run = spans.named("receive_webhook"), spans.named("fulfill_media_request")
    assert run.parent is not None
    assert run.parent.span_id == cause.context.span_id
    assert {span.context.trace_id for span in spans.all()} == {cause.context.trace_id}


async def test_no_credential_and_no_link_is_in_any_span(sandbox: Sandbox, spans: Spans) -> None:
    async with sandbox.clients() as (grid, iconik):
        await fulfill_media_request(grid, iconik, "REQ-1042", policy=sandbox.policy())

    secrets = (credentials.AUTH_TOKEN, credentials.CLIENT_SECRET, "/share/", "signature=")
    assert [secret for secret in secrets if secret in shown(spans)] == []


async def test_a_failed_run_is_marked_by_the_type_of_its_error_alone(spans: Spans) -> None:
    with pytest.raises(ValueError, match="hush-hush"), telemetry.run("archive"):
        raise ValueError("hush-hush")

    span = spans.named("archive")
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)["error.type"] == "ValueError"
    assert span.events == ()
    assert "hush-hush" not in shown(spans)


def test_failures_in_the_result_mark_the_run_as_incomplete(spans: Spans) -> None:
    with telemetry.run("archive") as active:
        active.failures = ["GC1: late"]

    span = spans.named("archive")
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)["error.type"] == "incomplete"
    assert attributes(span)["tgiconik.failures"] == 1


@pytest.mark.usefixtures("spans")
def test_a_traceparent_survives_as_text() -> None:
    with telemetry.continue_trace(PARENT):
        assert telemetry.current_traceparent() == PARENT
    assert telemetry.current_traceparent() is None


@pytest.mark.usefixtures("spans")
@given(st.none() | st.text() | st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-0[01]"))
def test_what_is_no_traceparent_begins_a_trace(text: str | None) -> None:
    with telemetry.continue_trace(text):
        told = telemetry.current_traceparent()
    assert told is None or (text is not None and told[2:] == text[2:].strip())


@pytest.mark.usefixtures("spans")
@pytest.mark.parametrize(
    "text",
    [
        "",
        PARENT.upper(),
        f"{PARENT}\n",
        f" {PARENT}",
        f"{PARENT}-00",
        f"ff{PARENT[2:]}",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
    ],
)
def test_a_bad_traceparent_is_ignored(text: str) -> None:
    with telemetry.continue_trace(text):
        assert telemetry.current_traceparent() is None


PROGRAM = """
import sys
{before}
import asyncio
from contextlib import closing
from tgiconik import telemetry
from tgiconik.sandbox import Sandbox
from tgiconik.workflows import fulfill_media_request


async def main(sandbox):
    with telemetry.continue_trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
        async with sandbox.clients() as (grid, iconik):
            done = await fulfill_media_request(grid, iconik, "REQ-1042", policy=sandbox.policy())
        return done.status, telemetry.current_traceparent()


with closing(Sandbox()) as sandbox:
    print(*asyncio.run(main(sandbox)))
"""


def result_of(before: str) -> str:
    """The last line of a process of its own, because what is installed is looked up once."""
    command = [sys.executable, "-c", PROGRAM.format(before=before)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - ours


def test_nothing_is_traced_where_the_api_is_not_installed() -> None:
    assert result_of("sys.modules['opentelemetry'] = None") == "fulfilled None"


def test_a_trace_is_carried_where_the_api_is_installed_without_the_sdk() -> None:
    assert result_of("sys.modules['opentelemetry.sdk'] = None") == f"fulfilled {PARENT}"


def test_opentelemetry_is_not_loaded_by_making_clients() -> None:
    program = (
        "import sys\n"
        "from tgiconik import IconikClient, telemetry\n"
        "IconikClient('https://iconik.test', 'id', 'token')\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert done.stdout.strip() == "[]"


async def test_hooks_run_within_the_span_of_their_call(spans: Spans) -> None:
    seen: list[str] = []
    client = Session(
        "https://iconik.test",
        transport=answering(httpx.Response(200, json={})),
        on_response=lambda _: seen.append((telemetry.current_traceparent() or "")[:-3]),
    )
    async with client:
        await client.send(READ)

    (span,) = spans.all()
    assert seen == [f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}"]


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_concurrent_calls_are_siblings(spans: Spans) -> None:
    client = session(*[httpx.Response(200, json={}) for _ in range(3)])
    async with client:
        with telemetry.run("three"):
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(client.send, READ)

    run = spans.named("three")
    parents = [span.parent and span.parent.span_id for span in spans.all() if span is not run]
    assert parents == [run.context.span_id] * 3
