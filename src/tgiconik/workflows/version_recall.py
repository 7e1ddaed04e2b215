"""The worst day of use case 5: a version is taken back from everybody who has it.

Trigger: somebody finds that a version must not be out.

Steps, each of which looks before it writes:

1. hold the version in the asset's metadata: `release.decide` refuses it from then on;
2. tell everybody who ever got it that it is recalled, and why; they are to acknowledge;
3. close every partner's link that shows it: to the asset when it is the current version, and to
   release assets that hold it; take the asset out of partners' packages; end the deliveries;
4. withdraw the documents that published it.

What each platform shows afterwards: iconik the hold, and no open link of a partner's to the
version; Trading Grid the announcement, revoked deliveries and withdrawn documents.

It asks `release.decide` nothing: it only takes away, and works when an asset could not be judged.
Running it again changes nothing but what failed before, and says who has acknowledged since.

What can fail: one link that cannot be closed is that partner's outcome, and stops nobody else. A
platform that cannot be asked about the asset raises its `CallError`.

Source: use case 5 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import AssetFacts, ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    AnnouncementInput,
    AnnouncementKind,
    Audience,
    Delivery,
    DeliveryState,
    DocumentState,
)
from tgiconik.workflows.distribution.package_store import packages_with
from tgiconik.workflows.distribution.publication import tell_once
from tgiconik.workflows.run.concurrency import AT_ONCE, checked_at_once, fan_out
from tgiconik.workflows.run.html import as_dict, as_html
from tgiconik.workflows.run.outcome import Outcome, State, raise_for_failures
from tgiconik.workflows.run.text import fitting, how_many, listed, named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.facts import read_facts
from tgiconik.workflows.sharing.links import partner_in
from tgiconik.workflows.sharing.share import close_links, open_ways
from tgiconik.workflows.sharing.versions import hold_version, release_assets_of


@attrs.frozen(kw_only=True)
class Recall:
    """What became of a recall. Two runs over the same state are equal.

    Attributes:
        asset_id: the asset.
        version_id: the version that is recalled.
        announcement_ids: what partners were told by.
        outcomes: one for each partner who ever had it: refused when nothing of theirs opens it any
            more, failed when something could not be closed.
        acknowledged: company ids of partners who have acknowledged.
        waits_for: who has to do what, one line each.
        timeline: what was read, decided and written, in order.
        dry_run: nothing was written.
    """

    asset_id: str
    version_id: str
    announcement_ids: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    acknowledged: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
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


async def recall_version(
    grid: TradingGridClient,
    iconik: IconikClient,
    asset_id: str,
    version_id: str,
    *,
    reason: str,
    policy: ReleasePolicy | None = None,
    at_once: int = AT_ONCE,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Recall:
    """Take a version back from everybody who has it.

    Args:
        grid: where the partners are.
        iconik: where the asset is.
        asset_id: the asset.
        version_id: the version.
        reason: why, for the partners, line by line.
        policy: the release rules, with a metadata view to hold the version in.
        at_once: how many partners' links are closed at the same time.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        ConfigurationError: the policy has no metadata view, or there is no reason.
        NotFound: there is no such asset.
        CallError: a platform could not be asked; nothing is lost, run it again.
    """
    policy = policy or ReleasePolicy()
    if policy.metadata_view is None:
        raise errors.ConfigurationError("to hold a version, the policy needs a metadata_view")
    if not reason.strip():
        raise errors.ConfigurationError("a recall needs a reason")
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    work = _Work(
        grid=grid,
        iconik=iconik,
        policy=policy,
        reason=reason,
        at_once=at_once,
        trail=trail,
    )
    result = await work.run(asset_id, version_id)
    for line in result.waits_for:
        trail.waits(line)
    return attrs.evolve(result, timeline=tuple(trail.steps), dry_run=dry_run)


@attrs.frozen(kw_only=True)
class _Ways:
    """What is open to the version, and who ever had it."""

    links: tuple[ShareLink, ...]
    deliveries: tuple[Delivery, ...]
    packages: dict[str, str]
    had: tuple[str, ...]


@attrs.frozen(kw_only=True)
class _Work:
    """One recall."""

    grid: TradingGridClient
    iconik: IconikClient
    policy: ReleasePolicy
    reason: str
    at_once: int = attrs.field(converter=checked_at_once)
    trail: Trail

    async def run(self, asset_id: str, version_id: str) -> Recall:
        """From the version to the result."""
        facts = await read_facts(self.iconik, asset_id, policy=self.policy, trail=self.trail)
        await hold_version(self.iconik, facts, version_id, policy=self.policy, trail=self.trail)
        ways = await self._ways(facts, version_id)
        told = await self._tell(facts, version_id, ways.had)
        outcomes = await self._close(facts, version_id, ways)
        await self._withdraw(asset_id, version_id)
        acknowledged = {
            word.partner_id
            for id_ in told
            async for word in self.grid.community.announcements.acknowledgements(id_)
        }
        missing = [one for one in ways.had if one not in acknowledged]
        failed = any(outcome.state is State.FAILED for outcome in outcomes)
        return Recall(
            asset_id=asset_id,
            version_id=version_id,
            announcement_ids=told,
            outcomes=outcomes,
            acknowledged=tuple(sorted(acknowledged)),
            waits_for=(
                *(("another run of recall_version",) if failed else ()),
                *(f"{partner_id} to acknowledge the recall" for partner_id in missing),
            ),
        )

    async def _ways(self, facts: AssetFacts, version_id: str) -> _Ways:
        """Everything that shows the version, or ever did."""
        releases = await release_assets_of(self.grid, facts.asset_id, trail=self.trail)
        shown = [one.asset_id for one in releases if one.source_version_id == version_id]
        packages: dict[str, str] = {}
        if facts.version_id == version_id:
            shown.append(facts.asset_id)
            asset = await self.iconik.assets.get_asset(facts.asset_id)
            packages = await packages_with(self.iconik, asset.in_collections or ())
        links: list[ShareLink] = []
        for asset_id in dict.fromkeys(shown):
            found, _ = await open_ways(self.grid, self.iconik, asset_id, trail=self.trail)
            links += found
        recorded = await self._recorded(
            {facts.asset_id, *(one.asset_id for one in releases)}, version_id
        )
        had = {
            *(delivery.partner_id for delivery in recorded),
            *(partner for link in links if (partner := partner_in(link.key)) is not None),
            *packages.values(),
            *await self._told(facts.asset_id, version_id),
        }
        return _Ways(
            links=tuple(links),
            deliveries=tuple(d for d in recorded if d.state == DeliveryState.ACTIVE),
            packages=packages,
            had=tuple(sorted(had)),
        )

    async def _recorded(self, asset_ids: Iterable[str], version_id: str) -> list[Delivery]:
        """Every delivery of the version, ended ones too."""
        return [
            delivery
            for asset_id in sorted(asset_ids)
            async for delivery in self.grid.community.deliveries.list(asset_id=asset_id)
            if delivery.asset is not None and delivery.asset.version_id == version_id
        ]

    async def _told(self, asset_id: str, version_id: str) -> set[str]:
        """Whom an earlier run told: they had it, whatever is left of that."""
        key = f"{_key(asset_id, version_id)}:"
        recalls = self.grid.community.announcements.list(kind=AnnouncementKind.RECALL)
        return {
            partner_id
            async for one in recalls
            if (one.external_id or "").startswith(key)
            for partner_id in one.audience.partners
        }

    async def _tell(
        self, facts: AssetFacts, version_id: str, partners: Iterable[str]
    ) -> tuple[str, ...]:
        """Everybody who had it hears of it once."""
        title = named(facts.title)
        reason = listed(line for line in self.reason.splitlines() if line.strip())
        draft = AnnouncementInput(
            subject=f"Recall: {title}",
            body=fitting(
                f"{title} is recalled. Please stop using it and delete your copies, then "
                f"acknowledge this.\n{reason}"
            ),
            audience=Audience(),
            external_id=_key(facts.asset_id, version_id),
            kind=AnnouncementKind.RECALL,
            requires_acknowledgement=True,
        )
        return await tell_once(
            self.grid,
            draft,
            what=f"announce the recall of {title}",
            partners=tuple(partners),
            trail=self.trail,
        )

    async def _close(self, facts: AssetFacts, version_id: str, ways: _Ways) -> tuple[Outcome, ...]:
        """Every partner's ways; one that cannot be closed stops no other."""

        def outcome(
            partner_id: str, state: State, error: errors.TgIconikError | None = None
        ) -> Outcome:
            return Outcome(
                partner=partner_id,
                asset_id=facts.asset_id,
                title=facts.title,
                state=state,
                version_id=version_id,
                error=error,
            )

        async def serve(partner_id: str) -> Outcome:
            await self._close_for(partner_id, facts, ways)
            return outcome(partner_id, State.REFUSED)

        def failed(partner_id: str, error: errors.TgIconikError) -> Outcome:
            self.trail.decided(f"{partner_id} still has a way to it: {error}")
            return outcome(partner_id, State.FAILED, error)

        self.trail.decided(f"{named(facts.title)} is recalled from {how_many(ways.had)}")
        done = await fan_out(ways.had, serve, failed=failed, at_once=self.at_once, trail=self.trail)
        return tuple(done.values())

    async def _close_for(self, partner_id: str, facts: AssetFacts, ways: _Ways) -> None:
        for collection_id, owner in ways.packages.items():
            if owner == partner_id:
                await self.trail.write(
                    f"take {named(facts.title)} out of the package of {partner_id}",
                    partial(
                        self.iconik.assets.remove_collection_content,
                        collection_id,
                        "assets",
                        facts.asset_id,
                    ),
                    instead=None,
                )
        await close_links(
            self.grid,
            self.iconik,
            [link for link in ways.links if partner_in(link.key) == partner_id],
            [one for one in ways.deliveries if one.partner_id == partner_id],
            "the version is recalled",
            trail=self.trail,
        )

    async def _withdraw(self, asset_id: str, version_id: str) -> None:
        """The documents that published it are withdrawn."""
        documents = self.grid.community.documents
        published = [
            one
            async for one in documents.list(asset_id=asset_id)
            if one.state in {DocumentState.PUBLISHED, DocumentState.SUPERSEDED}
            and one.asset is not None
            and one.asset.version_id == version_id
        ]
        for document in published:
            await self.trail.write(
                f"withdraw document {document.id}",
                partial(
                    documents.set_state,
                    document.id,
                    DocumentState.WITHDRAWN,
                    if_match=document.etag,
                    note="recalled",
                ),
                instead=document,
            )


def _key(asset_id: str, version_id: str) -> str:
    return f"recall:{asset_id}:{version_id}"
