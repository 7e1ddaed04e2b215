"""Use case 3: an approved asset goes to the partner groups that it is tagged for.

Trigger: an asset was approved and tagged, or any later moment; `distribute_tagged_assets` looks for
all of them, so that a timetable needs nothing else.

Steps, each of which looks before it writes:

1. read the asset, its links and its deliveries once, the groups that its tags are for, and the
   partners in them; judge it for each with `release.decide`;
2. publish a document: version, digest when one is known, restrictions, end of the licence; the
   document of an earlier version is superseded;
3. a few partners at a time: share (`share_with_partner`) and record the delivery, which alone has
   the partner's link; what an earlier run opened for a partner who is refused by now is taken back;
4. announce it to those who have their delivery and were not told yet.

What each platform shows afterwards: iconik one silent link per partner on the asset; Trading Grid
the document, one delivery per partner below it, and an announcement without links. Document and
announcement are for the partners who may have the asset: nobody else learns of it.

The tags are values of a metadata field (`groups_field`) that the policy's view has. It is no part
of the policy, because whom something is meant for never decides whether they may have it.

Running it again changes nothing and gives the same result. After a crash it continues; of two at
once the delivery that was recorded first counts, and the other one's link is revoked. Links are
renewed before they end. Who leaves a group keeps the link until it ends.

It waits for nobody: `waits_for` says who could change the outcome.

What can fail: each partner has an outcome (delivered, refused with reasons, failed with the error),
and one failure stops nobody else; the next run tries those again. A platform that cannot be asked
about the asset or the groups raises its `CallError` before anything was written.

Source: use case 3 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.search import exists, term
from tgiconik.release import AssetFacts, Decision, Purpose, Recipient, ReleasePolicy, decide
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    Delivery,
    Document,
    Partner,
    Receipt,
)
from tgiconik.workflows._circle import Circle, can_be_reached
from tgiconik.workflows._delivery import record_delivery
from tgiconik.workflows._fan_out import AT_ONCE, checked_at_once, fan_out
from tgiconik.workflows._links import share_key
from tgiconik.workflows._outcome import Outcome, State, raise_for_failures
from tgiconik.workflows._publication import announce, publish, wanted_document
from tgiconik.workflows._reading import read_facts
from tgiconik.workflows._sharing import share_with_partner, take_back
from tgiconik.workflows._showing import as_dict, as_html
from tgiconik.workflows._survey import Survey
from tgiconik.workflows._trail import Clock, Step, Trail, Verb, utc_now
from tgiconik.workflows._wording import how_many, named

#: The metadata field with the tags that groups are found by.
GROUPS_FIELD: Final = "PartnerGroups"
#: How often partners are served anew when somebody else distributes at the same time.
_ROUNDS: Final = 3


@attrs.frozen(kw_only=True)
class Distribution:
    """What became of an asset that was to go to many. Two runs over the same state are equal.

    Attributes:
        asset_id: the asset.
        version_id: its current version.
        document_id: the document that is published; None when nobody ever could have the asset, and
            in a dry run that would publish it.
        announcement_ids: what the partners were told by: one for all, and one more for those who
            came later.
        outcomes: one for each partner, by company id.
        waits_for: who could change an outcome, one line each.
        error: why nothing could be done about this asset; only ever set among several assets.
        timeline: what was read, decided and written, in order.
        dry_run: nothing was written.
    """

    asset_id: str
    version_id: str | None = None
    document_id: str | None = None
    announcement_ids: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    waits_for: tuple[str, ...] = ()
    error: Exception | None = attrs.field(default=None, eq=type)
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def raise_for_failures(self) -> None:
        """Raise what failed, for those who want that.

        Raises:
            ExceptionGroup: one exception per failed outcome.
        """
        raise_for_failures(self.outcomes)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, ready for JSON; without links."""
        return as_dict(self)

    def _repr_html_(self) -> str:
        return as_html(self)


@attrs.frozen(kw_only=True)
class Distributions:
    """What became of all assets that are tagged for partner groups.

    Attributes:
        distributions: one for each asset, in the order of their ids.
        timeline: what was read, decided and written, in order.
        dry_run: nothing was written.
    """

    distributions: tuple[Distribution, ...] = ()
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Every partner's outcome for every asset."""
        return tuple(outcome for one in self.distributions for outcome in one.outcomes)

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Who could change an outcome, one line each."""
        return tuple(dict.fromkeys(line for one in self.distributions for line in one.waits_for))

    def raise_for_failures(self) -> None:
        """Raise what failed, for those who want that.

        Raises:
            ExceptionGroup: one exception per failed outcome, and per asset that failed as a whole.
        """
        whole = [one.error for one in self.distributions if one.error is not None]
        if whole:
            parts = [o.error for o in self.outcomes if o.error is not None]
            raise ExceptionGroup(f"{len(whole)} assets were not distributed", [*whole, *parts])
        raise_for_failures(self.outcomes)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, ready for JSON; without links."""
        return as_dict(self)

    def _repr_html_(self) -> str:
        return as_html(self)


async def distribute_approved_asset(
    grid: TradingGridClient,
    iconik: IconikClient,
    asset_id: str,
    *,
    policy: ReleasePolicy | None = None,
    groups: Iterable[str] | None = None,
    partners: Iterable[str] | None = None,
    groups_field: str = GROUPS_FIELD,
    purpose: Purpose | None = None,
    at_once: int = AT_ONCE,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Distribution:
    """Bring about that partners have an asset that is approved for them, and know of it.

    Args:
        grid: where the partners are.
        iconik: where the asset is.
        asset_id: the asset whose current version they shall see.
        policy: the release rules; the default policy when left out.
        groups: ids of partner groups, instead of those that the asset is tagged for.
        partners: company ids of partners, beside `groups` or instead of any group.
        groups_field: the metadata field with the tags, in the policy's view.
        purpose: what for; by default for no certain usage, with download as the policy allows.
        at_once: how many partners are served at the same time.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        NotFound: there is no such asset, or no such group.
        CallError: a platform could not be asked; nothing is lost, run it again.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    work = _Work(
        grid=grid,
        iconik=iconik,
        policy=policy or ReleasePolicy(),
        purpose=purpose,
        groups_field=groups_field,
        at_once=at_once,
        trail=trail,
    )
    result = await work.run(asset_id, groups=groups, partners=partners)
    return attrs.evolve(result, timeline=tuple(trail.steps))


async def distribute_tagged_assets(
    grid: TradingGridClient,
    iconik: IconikClient,
    *,
    policy: ReleasePolicy | None = None,
    groups_field: str = GROUPS_FIELD,
    purpose: Purpose | None = None,
    at_once: int = AT_ONCE,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Distributions:
    """Distribute every asset that is tagged for partner groups, one after the other.

    `POST /API/search/v1/search/` finds them; what is not approved or not due yet is refused by
    `release.decide`, with its reasons. Groups and partners are read once for all of them.

    Args:
        grid: where the partners are.
        iconik: where the assets are.
        policy: the release rules; the default policy when left out.
        groups_field: the metadata field with the tags, in the policy's view.
        purpose: what for; by default for no certain usage, with download as the policy allows.
        at_once: how many partners are served at the same time.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        CallError: iconik could not be searched. What fails about one asset is in its result.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    work = _Work(
        grid=grid,
        iconik=iconik,
        policy=policy or ReleasePolicy(),
        purpose=purpose,
        groups_field=groups_field,
        at_once=at_once,
        trail=trail,
    )
    tagged = iconik.search.assets(
        where=[term("status", "ACTIVE"), exists(f"metadata.{groups_field}")], include_fields=["id"]
    )
    done: dict[str, Distribution] = {}
    async for hit in tagged:
        if hit.id is None or hit.id in done:
            continue
        try:
            done[hit.id] = await work.run(hit.id)
        except errors.TgIconikError as error:
            trail.decided(f"asset {hit.id} could not be distributed: {error}")
            done[hit.id] = Distribution(asset_id=hit.id, error=error, dry_run=dry_run)
    return Distributions(
        distributions=tuple(done[id_] for id_ in sorted(done)),
        timeline=tuple(trail.steps),
        dry_run=dry_run,
    )


async def read_receipts(
    grid: TradingGridClient, distribution: Distribution
) -> dict[str, tuple[Receipt, ...]]:
    """What each partner did with their delivery, by company id; who did nothing has none.

    Raises:
        CallError: Trading Grid could not be asked.
    """
    found: dict[str, tuple[Receipt, ...]] = {
        outcome.partner: () for outcome in distribution.outcomes if outcome.state is State.DELIVERED
    }
    if distribution.document_id is not None:
        async for receipt in grid.community.receipts.list(document_id=distribution.document_id):
            found[receipt.partner_id] = (*found.get(receipt.partner_id, ()), receipt)
    return found


@attrs.frozen(kw_only=True)
class _Work:
    """One run over one asset, or over many: what they have in common."""

    grid: TradingGridClient
    iconik: IconikClient
    policy: ReleasePolicy
    purpose: Purpose | None
    groups_field: str
    at_once: int = attrs.field(converter=checked_at_once)
    trail: Trail
    circle: Circle = attrs.field(init=False)

    @circle.default
    def _circle(self) -> Circle:
        return Circle(self.grid, self.trail)

    async def run(
        self,
        asset_id: str,
        *,
        groups: Iterable[str] | None = None,
        partners: Iterable[str] | None = None,
    ) -> Distribution:
        """From the asset's id to the result."""
        facts = await read_facts(self.iconik, asset_id, policy=self.policy, trail=self.trail)
        wanted, waits_for = await self._wanted(facts, groups, partners)
        survey = Survey(self.grid, self.iconik, self.policy, self.trail, facts)
        await survey.refresh()
        case = _Case(
            work=self,
            asset_id=asset_id,
            purpose=self.purpose or Purpose(download=self.policy.allow_download),
            survey=survey,
        )
        result = await case.run(wanted)
        waits_for += [
            f"{partner_id} to name a contact with an e-mail address"
            for partner_id, partner in wanted.items()
            if partner is not None and not can_be_reached(partner)
        ]
        if any(outcome.state is State.FAILED for outcome in result.outcomes):
            waits_for.append("another run of this workflow")
        for line in waits_for:
            self.trail.waits(line)
        return attrs.evolve(result, waits_for=tuple(waits_for), dry_run=self.trail.dry_run)

    async def _wanted(
        self,
        facts: AssetFacts,
        groups: Iterable[str] | None,
        partners: Iterable[str] | None,
    ) -> tuple[dict[str, Partner | None], list[str]]:
        """Whom the asset is meant for, by company id, and what is missing to know it."""
        waits_for: list[str] = []
        if groups is None and partners is None:
            tags = _texts(facts.metadata.get(self.groups_field))
            groups, unknown = await self.circle.tagged(tags)
            waits_for += [f"a partner group for the tag {named(tag)}" for tag in unknown]
            if not tags:
                waits_for.append(f"a tag of {named(facts.title)} in {self.groups_field}")
        wanted: dict[str, Partner | None] = {**await self.circle.members(groups or ())}
        for partner_id in partners or ():
            wanted.setdefault(partner_id, await self.circle.profile(partner_id))
        self.trail.decided(f"{named(facts.title)} is meant for {how_many(wanted)}")
        return dict(sorted(wanted.items())), waits_for


@attrs.frozen(kw_only=True)
class _Case:
    """One asset on its way to many partners."""

    work: _Work
    asset_id: str
    purpose: Purpose
    survey: Survey

    async def run(self, wanted: Mapping[str, Partner | None]) -> Distribution:
        """Publish, deliver, announce."""
        grid, policy, trail = self.work.grid, self.work.policy, self.work.trail
        facts = self.survey.latest
        if trail.now() - facts.read_at > policy.freshness:
            facts = await self.survey.facts()
        decisions = {
            partner_id: decide(policy, facts, _recipient(partner), self.purpose, trail.now())
            for partner_id, partner in wanted.items()
            if partner is not None and can_be_reached(partner)
        }
        allowed = {id_: decision for id_, decision in decisions.items() if decision.allowed}
        document = await self._publish(facts, allowed)
        outcomes = await self._serve_all(wanted, decisions, document)
        refused = [id_ for id_ in allowed if outcomes[id_].state is State.REFUSED]
        if refused:
            # Allowed a moment ago, and not any more: they must not stay in the audience.
            kept = {id_: allowed[id_] for id_ in allowed if id_ not in refused}
            document = await self._publish(facts, kept)
        delivered = [id_ for id_, outcome in outcomes.items() if outcome.state is State.DELIVERED]
        announcements = await announce(grid, document, facts.title, partners=delivered, trail=trail)
        return Distribution(
            asset_id=self.asset_id,
            version_id=facts.version_id,
            document_id=document.id if document else None,
            announcement_ids=announcements,
            outcomes=tuple(outcomes.values()),
        )

    async def _publish(self, facts: AssetFacts, allowed: Mapping[str, Decision]) -> Document | None:
        wanted = None
        if allowed:
            # The same facts for all of them: every decision says the same of the asset itself.
            decision = next(iter(allowed.values()))
            wanted = wanted_document(facts, decision, partners=allowed, policy=self.work.policy)
        return await publish(self.work.grid, self.asset_id, wanted, trail=self.work.trail)

    async def _serve_all(
        self,
        wanted: Mapping[str, Partner | None],
        decisions: Mapping[str, Decision],
        document: Document | None,
    ) -> dict[str, Outcome]:
        """An outcome for each; those whom somebody else served meanwhile are looked at again."""
        trail = self.work.trail

        async def serve(partner_id: str) -> Outcome:
            partner = wanted[partner_id]
            if partner is None or not can_be_reached(partner):
                raise errors.WorkflowError(
                    f"{partner_id} has no {'contact' if partner else 'profile'}"
                )
            return await self._serve(_recipient(partner), decisions[partner_id], document)

        outcomes: dict[str, Outcome] = {}
        todo = list(wanted)
        for _ in range(_ROUNDS):
            before = len(trail.steps)
            outcomes |= await fan_out(
                todo,
                serve,
                failed=self._failed,
                at_once=self.work.at_once,
                trail=trail,
            )
            wrote = any(step.verb is Verb.WROTE for step in trail.steps[before:])
            if not wrote and not any(_was_overtaken(outcomes[id_]) for id_ in todo):
                break
            await self.survey.refresh()
            todo = [id_ for id_ in todo if not await self._is_settled(outcomes[id_], document)]
        return {id_: outcomes[id_] for id_ in wanted}

    async def _serve(
        self, recipient: Recipient, decision: Decision, document: Document | None
    ) -> Outcome:
        """One partner: link and record, or neither."""
        work, partner_id = self.work, recipient.company_id
        if decision.allowed:
            outcome = await share_with_partner(
                work.grid,
                work.iconik,
                self.asset_id,
                recipient=recipient,
                policy=work.policy,
                purpose=self.purpose,
                facts=self.survey.latest,
                sight=self.survey,
                trail=work.trail,
            )
        else:
            outcome = self._outcome(partner_id, State.REFUSED, decision=decision)
        if outcome.state is State.DELIVERED:
            await record_delivery(
                work.grid,
                document.id if document else None,
                outcome,
                there=await self._delivery(partner_id, document),
                trail=work.trail,
            )
        else:
            await take_back(
                work.grid,
                work.iconik,
                self.asset_id,
                recipient=recipient,
                policy=work.policy,
                purpose=self.purpose,
                request_id=None,
                sight=self.survey,
                trail=work.trail,
            )
        return outcome

    async def _delivery(self, partner_id: str, document: Document | None) -> Delivery | None:
        """The partner's delivery of the document, as it was read."""
        deliveries = await self.survey.deliveries(partner_id)
        mine = [d for d in deliveries if document is not None and d.document_id == document.id]
        return next(iter(mine), None)

    async def _is_settled(self, outcome: Outcome, document: Document | None) -> bool:
        """Whether both platforms show what the outcome says, and nothing beside it."""
        if outcome.state is not State.DELIVERED:
            return not _was_overtaken(outcome)
        links = await self.survey.links(share_key(outcome.partner))
        delivery = await self._delivery(outcome.partner, document)
        return (
            [link.share_id for link in links] == [outcome.share_id]
            and delivery is not None
            and delivery.share_id == outcome.share_id
        )

    def _failed(self, partner_id: str, error: errors.TgIconikError) -> Outcome:
        self.work.trail.decided(f"{partner_id} could not be served: {error}")
        return self._outcome(partner_id, State.FAILED, error=error)

    def _outcome(
        self,
        partner_id: str,
        state: State,
        *,
        decision: Decision | None = None,
        error: Exception | None = None,
    ) -> Outcome:
        facts = self.survey.latest
        return Outcome(
            partner=partner_id,
            asset_id=self.asset_id,
            title=facts.title,
            state=state,
            version_id=facts.version_id,
            decision=decision,
            error=error,
        )


def _was_overtaken(outcome: Outcome) -> bool:
    """Somebody else recorded a delivery first: what they recorded is to be looked at."""
    return isinstance(outcome.error, errors.PreconditionFailed)


def _recipient(partner: Partner) -> Recipient:
    """The partner as the release rules see it: by the profile, as nobody asked for anything."""
    return Recipient(
        company_id=partner.company_id, regions=partner.regions, languages=partner.languages
    )


def _texts(values: object) -> list[str]:
    """The texts among the values of a metadata field, each once."""
    many = values if isinstance(values, Sequence) and not isinstance(values, str) else [values]
    texts = [value.strip() for value in many if isinstance(value, str)]
    return [text for text in dict.fromkeys(texts) if text]
