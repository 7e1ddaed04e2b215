"""Distribution of one asset to many partners: document, links, deliveries and announcement.

Steps, each of which reads the current state before it writes: publish the document for the allowed
partners; share and record the deliveries with bounded concurrency, and revoke links of partners who
are refused now; announce the document to partners who have their delivery.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import Final

import attrs

from tgiconik import errors
from tgiconik.release import (
    AssetFacts,
    Decision,
    Purpose,
    Reason,
    ReasonCode,
    Recipient,
    decide,
)
from tgiconik.tradinggrid.collaboration import Delivery, Document, Partner
from tgiconik.workflows.distribution.audience import as_recipient, can_be_reached
from tgiconik.workflows.distribution.publication import (
    DISTRIBUTION,
    WithdrawnByHand,
    announce,
    publish,
    wanted_document,
)
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.concurrency import BatchBarrier, Slot, fan_out
from tgiconik.workflows.run.results import Outcome, State
from tgiconik.workflows.run.text import ruling
from tgiconik.workflows.run.trail import Verb
from tgiconik.workflows.sharing.by_hand import was_taken_by_hand
from tgiconik.workflows.sharing.delivery import record_delivery
from tgiconik.workflows.sharing.share import close_refused, reconcile_asset, share_asset
from tgiconik.workflows.sharing.snapshot import Snapshot

#: How often partners are processed again when another run distributes concurrently.
_ROUNDS: Final = 3


@attrs.frozen(kw_only=True)
class Distributed:
    """The result of distributing one asset.

    Attributes:
        version_id: its current version.
        document_id: the document that is published; None when nobody ever could have the asset, and
            in a dry run that would publish it.
        announcement_ids: the announcements that the partners got.
        outcomes: one for each partner, in their order.
        closed: one for each other partner whose access was closed, or could not be.
    """

    version_id: str | None
    document_id: str | None
    announcement_ids: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    closed: tuple[Outcome, ...] = ()


@attrs.frozen(kw_only=True)
class Distributor:
    """Distributes one asset to many partners.

    Attributes:
        run: the run.
        purpose: what the asset is distributed for.
        snapshot: the state of the asset, read once for all partners.
        max_concurrency: how many partners are served at the same time.
        profiles: reads the profile of a partner who is not wanted any more.
        series: begins the external id of its documents.
        restore: share and publish again what somebody revoked or withdrew by hand.
    """

    run: Run
    purpose: Purpose
    snapshot: Snapshot
    max_concurrency: int
    profiles: Callable[[str], Awaitable[Partner | None]]
    series: str = DISTRIBUTION
    restore: bool = False

    async def distribute(self, wanted: Mapping[str, Partner | None]) -> Distributed:
        """Publish, deliver, announce.

        Args:
            wanted: the partners' profiles by company id; None for a partner without a profile.
        """
        run, policy = self.run, self.run.policy
        facts = self.snapshot.latest
        if run.now() - facts.read_at > policy.freshness:
            facts = await self.snapshot.facts()
        decisions = {
            partner_id: decide(policy, facts, as_recipient(partner), self.purpose, run.now())
            for partner_id, partner in wanted.items()
            if partner is not None and can_be_reached(partner)
        }
        decisions = await self._without_revoked_by_hand(decisions)
        allowed = {id_: decision for id_, decision in decisions.items() if decision.allowed}
        former = await self._former_recipients(facts, decisions)
        try:
            document = await self._publish(facts, allowed | former)
        except WithdrawnByHand as error:
            run.trail.decided(str(error))
            document, former = None, {}
            decisions |= {id_: self._by_hand(f"{error}.".capitalize()) for id_ in allowed}
            allowed = {}
        outcomes = await self._serve_all(wanted, decisions, document)
        refused = [id_ for id_ in allowed if outcomes[id_].state is State.REFUSED]
        if refused:
            # Allowed before and refused now: these partners must leave the audience.
            kept = {id_: allowed[id_] for id_ in allowed if id_ not in refused}
            document = await self._publish(facts, kept | former)
        delivered = [id_ for id_, outcome in outcomes.items() if outcome.state is State.DELIVERED]
        announcements = await announce(run, document, facts.title, partners=delivered)
        closed = await self._reconcile_others(decisions)
        return Distributed(
            version_id=facts.version_id,
            document_id=document.id if document else None,
            announcement_ids=announcements,
            outcomes=tuple(outcomes.values()),
            closed=closed,
        )

    async def _without_revoked_by_hand(
        self, decisions: Mapping[str, Decision]
    ) -> dict[str, Decision]:
        """The decisions; those are refused whose link somebody revoked by hand."""
        found = dict(decisions)
        for partner_id, decision in decisions.items():
            if self.restore or not decision.allowed:
                continue
            if await was_taken_by_hand(self.run, self.snapshot, partner_id):
                found[partner_id] = self._by_hand(f"The link of {partner_id} was revoked by hand.")
        return found

    def _by_hand(self, message: str) -> Decision:
        reason = Reason(ReasonCode.BY_HAND, message)
        return Decision(allowed=False, reasons=(reason,), decided_at=self.run.now())

    async def _former_recipients(
        self, facts: AssetFacts, wanted: Collection[str]
    ) -> dict[str, Decision]:
        """The decisions on partners who have this version, may keep it, and are not wanted now.

        A run for a few partners does not take the others out of the document's audience.
        """
        run, found = self.run, dict[str, Decision]()
        if not run.policy.keep_former_recipients:
            return found
        for partner_id in sorted(self.snapshot.holders.difference(wanted)):
            has_it = any(
                one.asset is not None and one.asset.version_id == facts.version_id
                for one in self.snapshot.deliveries_of(partner_id)
                if one.request_id is None
            )
            partner = await self.profiles(partner_id) if has_it else None
            if partner is not None:
                recipient = as_recipient(partner)
                decision = decide(run.policy, facts, recipient, self.purpose, run.now())
                if decision.allowed:
                    found[partner_id] = decision
        return found

    async def _reconcile_others(self, served: Collection[str]) -> tuple[Outcome, ...]:
        """Judge whoever has the asset and was not served: former recipients, and shares by hand."""
        if not self.snapshot.asset_id:
            return ()
        return await reconcile_asset(
            self.run,
            self.snapshot,
            self.profiles,
            served=served,
            purpose_of=lambda _: self.purpose,
        )

    async def _publish(self, facts: AssetFacts, allowed: Mapping[str, Decision]) -> Document | None:
        wanted = None
        if allowed:
            # All decisions use the same facts, so all agree on the asset itself.
            decision = next(iter(allowed.values()))
            wanted = wanted_document(
                facts, decision, partners=allowed, policy=self.run.policy, series=self.series
            )
        # Documents name the asset that was decided, whichever asset shows its version.
        return await publish(
            self.run, facts.asset_id, wanted, series=self.series, restore=self.restore
        )

    async def _serve_all(
        self,
        wanted: Mapping[str, Partner | None],
        decisions: Mapping[str, Decision],
        document: Document | None,
    ) -> dict[str, Outcome]:
        """Process all partners; repeat for those that another run processed concurrently."""

        async def serve(barrier: BatchBarrier, partner_id: str) -> Outcome:
            partner = wanted[partner_id]
            async with barrier.slot() as slot:
                if partner is None or not can_be_reached(partner):
                    raise errors.WorkflowError(
                        f"{partner_id} has no {'contact' if partner else 'profile'}"
                    )
                return await self._serve(
                    as_recipient(partner), decisions[partner_id], document, slot
                )

        trail = self.run.trail
        outcomes: dict[str, Outcome] = {}
        todo = list(wanted)
        for _ in range(_ROUNDS):
            before = len(trail.steps)
            barrier = BatchBarrier(self.max_concurrency, len(todo))
            outcomes |= await fan_out(
                todo,
                partial(serve, barrier),
                failed=self._failed,
                max_concurrency=barrier.workers,
                trail=trail,
            )
            wrote = any(step.verb is Verb.WROTE for step in trail.steps[before:])
            if not wrote and not any(_was_overtaken(outcomes[id_]) for id_ in todo):
                break
            await self.snapshot.refresh_links()
            todo = [id_ for id_ in todo if not await self._is_settled(outcomes[id_], document)]
            if not todo:
                break
            await self.snapshot.refresh()
        return {id_: outcomes[id_] for id_ in wanted}

    async def _serve(
        self, recipient: Recipient, decision: Decision, document: Document | None, slot: Slot
    ) -> Outcome:
        """One partner: link and record, or neither."""
        partner_id = recipient.company_id
        if decision.allowed:
            outcome = await share_asset(
                self.run,
                self.snapshot,
                recipient=recipient,
                purpose=self.purpose,
                record=partial(self._record, document),
                slot=slot,
            )
        else:
            self.run.trail.decided(ruling(self.snapshot.latest.title, partner_id, decision))
            outcome = self.snapshot.outcome(partner_id, State.REFUSED, decision=decision)
        if outcome.state is not State.DELIVERED:
            await close_refused(self.run, self.snapshot, recipient, self.snapshot.latest)
        return outcome

    async def _record(self, document: Document | None, outcome: Outcome) -> None:
        recorded = await record_delivery(
            self.run,
            document.id if document else None,
            outcome,
            there=self._delivery(outcome.partner, document),
        )
        if recorded is not None:
            self.snapshot.record(recorded)

    def _delivery(self, partner_id: str, document: Document | None) -> Delivery | None:
        """The partner's delivery of the document in the snapshot."""
        return self.snapshot.delivery(document.id, partner_id) if document is not None else None

    async def _is_settled(self, outcome: Outcome, document: Document | None) -> bool:
        """Whether both platforms match the outcome, without further links."""
        if outcome.state is not State.DELIVERED:
            return not _was_overtaken(outcome)
        links = self.snapshot.links_of(outcome.partner)
        delivery = self._delivery(outcome.partner, document)
        return (
            [link.share_id for link in links] == [outcome.share_id]
            and delivery is not None
            and delivery.share_id == outcome.share_id
        )

    def _failed(self, partner_id: str, error: errors.TgIconikError) -> Outcome:
        self.run.trail.decided(f"{partner_id} failed: {error}")
        return self.snapshot.outcome(partner_id, State.FAILED, error=error)


def _was_overtaken(outcome: Outcome) -> bool:
    """Whether another run recorded the delivery first, so that its record must be read."""
    return isinstance(outcome.error, errors.PreconditionFailed)
