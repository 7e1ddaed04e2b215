"""Several assets for one partner, behind one link: a collection that nobody else fills.

A collection's share shows all its members, later ones too. So every partner has a collection of
their own, and what may not go to them is never in it while a link is open: members are decided one
by one, refused ones leave first, and after every write it is looked again.

Trading Grid has one document for each partner and package, which remembers the collection, the
partner's delivery below it, and an entry in the log for every state of its contents.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeAlias

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import AssetFacts, Decision, Purpose, Recipient, ReleasePolicy, decide
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    Audience,
    DeliveryInput,
    DeliveryState,
    DocumentUpdate,
)
from tgiconik.workflows.distribution.package_store import PackageSurvey, Place, Places
from tgiconik.workflows.distribution.publication import change_document
from tgiconik.workflows.run.concurrency import Turn
from tgiconik.workflows.run.outcome import Outcome, State
from tgiconik.workflows.run.text import ruling
from tgiconik.workflows.run.trail import Trail, utc_now
from tgiconik.workflows.sharing.delivery import end_delivery, put_delivery
from tgiconik.workflows.sharing.facts import FreshFacts, Read
from tgiconik.workflows.sharing.links import (
    end_of,
    lasts_right,
    make_link,
    renew_link,
    revoke_link,
    share_key,
    still_open,
    winner,
)

#: How often it is begun anew when somebody else packs the same at the same time.
_ROUNDS: Final = 3


@attrs.frozen(kw_only=True)
class Package:
    """What belongs together.

    Attributes:
        key: names it on both platforms, for all partners.
        title: what partners read.
        asset_ids: the assets that are meant to be in it.
    """

    key: str
    title: str
    asset_ids: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Packed:
    """A package as one partner has it.

    Attributes:
        partner: company id (BUID) of the partner.
        outcomes: one for each asset that was meant to be in it.
        collection_id: the collection behind the link; None in a dry run that would make it, and
            when nothing in it ever could go to the partner.
        document_id: the document on Trading Grid; None likewise.
        share_id: the iconik share that the link belongs to.
        link: the partner's link. Whoever has it can see the assets, so it is left out of the repr.
        expires_at: when the link stops working, in UTC.
    """

    partner: str
    outcomes: tuple[Outcome, ...] = ()
    collection_id: str | None = None
    document_id: str | None = None
    share_id: str | None = None
    link: str | None = attrs.field(default=None, repr=False)
    expires_at: datetime | None = None


async def deliver_package(
    grid: TradingGridClient,
    iconik: IconikClient,
    package: Package,
    *,
    recipient: Recipient,
    policy: ReleasePolicy,
    purpose: Purpose,
    project_id: str | None = None,
    facts: FreshFacts | None = None,
    trail: Trail | None = None,
) -> Packed:
    """Bring about that a partner has one link to what they may have of a package.

    Running it again changes nothing. An asset that may not go any more, or that somebody else put
    into the collection, is taken out; when nothing is left, the link ends.

    Args:
        grid: where the delivery is remembered.
        iconik: where the assets are.
        package: what is to go there; without assets, everything is taken back.
        recipient: the partner.
        policy: the release rules.
        purpose: what for.
        project_id: the project that it belongs to.
        facts: what is known of the assets, when many partners get the same.
        trail: where to record it; a trail with `dry_run` writes nothing.

    Raises:
        CallError: a platform could not be asked; run it again.
    """
    trail = trail or Trail(now=utc_now)
    packing = Packing(
        grid=grid,
        iconik=iconik,
        package=package,
        policy=policy,
        purpose=purpose,
        project_id=project_id,
        facts=facts or FreshFacts(iconik, policy, trail),
        trail=trail,
    )
    return await packing.deliver(recipient)


@attrs.frozen(kw_only=True)
class Packing:
    """One package for many partners; see `deliver_package`.

    Attributes:
        survey: what is there for all of them; read for each when left out.
    """

    grid: TradingGridClient
    iconik: IconikClient
    package: Package
    policy: ReleasePolicy
    purpose: Purpose
    project_id: str | None
    facts: FreshFacts
    survey: PackageSurvey | None = None
    trail: Trail

    async def deliver(
        self, recipient: Recipient, *, package: Package | None = None, turn: Turn | None = None
    ) -> Packed:
        """Bring about that a partner has it.

        Args:
            recipient: the partner.
            package: what this partner is to have, when it is not what all are.
            turn: theirs, among many who are served.
        """
        case = self._case(recipient, package or self.package, turn, self.survey)
        for _ in range(_ROUNDS):
            try:
                return await case.run()
            except errors.PreconditionFailed:
                self.trail.read(f"somebody else packs for {case.partner_id} at the same time")
                # What was read for all is not so any more.
                case = self._case(recipient, package or self.package, turn, None)
        return await case.run()

    def _case(
        self,
        recipient: Recipient,
        package: Package,
        turn: Turn | None,
        survey: PackageSurvey | None,
    ) -> "_Case":
        return _Case(
            grid=self.grid,
            iconik=self.iconik,
            package=package,
            recipient=recipient,
            policy=self.policy,
            purpose=self.purpose,
            facts=self.facts,
            turn=turn,
            places=Places(
                grid=self.grid,
                iconik=self.iconik,
                package_key=package.key,
                title=package.title,
                partner_id=recipient.company_id,
                project_id=self.project_id,
                survey=survey,
                trail=self.trail,
            ),
            trail=self.trail,
        )


@attrs.frozen(kw_only=True)
class _Verdict:
    """What is to become of one asset."""

    facts: AssetFacts | None = None
    decision: Decision | None = None
    error: errors.TgIconikError | None = None

    @property
    def allowed(self) -> bool:
        """Whether it may go to the partner."""
        return self.decision is not None and self.decision.allowed


_Verdicts: TypeAlias = Mapping[str, _Verdict]


@attrs.frozen(kw_only=True)
class _Case:
    """One package and one partner."""

    grid: TradingGridClient
    iconik: IconikClient
    package: Package
    recipient: Recipient
    policy: ReleasePolicy
    purpose: Purpose
    facts: FreshFacts
    turn: Turn | None
    places: Places
    trail: Trail

    @property
    def partner_id(self) -> str:
        """Whom it is for."""
        return self.recipient.company_id

    async def run(self) -> Packed:
        """From whatever is there to what shall be."""
        verdicts = await self.judge(self.facts.of)
        place = await self.places.find()
        before = place.members
        if not _allowed(verdicts):
            return await self.close(place, verdicts)
        place = await self.fill(await self.places.open(await self.empty(place, verdicts)))
        # That may have taken longer than facts are fresh.
        verdicts = await self.judge(self.facts.of, verdicts)
        if not _allowed(verdicts):
            return await self.close(place, verdicts)
        place = await self.empty(place, verdicts)
        link, is_new = await self.share(place, verdicts)
        if is_new or place.members != before:
            async with self.facts.look(self.turn) as read:
                verdicts = await self.judge(read, verdicts)
            if not _allowed(verdicts):
                return await self.close(place, verdicts)
            place = await self.empty(await self.places.look_into(place), verdicts)
        await self.record(place, verdicts, link)
        return self.packed(place, verdicts, link)

    async def judge(self, read: Read, before: _Verdicts | None = None) -> dict[str, _Verdict]:
        """Every asset of the package; what was said before is not said again."""
        verdicts = {}
        for asset_id in dict.fromkeys(self.package.asset_ids):
            verdict = verdicts[asset_id] = await self.judge_one(asset_id, read)
            if before is None or before[asset_id].allowed != verdict.allowed:
                title = verdict.facts.title if verdict.facts else f"asset {asset_id}"
                self.trail.decided(ruling(title, self.partner_id, verdict.decision))
        return verdicts

    async def judge_one(self, asset_id: str, read: Read) -> _Verdict:
        """One asset; one that is gone is nobody's."""
        try:
            facts = await read(asset_id)
        except (errors.NotFound, errors.ConfigurationError) as error:
            # What cannot be an id in a path is the name of nothing, too.
            return _Verdict(error=error)
        decision = decide(self.policy, facts, self.recipient, self.purpose, self.trail.now())
        return _Verdict(facts=facts, decision=decision)

    async def empty(self, place: Place, verdicts: _Verdicts) -> Place:
        """Take out what may not be there, and what nobody meant to be there."""
        right = {("assets", asset_id) for asset_id in _allowed(verdicts)}
        return await self.places.take_out(place, place.members - right)

    async def fill(self, place: Place) -> Place:
        """Put in what may be there, each judged at that moment."""
        for asset_id in dict.fromkeys(self.package.asset_ids):
            verdict = await self.judge_one(asset_id, self.facts.of)
            missing = ("assets", asset_id) not in place.members
            if verdict.facts is not None and verdict.allowed and missing:
                place = await self.places.put_in(place, asset_id, verdict.facts.title)
        return place

    async def links(self, place: Place) -> list[ShareLink]:
        """The partner's links to the collection that still open."""
        if place.collection_id is None:
            return []
        links = await self.iconik.assets.find_links(
            place.collection_id, share_key(self.partner_id), object_type="collections"
        )
        return still_open(links, self.trail.now())

    async def links_before(self, place: Place) -> list[ShareLink]:
        """The same before anything is written: what is known already is not read again."""
        if place.is_new:
            # Nobody else has heard of it.
            return []
        survey = self.places.survey
        known = survey and survey.link(place.delivery, place.collection_id or "")
        return still_open([known], self.trail.now()) if known else await self.links(place)

    async def share(self, place: Place, verdicts: _Verdicts) -> tuple[ShareLink | None, bool]:
        """The one link, and whether it was made or renewed; no link in a dry run that would."""
        links = await self.links_before(place)
        remembered = frozenset(
            [place.delivery.share_id] if place.delivery and place.delivery.share_id else []
        )
        link = winner(links, remembered, self.purpose)
        end = min(end_of(decision) for decision in _decisions(verdicts))
        is_new = link is None or not lasts_right(link, end, self.policy, self.trail.now())
        if link is None:
            link = await make_link(
                self.iconik,
                place.collection_id or "",
                self.partner_id,
                title=self.package.title,
                expires=end,
                download=self.purpose.download,
                object_type="collections",
                trail=self.trail,
            )
        elif is_new:
            link = await renew_link(self.iconik, link, self.partner_id, end, trail=self.trail)
        if is_new and not self.trail.dry_run:
            # Somebody else may have shared meanwhile: everyone who looks keeps the same link.
            links = await self.links(place)
            link = winner(links, remembered, self.purpose) or link
        for stray in links:
            if link is None or stray.share_id != link.share_id:
                await self.revoke(stray, "a stray beside the partner's link")
        return link, is_new

    async def revoke(self, link: ShareLink, why: str) -> None:
        """End a link of the partner's."""
        await revoke_link(self.grid, self.iconik, link, self.partner_id, why, trail=self.trail)

    async def record(self, place: Place, verdicts: _Verdicts, link: ShareLink | None) -> None:
        """Say on Trading Grid what the partner has."""
        restrictions = [text for d in _decisions(verdicts) for text in d.restrictions if text]
        wanted = DeliveryInput(
            key=share_key(self.partner_id),
            link=link.url if link else None,
            share_id=link.share_id if link else None,
            expires_at=link.expires if link else None,
            restrictions=tuple(dict.fromkeys(restrictions)),
            state=DeliveryState.ACTIVE,
        )
        await put_delivery(
            self.grid,
            place.document.id if place.document else None,
            self.partner_id,
            wanted,
            title=self.package.title,
            there=place.delivery,
            trail=self.trail,
        )
        await self.places.log(place, _versions(verdicts))

    async def close(self, place: Place, verdicts: _Verdicts) -> Packed:
        """Nothing may go there: the link ends, and with it all that it shows."""
        for link in await self.links(place):
            await self.revoke(link, "nothing in it may be shared any more")
        if place.delivery is not None and place.delivery.state == DeliveryState.ACTIVE:
            await end_delivery(self.grid, place.delivery, trail=self.trail)
        if place.document is not None:
            nobody = DocumentUpdate(audience=Audience())
            await change_document(self.grid, place.document, nobody, self.trail)
            await self.places.log(place, _versions(verdicts))
        return self.packed(place, verdicts, None)

    def packed(self, place: Place, verdicts: _Verdicts, link: ShareLink | None) -> Packed:
        """What the partner has, as a value."""
        return Packed(
            partner=self.partner_id,
            outcomes=tuple(self.outcome(id_, one, link) for id_, one in verdicts.items()),
            collection_id=place.collection_id,
            document_id=place.document.id if place.document else None,
            share_id=link.share_id if link else None,
            link=link.url if link else None,
            expires_at=link.expires if link else None,
        )

    def outcome(self, asset_id: str, verdict: _Verdict, link: ShareLink | None) -> Outcome:
        """What became of one asset."""
        facts, decision = verdict.facts, verdict.decision
        if facts is None or decision is None:
            return Outcome(
                partner=self.partner_id,
                asset_id=asset_id,
                state=State.FAILED,
                error=verdict.error,
            )
        if not decision.allowed:
            return Outcome(
                partner=self.partner_id,
                asset_id=asset_id,
                title=facts.title,
                state=State.REFUSED,
                version_id=facts.version_id,
                decision=decision,
            )
        return Outcome(
            partner=self.partner_id,
            asset_id=asset_id,
            title=facts.title,
            state=State.DELIVERED,
            version_id=facts.version_id,
            decision=decision,
            share_id=link.share_id if link else None,
            link=link.url if link else None,
            expires_at=link.expires if link else decision.expires_at,
            restrictions=tuple(text for text in decision.restrictions if text),
        )


def _allowed(verdicts: _Verdicts) -> frozenset[str]:
    return frozenset(asset_id for asset_id, verdict in verdicts.items() if verdict.allowed)


def _versions(verdicts: _Verdicts) -> dict[str, str | None]:
    return {id_: one.facts.version_id for id_, one in verdicts.items() if one.allowed and one.facts}


def _decisions(verdicts: _Verdicts) -> list[Decision]:
    decisions = [verdict.decision for verdict in verdicts.values()]
    return [decision for decision in decisions if decision is not None and decision.allowed]
