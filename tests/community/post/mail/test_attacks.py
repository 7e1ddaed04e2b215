"""What happens between two steps of a post office, and what may be found afterwards."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest

from community.post.world import COMPANY, World
from tgiconik.community import Community
from tgiconik.community.archive import export_to
from tgiconik.community.post import PostOffice, Step
from tgiconik.community.post.channel import SendState
from tgiconik.sandbox.mail import Fault, MailServer
from tgiconik.sandbox.mail.receiving import bounce

from .conftest import channel_of
from .mails import BRAND
from .test_office import (
    FILM,
    MIA,
    button,
    comments,
    letter_to,
    reply_to,
    request,
    status,
    write,
)

BOSS, BEN = "boss@gc-pa.test", "media@gc-pb.test"


def lose_uids(server: MailServer) -> None:
    server.mailboxes.renew(BRAND, "INBOX")


def lose_processed(server: MailServer) -> None:
    del server.mailboxes.folders(BRAND)["Processed"]


@pytest.mark.parametrize("lose", [lose_uids, lose_processed])
@pytest.mark.parametrize("is_stored", [True, False])
async def test_mails_are_carried_out_once_whatever_becomes_of_the_folders(
    world: World,
    server: MailServer,
    office: PostOffice,
    lose: Callable[[MailServer], None],
    *,
    is_stored: bool,
) -> None:
    request_id = request(world)
    await office.run_once()
    letter = letter_to(server)
    write(server, reply_to(letter), button(letter, "WITHDRAW", request_id))
    write(server, reply_to(letter), "Re: The film", "Thank you.")
    if is_stored:
        server.faults.append(Fault(command="UID MOVE", kind="drop", times=2))
        assert (await office.run_once()).unavailable
    lose(server)

    for _ in range(3):
        await office.run_once()

    assert status(world, request_id) == "withdrawn"
    assert comments(world, request_id) == ["Thank you."]
    assert server.mails(BRAND) == []
    assert len(server.mails(BRAND, "Processed")) == 2
    assert await office.quarantined() == ()


async def test_letters_go_while_the_folder_of_answers_is_not_there(
    world: World, server: MailServer
) -> None:
    imap = attrs.evolve(server.imap(BRAND), folder="Partners")
    channel = channel_of(server, imap=imap)
    async with PostOffice(
        Community(world.store), COMPANY, channels=[channel], since_change=0
    ) as office:
        request(world)
        report = await office.run_once()

        assert "the folder Partners" in report.unavailable["mail"]
        assert report.needs_attention
        assert len(server.mails(MIA)) == 1


def leave_group(world: World, group: str) -> None:
    path = "DELETE /groups/{groups}/members/{partners}"
    world.call(path, groups=group, partners="GC-PA")


Change = Callable[[World, dict[str, str]], None]
CHANGES: dict[str, Change] = {
    "left the group": lambda world, ids: leave_group(world, ids["group"]),
    "withdrawn": lambda world, ids: world.call(
        "PUT /documents/{documents}/state", {"state": "withdrawn"}, documents=ids["document"]
    ),
    "revoked": lambda world, ids: world.call(
        "PUT /documents/{documents}/deliveries/{partners}",
        {"link": "https://share.test/link-of-a", "state": "revoked"},
        documents=ids["document"],
        partners="GC-PA",
    ),
    "no contact any more": lambda world, _: world.partner(
        "GC-PA", contacts=[{"email": BOSS, "role": "media"}]
    ),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_changes_between_planning_and_sending_is_not_told_as_it_was(
    world: World, server: MailServer, office: PostOffice, change: str
) -> None:
    group = str(world.made["groups"][0]["id"])
    audience = {"groups": [group], "partners": []}
    document = world.add("/documents", {"title": "Film of the group", "audience": audience})
    world.call(
        "PUT /documents/{documents}/deliveries/{partners}",
        {"link": "https://share.test/link-of-a"},
        documents=document["id"],
        partners="GC-PA",
    )
    world.add("/announcements", {"subject": "For members", "body": "…", "audience": audience})
    server.faults.append(Fault(command="MAIL", kind="refuse", answer="451 later", times=100))
    assert (await office.run_once()).count(Step.WRITTEN) >= 2
    assert server.mails(MIA) == []

    CHANGES[change](world, {"group": group, "document": document["id"]})
    server.faults.clear()
    with world.store.whole() as whole:
        whole.execute("UPDATE community_outbox SET due_at = '2026-01-01T00:00:00.000000Z'", {})
    for _ in range(2):
        await office.run_once()

    to_mia = "".join(raw.decode() for raw in server.mails(MIA))
    assert ("For members" in to_mia) is (change in {"withdrawn", "revoked"})
    assert ("link-of-a" in to_mia) is (change == "left the group"), "a delivery is the partner's"
    assert server.mails(BEN), "the other member has its letter"


async def test_whoever_is_erased_gets_no_letter_that_waited_and_can_answer_none(
    world: World, server: MailServer, office: PostOffice
) -> None:
    request_id = request(world)
    await office.run_once()
    letter = letter_to(server)
    server.faults.append(Fault(command="MAIL", kind="refuse", answer="451 later", times=1))
    other = request(world)
    await office.run_once()
    before = len(server.mails(MIA))

    await Community(world.store).erase(MIA)
    with world.store.whole() as whole:
        whole.execute("UPDATE community_outbox SET due_at = '2026-01-01T00:00:00.000000Z'", {})
    write(server, reply_to(letter), button(letter, "WITHDRAW", request_id))
    await office.run_once()

    assert len(server.mails(MIA)) == before
    assert {status(world, one) for one in (request_id, other)} == {"submitted"}
    [kept] = await office.quarantined()
    assert kept.reason == "Its reply token was never given out"
    waiting = [one for one in await office.undelivered() if one.record_id == other]
    assert all(MIA not in str(one) for one in waiting)


async def test_a_colleague_cannot_make_a_contact_bounce(
    world: World, server: MailServer, office: PostOffice
) -> None:
    contacts = [{"email": email, "role": "media"} for email in (MIA, BOSS)]
    world.partner("GC-PA", contacts=contacts)
    request(world)
    await office.run_once()
    mine = letter_to(server, BOSS)
    id_of_mia = re.findall(r"^Message-ID: (\S+)", letter_to(server), re.MULTILINE)[0]
    forged = re.sub(r"(?m)^Message-ID: \S+", f"Message-ID: {id_of_mia}", mine)
    # The boss has letters of that name, and a token of an own letter.
    report = bounce(forged.encode(), recipient=MIA, sender=BRAND)
    server.deliver(report, sender="", recipient=BRAND, is_proven=True)

    await office.run_once()

    assert await office.bounced() == ()
    assert all(one.state != SendState.BOUNCED for one in await office.undelivered())
    [kept] = await office.quarantined()
    assert "nobody knows whether that is so" in kept.reason


# All that passes

INTERNAL, OTHERS_LINK = "internal-secret-5501", "https://share.test/link-of-b-5502"
LINK, PASSWORD = "https://share.test/link-of-a-5503", "password-5504"


class Words(logging.Handler):
    """All that is logged, with every field and every traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{logging.Formatter().format(record)} {vars(record)}")


@pytest.fixture
def words() -> Iterator[Words]:
    handler, logger = Words(), logging.getLogger("tgiconik")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


def live(world: World) -> str:
    """A request with everything that is not for everybody."""
    request_id = request(world)
    for visibility, body in (("internal", INTERNAL), ("partner", "We look into it.")):
        comment = {"body": body, "visibility": visibility}
        world.add("/requests/{requests}/comments", comment, requests=request_id)
    document = world.add("/documents", {"title": "The film", "request_id": request_id})
    for partner_id, link in (("GC-PA", LINK), ("GC-PB", OTHERS_LINK)):
        world.call(
            "PUT /documents/{documents}/deliveries/{partners}",
            {"link": link},
            documents=document["id"],
            partners=partner_id,
        )
    return request_id


async def test_internal_words_links_of_others_and_tokens_are_where_they_belong_alone(
    world: World, server: MailServer, office: PostOffice, words: Words
) -> None:
    said: list[Any] = []
    server.bounce(BEN)
    request_id = live(world)
    said.append(await office.run_once())
    letter = next(one for one in map(bytes.decode, server.mails(MIA)) if "WITHDRAW" in one)
    to, press = reply_to(letter), button(letter, "WITHDRAW", request_id)
    write(server, to, "Re: The film", "Thank you.")
    write(server, to, press, "No longer needed.", sender="eve@evil.test")
    write(server, to, press, "Not proven.", is_proven=False)
    write(server, f"post+wrongtoken5505@{BRAND.partition('@')[2]}", "Re: The film", "Hello")
    server.faults.append(Fault(command="DATA", kind="refuse", answer=f"554 {LINK} refused"))
    world.add("/requests", FILM, by="GC-PA")
    said += [await office.run_once(), await office.run_once(dry_run=True)]
    quarantined = await office.quarantined()
    undelivered = await office.undelivered()
    said += [*quarantined, *undelivered, *await office.bounced()]
    known = [one.id for one in quarantined if one.act is not None]
    said.append(await office.replay(known[0], by="Olga"))
    said.append(await office.discard(known[1], by="Olga", why="no"))
    with world.store.whole() as whole:
        tokens = [row[0] for row in whole.execute("SELECT token FROM community_reply_tokens", {})]
        columns = "name, text, channel, partner, record"
        said += whole.execute(f"SELECT {columns} FROM community_outbox", {})  # noqa: S608
        said += whole.execute("SELECT reason, act, handled_by FROM community_inbox", {})
    activity: list[dict[str, Any]] = world.call("GET /activity")["items"]
    said += [one for one in activity if one["kind"].startswith("post.")]
    assert len(tokens) >= 5
    assert len(quarantined) >= 3
    assert undelivered

    shown = "\n".join([*(f"{one} {one!r}" for one in said), *words.said])
    assert len(words.said) >= 5
    for secret in (INTERNAL, "link-of-a-5503", "link-of-b-5502", server.password, *tokens):
        assert secret not in shown, secret

    mails = {one: "".join(raw.decode() for raw in server.mails(one)) for one in (MIA, BOSS, BEN)}
    for contact, text in mails.items():
        assert INTERNAL not in text
        own = {*re.findall(r"[a-z2-7]{32}", re.sub(r"=\r?\n", "", text))} & {*tokens}
        with world.store.whole() as whole:
            rows = whole.execute("SELECT token, contact FROM community_reply_tokens", {})
        assert {dict(map(tuple, rows))[one] for one in own} <= {contact}
    assert "link-of-a-5503" in re.sub(r"=\r?\n", "", mails[MIA])
    assert "link-of-b-5502" not in re.sub(r"=\r?\n", "", mails[MIA] + mails[BOSS])

    # What partners read by the contract, and what an export has of the post.
    for partner_id, others in (("GC-PA", OTHERS_LINK), ("GC-PB", LINK)):
        for path in ("/requests", "/documents", "/announcements"):
            theirs = json.dumps(world.call(f"GET {path}", by=partner_id))
            assert others not in theirs
            assert not any(token in theirs for token in tokens)
    file = io.BytesIO()
    export_to(world.store, file)
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    kinds = {next(iter(one)) for one in lines if any(token in json.dumps(one) for token in tokens)}
    assert kinds == {"token"}, "the contents of mails are encoded"
