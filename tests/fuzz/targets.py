"""What reads bytes that somebody else made. Whatever they are, each ends with an error of its own.

A target takes bytes and returns, or lets out what must not come out.
"""

import atexit
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import anyio
import attrs
from starlette.types import Message, Scope

from tgiconik import errors
from tgiconik._http import Answer, build
from tgiconik._http._message import problem
from tgiconik._models import DecodeError, decode, parse_time, unstructure
from tgiconik.community.partner_import import partner_csv, read_partner_csv
from tgiconik.community.post.mail.forms import filled
from tgiconik.community.post.mail.judging import Account, Known, judge, tokens_of
from tgiconik.community.post.mail.reading import identity
from tgiconik.community.post.mail.reading import read as read_mail
from tgiconik.community.post.mailbox.message import (
    UnreadableMessageError,
    read_message,
    write_message,
)
from tgiconik.iconik.metadata import MetadataValues
from tgiconik.iconik.metadata import _read as read_metadata
from tgiconik.iconik.models import assets, files, jobs, notifications, search
from tgiconik.iconik.transfer._names import checked_name, safe_name
from tgiconik.iconik.webhooks import ALREADY_AUTHENTICATED, read_action, read_event
from tgiconik.partner.letters import UnreadableLetterError, read_letter
from tgiconik.release import AssetFacts, Purpose, Recipient, ReleasePolicy, decide
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.grid.lens import search_box
from tgiconik.sandbox.grid.lens.errors import LensError
from tgiconik.sandbox.grid.lens.parse import parse as parse_graphql
from tgiconik.tradinggrid import collaboration
from tgiconik.tradinggrid._decode import read
from tgiconik.tradinggrid.community_management import Company, DirectoryPartner, User
from tgiconik.tradinggrid.lens.client import _read as read_transactions

NOW: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)


@attrs.frozen
class Target:
    """Something that reads.

    Attributes:
        name: what it is.
        takes: reads; returns or raises.
        seeds: what it is meant to read.
    """

    name: str
    takes: Callable[[bytes], object]
    seeds: tuple[bytes, ...]


_MAILS: Final = tuple(
    "\r\n".join(lines).encode()
    for lines in (
        (
            "Authentication-Results: mx; dmarc=pass (p=none) header.from=a.b",
            "From: Mia <mia@a.b>",
            "To: post+abcdefgh@c.d",
            "Subject: =?utf-8?q?Re=3A?= CONFIRM REQ-1 [#abcdefgh]",
            "Content-Type: text/html; charset=iso-8859-1",
            "Content-Transfer-Encoding: quoted-printable",
            "",
            "<p>Thank=20you<blockquote>no</blockquote></p>",
        ),
        (
            "Return-Path: <>",
            "Content-Type: multipart/report; report-type=delivery-status; boundary=B",
            "",
            "--B",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; x",
            "",
            "Final-Recipient: rfc822; mia@a.b",
            "Action: failed",
            "",
            "--B",
            "Content-Type: message/rfc822",
            "",
            "Message-ID: <1.0123456789abcdef@c.d>",
            "",
            "--B--",
        ),
        ("From: mia@a.b", "", "Kind: issue", "Subject: x", "Severity: high", "Wanted by: 1.2.2026"),
    )
)


@contextmanager
def _refusing(*allowed: type[Exception]) -> Iterator[None]:
    try:
        yield
    except allowed as error:
        # What is said of it must be sayable.
        str(error).encode()


def _answer(data: bytes) -> Answer:
    return Answer(
        call=build("GET", "/x"),
        url="https://iconik.test/x",
        status=200,
        headers={"content-type": "application/json"},
        content=data,
    )


def _mail(data: bytes) -> None:
    """A mail is never refused: whatever it is, it is judged."""
    identity(data)
    account = Account(address="post@c.d", domain="c.d", authserv_id="mx", largest=1000)
    found = read_mail(data)
    judge(found, Known(tokens=dict.fromkeys(tokens_of(found, account))), account, at=NOW)
    filled(found.text)


def _refusal(data: bytes) -> None:
    status = 400 + data[0] if data else 500
    answer = attrs.evolve(_answer(data[1:]), status=status, headers={"retry-after": str(data[:9])})
    error = problem(answer, at=NOW)
    if error is not None:
        str(error).encode()
        assert len(str(error)) < 10_000


def _json(data: bytes) -> None:
    with _refusing(errors.UnreadableResponse):
        _answer(data).json()


def _model(into: type[Any]) -> Callable[[bytes], None]:
    def takes(data: bytes) -> None:
        with _refusing(DecodeError):
            value = decode(data, into)
            repr(value).encode()
            # By their text: NaN, which Python reads where JSON has none, is not equal to itself.
            assert repr(decode(json.dumps(unstructure(value)).encode(), into)) == repr(value)

    return takes


def _record(into: type[Any], *, lenient: bool = False) -> Callable[[bytes], None]:
    def takes(data: bytes) -> None:
        with _refusing(DecodeError, errors.UnreadableResponse):
            repr(read(into, _answer(data).json(), lenient=lenient)).encode()

    return takes


def _transactions(data: bytes) -> None:
    with _refusing(errors.UnreadableResponse, errors.GraphQLError):
        read_transactions(_answer(data))


def _webhook(data: bytes) -> None:
    for reads in (read_event, read_action):
        with _refusing(errors.WebhookRefused):
            repr(reads(data, {}, secret=ALREADY_AUTHENTICATED)).encode()


def _text(takes: Callable[[str], object], *allowed: type[Exception]) -> Callable[[bytes], None]:
    def decoded(data: bytes) -> None:
        with _refusing(*allowed):
            takes(data.decode(errors="replace"))

    return decoded


def _name(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    name = safe_name(text)
    assert name not in {"", ".", ".."}
    assert not set(name) & set("/\\\0")
    assert len(name.encode("utf-8", "surrogatepass")) <= 255
    with _refusing(errors.ConfigurationError):
        checked_name(text)


def _metadata(data: bytes) -> None:
    """Metadata of an asset, as far as the decision over it: it may say no, and must say."""
    with _refusing(errors.UnreadableResponse):
        told = _answer(data).json()
        if not isinstance(told, dict):
            return
        facts = AssetFacts(
            asset_id="a",
            title="A",
            version_id="v",
            status="ACTIVE",
            approval_status="APPROVED",
            approval_version_id="v",
            approved_by=frozenset({"u"}),
            metadata=MetadataValues(read_metadata(told)),
            read_at=NOW,
        )
        recipient = Recipient(company_id="GC1", regions=("DE",), languages=("de",))
        decision = decide(world.policy(), facts, recipient, Purpose(), NOW)
        assert decision.allowed or decision.reasons
        str(decision).encode()


@cache
def _sandbox() -> Sandbox:
    sandbox = Sandbox()
    atexit.register(sandbox.close)
    return sandbox


@cache
def _seen() -> Mapping[str, tuple[bytes, ...]]:
    """What the sandbox answers."""
    iconik, grid = "/API", f"/TGCommunityServices/v1/companies/{credentials.COMPANY_ID}"
    asset = f"{iconik}/assets/v1/assets/{world.asset_id('film-de')}"
    community = f"/community/v1/companies/{credentials.COMPANY_ID}"

    async def ask() -> dict[str, tuple[bytes, ...]]:
        async with _sandbox().clients() as (trading_grid, media):

            async def of(client: Any, path: str, **more: Any) -> tuple[bytes, ...]:  # noqa: ANN401 - either client
                answer = await client.request("POST" if more else "GET", path, **more)
                return (json.dumps(answer).encode(),)

            return {
                "asset": await of(media, f"{asset}/"),
                "shares": await of(media, f"{asset}/shares/"),
                "history": await of(media, f"{asset}/history/"),
                "files": await of(media, f"{asset.replace('/assets/v1', '/files/v1')}/files/"),
                "jobs": await of(media, f"{iconik}/jobs/v1/jobs/"),
                "hits": await of(media, f"{iconik}/search/v1/search/", json={"query": "launch"}),
                "company": await of(trading_grid, grid),
                "request": await of(trading_grid, f"{community}/requests/REQ-1042"),
                "issue": await of(trading_grid, f"{community}/issues/ISS-7"),
            }

    return anyio.run(ask)


def _ask(path: str) -> Callable[[bytes], None]:
    """A call to the sandbox with these bytes as its body: refused or not, never out of order."""

    def takes(data: bytes) -> None:
        token = {"App-ID": credentials.APP_ID, "Auth-Token": credentials.AUTH_TOKEN}
        sent = [(name.lower().encode(), value.encode()) for name, value in token.items()]
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [*sent, (b"content-type", b"application/json"), (b"host", b"localhost")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        statuses: list[int] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message: Message) -> None:
            statuses.append(message.get("status", 0))

        async def call() -> None:
            await _sandbox().app(scope, receive, send)

        anyio.run(call)
        assert 200 <= statuses[0] < 500, statuses

    return takes


def _partners(data: bytes) -> None:
    with _refusing(errors.InvalidPartnerFile):
        profiles = read_partner_csv(data)
        assert read_partner_csv(partner_csv(profiles)) == profiles


def _message(data: bytes) -> None:
    with _refusing(UnreadableMessageError):
        message = read_message(data)
        assert read_message(write_message(message)) == message


def _letter(data: bytes) -> None:
    with _refusing(UnreadableLetterError):
        read_letter(data, company_id="GC0", partner_id="GC1")


def targets() -> list[Target]:
    """All of them."""
    seen = _seen()
    event = b'{"event_type":"assets","realm":"shares","object_id":"s","data":{"object_id":"a"}}'
    action = b'{"action_id":"x","asset_ids":["a"],"date_created":"2024-10-02T17:06:00"}'
    query = (
        b'{ getTransactions(query: {count: 5 query: "SYS* AND 850"}) { transactions { status } } }'
    )
    transactions = b'{"data":{"getTransactions":{"count":1,"transactions":[{"status":"F"}]}}}'
    box = b'(status:F OR meta.errorcode:*) AND -"orders 850.edi" NOT x?y*'
    policy = b'require_approval = true\nlink_lifetime = "14d"\nusages = ["in-store"]\n'
    values = b'{"Regions":{"field_values":[{"value":"DE"}]},"EmbargoUntil":{"field_values":[]}}'
    criteria = b'{"doc_types":["assets"],"query":"spring*","filter":{"operator":"AND","terms":[{"name":"status","value":"ACTIVE"}]},"sort":[{"name":"date_created","order":"desc"}]}'  # noqa: E501 - JSON
    partners = (
        b'BUID;name;e-mail;regions;groups\nGC1;"Alpin";eva@alpin.example;DE|AT;\'=a\nGC1;;;"CH;";\n'
    )
    message = (
        b'{"format":"tgiconik-message","version":"1.0","id":"MSG-00000000000000000000000000000001",'
        b'"company_id":"GC0","partner_id":"GC1","at":"2026-03-01T12:00:00Z","kind":"move",'
        b'"about":{"noun":"requests","id":"R"},"body":{"status":"confirmed","note":"x"}}'
    )
    letter = (
        b'{"format":"tgiconik-letter","version":"1.0","id":"LTR-00000000000000000000000000000001",'
        b'"kind":"status","company_id":"GC0","partner_id":"GC1","about":{"noun":"requests","id":"R",'
        b'"above":null,"revision":2},"at":"2026-03-01T12:00:00Z","language":"en","subject":"s",'
        b'"text":"t","actions":["confirm"],"details":{}}'
    )
    return [
        Target("message of a partner", _message, (message,)),
        Target("letter to a partner", _letter, (letter,)),
        Target("answer", _json, (b'{"a":[1,2.5,null,"x"]}',)),
        Target(
            "refusal", _refusal, (b"\x04" + b'{"errors":["no such asset"]}', b'\x1d{"title":1}')
        ),
        Target("asset", _model(assets.Asset), seen["asset"]),
        Target("share", _model(assets.Shares), seen["shares"]),
        Target("history", _model(assets.AssetHistoryEntities), seen["history"]),
        Target("hits", _model(search.SearchDocumentsResponse), seen["hits"]),
        Target("files", _model(files.Files), seen["files"]),
        Target("jobs", _model(jobs.Jobs), seen["jobs"]),
        Target("webhook definition", _model(notifications.Webhook), (event,)),
        Target("request", _record(collaboration.Request), seen["request"]),
        Target("issue", _record(collaboration.Issue), seen["issue"]),
        Target("company", _record(Company, lenient=True), seen["company"]),
        Target("partner", _record(DirectoryPartner, lenient=True), seen["company"]),
        Target("user", _record(User, lenient=True), (b'{"userId":"u","loginId":"a@b.test"}',)),
        Target("transactions", _transactions, (transactions,)),
        Target("webhook", _webhook, (event, action)),
        Target("GraphQL", _text(parse_graphql, LensError), (query,)),
        Target("search box", _text(search_box.parse, LensError), (box,)),
        Target("search", _ask("/API/search/v1/search/"), (criteria,)),
        Target("asset to make", _ask("/API/assets/v1/assets/"), (b'{"title":"x"}',)),
        Target("time", _text(parse_time, ValueError), (b"2024-10-02T17:06:00.314064+00:00",)),
        Target("file name", _name, (b"../Film (1).mp4", b"CON.txt", "Prüfung.mov".encode())),
        Target("policy", _text(ReleasePolicy.from_toml, errors.ConfigurationError), (policy,)),
        Target("metadata", _metadata, (values,)),
        Target("partners", _partners, (partners,)),
        Target("mail", _mail, _MAILS),
    ]
