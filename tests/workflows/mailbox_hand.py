"""Partners that do everything by files in their mailboxes, over a real SFTP socket."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import attrs

from tgiconik.community import Community
from tgiconik.community.post import Action, PostOffice, Step
from tgiconik.community.post.mailbox import MailboxChannel
from tgiconik.partner import Partner, ReceivedLetter
from tgiconik.sandbox import Sandbox, credentials
from tgiconik.sandbox.mailboxes import MailboxServer
from tgiconik.tradinggrid.collaboration import AssetReference, Criteria

COMPANY: Final = credentials.COMPANY_ID


@attrs.frozen
class ByMailbox:
    """Partners with mailboxes, and the company's post office."""

    sandbox: Sandbox
    office: PostOffice
    partners: Mapping[str, Partner]

    async def submit(
        self,
        partner_id: str,
        kind: str,
        subject: str,
        *,
        assets: Sequence[str] = (),
        **fields: str,
    ) -> str:
        """As `PartnersHand` says; the id is that of the receipt."""
        partner = self.partners[partner_id]
        noun = "issues" if kind == "issue" else "requests"
        known = {letter.record_id for letter in await partner.letters(noun)}
        given: dict[str, Any] = dict(fields)
        references = [AssetReference(asset_id=one) for one in assets]
        if kind == "issue":
            await partner.raise_issue(subject, asset_references=references, **given)
        else:
            await partner.submit_request(
                subject, kind=kind, criteria=Criteria(**given), asset_references=references
            )
        await self._exchange(partner)
        [receipt] = [one for one in await partner.letters(noun) if one.record_id not in known]
        return receipt.record_id

    async def comment(self, partner_id: str, noun: str, id_: str, text: str, /) -> None:
        """As `PartnersHand` says."""
        partner = self.partners[partner_id]
        await partner.comment(noun, id_, text)
        await self._exchange(partner)

    async def press(self, partner_id: str, action: Action, noun: str, id_: str) -> None:
        """As `PartnersHand` says."""
        partner = self.partners[partner_id]
        await self.office.run_once()
        await partner.run_once()
        letter = await self._letter(partner, noun, id_)
        assert action in letter.actions, f"{letter} does not offer {action}"
        await _answered(partner, action, letter)
        await self._exchange(partner)

    async def _letter(self, partner: Partner, noun: str, id_: str) -> ReceivedLetter:
        found = await partner.letters(noun)
        [letter] = [one for one in found if id_ in {one.record_id, one.details.get("document_id")}]
        return letter

    async def _exchange(self, partner: Partner) -> None:
        await partner.run_once()
        report = await self.office.run_once()
        assert report.count(Step.APPLIED) == 1, str(report)
        await partner.run_once()


async def _answered(partner: Partner, action: Action, letter: ReceivedLetter) -> None:
    noun, id_ = letter.noun, letter.record_id
    if noun == "deliveries":
        await partner.record_receipt(letter.details["document_id"])
    elif noun == "announcements":
        await partner.acknowledge(id_)
    elif noun == "tasks":
        decision = "approved" if letter.details["task_kind"] == "approval" else None
        await partner.update_task(
            letter.details["project_id"], id_, status="done", decision=decision
        )
    elif action is Action.CONFIRM:
        await partner.confirm(noun, id_)
    elif action is Action.REOPEN:
        await partner.reopen(noun, id_)
    else:
        await partner.withdraw(noun, id_)


@asynccontextmanager
async def by_mailbox(sandbox: Sandbox) -> AsyncIterator[ByMailbox]:
    """Partners write files."""
    async with AsyncExitStack() as ends:
        folder = Path(ends.enter_context(TemporaryDirectory()))
        grid, _ = await ends.enter_async_context(sandbox.clients())
        server = ends.enter_context(sandbox.mailboxes())
        addresses = server.network.addresses
        partners = {
            one: await ends.enter_async_context(_partner(sandbox, server, one, folder))
            for one in addresses
            if one != COMPANY
        }
        channel = MailboxChannel(
            grid=grid,
            sftp=server.settings(COMPANY),
            folders=server.folders(),
            address=addresses[COMPANY],
            addresses={one: addresses[one] for one in partners},
            now=sandbox.state.now,
        )
        community = Community(sandbox.state.community)
        office = await ends.enter_async_context(PostOffice(community, COMPANY, channels=[channel]))
        await office.run_once()
        yield ByMailbox(sandbox, office, partners)


def _partner(sandbox: Sandbox, server: MailboxServer, partner_id: str, folder: Path) -> Partner:
    addresses = server.network.addresses
    return Partner(
        sftp=server.settings(partner_id),
        folders=server.folders(),
        store=folder / f"{partner_id}.db",
        company_id=COMPANY,
        company_address=addresses[COMPANY],
        partner_id=partner_id,
        address=addresses[partner_id],
        now=sandbox.state.now,
    )
