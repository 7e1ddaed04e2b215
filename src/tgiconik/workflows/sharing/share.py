"""A partner's access to one asset, as `release.decide` says: granted, kept, or closed.

Opening is checked before and after. Closing does not depend on who is wanted: every open share of
the asset is judged, and every share that a delivery remembers, whoever holds it.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import (
    AssetFacts,
    Decision,
    ForeignShares,
    Purpose,
    ReasonCode,
    Recipient,
    ReleasePolicy,
    decide,
)
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import Delivery, Partner
from tgiconik.workflows.run import IN_THE_MAKING, Lease, Run
from tgiconik.workflows.run.concurrency import BestEffort, Slot
from tgiconik.workflows.run.results import Outcome, State, predicted
from tgiconik.workflows.run.text import named, ruling
from tgiconik.workflows.run.trail import Trail, utc_now
from tgiconik.workflows.sharing.by_hand import record_revoked_by_hand
from tgiconik.workflows.sharing.delivery import (
    LinkTarget,
    end_delivery,
    end_of,
    has_right_end,
    make_link,
    renew_link,
    revoke_links,
    winner,
)
from tgiconik.workflows.sharing.snapshot import Snapshot

#: Records a delivered outcome on Trading Grid.
Record: TypeAlias = Callable[[Outcome], Awaitable[object]]

#: Reasons against a recipient or a purpose; a share whose holder is unknown has neither.
_OF_THE_RECIPIENT: Final = frozenset(
    {ReasonCode.REGION, ReasonCode.LANGUAGE, ReasonCode.USAGE, ReasonCode.DOWNLOAD}
)
#: Reasons that an approval is missing; reviewers see a version before it has one.
_OF_THE_APPROVAL: Final = frozenset(
    {
        ReasonCode.NOT_APPROVED,
        ReasonCode.APPROVAL_OF_ANOTHER_VERSION,
        ReasonCode.TOO_FEW_APPROVERS,
        ReasonCode.APPROVER_MISSING,
        ReasonCode.APPROVAL_TOO_OLD,
    }
)
#: The reason of a link that ends because `decide` refuses it now.
REFUSED_NOW: Final = "it may not be shared any more"
_STRAY: Final = "a stray beside the partner's link"


@without_locals
@observed("asset_id")
async def share_with_partner(
    grid: TradingGridClient,
    iconik: IconikClient,
    asset_id: str,
    *,
    recipient: Recipient,
    policy: ReleasePolicy,
    purpose: Purpose,
    facts: AssetFacts | None = None,
    lease: Lease | None = None,
    trail: Trail | None = None,
) -> Outcome:
    """Share an asset with a partner by exactly one open link, if the partner may have it.

    Decides on facts no older than the policy's freshness. Finds the existing link (by the recorded
    delivery, then by its key among the asset's shares) or creates one with
    `POST /API/assets/v1/assets/{id}/shares/url/`. Renews a link that expires too soon or too late.
    Then reads the facts again, and revokes the link if it is refused now, and every duplicate.
    Idempotent.

    Args:
        grid: the Trading Grid client.
        iconik: the iconik client.
        asset_id: the asset; the partner sees its current version.
        recipient: the partner.
        policy: the release rules.
        purpose: the intended use.
        facts: the facts of the asset; read again if they are too old.
        lease: the claim to renew while writing, if a request is claimed.
        trail: records the steps; with `dry_run`, nothing is written.

    Returns:
        A delivered or refused outcome. In a dry run, one that would be delivered or refused; a link
        that would be created is None.

    Raises:
        CallError: a call to a platform failed; run it again.
        ClaimLost: another run has claimed the request.
    """
    trail = trail or Trail(now=utc_now)
    run = Run(grid=grid, iconik=iconik, policy=policy, lease=lease, trail=trail)
    snapshot = await Snapshot.of_asset(run, asset_id, facts=facts, partner_id=recipient.company_id)
    outcome = await share_asset(run, snapshot, recipient=recipient, purpose=purpose)
    (told,) = predicted([outcome], dry_run=run.dry_run)
    return told


async def share_asset(
    run: Run,
    snapshot: Snapshot,
    *,
    recipient: Recipient,
    purpose: Purpose,
    record: Record | None = None,
    slot: Slot | None = None,
) -> Outcome:
    """Share an asset with a partner, and record it; see `share_with_partner`.

    A new link gets its full lifetime only after the second look and the record; until then it lasts
    as long as the policy's probation, so that a run that dies leaves nothing open for longer.

    Args:
        run: the run.
        snapshot: the asset.
        recipient: the partner.
        purpose: what for.
        record: records a delivered outcome; nothing is recorded when left out.
        slot: the partner's slot, among many who are served.
    """
    sharing = _Sharing(run, snapshot, recipient, purpose)
    facts, decision = await sharing.decide()
    if not decision.allowed:
        return sharing.outcome(State.REFUSED, facts, decision)
    await snapshot.ensure_read()
    link = await sharing.find()
    is_new = link is None
    if link is None or not has_right_end(link, end_of(decision), run.policy, run.now()):
        if run.lease is not None:
            await run.lease.keep()
        facts, decision = await sharing.decide()
        if not decision.allowed:
            return sharing.outcome(State.REFUSED, facts, decision)
        link = await sharing.open(link, facts, decision)
        facts, decision = await sharing.decide(await snapshot.look(slot))
        if not decision.allowed:
            if link is not None:
                await close_links(run, snapshot, [link], (), REFUSED_NOW)
            return sharing.outcome(State.REFUSED, facts, decision)
        if slot is None and not run.dry_run:
            # Somebody else may have shared meanwhile: everyone who looks keeps the same link.
            await snapshot.refresh()
            link = await sharing.find() or link
    strays = [
        one
        for one in snapshot.links_of(recipient.company_id)
        if link is None or one.share_id != link.share_id
    ]
    await close_links(run, snapshot, strays, (), _STRAY)
    outcome = sharing.outcome(State.DELIVERED, facts, decision, link=link)
    extended = is_new and sharing.is_on_probation(link, decision)
    if extended:
        outcome = attrs.evolve(outcome, expires_at=end_of(decision))
    if record is not None:
        await record(outcome)
    if extended:
        await sharing.extend(link, decision)
    return outcome


@attrs.frozen
class _Sharing:
    """One asset and one partner: what is read, decided and opened for them."""

    run: Run
    snapshot: Snapshot
    recipient: Recipient
    purpose: Purpose

    async def decide(self, facts: AssetFacts | None = None) -> tuple[AssetFacts, Decision]:
        """Judge the facts, after reading them again when they are too old to be judged."""
        run = self.run
        facts = facts or self.snapshot.latest
        if run.now() - facts.read_at > run.policy.freshness:
            facts = await self.snapshot.facts()
        decision = decide(run.policy, facts, self.recipient, self.purpose, run.now())
        run.trail.decided(ruling(facts.title, self.recipient.company_id, decision))
        return facts, decision

    async def find(self) -> ShareLink | None:
        """The partner's link that stays; None when there is none, or none that may stay."""
        links = self.snapshot.links_of(self.recipient.company_id)
        if not links:
            return None
        owner_id = await self.run.user_id()
        remembered = self.snapshot.remembered_of(self.recipient.company_id)
        return winner(links, remembered, self.purpose, owner_id=owner_id)

    async def open(
        self, link: ShareLink | None, facts: AssetFacts, decision: Decision
    ) -> ShareLink | None:
        """Make a link, on probation where the policy says so, or renew the one that is there."""
        run, partner_id = self.run, self.recipient.company_id
        if link is not None:
            opened: ShareLink | None = await renew_link(run, link, partner_id, end_of(decision))
        else:
            target = LinkTarget(
                partner_id=partner_id,
                object_type="assets",
                object_id=self.snapshot.asset_id,
                title=facts.title,
                purpose=self.purpose,
            )
            opened = await make_link(run, target, self._first_end(decision))
        if opened is not None:
            self.snapshot.note(opened)
        return opened

    def _first_end(self, decision: Decision) -> datetime:
        probation = self.run.policy.first_lifetime(self.purpose)
        end = end_of(decision)
        return end if probation is None else min(end, self.run.now() + probation)

    def is_on_probation(self, link: ShareLink | None, decision: Decision) -> bool:
        """Whether a new link has its first, short lifetime; also one that a dry run would make."""
        if self.run.policy.first_lifetime(self.purpose) is None:
            return False
        expires = self._first_end(decision) if link is None else link.expires
        return expires is not None and expires < end_of(decision)

    async def extend(self, link: ShareLink | None, decision: Decision) -> None:
        """End the probation of a new link that was checked once more and is on record."""
        run, partner_id = self.run, self.recipient.company_id
        title, end = self.snapshot.latest.title, end_of(decision)
        extended = await run.write(
            f"extend the new link of {partner_id} to {named(title)}",
            lambda: run.iconik.assets.renew_link(_there(link), end),
            instead=None,
        )
        if extended is not None:
            self.snapshot.note(extended)

    def outcome(
        self, state: State, facts: AssetFacts, decision: Decision, *, link: ShareLink | None = None
    ) -> Outcome:
        """The outcome."""
        # Trading Grid rejects blank values, and they restrict nothing.
        told = tuple(text for text in decision.restrictions if text)
        return Outcome(
            partner=self.recipient.company_id,
            asset_id=self.snapshot.asset_id,
            title=facts.title,
            state=state,
            version_id=facts.version_id,
            decision=decision,
            share_id=link.share_id if link else None,
            link=link.url if link else None,
            expires_at=link.expires if link else decision.expires_at,
            restrictions=told if state is State.DELIVERED else (),
        )


def _there(link: ShareLink | None) -> ShareLink:
    if link is None:
        raise errors.WorkflowError("only a dry run goes on without the link that it would make")
    return link


async def close_links(
    run: Run,
    snapshot: Snapshot,
    links: Sequence[ShareLink],
    deliveries: Sequence[Delivery],
    why: str,
) -> None:
    """End links to an asset, then log that, and end deliveries that remember them.

    All links come first, and a failed call stops no other.

    Raises:
        CallError: the first call that failed; run it again.
    """
    effort = BestEffort()
    held = [(link, snapshot.partner_of(link) or "") for link in links]
    revoked = await revoke_links(run, held, why, effort=effort)
    for link in links:
        if link.share_id in revoked:
            snapshot.forget(link)
    still_open = {link.share_id for link in links} - revoked
    for delivery in deliveries:
        if delivery.share_id not in still_open:
            with effort.attempt():
                await end_delivery(run, delivery, why)
                snapshot.record(attrs.evolve(delivery, state="revoked"))
    effort.finish()


async def close_partner(
    run: Run, snapshot: Snapshot, partner_id: str, why: str = REFUSED_NOW
) -> None:
    """End everything that a partner has of an asset.

    Raises:
        CallError: a call to a platform failed; run it again.
    """
    links, deliveries = snapshot.links_of(partner_id), snapshot.deliveries_of(partner_id)
    await close_links(run, snapshot, links, deliveries, why)


async def close_refused(
    run: Run, snapshot: Snapshot, recipient: Recipient, facts: AssetFacts
) -> None:
    """End what a partner has of an asset that was refused for one purpose.

    A link that answers a request stays, if the partner may still have it for no certain usage.

    Raises:
        CallError: a platform could not be asked; run it again.
    """
    partner_id, policy = recipient.company_id, run.policy
    recorded = snapshot.deliveries_of(partner_id)
    of_requests = {one.share_id for one in recorded if one.request_id is not None}
    links = snapshot.links_of(partner_id)
    purpose = Purpose(download=any(one.allow_download for one in links))
    if of_requests and decide(policy, facts, recipient, purpose, run.now()).allowed:
        links = [one for one in links if one.share_id not in of_requests]
        recorded = [one for one in recorded if one.request_id is None]
    await close_links(run, snapshot, links, recorded, REFUSED_NOW)


async def close_request(run: Run, snapshot: Snapshot, partner_id: str, request_id: str) -> None:
    """End what was opened for a request; a link that another delivery remembers stays.

    Raises:
        CallError: a platform could not be asked; run it again.
    """

    def is_kept(delivery: Delivery) -> bool:
        return delivery.request_id != request_id

    await close_all_but(run, snapshot, partner_id, is_kept)


async def close_all_but(
    run: Run,
    snapshot: Snapshot,
    partner_id: str,
    is_kept: Callable[[Delivery], bool],
    why: str = REFUSED_NOW,
) -> None:
    """End a partner's deliveries of an asset but those that are kept, with their links.

    Raises:
        CallError: a platform could not be asked; run it again.
    """
    recorded = snapshot.deliveries_of(partner_id)
    kept = {one.share_id for one in recorded if is_kept(one)}
    links = [one for one in snapshot.links_of(partner_id) if one.share_id not in kept]
    ended = [one for one in recorded if not is_kept(one)]
    await close_links(run, snapshot, links, ended, why)


async def close_asset(run: Run, snapshot: Snapshot, why: str) -> None:
    """End everybody's links to an asset, and all its deliveries.

    Raises:
        CallError: a platform could not be asked; run it again.
    """
    for partner_id in sorted(snapshot.holders):
        await close_partner(run, snapshot, partner_id, why)


async def reconcile_asset(
    run: Run,
    snapshot: Snapshot,
    profiles: Callable[[str], Awaitable[Partner | None]],
    *,
    served: Collection[str] = (),
    meant: Collection[str] = (),
    purpose_of: Callable[[str], Purpose] | None = None,
    settle: timedelta = IN_THE_MAKING,
) -> tuple[Outcome, ...]:
    """Judge every open share of an asset that this run has not served; close what is refused.

    Args:
        run: the run.
        snapshot: the asset, with its shares and deliveries.
        profiles: reads a partner's profile; None for one without a profile.
        served: the partners whose links this run has brought about already.
        meant: partners who are no former recipients, whatever the policy says of those.
        purpose_of: what a partner's link is for, without the download, which a link says itself;
            by default for no certain usage.
        settle: how young a link may be that is allowed and on no record yet: another run may be
            about to record it.

    Returns:
        One outcome for each partner whose access was closed, or could not be.
    """
    outcomes = []
    for partner_id in sorted(snapshot.holders - set(served)):
        try:
            outcome = await _reconcile_partner(
                run,
                snapshot,
                partner_id,
                profiles,
                purpose_of(partner_id) if purpose_of is not None else Purpose(),
                is_meant=partner_id in meant,
                settle=settle,
            )
        except errors.CallError as error:
            run.trail.decided(f"the links of {partner_id} could not be judged: {error}")
            outcome = snapshot.outcome(partner_id, State.FAILED, error=error)
        if outcome is not None:
            outcomes.append(outcome)
    await _reconcile_foreign(run, snapshot)
    return tuple(outcomes)


async def _reconcile_partner(
    run: Run,
    snapshot: Snapshot,
    partner_id: str,
    profiles: Callable[[str], Awaitable[Partner | None]],
    purpose: Purpose,
    *,
    is_meant: bool,
    settle: timedelta,
) -> Outcome | None:
    links = snapshot.links_of(partner_id)
    partner = await profiles(partner_id)
    recipient = Recipient(
        company_id=partner_id,
        regions=partner.regions if partner else (),
        languages=partner.languages if partner else (),
    )
    facts = snapshot.latest
    if run.now() - facts.read_at > run.policy.freshness:
        facts = await snapshot.facts()
    downloads = any(link.allow_download for link in links)
    wanted = attrs.evolve(purpose, download=downloads)
    decision = decide(run.policy, facts, recipient, wanted, run.now())
    if not decision.allowed or not (is_meant or run.policy.keep_former_recipients):
        run.trail.decided(ruling(facts.title, partner_id, decision))
        await close_partner(run, snapshot, partner_id)
        return snapshot.outcome(partner_id, State.REFUSED, decision=decision)
    await keep_recorded(run, snapshot, partner_id, wanted, settle=settle)
    return None


async def keep_recorded(
    run: Run,
    snapshot: Snapshot,
    partner_id: str,
    purpose: Purpose,
    *,
    settle: timedelta = IN_THE_MAKING,
) -> None:
    """Close a partner's links but the one on record, and end deliveries whose link is gone.

    Args:
        run: the run.
        snapshot: the asset.
        partner_id: the partner.
        purpose: what the links are for.
        settle: how young a link may be that is on no record yet.

    Raises:
        CallError: a platform could not be asked; run it again.
    """
    await record_revoked_by_hand(run, snapshot, partner_id)
    links = snapshot.links_of(partner_id)
    remembered = snapshot.remembered_of(partner_id)
    recorded = [link for link in links if link.share_id in remembered]
    kept = winner(recorded, remembered, purpose)
    strays = [link for link in links if kept is None or link.share_id != kept.share_id]
    if strays:
        # Another run may have opened it a moment ago, and is about to record it.
        owner_id, recently = await run.user_id(), run.now() - settle
        strays = [
            link
            for link in strays
            if link.share_id in remembered
            or link.permits_more
            or link.owner_id != owner_id
            or link.date_created is None
            or link.date_created <= recently
        ]
    dead = [
        one
        for one in snapshot.deliveries_of(partner_id)
        if (kept is None or one.share_id != kept.share_id)
        # One that has expired says so itself.
        and (one.expires_at is None or one.expires_at > run.now())
    ]
    await close_links(run, snapshot, strays, dead, _STRAY)


async def _reconcile_foreign(run: Run, snapshot: Snapshot) -> None:
    """Close shares that somebody made by hand and that the version's own facts refuse."""
    if snapshot.partner_id is not None or run.policy.foreign_shares != ForeignShares.CLOSE:
        return
    for link in snapshot.foreign_links():
        decision = judge_foreign(run, snapshot.latest, link)
        if not decision.allowed:
            run.trail.decided(ruling(snapshot.latest.title, "whoever has it", decision))
            await close_links(run, snapshot, [link], (), REFUSED_NOW)


def judge_foreign(run: Run, facts: AssetFacts, link: ShareLink) -> Decision:
    """Decide, by the facts of the version alone, whether a share of unknown holders may stay."""
    decision = decide(run.policy, facts, Recipient(company_id=""), Purpose(), run.now())
    beside_the_point = _OF_THE_RECIPIENT | (_OF_THE_APPROVAL if link.permits_more else frozenset())
    against = tuple(one for one in decision.reasons if one.code not in beside_the_point)
    if decision.allowed or against:
        return attrs.evolve(decision, reasons=against)
    return attrs.evolve(decision, allowed=True, reasons=())
