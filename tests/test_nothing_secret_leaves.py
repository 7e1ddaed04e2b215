"""Whatever can leave the process has no secret in it: one canary for each kind, everywhere.

A platform that repeats all that it was sent, in its messages, ids, types and headers, is called
through every public entry point, on both engines. What comes of it is searched for each canary:
errors, their tracebacks with local variables, their pickles, and the logs at their most talkative.
"""

import asyncio
import inspect
import json
import logging
import pickle
import traceback
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik._http import Links, Pages, Retry
from tgiconik._secrets import Secret
from tgiconik.iconik.models.assets import ShareURLCreateInput
from tgiconik.iconik.services import SERVICES
from tgiconik.iconik.webhooks import HEADER, read_action, read_event, webhook
from tgiconik.tradinggrid.collaboration import CommentInput, DeliveryInput

CANARIES = {
    "iconik's token": "canary-auth-token-4711",
    "client secret": "canary-client-sécret/4712",
    "bearer token": "canary-bearer-token-4713",
    "password": "canary-password-4714",
    "header": "canary-header-4715",
    "id in a path": "canary-reset-hash-4716",
    "share link": "canary-share-4717",
    "signature": "canary-signature-4718",
    "upload token": "canary-upload-token-4719",
    "webhook secret": "canary-webhook-4720",
    "token of an action": "canary-action-4721",
}
SHARE = f"https://media.example/share/{CANARIES['share link']}"
BODY = {"title": "t", "password": CANARIES["password"], "note": f"look at {SHARE}."}
ENCODED = b64encode(f"client:{CANARIES['client secret']}".encode()).decode()


def echo(status: int, head: str, body: str) -> bytes:
    """An answer that repeats the request in all places that are shown."""
    first = next((value for value in CANARIES.values() if value in head + body), "none")
    said = json.dumps(
        {
            "errors" if status > 299 else "unknown": [head, {"body": body}],
            "type" if status > 299 else "kind": f"https://problems.example/{first}?of={first}",
            "url": f"{SHARE}?sig={CANARIES['signature']}",
            "date_created": first,
            "created_at": first,
            "objects": [{"date_created": body}],
            "next_url": SHARE,
        }
    ).encode()
    lines = [
        f"HTTP/1.1 {status} Said",
        "Content-Type: application/json",
        f"X-Request-Id: {first}",
        f"Location: https://media.example/log-in?upload_id={CANARIES['signature']}",
        f"Content-Length: {len(said)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + said


@asynccontextmanager
async def platform(status: int) -> AsyncIterator[str]:
    """A server that repeats; its token endpoint answers with the bearer token."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
                lengths = [
                    int(line.partition(":")[2])
                    for line in head.lower().splitlines()
                    if line.startswith("content-length:")
                ]
                body = (await reader.readexactly(sum(lengths))).decode("utf-8", "replace")
                if "/oauth2/" in head and status != 401:
                    token = json.dumps({"access_token": CANARIES["bearer token"]}).encode()
                    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(token) + token
                else:
                    answer = echo(status, head, body)
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def everything(error: BaseException) -> str:
    """All that anybody can see of an error, but for what this file's own frames hold."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    found = [str(error), repr(error), repr(vars(error)), str(pickle.dumps(error))]
    seen: set[int] = set()
    ahead: list[traceback.TracebackException | None] = [told]
    while ahead:
        one = ahead.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        found += [str(one), *(str(frame.locals) for frame in one.stack if is_ours(frame))]
        ahead += [one.__cause__, None if one.__suppress_context__ else one.__context__]
    return "".join(found)


def is_ours(frame: traceback.FrameSummary) -> bool:
    return Path(frame.filename) != Path(__file__)


def leaks(text: str) -> list[str]:
    written = {**CANARIES, "client secret, encoded": ENCODED}
    return [
        kind
        for kind, canary in written.items()
        if any(one in text for one in (canary, json.dumps(canary)[1:-1]))
    ]


def of_result(result: object) -> str:
    """What is shown of an answer: of JSON that nobody describes nothing, it is as it came.

    Nor does this platform say the truth: it writes credentials into fields of another meaning.
    """
    shown = "" if isinstance(result, dict | list | str) else repr(result)
    for kind in ("iconik's token", "password"):
        shown = shown.replace(CANARIES[kind], "")
    return shown


def operations(iconik: IconikClient) -> Iterator[tuple[str, Callable[[], Awaitable[Any]]]]:
    """Every operation of iconik's services, with a body, ids and headers that are secret."""
    for name in SERVICES:
        service = getattr(iconik, name)
        for method, function in inspect.getmembers(type(service), inspect.isfunction):
            if not method.startswith("_") and function.__module__.endswith(f"services.{name}"):
                yield f"{name}.{method}", partial(call, service, method, function)


async def call(service: object, method: str, function: Callable[..., Any]) -> object:
    given: dict[str, Any] = {}
    ids = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "self":
            continue
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            ids.append(Secret(CANARIES["id in a path"]))
        elif name in {"body", "content"}:
            given[name] = BODY if name == "body" else json.dumps(BODY).encode()
        elif parameter.default is parameter.empty:
            given[name] = "x"
    result = getattr(service, method)(*ids, **given)
    return await (anext(aiter(result)) if isinstance(result, Pages) else result)


def raw_calls(
    iconik: IconikClient, grid: TradingGridClient, links: Links, base: str
) -> Iterator[tuple[str, Callable[[], Awaitable[Any]]]]:
    """The entry points that are written by hand."""
    secret = {"X-Api-Key": CANARIES["header"]}
    signed = f"{base}/media?X-Amz-Signature={CANARIES['signature']}"
    upload = {"Authorization": CANARIES["upload token"]}
    share = ShareURLCreateInput(title="t", password=CANARIES["password"])
    yield "request", lambda: iconik.request("POST", "/API/x/", json=BODY, headers=secret)
    yield "query", lambda: iconik.request("GET", "/API/a", query={"token": CANARIES["header"]})
    yield "share", lambda: iconik.assets.create_object_share_url("assets", "a", body=share)
    yield "grid.request", lambda: grid.request("PUT", "/x", json=BODY, headers=secret)
    yield "companies", grid.companies.get
    yield "partners", lambda: anext(aiter(grid.partners.list()))
    yield "lens", lambda: grid.lens.query("{ a }")
    yield "search", grid.lens.search
    yield "request of a partner", lambda: grid.community.requests.get("REQ-1")
    comment = CommentInput(body=BODY["note"], links=[SHARE])
    delivery = DeliveryInput(key="k", link=SHARE)
    yield "comment", lambda: grid.community.requests.comment("REQ-1", comment)
    yield "delivery", lambda: grid.community.deliveries.put("d", "p", delivery, if_match=None)
    yield "link", lambda: links.send("PUT", signed, headers=upload, body=b"x")
    yield "odd link", lambda: links.send("PUT", signed.replace("127.0.0.1", "[bad"), body=b"x")
    yield "plain link", lambda: links.send("PUT", f"http://far.example/?sig={signed[-30:]}")
    yield "fetch", lambda: fetched(links, signed)


async def fetched(links: Links, url: str) -> None:
    async with links.fetch(url) as stream:
        await stream.answer()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("engine", ["httpx", "aiohttp"])
@pytest.mark.parametrize("status", [200, 202, 302, 401, 422, 503])
async def test_no_canary_leaves_through_any_entry_point(
    engine: Any,  # noqa: ANN401 - one of the names of engines
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.INFO)
    once = Retry(attempts=1)
    found: dict[str, list[str]] = {}
    failures = 0
    async with (
        platform(status) as base,
        IconikClient(
            base, "app", CANARIES["iconik's token"], engine=engine, retry=once, rate=None
        ) as iconik,
        TradingGridClient(
            base, "client", CANARIES["client secret"], "GC1", engine=engine, retry=once
        ) as grid,
        Links(engine=engine) as links,
    ):
        # All of iconik's operations where it matters most; elsewhere those written by hand.
        generated = operations(iconik) if status in {200, 422} else ()
        for name, act in (*generated, *raw_calls(iconik, grid, links, base)):
            try:
                shown = of_result(await act())
            except errors.TgIconikError as error:
                shown = everything(error)
                failures += 1
            except StopAsyncIteration:
                shown = ""
            if leaked := leaks(shown):
                found[name] = leaked
    assert found == {}
    assert failures
    assert leaks(caplog.text) == []


def test_no_canary_leaves_with_what_iconik_sends() -> None:
    secret, token = CANARIES["webhook secret"], CANARIES["token of an action"]
    body = json.dumps({"auth_token": token, "action_id": "a"}).encode()
    shown = [repr(webhook("https://m.example/x", secret, event_type="assets"))]
    action = read_action(body, {HEADER: secret}, secret=secret)
    shown += [repr(action), str(pickle.dumps(action)), str(action.body)]
    acts: list[Callable[[], object]] = [
        lambda: read_event(body, {HEADER: "wrong"}, secret=secret),
        lambda: read_event(body, {HEADER: secret}, secret=secret),
        lambda: read_action(b"{", {HEADER: secret}, secret=secret),
        lambda: read_action(body, {}, secret=secret[:9]),
        lambda: webhook("http://m.example/x", secret, event_type="assets"),
        lambda: webhook("https://m.example/x", secret[:9], event_type="assets"),
    ]
    for act in acts:
        with pytest.raises(errors.TgIconikError) as raised:
            act()
        shown.append(everything(raised.value))

    assert leaks("".join(shown)) == []


@pytest.mark.parametrize("bad", ["\udcff", "\n", " "], ids=["half a character", "line", "blank"])
def test_no_canary_leaves_a_client_that_cannot_be_made(bad: str) -> None:
    token, secret = CANARIES["iconik's token"] + bad, CANARIES["client secret"] + bad
    acts: list[Callable[[], object]] = [
        lambda: IconikClient("https://i.example", "app", token),
        lambda: TradingGridClient("https://g.example", "id", secret, "GC1"),
    ]
    for act in acts:
        with pytest.raises(errors.ConfigurationError) as raised:
            act()
        assert leaks(everything(raised.value)) == []


def test_a_secret_is_text_that_is_not_shown() -> None:
    secret = Secret(CANARIES["password"])

    assert secret == CANARIES["password"]
    assert leaks(f"{[secret]!r} {ShareURLCreateInput(password=secret)!r}") == []
    assert json.loads(json.dumps([secret])) == [CANARIES["password"]]
