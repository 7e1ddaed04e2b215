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

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
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
from tgiconik.workflows.distribution.package_store import packages_with, remove_from_packages
from tgiconik.workflows.distribution.publication import tell_once
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.concurrency import MAX_CONCURRENCY, checked_concurrency, fan_out
from tgiconik.workflows.run.results import Outcome, Result, State
from tgiconik.workflows.run.text import fitting, how_many, listed, named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.delivery import partner_in
from tgiconik.workflows.sharing.facts import read_facts
from tgiconik.workflows.sharing.share import close_links, open_ways
from tgiconik.workflows.sharing.versions import hold_version, release_assets_of


@attrs.frozen(kw_only=True)
class Recall(Result):
    """The result of a recall. Two runs over the same state are equal.

    Attributes:
        asset_id: the asset.
        version_id: the version that is recalled.
        announcement_ids: the announcements to the partners.
        outcomes: one for each partner who ever had it: refused when nothing of theirs opens it any
            more, failed when something could not be closed.
        acknowledged: company ids of partners who have acknowledged.
        waiting_on: who has to do what, one line each.
        timeline: every read, decision and write, in order.
        dry_run: nothing was written.
    """

    asset_id: str
    version_id: str
    announcement_ids: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    acknowledged: tuple[str, ...] = ()
    waiting_on: tuple[str, ...] = ()
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False


@without_locals
async def recall_version(
    grid: TradingGridClient,
    iconik: IconikClient,
    asset_id: str,
    version_id: str,
    *,
    reason: str,
    policy: ReleasePolicy | None = None,
    max_concurrency: int = MAX_CONCURRENCY,
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
        max_concurrency: how many partners' links are closed at the same time.
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
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail)
    recalling = _Recalling(run=run, reason=reason, max_concurrency=max_concurrency)
    result = await recalling.recall(asset_id, version_id)
    timeline = run.conclude(result.waiting_on)
    return attrs.evolve(result, timeline=timeline, dry_run=dry_run)


@attrs.frozen(kw_only=True)
class _Ways:
    """What is open to the version, and who ever had it."""

    links: tuple[ShareLink, ...]
    deliveries: tuple[Delivery, ...]
    packages: dict[str, str]
    had: tuple[str, ...]


@attrs.frozen(kw_only=True)
class _Recalling:
    """One recall."""

    run: Run
    reason: str
    max_concurrency: int = attrs.field(converter=checked_concurrency)

    async def recall(self, asset_id: str, version_id: str) -> Recall:
        """From the version to the result."""
        facts = await read_facts(self.run, asset_id)
        await hold_version(self.run, facts, version_id)
        ways = await self._ways(facts, version_id)
        told = await self._tell(facts, version_id, ways.had)
        outcomes = await self._close(facts, version_id, ways)
        await self._withdraw(asset_id, version_id)
        acknowledged = {
            word.partner_id
            for id_ in told
            async for word in self.run.grid.community.announcements.acknowledgements(id_)
        }
        missing = [one for one in ways.had if one not in acknowledged]
        failed = any(outcome.state is State.FAILED for outcome in outcomes)
        return Recall(
            asset_id=asset_id,
            version_id=version_id,
            announcement_ids=told,
            outcomes=outcomes,
            acknowledged=tuple(sorted(acknowledged)),
            waiting_on=(
                *(("another run of recall_version",) if failed else ()),
                *(f"{partner_id} to acknowledge the recall" for partner_id in missing),
            ),
        )

    async def _ways(self, facts: AssetFacts, version_id: str) -> _Ways:
        """Everything that shows the version, or ever did."""
        releases = await release_assets_of(self.run, facts.asset_id)
        shown = [one.asset_id for one in releases if one.source_version_id == version_id]
        packages: dict[str, str] = {}
        if facts.version_id == version_id:
            shown.append(facts.asset_id)
            asset = await self.run.iconik.assets.get_asset(facts.asset_id)
            packages = await packages_with(self.run.iconik, asset.in_collections or ())
        links: list[ShareLink] = []
        for asset_id in dict.fromkeys(shown):
            found, _ = await open_ways(self.run, asset_id)
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
            async for delivery in self.run.grid.community.deliveries.list(asset_id=asset_id)
            if delivery.asset is not None and delivery.asset.version_id == version_id
        ]

    async def _told(self, asset_id: str, version_id: str) -> set[str]:
        """Whom an earlier run told: they had it, whatever is left of that."""
        key = f"{_key(asset_id, version_id)}:"
        recalls = self.run.grid.community.announcements.list(kind=AnnouncementKind.RECALL)
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
            self.run, draft, what=f"announce the recall of {title}", partners=tuple(partners)
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
            self.run.trail.decided(f"{partner_id} still has a way to it: {error}")
            return outcome(partner_id, State.FAILED, error)

        self.run.trail.decided(f"{named(facts.title)} is recalled from {how_many(ways.had)}")
        done = await fan_out(
            ways.had,
            serve,
            failed=failed,
            max_concurrency=self.max_concurrency,
            trail=self.run.trail,
        )
        return tuple(done.values())

    async def _close_for(self, partner_id: str, facts: AssetFacts, ways: _Ways) -> None:
        packages = {id_: owner for id_, owner in ways.packages.items() if owner == partner_id}
        await remove_from_packages(self.run, facts.asset_id, facts.title, packages)
        await close_links(
            self.run,
            [link for link in ways.links if partner_in(link.key) == partner_id],
            [one for one in ways.deliveries if one.partner_id == partner_id],
            "the version is recalled",
        )

    async def _withdraw(self, asset_id: str, version_id: str) -> None:
        """The documents that published it are withdrawn."""
        documents = self.run.grid.community.documents
        published = [
            one
            async for one in documents.list(asset_id=asset_id)
            if one.state in {DocumentState.PUBLISHED, DocumentState.SUPERSEDED}
            and one.asset is not None
            and one.asset.version_id == version_id
        ]
        for document in published:
            await self.run.write(
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
