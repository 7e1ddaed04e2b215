"""What partners do by e-mail alone: letters come and answers go over real SMTP and IMAP sockets."""

import re
import smtplib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import anyio.to_thread
import attrs

from tgiconik.community import Community
from tgiconik.community.post import Action, PostOffice, PostReport, Step
from tgiconik.community.post.mail import MailChannel
from tgiconik.community.store.interface import Place
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.mail import MailServer

from .partners_hand import COMPANY

BRAND: Final = "post@brand.example"
_KINDS: Final = {"media_request": "media request", "enhancement": "enhancement", "issue": "issue"}
_LABELS: Final = {"text": "Search for", "media_type": "Media type"}
_BUTTON: Final = re.compile(r"mailto:\S+")


@attrs.frozen
class ByMail:
    """Reads each partner's mailbox and answers from the contact's own account."""

    sandbox: Sandbox
    server: MailServer
    office: PostOffice
    numbers: Any = attrs.field(factory=lambda: count(1))

    async def submit(
        self,
        partner_id: str,
        kind: str,
        subject: str,
        *,
        assets: Sequence[str] = (),
        **fields: str,
    ) -> str:
        """Send the form, filled in."""
        lines = {"Kind": _KINDS[kind], "Subject": subject, "Assets": ", ".join(assets)}
        lines |= {_LABELS.get(name, name.capitalize()): value for name, value in fields.items()}
        text = "\n".join(f"{label}: {value}" for label, value in lines.items() if value)
        report = await self._send(partner_id, BRAND, "New", text)
        (applied,) = (step for step in report.steps if step.step == Step.APPLIED)
        return applied.text.rpartition(" ")[2]

    async def comment(self, partner_id: str, _: str, id_: str, text: str, /) -> None:
        """Answer a letter about the record."""
        await self.office.run_once()
        letter = next(
            letter
            for letter in reversed(self.letters(partner_id))
            if id_ in str(letter["Subject"]) or id_ in _text(letter)
        )
        await self._send(
            partner_id, letter["Reply-To"], f"Re: {letter['Subject']}", text, answers=letter
        )

    async def press(self, partner_id: str, action: Action, noun: str, id_: str) -> None:
        """Press the button of the last letter that has it."""
        await self.office.run_once()
        for letter in reversed(self.letters(partner_id)):
            for link in _BUTTON.findall(_text(letter)):
                url = urlsplit(link)
                subject = parse_qs(url.query)["subject"][0]
                if re.match(rf"{action.upper()} (approval )?{id_} \[#", subject):
                    await self._send(partner_id, unquote(url.path), subject, "")
                    return
        raise AssertionError(f"no letter to {partner_id} offers to {action} {noun}/{id_}")

    def letters(self, partner_id: str) -> list[EmailMessage]:
        """The letters that a partner has, the earliest first."""
        return [
            message_from_bytes(raw, EmailMessage, policy=policy.default)
            for raw in self.server.mails(self.contact(partner_id))
        ]

    def contact(self, partner_id: str) -> str:
        """The address of a partner's first contact."""
        with self.sandbox.state.community.transaction(COMPANY, write=False) as transaction:
            profile = transaction.record(Place("partners"), partner_id)
        assert profile is not None
        return str(profile.fields["contacts"][0]["email"])

    async def _send(
        self,
        partner_id: str,
        to: str,
        subject: str,
        text: str,
        *,
        answers: EmailMessage | None = None,
    ) -> PostReport:
        contact = self.contact(partner_id)
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"], mail["To"], mail["Subject"] = contact, to, subject
        mail["Message-ID"] = f"<{next(self.numbers)}@{contact.rpartition('@')[2]}>"
        if answers is not None:
            mail["In-Reply-To"] = answers["Message-ID"]
            text = f"{text}\n\nOn 2 March 2026, Brand wrote:\n> CONFIRM, please\n> thank you"
        mail.set_content(text)
        await anyio.to_thread.run_sync(self._hand_in, contact, mail)
        report = await self.office.run_once()
        assert report.count(Step.APPLIED) == 1, str(report)
        return report

    def _hand_in(self, contact: str, mail: EmailMessage) -> None:
        settings = self.server.smtp(contact)
        with smtplib.SMTP(settings.host, settings.port, timeout=30) as server:
            server.login(contact, str(settings.password))
            server.send_message(mail)


def _text(letter: EmailMessage) -> str:
    part = letter.get_body(("plain",))
    return "" if part is None else str(part.get_content())


@asynccontextmanager
async def by_mail(sandbox: Sandbox) -> AsyncIterator[ByMail]:
    """Partners write e-mails."""
    community = Community(sandbox.state.community)
    async with MailServer() as server:
        channel = MailChannel(
            smtp=server.smtp(BRAND),
            imap=server.imap(BRAND),
            sender=BRAND,
            now=sandbox.state.now,
        )
        async with PostOffice(community, COMPANY, channels=[channel]) as office:
            await office.run_once()
            yield ByMail(sandbox, server, office)
