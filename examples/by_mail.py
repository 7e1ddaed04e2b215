"""A partner takes part by e-mail alone: asks, is served, complains, and confirms.

    python examples/by_mail.py

The community and the mail server are the sandbox's: letters go by SMTP, and IMAP collects answers.
The partner has no software of ours: a form, an answer, and a button that begins a mail.
"""

import asyncio
import re
from email.message import EmailMessage

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
    grid: TradingGridClient, iconik: IconikClient, office: PostOffice, server: MailServer
) -> None:
    """From the request to its confirmation."""
    jana = server.user(JANA, "Jana Vogt")
    chapter("Monday: Jana asks for the form, fills it in, and sends it")
    await office.run_once()
    jana.send(BRAND, "FORM")
    await work(office)
    tell_letter(jana.newest())
    jana.send(BRAND, "New media request", FORM)
    (made,) = await work(office)
    request_id = made.rpartition(" ")[2]

    chapter("Tuesday: the request is fulfilled, and she is told")
    result = await fulfill_media_request(grid, iconik, request_id, policy=world.policy())
    tell_steps(result.timeline)
    await work(office)
    tell_letter(jana.newest())

    chapter("Wednesday: somebody else writes in her name")
    forged = f"From: {JANA}\r\nTo: {BRAND}\r\nSubject: WITHDRAW {request_id}\r\n\r\n"
    server.deliver(forged.encode(), sender="eve@evil.example", recipient=BRAND, is_proven=False)
    await work(office)

    chapter("Thursday: she has a question, and confirms")
    jana.answer("May we show it outside, too?")
    await work(office)
    jana.press("CONFIRM")
    await work(office)
    request = await grid.community.requests.get(request_id)
    tell(f"{request.id} is {request.status}")


async def main() -> None:
    """Run the example."""
    sandbox = Sandbox()
    server = sandbox.until_closed(sandbox.mail_server())
    channel = MailChannel(
        smtp=server.smtp(BRAND),
        imap=server.imap(BRAND),
        sender=BRAND,
        sender_name="Brand Media",
    )
    community = Community(sandbox.state.community)
    async with (
        sandbox.clients() as (grid, iconik),
        PostOffice(community, credentials.COMPANY_ID, channels=[channel]) as office,
    ):
        await story(grid, iconik, office, server)
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
