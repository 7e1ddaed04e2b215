"""Letters by e-mail on the sandbox's page: what their rows say, what opens, and who answers."""

import logging
import math
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tgiconik.community import Community
from tgiconik.community.post import PostOffice
from tgiconik.community.post.mail import MailChannel
from tgiconik.community.post.mail.reading import bodies
from tgiconik.sandbox import Sandbox, credentials, page, world
from tgiconik.sandbox.mail import MailServer
from tgiconik.workflows import fulfill_media_request

BRAND, JANA, EVE = "media@brand.example", "media@nordlicht.example", "eve@evil.example"
NOW = "/sandbox/now"
DELIVERY, STATUS = "delivery about deliveries/", "status about requests/"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setattr(page, "_SHARE_OF_TIME", math.inf)
    monkeypatch.setattr(page, "_NOW_AND_THEN", 0.0)
    made = Sandbox()
    yield made
    made.close()


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[MailServer]:
    with sandbox.mail_server() as server:
        yield server


@pytest.fixture
async def office(sandbox: Sandbox, server: MailServer) -> AsyncIterator[PostOffice]:
    """The brand's post office; it has looked once."""
    channel = MailChannel(smtp=server.smtp(BRAND), imap=server.imap(BRAND), sender=BRAND)
    community = Community(sandbox.state.community)
    async with PostOffice(community, credentials.COMPANY_ID, channels=[channel]) as office:
        await office.run_once()
        yield office


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def rows(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    """The rows of mails, the newest first."""
    sections = (await http.get(NOW)).json()["sides"]["grid"]
    found: list[dict[str, Any]] = next(s for s in sections if s["name"] == "mails")["rows"]
    return found


async def fulfill(sandbox: Sandbox, office: PostOffice) -> None:
    """A request is fulfilled, and its partner is told."""
    async with sandbox.clients() as (grid, iconik):
        await fulfill_media_request(grid, iconik, "REQ-1042", policy=world.policy())
    await office.run_once()


def row_of(found: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (row,) = [one for one in found if any(fact.startswith(kind) for fact in one["facts"])]
    return row


async def test_a_letter_is_shown_with_whom_it_went_to_and_what_it_is_about(
    sandbox: Sandbox, office: PostOffice, http: httpx.AsyncClient
) -> None:
    assert await rows(http) == []
    await fulfill(sandbox, office)

    row = row_of(await rows(http), DELIVERY)
    assert (row["state"], row["tone"], row["parts"]) == ("delivered", "good", [])
    assert f"{BRAND} to {JANA}" in row["facts"]
    assert row["reads"]


async def test_an_answer_is_below_its_letter_with_what_became_of_it(
    sandbox: Sandbox, server: MailServer, office: PostOffice, http: httpx.AsyncClient
) -> None:
    await fulfill(sandbox, office)
    jana = server.user(JANA, "Jana Vogt")
    jana.answer("May we show it outside, too?")
    jana.press("CONFIRM")
    [letter] = [one for one in await rows(http) if one["parts"]]
    assert letter["state"] == "answered"
    assert [part["state"] for part in letter["parts"]] == ["delivered", "delivered"]

    await office.run_once()

    [letter] = [one for one in await rows(http) if one["parts"]]
    assert [part["state"] for part in letter["parts"]] == ["applied", "applied"]
    assert letter["parts"][1]["title"].endswith("[#…]")
    async with sandbox.clients() as (grid, _):
        assert (await grid.community.requests.get("REQ-1042")).status == "confirmed"


async def test_what_is_in_quarantine_says_who_wrote_it_and_why(
    server: MailServer, office: PostOffice, http: httpx.AsyncClient
) -> None:
    forged = f"From: {JANA}\r\nTo: {BRAND}\r\nSubject: WITHDRAW REQ-1042\r\n\r\n"
    server.deliver(forged.encode(), sender=EVE, recipient=BRAND, is_proven=False)
    await office.run_once()

    [row] = await rows(http)
    assert (row["state"], row["tone"]) == ("quarantined", "bad")
    assert {f"{JANA} to {BRAND}", f"sent by {EVE}", "DMARC fails"} <= set(row["facts"])
    [message] = await office.quarantined()
    assert message.reason in row["facts"]

    await office.discard(message.id, by="Robin", why="forged")
    [row] = await rows(http)
    assert row["state"] == "discarded"
    assert "by Robin" in row["facts"]


async def test_a_letter_that_bounces_or_is_refused_says_so(
    sandbox: Sandbox, server: MailServer, office: PostOffice, http: httpx.AsyncClient
) -> None:
    server.bounce(JANA)
    await fulfill(sandbox, office)
    row = row_of(await rows(http), DELIVERY)
    assert (row["state"], row["tone"]) == ("bounced", "bad")
    assert "550 5.1.1 user unknown" in row["facts"]
    assert [part["title"] for part in row["parts"]] == ["Undelivered Mail Returned to Sender"]
    await office.run_once()
    row = row_of(await rows(http), DELIVERY)
    assert [part["state"] for part in row["parts"]] == ["noted"]


async def test_a_refused_recipient_is_shown_though_no_mail_was_sent(
    sandbox: Sandbox, server: MailServer, office: PostOffice, http: httpx.AsyncClient
) -> None:
    server.refuse(JANA)
    await fulfill(sandbox, office)

    refused = [one for one in await rows(http) if one["state"] == "refused"]
    assert refused
    assert refused[0]["reads"] is None
    assert "550 5.1.1 no such user here" in refused[0]["facts"]


async def test_a_letter_that_was_sent_twice_is_one_row(
    sandbox: Sandbox, server: MailServer, office: PostOffice, http: httpx.AsyncClient
) -> None:
    await fulfill(sandbox, office)
    letters = server.mails(JANA)
    # The server had the mail, and the post office did not get to know.
    server.send(BRAND, [JANA], letters[0])
    shown = await rows(http)

    assert len(shown) == len(letters)
    assert [one["title"] for one in shown if "2 times" in one["facts"]] == [shown[-1]["title"]]


async def test_different_mails_under_one_message_id_are_all_shown(
    server: MailServer, http: httpx.AsyncClient
) -> None:
    for text in (b"one", b"other"):
        server.put(BRAND, b"Message-ID: <1@evil.example>\r\nSubject: " + text + b"\r\n\r\n")

    assert [one["title"] for one in await rows(http)] == ["other", "one"]


async def test_no_token_and_no_link_is_told_until_a_letter_is_opened(
    sandbox: Sandbox, server: MailServer, office: PostOffice, http: httpx.AsyncClient
) -> None:
    await fulfill(sandbox, office)
    server.user(JANA).press("CONFIRM")
    number = row_of(await rows(http), DELIVERY)["reads"]
    told = (await http.get(NOW)).text
    letters = server.mails(JANA)
    tokens = {one for raw in letters for one in re.findall(r"\+([\w-]{8,})@", raw.decode())}
    links = {one for raw in letters for one in re.findall(r"http://\S+/share/[\w-]+", text_of(raw))}

    assert len(tokens) == len(letters)
    assert [one for one in tokens if one.lower() in told.lower()] == []
    [link] = links
    assert link not in told

    opened = (await http.get(f"/sandbox/mails/{number}")).json()
    assert link in opened["text"]
    assert [one for one in tokens if one in opened["text"]]


def text_of(raw: bytes) -> str:
    return bodies(raw)[0]


async def test_a_letter_is_answered_on_the_page_as_its_partner(
    sandbox: Sandbox, office: PostOffice, http: httpx.AsyncClient
) -> None:
    await fulfill(sandbox, office)
    number = row_of(await rows(http), STATUS)["reads"]
    opened = (await http.get(f"/sandbox/mails/{number}")).json()
    assert opened["can_answer"]
    assert "CONFIRM" in opened["buttons"]

    answers = f"/sandbox/mails/{number}/answers"
    assert (await http.post(answers, json={"text": "Thank you."})).status_code == 204
    assert (await http.post(answers, json={"keyword": "CONFIRM"})).status_code == 204
    await office.run_once()

    async with sandbox.clients() as (grid, _):
        comments = [one.body async for one in grid.community.requests.comments("REQ-1042")]
        assert "Thank you." in comments
        assert (await grid.community.requests.get("REQ-1042")).status == "confirmed"


async def test_answers_are_taken_from_the_page_alone_and_only_as_they_should_be(
    sandbox: Sandbox, server: MailServer, office: PostOffice, http: httpx.AsyncClient
) -> None:
    await fulfill(sandbox, office)
    number = row_of(await rows(http), STATUS)["reads"]
    before = len(server.passed.all())
    answers = f"/sandbox/mails/{number}/answers"

    form = {"keyword": "CONFIRM", "text": ""}
    assert (await http.post(answers, data=form)).status_code == 415
    plain = await http.post(answers, content=b"{}", headers={"Content-Type": "text/plain"})
    assert plain.status_code == 415
    for nonsense in (b"", b"[]", b"[" * 100_000, b'{"text": 1}', b'{"keyword": null}'):
        refused = await http.post(answers, content=nonsense, headers=JSON)
        assert refused.status_code == 400
    assert (await http.post(answers, json={"text": "x" * 20_001})).status_code == 400
    assert (await http.post(answers, json={"keyword": "REJOICE"})).status_code == 409
    assert (await http.post("/sandbox/mails/9999/answers", json={})).status_code == 404
    assert (await http.get(answers)).status_code == 405
    assert len(server.passed.all()) == before


async def test_without_its_server_a_letter_can_be_read_and_not_answered(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    with sandbox.mail_server() as server:
        server.user(BRAND).send(JANA, "Hello", "How are you?")
    [row] = await rows(http)
    opened = (await http.get(f"/sandbox/mails/{row['reads']}")).json()

    assert opened["text"] == "How are you?\n"
    assert not opened["can_answer"]
    answers = f"/sandbox/mails/{row['reads']}/answers"
    assert (await http.post(answers, json={"text": "Well."})).status_code == 409


HOSTILE = (
    b"From: =?utf-8?b?%%?= <eve@evil.example>, x\r\nTo: \xff\xfe\r\nReply-To: ;;,@\r\n"
    b"X-Tgiconik-Letter: x\r\nMessage-ID: <\r\nSubject: =?x?q?=00?= <script>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/html; charset=nope\r\n\r\n"
    b'<LINK rel=preconnect href=//evil.example><meta http-equiv=refresh content="0;url=//evil">'
    b"<base href=//evil.example><IFrame src=//evil.example>"
    b"<script>alert(1)</script><img src=//evil.example/x>"
)


@pytest.mark.parametrize("raw", [b"", b"\0", b"Subject", b"\r\n\r\n", HOSTILE])
async def test_whatever_a_mail_is_it_is_listed_and_opened(
    server: MailServer, http: httpx.AsyncClient, raw: bytes
) -> None:
    server.put(JANA, raw + b" ")
    [row] = await rows(http)
    opened = await http.get(f"/sandbox/mails/{row['reads']}")
    answered = await http.post(f"/sandbox/mails/{row['reads']}/answers", json={"text": "x"})

    assert opened.status_code == 200
    assert answered.status_code == 409


async def test_a_mails_own_page_can_do_nothing(server: MailServer, http: httpx.AsyncClient) -> None:
    server.put(JANA, HOSTILE)
    [row] = await rows(http)
    answer = await http.get(f"/sandbox/mails/{row['reads']}/page")

    rules = [one.strip() for one in answer.headers["Content-Security-Policy"].split(";")]
    assert {"default-src 'none'", "sandbox", "form-action 'none'"} <= set(rules)
    assert not [one for one in rules if one.startswith("script-src")]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert re.findall(r"<(?:link|meta|base|iframe)\b", answer.text, re.IGNORECASE) == ["<meta"]


async def test_requests_for_mails_are_no_calls(
    sandbox: Sandbox, server: MailServer, http: httpx.AsyncClient
) -> None:
    server.put(JANA, b"Subject: Hello\r\n\r\nHello")
    await http.get("/sandbox/mails/1")
    await http.get("/sandbox/mails/1/page")
    assert (await http.get("/sandbox/mails/2")).status_code == 404

    assert (await http.get(NOW)).json()["calls"] == []
    assert sandbox.writes == []


async def test_nothing_that_passes_is_logged_with_its_token_or_link(
    sandbox: Sandbox,
    server: MailServer,
    office: PostOffice,
    http: httpx.AsyncClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    await fulfill(sandbox, office)
    number = row_of(await rows(http), STATUS)["reads"]
    await http.get(f"/sandbox/mails/{number}")
    await http.post(f"/sandbox/mails/{number}/answers", json={"keyword": "CONFIRM"})
    await office.run_once()

    letters = b"".join(server.mails(JANA)).decode()
    secrets = {*re.findall(r"\+([\w-]{8,})@", letters), *re.findall(r"/share/([\w-]{36})", letters)}
    assert len(secrets) == 4
    said = [one.getMessage() for one in caplog.records]
    assert said
    assert [one for one in said if any(secret in one for secret in secrets)] == []
