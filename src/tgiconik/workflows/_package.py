"""Several assets for one partner, behind one link: a collection that nobody else fills.

A collection's share shows all its members, later ones too. So every partner has a collection of
their own, and what may not go to them is never in it while a link is open: members are decided one
by one, refused ones leave first, and after every write it is looked again.

Trading Grid has one document for each partner and package, which remembers the collection, the
partner's delivery below it, and an entry in the log for every state of its contents.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final, TypeAlias

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink
from tgiconik.iconik.models import assets as m
from tgiconik.iconik.search import term
from tgiconik.release import AssetFacts, Decision, Purpose, Recipient, ReleasePolicy, decide
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    ActivityInput,
    Audience,
    Delivery,
    DeliveryInput,
    DeliveryState,
    Document,
    DocumentInput,
    DocumentUpdate,
)
from tgiconik.workflows._delivery import end_delivery, put_delivery
from tgiconik.workflows._facts import FreshFacts
from tgiconik.workflows._links import (
    end_of,
    lasts_right,
    make_link,
    renew_link,
    revoke_link,
    share_key,
    still_open,
    winner,
)
from tgiconik.workflows._outcome import Outcome, State
from tgiconik.workflows._publication import change_document
from tgiconik.workflows._trail import Trail, utc_now
from tgiconik.workflows._wording import named

#: How often it is begun anew when somebody else packs the same at the same time.
_ROUNDS: Final = 3
_PACKED: Final = "package.delivered"


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
    case = _Case(
        grid=grid,
        iconik=iconik,
        package=package,
        recipient=recipient,
        policy=policy,
        purpose=purpose,
        project_id=project_id,
        facts=facts or FreshFacts(iconik, policy, trail),
        trail=trail,
    )
    for _ in range(_ROUNDS):
        try:
            return await case.run()
        except (errors.PreconditionFailed, errors.Conflict):
            trail.read(f"somebody else packs for {recipient.company_id} at the same time")
    return await case.run()


#: A member of a collection: `assets` or `collections`, and its id.
_Member: TypeAlias = tuple[str, str]


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
class _Place:
    """Where a partner's package is, as far as it is there.

    Attributes:
        number: how many collections were lost before.
        supersedes: the document of the one that was lost last.
        document: the document that remembers the collection.
        collection_id: the collection.
        members: what is in it.
        delivery: what is on record as delivered.
    """

    number: int = 0
    supersedes: str | None = None
    document: Document | None = None
    collection_id: str | None = None
    members: frozenset[_Member] = frozenset()
    delivery: Delivery | None = None


@attrs.frozen(kw_only=True)
class _Case:
    """One package and one partner."""

    grid: TradingGridClient
    iconik: IconikClient
    package: Package
    recipient: Recipient
    policy: ReleasePolicy
    purpose: Purpose
    project_id: str | None
    facts: FreshFacts
    trail: Trail

    @property
    def partner_id(self) -> str:
        return self.recipient.company_id

    async def run(self) -> Packed:
        """From whatever is there to what shall be."""
        verdicts = await self.judge(self.facts.of)
        place = await self.find()
        before = place.members
        if not _allowed(verdicts):
            return await self.close(place, verdicts)
        place = await self.fill(await self.open(await self.empty(place, verdicts)))
        # That may have taken longer than facts are fresh.
        verdicts = await self.judge(self.facts.of, verdicts)
        if not _allowed(verdicts):
            return await self.close(place, verdicts)
        place = await self.empty(place, verdicts)
        link, is_new = await self.share(place, verdicts)
        if is_new or place.members != before:
            verdicts = await self.judge(self.facts.again, verdicts)
            if not _allowed(verdicts):
                return await self.close(place, verdicts)
            place = await self.empty(await self.look_into(place), verdicts)
        await self.record(place, verdicts, link)
        return self.packed(place, verdicts, link)

    async def judge(
        self, read: Callable[[str], Awaitable[AssetFacts]], before: _Verdicts | None = None
    ) -> dict[str, _Verdict]:
        """Every asset of the package; what was said before is not said again."""
        verdicts = {}
        for asset_id in dict.fromkeys(self.package.asset_ids):
            verdict = verdicts[asset_id] = await self.judge_one(asset_id, read)
            if before is None or before[asset_id].allowed != verdict.allowed:
                name = named(verdict.facts.title) if verdict.facts else f"asset {named(asset_id)}"
                may = "may" if verdict.allowed else "may not"
                self.trail.decided(f"{name} {may} go to {self.partner_id}")
        return verdicts

    async def judge_one(
        self, asset_id: str, read: Callable[[str], Awaitable[AssetFacts]]
    ) -> _Verdict:
        """One asset; one that is gone is nobody's."""
        try:
            facts = await read(asset_id)
        except (errors.NotFound, errors.ConfigurationError) as error:
            # What cannot be an id in a path is the name of nothing, too.
            return _Verdict(error=error)
        decision = decide(self.policy, facts, self.recipient, self.purpose, self.trail.now())
        return _Verdict(facts=facts, decision=decision)

    async def find(self) -> _Place:
        """The partner's package, as far as an earlier run has made it."""
        documents, number = self.grid.community.documents, 0
        supersedes = None
        while True:
            key = self.key(number)
            document = next(iter(await documents.list(external_id=key).first(1)), None)
            collection_id = document.collection_id if document else await self.orphan(key)
            place = _Place(
                number=number,
                supersedes=supersedes,
                document=document,
                collection_id=collection_id,
                delivery=await self.delivery(document),
            )
            try:
                return await self.look_into(place)
            except errors.NotFound:
                self.trail.read(f"collection {collection_id} is gone")
                number, supersedes = number + 1, document.id if document else None

    def key(self, number: int) -> str:
        """What names the partner's package; it gets a new number when its collection is lost."""
        return f"package:{self.package.key}:{self.partner_id}:{number}"

    async def orphan(self, key: str) -> str | None:
        """The collection of a run that died before it could tell Trading Grid."""
        found = self.iconik.search.collections(
            where=[term("external_id", key), term("status", "ACTIVE")], include_fields=["id"]
        )
        return next((hit.id for hit in await found.first(1)), None)

    async def delivery(self, document: Document | None) -> Delivery | None:
        """What is on record as delivered."""
        if document is None:
            return None
        deliveries = self.grid.community.deliveries.list(
            document_id=document.id, partner_id=self.partner_id
        )
        return next(iter(await deliveries.first(1)), None)

    async def look_into(self, place: _Place) -> _Place:
        """What is in the collection.

        Raises:
            NotFound: it is gone.
        """
        if place.collection_id is None or (self.trail.dry_run and place.members):
            # A dry run has put nothing in, and goes on as if it had.
            return place
        contents = self.iconik.assets.list_collection_contents(place.collection_id)
        members = [(item.object_type or "assets", item.id or "") async for item in contents]
        self.trail.read(f"collection {place.collection_id}: {len(members)} members")
        return attrs.evolve(place, members=frozenset(members))

    async def empty(self, place: _Place, verdicts: _Verdicts) -> _Place:
        """Take out what may not be there, or what nobody meant to be there."""
        wrong = place.members - {("assets", asset_id) for asset_id in _allowed(verdicts)}
        for object_type, object_id in sorted(wrong):
            await self.trail.write(
                f"take {object_type.removesuffix('s')} {object_id} out of the package of "
                f"{self.partner_id}",
                partial(self.remove, place.collection_id or "", object_type, object_id),
                instead=None,
            )
        return attrs.evolve(place, members=place.members - wrong)

    async def remove(self, collection_id: str, object_type: str, object_id: str) -> None:
        """Take something out, unless somebody else has."""
        try:
            await self.iconik.assets.remove_collection_content(
                collection_id, object_type, object_id
            )
        except errors.NotFound:
            self.trail.read(f"{object_id} has left collection {collection_id} already")

    async def open(self, place: _Place) -> _Place:
        """A collection and its document, for the partner."""
        made = None
        collection_id = place.collection_id
        if collection_id is None:
            made = await self.trail.write(
                f"make a collection for {named(self.package.title)} and {self.partner_id}",
                lambda: self.iconik.assets.create_collection(
                    body=m.CollectionInput(
                        title=f"{named(self.package.title)} ({self.partner_id})",
                        external_id=self.key(place.number),
                    )
                ),
                instead=None,
            )
            collection_id = made.id if made else None
        audience = Audience(partners=(self.partner_id,))
        if place.document is not None:
            document: Document | None = await change_document(
                self.grid, place.document, DocumentUpdate(audience=audience), self.trail
            )
        else:
            new = DocumentInput(
                title=named(self.package.title),
                external_id=self.key(place.number),
                audience=audience,
                collection_id=collection_id,
                project_id=self.project_id,
                supersedes=place.supersedes,
            )
            document = await self.trail.write(
                f"publish {new.title} for {self.partner_id}",
                lambda: self.publish(new, made),
                instead=None,
            )
        return attrs.evolve(place, document=document, collection_id=collection_id)

    async def publish(self, new: DocumentInput, made: m.Collection | None) -> Document:
        """Publish, or leave it to whoever was faster, and leave nothing behind."""
        try:
            return await self.grid.community.documents.create(new)
        except errors.Conflict:
            if made is not None and made.id is not None:
                await self.iconik.assets.delete_collection(made.id)
            raise

    async def fill(self, place: _Place) -> _Place:
        """Put in what may be there, each judged at that moment."""
        members = set(place.members)
        for asset_id in dict.fromkeys(self.package.asset_ids):
            verdict = await self.judge_one(asset_id, self.facts.of)
            if verdict.facts is None or not verdict.allowed or ("assets", asset_id) in members:
                continue
            body = m.CollectionContentInput(object_id=asset_id, object_type="assets")
            await self.trail.write(
                f"put {named(verdict.facts.title)} into the package of {self.partner_id}",
                partial(
                    self.iconik.assets.add_collection_content,
                    place.collection_id or "",
                    body=body,
                ),
                instead=None,
            )
            members.add(("assets", asset_id))
        return attrs.evolve(place, members=frozenset(members))

    async def links(self, place: _Place) -> list[ShareLink]:
        """The partner's links to the collection that still open."""
        if place.collection_id is None:
            return []
        links = await self.iconik.assets.find_links(
            place.collection_id, share_key(self.partner_id), object_type="collections"
        )
        return still_open(links, self.trail.now())

    async def share(self, place: _Place, verdicts: _Verdicts) -> tuple[ShareLink | None, bool]:
        """The one link, and whether it was made or renewed; no link in a dry run that would."""
        links = await self.links(place)
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

    async def record(self, place: _Place, verdicts: _Verdicts, link: ShareLink | None) -> None:
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
        await self.log(place, verdicts)

    async def log(self, place: _Place, verdicts: _Verdicts) -> None:
        """An entry for every state of the contents: a collection does not remember them."""
        held = {id_: verdicts[id_].facts for id_ in sorted(_allowed(verdicts))}
        detail = {
            "assets": [
                {"asset_id": id_, "version_id": facts.version_id if facts else None}
                for id_, facts in held.items()
            ]
        }
        earlier = []
        if place.collection_id is not None:
            earlier = [
                entry
                async for entry in self.grid.community.activity.list(
                    kind=[_PACKED], subject_id=place.collection_id
                )
            ]
        if (earlier[-1].detail if earlier else {"assets": []}) == detail:
            return
        entry = ActivityInput(
            kind=_PACKED,
            external_id=f"{self.key(place.number)}:{len(earlier)}",
            actor="tgiconik",
            partner_id=self.partner_id,
            subject_type="collections",
            subject_id=place.collection_id,
            detail=detail,
        )
        await self.trail.write(
            f"log what the package of {self.partner_id} holds",
            lambda: self.grid.community.activity.append(entry),
            instead=None,
        )

    async def close(self, place: _Place, verdicts: _Verdicts) -> Packed:
        """Nothing may go there: the link ends, and with it all that it shows."""
        for link in await self.links(place):
            await self.revoke(link, "nothing in it may be shared any more")
        if place.delivery is not None and place.delivery.state == DeliveryState.ACTIVE:
            await end_delivery(self.grid, place.delivery, trail=self.trail)
        if place.document is not None:
            nobody = DocumentUpdate(audience=Audience())
            await change_document(self.grid, place.document, nobody, self.trail)
            await self.log(place, verdicts)
        return self.packed(place, verdicts, None)

    def packed(self, place: _Place, verdicts: _Verdicts, link: ShareLink | None) -> Packed:
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


def _decisions(verdicts: _Verdicts) -> list[Decision]:
    decisions = [verdict.decision for verdict in verdicts.values()]
    return [decision for decision in decisions if decision is not None and decision.allowed]
