"""An office with an e-mail account, for a process that is killed in the middle of a pass.

It ends itself after any effect: a transaction that is committed, a mail that the SMTP server has
accepted, a change in the IMAP mailbox. Or whoever runs the mail server ends it, after an effect
there and before the answer.
"""

import asyncio
import imaplib
import re
import smtplib
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from typing import Any, Final

import attrs
from forked import dies_after

from community.post.office.crashes import count_commits, end_state
from community.post.office.scripted import a_world
from community.post.world import COMPANY
from tgiconik.community import Community
from tgiconik.community.community import open_store
from tgiconik.community.post import PostOffice
from tgiconik.community.post.mail import ImapSettings, MailChannel, SmtpSettings
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.url import parse
from tgiconik.sandbox.mail import MailServer, imap

from .mails import BRAND

MIA, PAT, BOB, EVE = "mia@gc-pa.test", "pat@gc-pa.test", "media@gc-pb.test", "eve@evil.test"
FILM: Final = {"kind": "media_request", "subject": "The film"}
_CHANGES: Final = frozenset({"MOVE", "COPY", "STORE", "EXPUNGE"})


@attrs.frozen
class Account:
    """What a process needs to run the office: a database, and the mail server."""

    url: str
    smtp: SmtpSettings
    imap: ImapSettings

    def opened(self, at: datetime) -> BaseStore:
        """The database, with a clock that stands still."""
        return open_store(parse(self.url), now=lambda: at)

    async def run(self, store: BaseStore) -> None:
        """One pass."""
        channel = MailChannel(smtp=self.smtp, imap=self.imap, sender=BRAND, now=store.clock)
        community = Community(store)
        async with PostOffice(community, COMPANY, channels=[channel], since_change=0) as office:
            report = await office.run_once()
        assert not report.unavailable, report.unavailable


def dying_pass(account: Account, at: datetime, effect: int) -> None:
    """One pass of a process that dies after an effect; after none if that is 0."""
    count_effects(dies_after(effect))
    asyncio.run(account.run(account.opened(at)))


def count_effects(count: Callable[[], object]) -> None:
    """Tell each effect of this process from now on, once it knows of it."""
    count_commits(count)
    data, uid = smtplib.SMTP.data, imaplib.IMAP4.uid

    def counted_data(self: smtplib.SMTP, msg: Any) -> Any:  # noqa: ANN401 - theirs
        answer = data(self, msg)
        count()
        return answer

    def counted_uid(self: imaplib.IMAP4, command: str, *args: str) -> Any:  # noqa: ANN401 - theirs
        answer = uid(self, command, *args)
        if command in _CHANGES:
            count()
        return answer

    smtplib.SMTP.data = counted_data  # type: ignore[method-assign]  # the point of this function
    imaplib.IMAP4.uid = counted_uid  # type: ignore[method-assign]  # the same


def watch(server: MailServer, patch: Any, happened: Callable[[], object]) -> None:  # noqa: ANN401
    """Tell each effect on a server, before it answers.

    Args:
        server: the mail server.
        patch: a `pytest.MonkeyPatch`.
        happened: called after each effect.
    """
    take = server._smtp.take

    def taken(*args: Any) -> None:  # noqa: ANN401 - a mail
        take(*args)
        happened()

    patch.setattr(server._smtp, "take", taken)
    for name in ("_move",) if server._imap.moves else ("_copy", "_store", "_expunge"):
        command = getattr(imap._Connection, name)

        async def done(self: Any, rest: Any, command: Any = command) -> Any:  # noqa: ANN401 - theirs
            answer = await command(self, rest)
            happened()
            return answer

        patch.setattr(imap._Connection, name, done)


async def prepare(server: MailServer, account: Account, at: datetime) -> None:
    """Letters to send, and a mail of every kind that waits."""
    store = account.opened(at)
    world = a_world(store)
    contacts = [{"email": one, "role": "media", "name": "Mia"} for one in (MIA, PAT)]
    world.partner("GC-PA", contacts=contacts)
    first = world.add("/requests", FILM | {"partner_id": "GC-PA"}, by="GC-PA")["id"]
    await account.run(store)
    letter = server.mails(MIA)[-1].decode()
    (to,) = re.findall(r"^Reply-To: (\S+)", letter, re.MULTILINE)
    (answered,) = re.findall(r"^Message-ID: (\S+)", letter, re.MULTILINE)
    token = to.partition("+")[2].partition("@")[0]
    server.bounce(BOB)
    mails = [
        (MIA, to, "Re: The film", "Thank you.", {"In-Reply-To": answered}),
        (MIA, to, f"CONFIRM {first} [#{token}]", "Too early.", {}),
        (MIA, to, f"WITHDRAW {first} [#{token}]", "No longer needed.", {}),
        (MIA, to, "Re: The film", "I am away.", {"Auto-Submitted": "auto-replied"}),
        (MIA, BRAND, "New", "Kind: media request\nSubject: Another film", {}),
        (MIA, BRAND, "FORM", "", {}),
        (EVE, BRAND, "Hello", "Who are you?", {}),
    ]
    for number, (sender, recipient, subject, text, headers) in enumerate(mails):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, recipient, subject
        mail["Message-ID"] = f"<{number}@partner.test>"
        for name, value in headers.items():
            mail[name] = value
        mail.set_content(text)
        server.deliver(bytes(mail), sender=sender, recipient=recipient, is_proven=True)
    world.add("/requests", FILM | {"partner_id": "GC-PB"}, by="GC-PB")
    world.add("/requests", FILM | {"partner_id": "GC-PA", "subject": "A poster"}, by="GC-PA")
    store.close()


def letters_in(server: MailServer) -> Counter[tuple[str, str]]:
    """Recipient and Message-ID of all that has reached people."""
    return Counter(
        (one, re.findall(r"^Message-ID: (\S+)", raw.decode(), re.MULTILINE)[0])
        for one in (MIA, PAT, BOB, EVE)
        for raw in server.mails(one)
    )


def end_of(server: MailServer, account: Account, at: datetime) -> dict[str, Any]:
    """What is there in the end but times and tries. Who gets a mail twice may refuse it twice."""
    store = account.opened(at)
    end = end_state(store)
    store.close()
    came_back = [row for row in end["inbox"] if row[6].startswith("The letter came back")]
    end["inbox"] = [row for row in end["inbox"] if row not in came_back]
    # In which order the log has a contact and a letter that came back is no matter.
    end["records"] = sorted((_unnumbered(row) for row in end["records"]), key=repr)
    end["came back"] = {(row[5], row[6]) for row in came_back}
    end["letters"] = set(letters_in(server))
    inbox = server.mailboxes.folders(BRAND)["INBOX"].mails
    # Who dies between marking and removing leaves the mark, and nobody else's marks are acted on.
    end["waiting"] = [one.raw for one in inbox if r"\Deleted" not in one.flags]
    end["put away"] = set(server.mails(BRAND, "Processed")) - {_raw(row) for row in came_back}
    return end


def _unnumbered(row: list[Any]) -> list[Any]:
    return [*row[:2], "", *row[3:]] if row[0] == "activity" else row


def _raw(row: list[Any]) -> bytes:
    return b64decode(row[3])
