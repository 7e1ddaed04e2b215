"""Letters go by SMTP over real sockets, whatever the server does."""

import email
import ssl
from collections.abc import Awaitable, Callable
from email import policy
from email.message import EmailMessage
from urllib.parse import unquote

import attrs
import pytest
import trustme

from tgiconik import errors
from tgiconik.community.post.channel import AnswerWith, Outgoing, SendState
from tgiconik.community.post.mail import ImapSettings, MailChannel, Security, SmtpSettings
from tgiconik.sandbox.mail import Fault, MailServer

from .conftest import channel_of
from .mails import BRAND, MIA, NAME, TOKEN
from .wire import CutWire

BOB = "bob@other.example"
MakeLetter = Callable[..., Outgoing]


def read(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, EmailMessage, policy=policy.default)


async def test_a_letter_arrives_with_buttons_of_its_recipients_own(
    server: MailServer, channel: MailChannel, letter: MakeLetter
) -> None:
    sent = await channel.send(letter(MIA, BOB))

    assert (sent.name, sent.state, sent.refused) == (NAME, SendState.SENT, ())
    (mia,), (bob,) = map(server.mails, (MIA, BOB))
    mail = read(mia)
    text, page = (part.get_content() for part in mail.iter_parts())
    assert mail["From"] == BRAND
    assert mail["To"] == f"Mia Läng <{MIA}>"
    assert mail["Reply-To"] == f"post+{TOKEN}0@brand.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    for said in (text, page):
        assert f"WITHDRAW REQ-100001 [#{TOKEN}0]" in unquote(said)
        assert f"mailto:post+{TOKEN}0@brand.example?subject=" in unquote(said)
    assert f"{TOKEN}1".encode() not in mia
    assert f"{TOKEN}0".encode() not in bob
    assert mail["Message-ID"] != read(bob)["Message-ID"]
    assert mail["References"].startswith("<thread-")


async def test_a_letter_that_is_sent_again_has_the_same_message_id(
    server: MailServer, letter: MakeLetter
) -> None:
    for _ in range(2):
        async with channel_of(server) as channel:
            await channel.send(letter())

    first, second = map(read, server.mails(MIA))
    assert first["Message-ID"] == second["Message-ID"]


async def test_where_sub_addresses_do_not_arrive_the_token_is_in_the_subject(
    server: MailServer, letter: MakeLetter
) -> None:
    async with channel_of(server, sub_addressing=False) as channel:
        await channel.send(letter())

    mail = read(server.mails(MIA)[0])
    assert mail["Reply-To"] == BRAND
    assert mail["Subject"].endswith(f"[#{TOKEN}0]")


async def test_without_a_mailbox_one_mail_goes_to_all_and_has_no_buttons(
    server: MailServer, letter: MakeLetter
) -> None:
    async with channel_of(server, imap=None) as channel:
        assert not channel.uses_tokens
        await channel.send(letter(MIA, BOB))
        assert [one async for one in channel.collect()] == []

    (mail,) = map(read, server.mails(MIA))
    assert BOB in mail["To"]
    assert mail["Reply-To"] is None
    assert "mailto:" not in str(mail)


async def test_a_recipient_who_is_refused_keeps_no_other_from_the_letter(
    server: MailServer, channel: MailChannel, letter: MakeLetter
) -> None:
    server.refuse(BOB)

    sent = await channel.send(letter(MIA, BOB))

    assert sent.state == SendState.SENT
    assert sent.refused == (BOB,)
    assert "550 5.1.1 no such user here" in sent.text
    assert len(server.mails(MIA)) == 1


async def test_in_one_mail_for_all_a_refused_recipient_is_told(
    server: MailServer, letter: MakeLetter
) -> None:
    server.refuse(BOB)
    async with channel_of(server, imap=None) as channel:
        sent = await channel.send(letter(MIA, BOB))

    assert sent.refused == (BOB,)
    assert len(server.mails(MIA)) == 1


async def test_a_letter_that_all_recipients_are_refused_of_does_not_go(
    server: MailServer, channel: MailChannel, letter: MakeLetter
) -> None:
    server.refuse(MIA, f"550 5.1.1 <{MIA}> see https://evil.example/token/x1")

    with pytest.raises(errors.PostError) as raised:
        await channel.send(letter())

    assert type(raised.value) is errors.PostError
    assert "550 5.1.1" in str(raised.value)
    assert MIA not in str(raised.value)
    assert "x1" not in str(raised.value)
    # The connection is good for the next one.
    await channel.send(letter(BOB, name="next"))


async def test_a_server_that_repeats_what_it_reads_puts_no_token_into_an_error(
    server: MailServer, channel: MailChannel, letter: MakeLetter
) -> None:
    server.faults.append(Fault(command="DATA", kind="refuse", answer=f"554 spam: post+{TOKEN}0@x"))

    with pytest.raises(errors.PostError) as raised:
        await channel.send(letter())

    assert "554 spam" in str(raised.value)
    assert TOKEN not in str(raised.value)


async def test_a_letter_without_recipients_does_not_go(
    channel: MailChannel, letter: MakeLetter
) -> None:
    outgoing = letter()
    nobody = attrs.evolve(outgoing, letter=attrs.evolve(outgoing.letter, recipients=()))

    with pytest.raises(errors.PostError, match="no recipient"):
        await channel.send(nobody)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(command="MAIL", kind="refuse", answer="451 4.3.0 later"), errors.PostUnavailable),
        (Fault(command="RCPT", kind="refuse", answer="450 4.2.0 greylist"), errors.PostUnavailable),
        (Fault(command="DATA", kind="refuse", answer="452 4.3.1 full"), errors.PostUnavailable),
        (Fault(command="MAIL", kind="refuse", answer="552 5.3.4 too large"), errors.PostError),
        (Fault(command="DATA", kind="refuse", answer="554 5.7.1 spam"), errors.PostError),
        (Fault(command="MAIL", kind="drop"), errors.PostUnavailable),
        (Fault(command="RCPT", kind="drop"), errors.PostUnavailable),
        (Fault(command="DATA", kind="drop"), errors.PostUnavailable),
        (Fault(command="DATA", kind="drop_after"), errors.PostUnavailable),
    ],
)  # fmt: skip
async def test_what_may_go_later_is_told_from_what_will_not(
    server: MailServer,
    channel: MailChannel,
    letter: MakeLetter,
    fault: Fault,
    kind: type[errors.PostError],
) -> None:
    server.faults.append(fault)

    with pytest.raises(errors.PostError) as raised:
        await channel.send(letter())

    assert type(raised.value) is kind
    assert f"127.0.0.1:{server.port('smtp')}" in str(raised.value)
    sent = await channel.send(letter())
    assert sent.state == SendState.SENT
    # At most repeated, and then recognisable.
    assert len({read(raw)["Message-ID"] for raw in server.mails(MIA)}) == 1


async def test_who_has_the_letter_does_not_get_it_again_because_of_others(
    server: MailServer, channel: MailChannel, letter: MakeLetter
) -> None:
    server.faults.append(Fault(command="RCPT", kind="refuse", answer="450 4.2.0 later", skip=1))
    with pytest.raises(errors.PostUnavailable):
        await channel.send(letter(MIA, BOB))

    await channel.send(letter(MIA, BOB))
    assert [len(server.mails(one)) for one in (MIA, BOB)] == [1, 1]

    # An operator who sends it again means it.
    await channel.send(letter(MIA, BOB))
    assert [len(server.mails(one)) for one in (MIA, BOB)] == [2, 2]


async def test_a_connection_that_was_closed_meanwhile_is_opened_again(
    server: MailServer, letter: MakeLetter
) -> None:
    async with CutWire(server.port("smtp"), after=100_000) as wire:
        smtp = attrs.evolve(server.smtp(BRAND), port=wire.port)
        async with channel_of(server, smtp=smtp) as channel:
            await channel.send(letter())
            for end in [*wire._ends]:
                end.close()
            await channel.send(letter(name="next"))

    assert len(server.mails(MIA)) == 2


async def test_cut_after_any_byte_a_letter_is_sent_or_told_as_unsent(
    server: MailServer, letter: MakeLetter
) -> None:
    cuts = 0
    for after in range(0, 6_000, 211):
        async with CutWire(server.port("smtp"), after) as wire:
            smtp = attrs.evolve(server.smtp(BRAND), port=wire.port, timeout=10)
            async with channel_of(server, smtp=smtp) as channel:
                before = len(server.mails(MIA))
                try:
                    await channel.send(letter())
                except errors.PostUnavailable:
                    cuts += 1
                    await channel.send(letter())
                assert before < len(server.mails(MIA)) <= before + 2

    assert cuts > 10
    assert len({read(raw)["Message-ID"] for raw in server.mails(MIA)}) == 1


async def test_a_form_is_sent_to_who_asked_for_it(server: MailServer, channel: MailChannel) -> None:
    answer = AnswerWith(partner_id="GC-PA", contact=MIA, form="issue_de")

    await channel.send_form(answer, name="form-1")

    mail = read(server.mails(MIA)[0])
    assert mail["Subject"] == "Formular: Mangel"
    assert mail["Reply-To"] == BRAND
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    with pytest.raises(errors.PostError, match="there is no form order"):
        await channel.send_form(attrs.evolve(answer, form="order"), name="form-2")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_tls(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_an_encrypted_connection_is_verified(
    authority: trustme.CA, letter: MakeLetter
) -> None:
    trusted = client_tls(authority)
    async with MailServer(tls=server_tls(authority)) as server:
        smtp = attrs.evolve(server.smtp(BRAND), certificates=trusted)
        imap = attrs.evolve(server.imap(BRAND), certificates=trusted)
        async with channel_of(server, smtp=smtp, imap=imap) as channel:
            await channel.check()
            await channel.send(letter())
            server.put(BRAND, b"From: x@y\r\n\r\n")
            assert len([one async for one in channel.collect()]) == 1


@pytest.mark.parametrize("protocol", ["smtp", "imap"])
@pytest.mark.parametrize("problem", ["another authority", "another name"])
async def test_a_certificate_that_is_not_trusted_ends_the_connection(
    authority: trustme.CA, letter: MakeLetter, protocol: str, problem: str
) -> None:
    trusted = client_tls(authority)
    right = server_tls(authority)
    wrong = (
        server_tls(trustme.CA()) if problem == "another authority" else server_tls(authority, "x.y")
    )
    del right
    async with MailServer(tls=wrong) as server, MailServer() as plain:
        smtp: SmtpSettings = plain.smtp(BRAND)
        imap: ImapSettings = plain.imap(BRAND)
        if protocol == "smtp":
            smtp = attrs.evolve(server.smtp(BRAND), certificates=trusted)
        else:
            imap = attrs.evolve(server.imap(BRAND), certificates=trusted)
        async with MailChannel(smtp=smtp, imap=imap, sender=BRAND) as channel:
            with pytest.raises(errors.ConfigurationError, match="no certificate that is trusted"):
                await channel.check()
            if protocol == "smtp":
                with pytest.raises(errors.PostUnavailable):
                    await channel.send(letter())
                assert plain.mails(MIA) == server.mails(MIA) == []
            else:
                with pytest.raises(errors.PostUnavailable):
                    [one async for one in channel.collect()]


async def test_a_server_that_does_not_encrypt_is_told_nothing(
    server: MailServer, letter: MakeLetter
) -> None:
    smtp = attrs.evolve(server.smtp(BRAND), security=Security.STARTTLS)
    imap = attrs.evolve(server.imap(BRAND), security=Security.STARTTLS)
    async with MailChannel(smtp=smtp, imap=imap, sender=BRAND) as channel:
        with pytest.raises(errors.PostUnavailable):
            await channel.send(letter())
        with pytest.raises(errors.PostUnavailable):
            [one async for one in channel.collect()]

    assert server.mails(MIA) == []


@pytest.mark.parametrize("is_async", [False, True])
async def test_an_access_token_is_asked_for_at_each_login(
    server: MailServer, letter: MakeLetter, *, is_async: bool
) -> None:
    given: list[str] = ["expired"]

    def token() -> str:
        return given[-1]

    async def token_later() -> str:
        return given[-1]

    asked: Callable[[], str] | Callable[[], Awaitable[str]] = token_later if is_async else token
    smtp = attrs.evolve(server.smtp(BRAND), password="", token=asked)
    imap = attrs.evolve(server.imap(BRAND), password="", token=asked)
    server.put(BRAND, b"From: x@y\r\n\r\n")
    async with MailChannel(smtp=smtp, imap=imap, sender=BRAND) as channel:
        with pytest.raises(errors.PostUnavailable, match="refuses the login"):
            await channel.send(letter())
        with pytest.raises(errors.PostUnavailable, match="the login"):
            [one async for one in channel.collect()]
        with pytest.raises(errors.ConfigurationError):
            await channel.check()

        given.append(server.password)

        await channel.send(letter())
        assert len([one async for one in channel.collect()]) == 1
    assert len(server.mails(MIA)) == 1


async def test_a_wrong_password_is_a_setting_to_look_at_and_loses_no_letter(
    server: MailServer, letter: MakeLetter
) -> None:
    wrong = "correct-horse-battery"
    smtp = attrs.evolve(server.smtp(BRAND), password=wrong)
    imap = attrs.evolve(server.imap(BRAND), password=wrong)
    for one, two in ((smtp, server.imap(BRAND)), (server.smtp(BRAND), imap)):
        async with MailChannel(smtp=one, imap=two, sender=BRAND) as channel:
            with pytest.raises(errors.ConfigurationError) as raised:
                await channel.check()
            assert wrong not in str(raised.value)
    async with MailChannel(smtp=smtp, imap=imap, sender=BRAND) as channel:
        with pytest.raises(errors.PostUnavailable):
            await channel.send(letter())


async def test_a_server_that_is_not_there_is_asked_again_later(letter: MakeLetter) -> None:
    async with MailServer() as server:
        gone = server.smtp(BRAND), server.imap(BRAND)
    async with MailChannel(smtp=gone[0], imap=gone[1], sender=BRAND) as channel:
        with pytest.raises(errors.PostUnavailable, match="cannot be reached"):
            await channel.send(letter())
        with pytest.raises(errors.PostUnavailable):
            [one async for one in channel.collect()]
