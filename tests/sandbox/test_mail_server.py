"""The mail server as a part of the sandbox, and people who write by it."""

import imaplib
import os
import re
import shlex
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tgiconik.community.post.mail import MailChannel
from tgiconik.sandbox import Sandbox, credentials
from tgiconik.sandbox.in_thread import in_thread
from tgiconik.sandbox.mail import MailServer
from tgiconik.sandbox.mails import Fate, PassedMails

BRAND, JANA = "media@brand.example", "media@nordlicht.example"
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox(world=False, now=lambda: AT)
    yield made
    made.close()


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[MailServer]:
    with sandbox.mail_server() as server:
        yield server


async def test_a_channel_finds_the_server_by_its_environment(server: MailServer) -> None:
    async with MailChannel.from_env(server.environment(BRAND)) as channel:
        facts = await channel.check()

    assert facts["sender"] == BRAND
    assert facts["imap"]["waiting"] == 0


def test_what_passes_is_noted_by_the_sandboxs_clock(sandbox: Sandbox, server: MailServer) -> None:
    server.user(JANA).send(f"{BRAND.replace('@', '+token123@')}", "Hello")

    [mail] = sandbox.state.mails.all()
    assert (mail.number, mail.at, mail.sender, mail.account) == (1, AT, JANA, BRAND)
    assert (mail.fate, mail.is_proven) == (Fate.DELIVERED, True)
    assert [mail.raw] == server.mails(BRAND)
    assert "token123" not in repr(mail)


def test_it_ends_while_clients_are_connected(sandbox: Sandbox) -> None:
    with sandbox.mail_server() as server:
        smtp = smtplib.SMTP("127.0.0.1", server.port("smtp"), timeout=30)
        imap = imaplib.IMAP4("127.0.0.1", server.port("imap"), timeout=30)

    assert sandbox.state.mails.server is None
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp.docmd("NOOP")
    imap.shutdown()
    with sandbox.mail_server() as again:
        again.user(JANA).send(BRAND, "Hello")
    assert len(sandbox.state.mails.all()) == 1


def test_the_last_mails_are_kept() -> None:
    mails = PassedMails()
    heard: list[int] = []
    mails.subscribe(heard.append)
    for _ in range(1_200):
        mails.add(at=AT, sender=JANA, recipient=BRAND)

    assert [mails.all()[0].number, mails.all()[-1].number] == [201, 1_200]
    assert mails.get(1) is None
    assert heard == list(range(1, 1_201))


def test_who_has_no_letter_presses_nothing(server: MailServer) -> None:
    jana = server.user(JANA)
    with pytest.raises(LookupError, match="has no mail"):
        jana.newest()
    with pytest.raises(LookupError, match="has no mail"):
        jana.press("CONFIRM")
    server.put(JANA, b"Subject: Hello\r\n\r\nmailto:x@brand.example?subject=confirm%20it")
    with pytest.raises(LookupError, match="no button CONFIRM"):
        jana.press("CONFIRM")
    with pytest.raises(LookupError, match="nobody to answer to"):
        jana.answer("Hello")
    assert len(server.passed.all()) == 1


def test_an_answer_goes_where_the_letter_says_and_names_it(server: MailServer) -> None:
    raw = b"From: b@brand.example\r\nReply-To: r+1@brand.example\r\nSubject: Hello\r\n"
    server.put(JANA, raw + b"Message-ID: <1@brand.example>\r\n\r\nHow are you?")
    server.user(JANA, "Jana Vogt").answer("Well.")

    mail = server.user("r@brand.example").newest()
    assert (mail["Subject"], mail["In-Reply-To"]) == ("Re: Hello", "<1@brand.example>")
    assert mail["From"] == "Jana Vogt <media@nordlicht.example>"
    assert mail["To"] == "r+1@brand.example"
    assert mail.get_content().strip() == "Well."


class _Broken:
    async def __aenter__(self) -> None:
        raise OSError("in use")

    async def __aexit__(self, *_: object) -> None:
        raise AssertionError("it was not entered")


def test_what_cannot_be_entered_in_a_thread_raises_here() -> None:
    with pytest.raises(OSError, match="in use"), in_thread(_Broken, "broken"):
        pass


def test_the_command_serves_mail_and_says_how_letters_go(tmp_path: Path) -> None:
    file = tmp_path / "a sandbox.db"
    command = [sys.executable, "-m", "tgiconik.sandbox", "--port", "0", "--mail", "--db", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or not lines[-1].startswith("# web page"):
            lines.append(process.stdout.readline())
        said = "".join(lines)
        exported = dict(re.findall(r"^export (\w+)=(\S+)$", said, re.MULTILINE))
        [post] = re.findall(r"^# send letters: python (.+) --every 5s$", said, re.MULTILINE)
        passed = subprocess.run(  # noqa: S603 - what the sandbox says
            [sys.executable, *shlex.split(post)],
            env=os.environ | exported,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)

    assert (passed.returncode, passed.stderr) == (0, "")
    assert exported["TRADING_GRID_COMPANY_ID"] == credentials.COMPANY_ID
