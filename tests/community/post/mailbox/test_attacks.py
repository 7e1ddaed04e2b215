"""What passes through mailboxes holds nothing of others, and nothing that is no longer so."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tgiconik import TradingGridClient
from tgiconik.community.post import PostOffice
from tgiconik.partner import Partner
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.mailboxes import Fault, MailboxServer
from tgiconik.testing import Clock
from tgiconik.tradinggrid.collaboration import (
    CommentInput,
    DeliveryInput,
    DocumentInput,
    RequestInput,
)

from .boxes import COMPANY, NORDLICHT, SUMMIT, Mailboxes, message
from .test_partner import partner_of

INTERNAL = "internal-secret-6601"
LINKS = {
    NORDLICHT: "https://share.test/link-of-nordlicht-6602",
    SUMMIT: "https://share.test/link-of-summit-6603",
}


@pytest.fixture
async def partners(
    served: tuple[Sandbox, MailboxServer], clock: Clock, tmp_path: Path
) -> AsyncIterator[dict[str, Partner]]:
    _, server = served
    addresses = server.network.addresses
    summit = {
        "sftp": server.settings(SUMMIT),
        "partner_id": SUMMIT,
        "address": addresses[SUMMIT],
        "contact": None,
    }
    async with (
        partner_of(server, clock, tmp_path / "one.db") as one,
        partner_of(server, clock, tmp_path / "two.db", **summit) as two,
    ):
        yield {NORDLICHT: one, SUMMIT: two}


async def delivered(grid: TradingGridClient) -> str:
    """A document that both partners have, each by a link of its own; returns its id."""
    document = await grid.community.documents.create(DocumentInput(title="The film"))
    for partner_id, link in LINKS.items():
        new = DeliveryInput(link=link)
        await grid.community.deliveries.put(document.id, partner_id, new, if_match=None)
    return document.id


def content(mailboxes: Mailboxes, company_id: str) -> str:
    """All that is in a company's mailbox: names and contents."""
    box = mailboxes.network.box(mailboxes.network.addresses[company_id])
    return "\n".join(f"{path}\n{bytes(file.content).decode()}" for path, file in box.items())


async def test_internal_words_and_links_of_others_are_in_no_mailbox_log_or_listing(  # noqa: PLR0917 - fixtures
    served: tuple[Sandbox, MailboxServer],
    mailboxes: Mailboxes,
    office: PostOffice,
    grid: TradingGridClient,
    partners: dict[str, Partner],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="tgiconik")
    said: list[object] = []
    for partner_id in (NORDLICHT, SUMMIT):
        new = RequestInput(kind="media_request", subject="A film", partner_id=partner_id)
        request = await grid.community.requests.create(new)
        for visibility, body in (("internal", INTERNAL), ("partner", f"Only for {partner_id}")):
            await grid.community.requests.comment(
                request.id, CommentInput(body=body, visibility=visibility)
            )
    await delivered(grid)
    mailboxes.post(message(mailboxes.clock(), by=NORDLICHT), by=SUMMIT)
    mailboxes.post(f"no JSON, {LINKS[NORDLICHT]}".encode())
    said += [await office.run_once(), await office.run_once(dry_run=True)]
    quarantined = await office.quarantined()
    said += [*quarantined, *await office.undelivered()]
    assert len(quarantined) == 2

    for partner_id, partner in partners.items():
        (other,) = LINKS.keys() - {partner_id}
        box = content(mailboxes, partner_id)
        run = await partner.run_once()
        assert len(run.letters) >= 3
        assert LINKS[partner_id] in box
        for secret in (INTERNAL, LINKS[other], other, f"Only for {other}"):
            assert secret not in box, (partner_id, secret)
        said += [run, *await partner.letters(), *await partner.deliveries()]
    said += served[0].state.passed.all()
    activity = [one async for one in grid.community.activity.list()]
    said += [one for one in activity if one.kind.startswith("post.")]

    records = [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    shown = "\n".join([*(f"{one} {one!r}" for one in said), *records])
    assert records
    for secret in (INTERNAL, *LINKS.values()):
        assert secret not in shown
        assert secret.rpartition("/")[2] not in shown


@pytest.mark.parametrize("change", ["revoked", "withdrawn"])
async def test_what_was_revoked_while_the_mailbox_was_full_is_not_published(
    mailboxes: Mailboxes, office: PostOffice, grid: TradingGridClient, change: str
) -> None:
    mailboxes.network.faults.append(Fault("WRITE", "refuse", answer="no space", times=None))
    document_id = await delivered(grid)
    await office.run_once()
    assert LINKS[NORDLICHT] not in content(mailboxes, NORDLICHT)

    mailboxes.network.faults.clear()
    if change == "revoked":
        deliveries = grid.community.deliveries
        there = await deliveries.get(document_id, NORDLICHT)
        revoked = DeliveryInput(link=LINKS[NORDLICHT], state="revoked")
        await deliveries.put(document_id, NORDLICHT, revoked, if_match=there.etag)
    else:
        document = await grid.community.documents.get(document_id)
        await grid.community.documents.set_state(document_id, "withdrawn", if_match=document.etag)
    mailboxes.clock.advance(hours=1)
    await office.run_once()

    posted = "".join(content(mailboxes, one) for one in (COMPANY, NORDLICHT, SUMMIT))
    assert LINKS[NORDLICHT] not in posted
    assert (LINKS[SUMMIT] in posted) is (change == "revoked")
