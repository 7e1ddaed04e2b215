"""Serve a partner by e-mail.

    python examples/by_mail.py

A partner sends a request by e-mail, receives the film, asks a question, and confirms. The mail
server runs on this machine and speaks real SMTP and IMAP; the community is the sandbox's. The
partner needs only a mail program.

Guide: docs/mail.md
"""

import asyncio
import re
import smtplib
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from _story import chapter, tell, tell_steps

from tgiconik import IconikClient, TradingGridClient
from tgiconik.community import Community
from tgiconik.community.post import PostOffice, Step
from tgiconik.community.post.mail import MailChannel
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.mail import MailServer
from tgiconik.workflows import fulfill_media_request

BRAND, JANA = "media@brand.example", "media@nordlicht.example"
FORM = """\
Kind: media request
Subject: Launch film for our stores
Search for: spring launch film
Media type: video
Usage: in-store
"""


class Partner:
    """Jana Vogt of Nordlicht, in front of her mail program."""

    def __init__(self, server: MailServer) -> None:
        self.server = server

    def newest(self) -> EmailMessage:
        """The letter that came last."""
        return message_from_bytes(self.server.mails(JANA)[-1], EmailMessage, policy=policy.default)

    async def send(self, to: str, subject: str, text: str = "") -> None:
        """Send a mail by SMTP."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = f"Jana Vogt <{JANA}>", to, subject
        mail.set_content(text)
        await asyncio.to_thread(self._hand_in, mail)

    def _hand_in(self, mail: EmailMessage) -> None:
        account = self.server.smtp(JANA)
        with smtplib.SMTP(account.host, account.port) as server:
            server.login(JANA, str(account.password))
            server.send_message(mail)

    async def answer(self, text: str) -> None:
        """Answer the newest letter."""
        letter = self.newest()
        await self.send(letter["Reply-To"], f"Re: {letter['Subject']}", text)

    async def press(self, keyword: str) -> None:
        """Press a button of the newest letter: it begins a mail, which she sends."""
        for link in re.findall(r"mailto:\S+", text_of(self.newest())):
            url = urlsplit(link)
            subject = parse_qs(url.query)["subject"][0]
            if subject.startswith(keyword):
                await self.send(unquote(url.path), subject)
                return
        raise RuntimeError(f"the newest letter has no button {keyword}")


def text_of(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""


def tell_letter(mail: EmailMessage) -> None:
    """Print a letter, without its token."""
    tell(f"Jana reads: “{mail['Subject']}”")
    for line in text_of(mail).splitlines():
        shown = re.sub(r"https?://\S+", "https://…", re.sub(r"mailto:\S+", "[button]", line))
        tell(f"  | {shown}".rstrip())


async def work(office: PostOffice) -> list[str]:
    """One pass of the post office; what partners' mails became."""
    report = await office.run_once()
    for step in report.steps:
        if step.step in {Step.APPLIED, Step.COMMENTED, Step.QUARANTINED}:
            tell(f"→ {step.step}: {step.text}")
    tell(f"{report.count(Step.SENT)} letters go")
    return [step.text for step in report.steps if step.step == Step.APPLIED]


async def story(
    grid: TradingGridClient, iconik: IconikClient, office: PostOffice, jana: Partner
) -> None:
    """From the request to its confirmation."""
    chapter("Monday: Jana asks for the form, fills it in, and sends it")
    await office.run_once()
    await jana.send(BRAND, "FORM")
    await work(office)
    tell_letter(jana.newest())
    await jana.send(BRAND, "New media request", FORM)
    (made,) = await work(office)
    request_id = made.rpartition(" ")[2]

    chapter("Tuesday: the request is fulfilled, and she is told")
    result = await fulfill_media_request(grid, iconik, request_id, policy=world.policy())
    tell_steps(result.timeline)
    await work(office)
    tell_letter(jana.newest())

    chapter("Wednesday: somebody else writes in her name")
    forged = f"From: {JANA}\r\nTo: {BRAND}\r\nSubject: WITHDRAW {request_id}\r\n\r\n"
    jana.server.deliver(
        forged.encode(), sender="eve@evil.example", recipient=BRAND, is_proven=False
    )
    await work(office)

    chapter("Thursday: she has a question, and confirms")
    await jana.answer("May we show it outside, too?")
    await work(office)
    await jana.press("CONFIRM")
    await work(office)
    request = await grid.community.requests.get(request_id)
    tell(f"{request.id} is {request.status}")


async def main() -> None:
    """Run the example."""
    sandbox = Sandbox()
    async with MailServer() as server, sandbox.clients() as (grid, iconik):
        channel = MailChannel(
            smtp=server.smtp(BRAND),
            imap=server.imap(BRAND),
            sender=BRAND,
            sender_name="Brand Media",
        )
        community = Community(sandbox.state.community)
        async with PostOffice(community, credentials.COMPANY_ID, channels=[channel]) as office:
            await story(grid, iconik, office, Partner(server))
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
