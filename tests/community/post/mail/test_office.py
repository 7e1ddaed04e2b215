"""A post office with an e-mail account: real sockets, and partners who do nothing but write."""

import re
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import anyio

from community.post.world import COMPANY, World
from tgiconik.community.post import MessageState, PostOffice, Step
from tgiconik.community.store.interface import Place
from tgiconik.sandbox.mail import Fault, MailServer

from .mails import BRAND

MIA = "media@gc-pa.test"
FILM = {"kind": "media_request", "subject": "The film", "partner_id": "GC-PA"}


def letter_to(server: MailServer, contact: str = MIA) -> str:
    """The last letter of a contact."""
    return server.mails(contact)[-1].decode()


def reply_to(letter: str) -> str:
    found = re.search(r"^Reply-To: (\S+)", letter, re.MULTILINE)
    assert found is not None
    return found[1]


def write(
    server: MailServer,
    to: str,
    subject: str,
    text: str = "",
    *,
    sender: str = MIA,
    **how: Any,  # noqa: ANN401
) -> None:
    """A mail of a contact, as it comes in."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = how.pop("message_id", f"<{hash((to, subject, text))}@gc-pa.test>")
    mail.set_content(text)
    server.deliver(bytes(mail), sender=sender, recipient=to, **{"is_proven": True} | how)


def status(world: World, request_id: str) -> str:
    with world.store.transaction(COMPANY, write=False) as state:
        record = state.record(Place("requests"), request_id)
    assert record is not None
    return str(record.fields["status"])


def comments(world: World, request_id: str) -> list[str]:
    with world.store.transaction(COMPANY, write=False) as state:
        found = state.walk(Place("comments", f"requests/{request_id}"))
        return [record.fields["body"] for record in found]


def button(letter: str, keyword: str, request_id: str) -> str:
    token = reply_to(letter).partition("+")[2].partition("@")[0]
    return f"{keyword} {request_id} [#{token}]"


def request(world: World) -> str:
    return str(world.add("/requests", FILM, by="GC-PA")["id"])


async def test_a_pressed_button_moves_the_request_once(
    world: World, server: MailServer, office: PostOffice
) -> None:
    request_id = request(world)
    await office.run_once()
    letter = letter_to(server)
    for _ in range(2):  # a mail server delivered it twice
        write(server, reply_to(letter), button(letter, "WITHDRAW", request_id), message_id="<1@x>")

    report = await office.run_once()

    assert status(world, request_id) == "withdrawn"
    assert (report.count(Step.APPLIED), report.in_quarantine) == (1, 0)
    assert server.mails(BRAND) == []
    assert len(server.mails(BRAND, "Processed")) == 2


async def test_a_move_that_is_not_legal_becomes_a_comment(
    world: World, server: MailServer, office: PostOffice
) -> None:
    request_id = request(world)
    await office.run_once()
    letter = letter_to(server)

    write(server, reply_to(letter), button(letter, "CONFIRM", request_id), "Great, thank you.")
    report = await office.run_once()

    assert status(world, request_id) == "submitted"
    assert report.count(Step.COMMENTED) == 1
    assert comments(world, request_id) == ["Great, thank you."]


async def test_what_is_forged_waits_for_an_operator_who_can_carry_it_out(
    world: World, server: MailServer, office: PostOffice
) -> None:
    request_id = request(world)
    await office.run_once()
    letter = letter_to(server)
    press = button(letter, "WITHDRAW", request_id)
    proven = b"Authentication-Results: mx.sandbox; dmarc=pass header.from=gc-pa.test\r\n"
    forged = proven + f"From: {MIA}\r\nTo: {reply_to(letter)}\r\nSubject: {press}\r\n\r\n".encode()
    # Forged below the real one, and from a wrong sender.
    server.deliver(forged, sender=MIA, recipient=reply_to(letter), is_proven=False)
    write(server, reply_to(letter), press, sender="boss@gc-pa.test")

    report = await office.run_once()

    assert status(world, request_id) == "submitted"
    assert report.in_quarantine == 2
    reasons = {message.reason: message.id for message in await office.quarantined()}
    unproven = next(reason for reason in reasons if "DMARC" in reason)
    assert any("boss@gc-pa.test" in reason for reason in reasons)
    await office.replay(reasons[unproven], by="Olga")
    assert status(world, request_id) == "withdrawn"


async def test_words_about_a_delivery_become_a_comment_on_its_request(
    world: World, server: MailServer, office: PostOffice
) -> None:
    request_id = request(world)
    document = world.add("/documents", {"title": "Film", "request_id": request_id})
    world.call(
        "PUT /documents/{documents}/deliveries/{partners}",
        {"link": "https://iconik.test/share/1"},
        documents=document["id"],
        partners="GC-PA",
    )
    await office.run_once()
    letter = next(one for one in map(bytes.decode, server.mails(MIA)) if "ACKNOWLEDGE" in one)

    write(server, reply_to(letter), "Re: Film", "The link does not open.")
    await office.run_once()

    assert comments(world, request_id) == ["The link does not open."]


async def test_words_about_a_document_of_nothing_wait_for_an_operator(
    world: World, server: MailServer, office: PostOffice
) -> None:
    document = world.add("/documents", {"title": "Film"})
    world.call(
        "PUT /documents/{documents}/deliveries/{partners}",
        {"link": "https://iconik.test/share/1"},
        documents=document["id"],
        partners="GC-PA",
    )
    await office.run_once()

    write(server, reply_to(letter_to(server)), "Re: Film", "Thank you.")
    report = await office.run_once()

    assert report.in_quarantine == 1


async def test_a_bounce_marks_the_contact_and_the_letter(
    world: World, server: MailServer, office: PostOffice
) -> None:
    server.bounce(MIA)
    request(world)

    await office.run_once()
    report = await office.run_once()

    assert report.count(Step.BOUNCED) == 1
    (contact,) = await office.bounced()
    assert (contact.email, contact.partner_id) == (MIA, "GC-PA")
    (letter,) = await office.undelivered()
    assert letter.state == "bounced"


async def test_a_refused_recipient_is_marked_while_the_others_have_the_letter(
    world: World, server: MailServer, office: PostOffice
) -> None:
    contacts = [{"email": email, "role": "media"} for email in (MIA, "gone@gc-pa.test")]
    world.partner("GC-PA", contacts=contacts)
    server.refuse("gone@gc-pa.test")
    request(world)

    report = await office.run_once()

    assert (report.count(Step.SENT), report.undelivered) == (1, 0)
    assert [contact.email for contact in await office.bounced()] == ["gone@gc-pa.test"]
    assert len(server.mails(MIA)) == 1


async def test_a_form_is_asked_for_filled_in_and_sent(
    world: World, server: MailServer, office: PostOffice
) -> None:
    write(server, BRAND, "FORM issue")
    await office.run_once()
    assert "Severity" in letter_to(server)

    text = "Kind: issue\nSubject: The logo is old\nSeverity: high\nCategory: branding"
    write(server, BRAND, "New issue", text)
    report = await office.run_once()

    assert report.count(Step.APPLIED) == 1
    with world.store.transaction(COMPANY, write=False) as state:
        (issue,) = state.walk(Place("issues"))
    assert (issue.written_by, issue.fields["severity"]) == ("GC-PA", "high")


async def test_a_bomb_of_ten_thousand_mails_is_taken_in_parts_and_letters_still_go(
    world: World, server: MailServer, office_of: Callable[..., PostOffice]
) -> None:
    async with office_of(messages_per_pass=20, since_change=0) as office:
        await office.run_once()
        for number in range(10_000):
            server.put(BRAND, f"From: eve{number}@evil.test\r\n\r\n{number}".encode())
        request(world)

        report = await office.run_once()

    assert (report.count(Step.COLLECTED), report.in_quarantine) == (20, 20)
    assert report.count(Step.SENT) == 1
    assert len(server.mails(BRAND)) == 9_980


async def test_a_connection_that_is_cut_between_store_and_acknowledge_doubles_nothing(
    world: World, server: MailServer, office: PostOffice
) -> None:
    request_id = request(world)
    await office.run_once()
    write(server, reply_to(letter_to(server)), "Re: The film", "Thank you.")
    server.faults.append(Fault(command="UID MOVE", kind="drop", times=2))

    first = await office.run_once()
    assert first.unavailable
    assert len(server.mails(BRAND)) == 1
    await office.run_once()

    assert comments(world, request_id) == ["Thank you."]
    assert server.mails(BRAND) == []


async def test_two_offices_on_one_account_carry_out_each_mail_once(
    world: World, server: MailServer, office_of: Callable[..., PostOffice]
) -> None:
    async with office_of() as first, office_of() as second:
        await first.run_once()
        request_id = request(world)
        await first.run_once()
        to = reply_to(letter_to(server))
        for number in range(10):
            write(server, to, "Re: The film", f"Comment {number}")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first.run_once)
            tasks.start_soon(second.run_once)
        await first.run_once()

    assert sorted(comments(world, request_id)) == [f"Comment {number}" for number in range(10)]
    assert server.mails(BRAND) == []


async def test_a_mail_that_is_too_large_is_seen_by_an_operator(
    server: MailServer, office: PostOffice
) -> None:
    write(server, BRAND, "Files", "x" * 11 * 1024 * 1024)

    await office.run_once()

    (message,) = await office.quarantined()
    assert message.state == MessageState.QUARANTINED
    assert "too large" in message.reason


async def test_an_automatic_answer_is_a_note_and_no_answer(
    world: World, server: MailServer, office: PostOffice
) -> None:
    request_id = request(world)
    await office.run_once()
    away = EmailMessage()
    away["From"], away["To"] = MIA, reply_to(letter_to(server))
    away["Auto-Submitted"] = "auto-replied"
    away.set_content("I am away.")
    before = len(server.mails(MIA))
    server.deliver(bytes(away), sender="", recipient=away["To"], is_proven=True)

    report = await office.run_once()

    assert report.count(Step.NOTED) == 1
    assert comments(world, request_id) == []
    assert len(server.mails(MIA)) == before
