"""The sandbox delivers events to webhooks over sockets, and only to this machine."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from sandbox.iconik.world import FILM, HEADERS, POSTER, VIEW, Clock, fill
from tgiconik import errors
from tgiconik.sandbox import Sandbox, credentials
from tgiconik.sandbox.iconik import event_query
from tgiconik.sandbox.iconik.request import SYSTEM_DOMAIN_ID
from tgiconik.sandbox.iconik.seed import CURRENT_USER

WEBHOOKS = "/API/notifications/v1/webhooks/"
SECRET = {"X-Webhook-Secret": "a-secret-of-32-visible-characters"}


class Server(ThreadingHTTPServer):
    """Keeps what it is sent, and answers with the statuses that it is given."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.statuses: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/iconik?a=b"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.events.append(json.loads(body))
        self.server.headers.append(dict(self.headers) | {"target": self.path})
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


async def define(http: httpx.AsyncClient, url: str, **fields: object) -> str:
    body = {"event_type": "assets", "status": "ENABLED", "url": url, **fields}
    made = await http.post(WEBHOOKS, json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def retitle(http: httpx.AsyncClient, title: str = "New") -> None:
    answer = await http.patch(f"/API/assets/v1/assets/{FILM}/", json={"title": title})
    assert answer.status_code == 200


def told(server: Server) -> list[tuple[str, str, str]]:
    return [(one["event_type"], one["realm"], one["operation"]) for one in server.events]


async def test_an_event_has_the_shape_that_iconik_sends(
    sandbox: Sandbox, http: httpx.AsyncClient, server: Server
) -> None:
    await define(http, server.url, headers=SECRET)
    await retitle(http)
    sandbox.webhooks.settle()

    (event,) = server.events
    assert set(event) == {
        "system_domain_id",
        "event_type",
        "object_id",
        "user_id",
        "realm",
        "operation",
        "data",
        "request_id",
    }
    assert (event["object_id"], event["data"]["title"]) == (FILM, "New")
    assert (event["system_domain_id"], event["user_id"]) == (SYSTEM_DOMAIN_ID, CURRENT_USER)
    (headers,) = server.headers
    assert headers["X-Webhook-Secret"] == SECRET["X-Webhook-Secret"]
    assert (headers["Content-Type"], headers["target"]) == ("application/json", "/iconik?a=b")


APPROVAL = f"/API/assets/v1/assets/{FILM}/approvals/"
SHARE = {
    "allow_approving_comments": False,
    "allow_comments": False,
    "allow_download": False,
    "allow_setting_approve_status": False,
}


@pytest.mark.parametrize(
    "call",
    [
        ("POST /API/assets/v1/assets/", {"title": "A"}, ("entity", "create")),
        (f"DELETE /API/assets/v1/assets/{FILM}/", None, ("entity", "delete")),
        (f"PUT {APPROVAL}", {"status": "APPROVED"}, ("approvals", "update")),
        (
            f"PUT /API/metadata/v1/assets/{FILM}/views/{VIEW}/",
            {"metadata_values": {"Rating": {"field_values": [{"value": 16}]}}},
            ("metadata", "update"),
        ),
        (f"POST /API/assets/v1/assets/{FILM}/shares/url/", SHARE, ("shares", "create")),
        (
            f"POST /API/assets/v1/assets/{FILM}/segments/",
            {"segment_type": "COMMENT", "segment_text": "Nice"},
            ("segments", "create"),
        ),
        (f"POST /API/assets/v1/assets/{FILM}/versions/", {}, ("entity", "update")),
    ],
)
async def test_a_change_of_an_asset_sends_an_event(
    sandbox: Sandbox,
    http: httpx.AsyncClient,
    server: Server,
    call: tuple[str, object, tuple[str, str]],
) -> None:
    request, body, expected = call
    method, path = request.split()
    await define(http, server.url)
    answer = await http.request(method, path, json=body)
    assert answer.is_success, answer.text
    sandbox.webhooks.settle()

    assert told(server) == [("assets", *expected)]


async def test_a_deleted_asset_is_restored_and_purged(
    sandbox: Sandbox, http: httpx.AsyncClient, server: Server
) -> None:
    await define(http, server.url)
    one = f"/API/assets/v1/assets/{FILM}/"
    await http.delete(one)
    await http.put(f"{one}restore/")
    await http.delete(one)
    await http.delete(f"{one}purge/")
    sandbox.webhooks.settle()

    operations = [event["operation"] for event in server.events if event["realm"] == "entity"]
    assert operations == ["delete", "restore", "delete", "purge"]


async def test_of_contents_the_object_is_the_member_and_of_shares_the_share(
    sandbox: Sandbox, http: httpx.AsyncClient, server: Server
) -> None:
    await define(http, server.url)
    await define(http, server.url, event_type="collections", realm="contents")
    made = (await http.post("/API/assets/v1/collections/", json={"title": "C"})).json()
    member = {"object_id": POSTER, "object_type": "assets"}
    await http.post(f"/API/assets/v1/collections/{made['id']}/contents/", json=member)
    share = await http.post(f"/API/assets/v1/assets/{FILM}/shares/url/", json=SHARE)
    sandbox.webhooks.settle()

    contents, shared = server.events
    assert (contents["object_id"], contents["data"]["collection_id"]) == (POSTER, made["id"])
    assert (shared["object_id"], shared["data"]["object_id"]) == (share.json()["id"], FILM)
    assert {"url", "users", "password"}.isdisjoint(shared["data"])


@pytest.mark.parametrize(
    "fields",
    [
        {"event_type": "collections"},
        {"realm": "metadata"},
        {"operation": "create"},
        {"object_id": POSTER},
        {"status": "DISABLED"},
        {"status": "FAILING"},
        {"query": 'data.title="Old"'},
        {"query": "data.title ="},  # cannot be read
    ],
)
async def test_events_that_a_definition_does_not_ask_for_are_not_sent(
    sandbox: Sandbox, http: httpx.AsyncClient, server: Server, fields: dict[str, str]
) -> None:
    await define(http, server.url, **fields)
    await define(http, server.url, object_id=FILM, realm="entity", query='data.title="New"')
    await retitle(http)
    sandbox.webhooks.settle()

    assert len(server.events) == 1


async def test_a_request_that_is_refused_sends_nothing(
    sandbox: Sandbox, http: httpx.AsyncClient, server: Server
) -> None:
    await define(http, server.url)
    body = {"object_type": "assets", "object_ids": [FILM, VIEW], "status": "APPROVED"}
    refused = await http.post("/API/assets/v1/approvals/bulk/", json=body)
    await http.get(f"/API/assets/v1/assets/{FILM}/")
    sandbox.webhooks.settle()

    assert (refused.status_code, server.events) == (404, [])


async def test_a_deleted_definition_gets_nothing(
    sandbox: Sandbox, http: httpx.AsyncClient, server: Server
) -> None:
    id_ = await define(http, server.url)
    await http.delete(f"{WEBHOOKS}{id_}/")
    await retitle(http)
    sandbox.webhooks.settle()

    assert server.events == []


async def test_without_definitions_nothing_is_recorded_and_no_thread_runs(
    sandbox: Sandbox, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(sandbox.state.store, "recorded", fail)
    await retitle(http)

    assert not any(thread.name == "webhooks" for thread in threading.enumerate())


async def test_events_come_twice_and_out_of_order_where_it_is_told(
    sandbox: Sandbox, http: httpx.AsyncClient, server: Server
) -> None:
    sandbox.webhooks.repeats = 1
    sandbox.webhooks.delay = 0.05
    sandbox.webhooks.jitter = 0.3
    await define(http, server.url)
    titles = [f"Title {n}" for n in range(10)]
    for title in titles:
        await retitle(http, title)
    assert server.events == []
    sandbox.webhooks.settle()

    came = [event["data"]["title"] for event in server.events]
    assert sorted(came) == sorted(titles * 2)
    assert came != sorted(came)


async def test_what_fails_is_sent_again_and_a_definition_that_keeps_failing_is_failing(
    sandbox: Sandbox, http: httpx.AsyncClient, server: Server, clock: Clock
) -> None:
    sandbox.webhooks.retries = (0.01, 0.01)
    id_ = await define(http, server.url, headers=SECRET)
    server.statuses = [500, 404]
    await retitle(http)
    sandbox.webhooks.settle()
    assert (await http.get(f"{WEBHOOKS}{id_}/")).json()["status"] == "ENABLED"
    assert [one.status for one in sandbox.webhooks.deliveries] == [500, 404, 204]

    server.statuses = [503, 503, 503]
    await retitle(http, "Failed")
    sandbox.webhooks.settle()
    found = (await http.get(f"{WEBHOOKS}{id_}/")).json()
    assert (found["status"], found["last_error"]) == ("FAILING", "answered 503")
    assert json.loads(found["last_payload"])["data"]["title"] == "Failed"
    assert found["first_failed_at"] == clock.moment.isoformat()
    assert SECRET["X-Webhook-Secret"] not in found["last_payload"]

    before = len(server.events)
    await retitle(http, "Not sent")
    sandbox.webhooks.settle()
    assert len(server.events) == before

    body = {"event_type": "assets", "status": "ENABLED", "url": server.url}
    await http.put(f"{WEBHOOKS}{id_}/", json=body)
    await retitle(http, "Sent")
    sandbox.webhooks.settle()
    assert server.events[-1]["data"]["title"] == "Sent"


async def test_attempts_fail_where_it_is_told(
    sandbox: Sandbox, http: httpx.AsyncClient, server: Server
) -> None:
    sandbox.webhooks.failures = 2
    sandbox.webhooks.retries = (0.01, 0.01)
    await define(http, server.url)
    await retitle(http)
    sandbox.webhooks.settle()

    assert [one.attempt for one in sandbox.webhooks.deliveries] == [1, 2, 3]
    assert len(server.events) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://media.example/iconik",
        "http://192.0.2.1/",
        "http://0.0.0.0/",
        "http://127.0.0.1.media.example/",
        "http://2130706433/",
        "http://[::ffff:192.0.2.1]/",
        "http://127.0.0.1@media.example/",
        "ftp://127.0.0.1/",
        "nonsense",
    ],
)
async def test_no_other_machine_is_called_or_looked_up(
    sandbox: Sandbox, http: httpx.AsyncClient, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError(url)

    monkeypatch.setattr(socket, "create_connection", fail)
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    sandbox.webhooks.retries = ()
    await define(http, url)
    await retitle(http)
    sandbox.webhooks.settle()

    (done,) = sandbox.webhooks.deliveries
    assert done.status is None
    assert done.error is not None


async def test_a_host_that_is_named_is_called(
    clock: Clock, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = socket.create_connection
    called: list[Any] = []

    def redirect(address: Any, *args: Any, **options: Any) -> socket.socket:  # noqa: ANN401 - any
        called.append(address)
        return connect(("127.0.0.1", server.server_address[1]), *args, **options)

    monkeypatch.setattr(socket, "create_connection", redirect)
    sandbox = Sandbox(now=clock, world=False, webhook_hosts=["Media.Test"])
    fill(sandbox)
    transport = httpx.ASGITransport(sandbox.app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers=HEADERS
    ) as client:
        await define(client, "http://media.test:8080/iconik")
        await retitle(client)
        sandbox.webhooks.settle()
    sandbox.close()

    assert (called, len(server.events)) == ([("media.test", 8080)], 1)


def test_hosts_are_several() -> None:
    with pytest.raises(errors.ConfigurationError, match="webhook_hosts"):
        Sandbox(world=False, webhook_hosts="media.test")


async def test_closing_gives_up_what_waits(
    http: httpx.AsyncClient, sandbox: Sandbox, server: Server
) -> None:
    sandbox.webhooks.delay = 60
    await define(http, server.url)
    await retitle(http)
    with pytest.raises(TimeoutError, match="1 webhooks"):
        sandbox.webhooks.settle(0.01)
    sandbox.webhooks.close()

    assert server.events == []


async def test_events_say_who_did_it(
    sandbox: Sandbox, http: httpx.AsyncClient, server: Server
) -> None:
    from tgiconik.sandbox.iconik.seed import COLLEAGUE

    await define(http, server.url)
    headers = HEADERS | {"Auth-Token": credentials.user_token(COLLEAGUE)}
    path = f"/API/assets/v1/assets/{FILM}/"
    await http.patch(path, json={"title": "New"}, headers=headers)
    sandbox.webhooks.settle()

    assert server.events[0]["user_id"] == COLLEAGUE


EVENT = {
    "operation": "update",
    "realm": "files",
    "data": {"is_archived": False, "size": 7, "name": "film.mp4", "parent": None},
}


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ('operation="update"', True),
        ("operation=update", True),
        ("operation!=update", False),
        ("data.is_archived=false AND data.size>0", True),
        ("data.is_archived=true OR data.size>=7", True),
        ("data.size<7", False),
        ("data.size<=7", True),
        ("data.parent=null", True),
        ("data.name=/film\\.mp4$/", True),
        ("data.name!=/^film/", False),
        ("data.missing>3", False),
        ("data.missing!=3", True),
        ("data.name>3", False),
        ("(realm=files OR realm=acls) and operation=update", True),
        ("realm=acls OR realm=files AND operation=create", False),
        ('data.name="a \\"quoted\\" name"', False),
    ],
)
def test_a_query_holds_of_an_event(query: str, holds: bool) -> None:  # noqa: FBT001 - a case
    assert event_query.parse(query)(EVENT) is holds


@pytest.mark.parametrize(
    "query",
    ["=", "a", "a=", "a=1 AND", "(a=1", "a=1)", "a=/(/", 'a="open', "a=1 b=2", "(" * 50 + "a=1"],
)
def test_a_query_that_cannot_be_read_is_an_error(query: str) -> None:
    with pytest.raises(ValueError, match=r"quer|regular"):
        event_query.parse(query)
