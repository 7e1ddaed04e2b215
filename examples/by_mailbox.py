"""Serve a partner by Trading Grid mailbox.

    python examples/by_mailbox.py

A partner requests a film and receives it by files in Trading Grid mailboxes. Runs on the embedded
sandbox, whose network of mailboxes is an SFTP server on this machine.

Guide: docs/mailbox.md
"""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from _story import chapter, tell, tell_steps

from tgiconik import IconikClient, TradingGridClient
from tgiconik.community import Community
from tgiconik.community.post import PostOffice
from tgiconik.community.post.mailbox import MailboxChannel
from tgiconik.partner import Partner
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.mailboxes import MailboxServer
from tgiconik.tradinggrid.collaboration import Contact, Criteria
from tgiconik.workflows import fulfill_media_request

COMPANY = credentials.COMPANY_ID
NORDLICHT = world.NORDLICHT
WANTED = Criteria(text="spring launch film", media_type="video", region="DE", language="de")


def channel_of(grid: TradingGridClient, server: MailboxServer) -> MailboxChannel:
    """The company's channel: its mailbox, and the address of each partner that has one."""
    addresses = server.network.addresses
    return MailboxChannel(
        grid=grid,
        sftp=server.settings(COMPANY),
        folders=server.folders(),
        address=addresses[COMPANY],
        addresses={NORDLICHT: addresses[NORDLICHT]},
    )


def partner_of(server: MailboxServer, store: Path) -> Partner:
    """The partner, on a machine of its own, with a mailbox of its own."""
    addresses = server.network.addresses
    return Partner(
        sftp=server.settings(NORDLICHT),
        folders=server.folders(),
        store=store,
        company_id=COMPANY,
        company_address=addresses[COMPANY],
        partner_id=NORDLICHT,
        address=addresses[NORDLICHT],
        contact=Contact(name="Jana Vogt", email="media@nordlicht.example", role="media"),
    )


async def work(office: PostOffice) -> None:
    """One pass of the company's post office."""
    for step in (await office.run_once()).steps:
        tell(f"→ {step}")


async def look(partner: Partner) -> None:
    """One run of the partner."""
    run = await partner.run_once()
    tell(f"{NORDLICHT} sends {len(run.sent)} files and reads {len(run.letters)} letters")
    for letter in run.letters:
        tell(f"✉ {letter.subject}")


async def tell_story(
    grid: TradingGridClient, iconik: IconikClient, office: PostOffice, partner: Partner
) -> None:
    """From the request to its confirmation."""
    await office.run_once()  # From here on, letters are written.

    chapter("Monday: the partner asks")
    asked = await partner.submit_request("Film for the screens in our stores", criteria=WANTED)
    await look(partner)
    await work(office)
    [request] = [one async for one in grid.community.requests.list(external_id=asked)]
    await look(partner)

    chapter("Tuesday: the company delivers")
    result = await fulfill_media_request(grid, iconik, request.id, policy=world.policy())
    tell_steps(result.timeline)
    await work(office)
    await look(partner)

    chapter("Wednesday: the partner has it, and says so")
    for delivery in await partner.deliveries():
        tell(f"{delivery.details['title']}: a link for {NORDLICHT} alone")
        await partner.record_receipt(delivery.details["document_id"], kind="downloaded")
    await partner.confirm("requests", request.id, note="It runs in all stores.")
    await look(partner)
    await work(office)

    request = await grid.community.requests.get(request.id)
    tell(f"{request.id} is {request.status}")


async def main() -> None:
    """Run the example."""
    sandbox = Sandbox()
    with TemporaryDirectory() as folder, sandbox.mailboxes() as server:
        async with (
            sandbox.clients() as (grid, iconik),
            PostOffice(
                Community(sandbox.state.community), COMPANY, channels=[channel_of(grid, server)]
            ) as office,
            partner_of(server, Path(folder) / "partner.db") as partner,
        ):
            await tell_story(grid, iconik, office, partner)
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
