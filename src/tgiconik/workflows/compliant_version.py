"""Use case 5: distribute exactly the version that is marked as compliant.

Trigger: a version was marked as compliant, the mark was moved, or a schedule.

Steps. Each one reads the current state before it writes:

1. Read the marks, one version id and one SHA-256, from the asset's metadata. Download that
   version's original and compute its digest. `release.decide` compares both, in addition to its
   other rules.
2. Revoke links to other versions: to release assets of earlier versions and, if the version is
   pinned, to the asset itself. Links that answer requests stay while they show the version. If no
   version is marked, only what was delivered for compliance is revoked.
3. Pin the version: create a release asset that holds only this version, because a share shows an
   asset and not a version. If not pinned, the asset itself is shared, and the compliant version
   must be the current one.
4. Publish a document with version, digest and restrictions that supersedes the earlier document.
   Share, record and announce as in use case 3; the announcement says what was replaced.
5. Check every open share (`verify_distribution`) and report the result.

`recall_version` revokes one version from every partner.

Afterwards, iconik has the release asset with one share per partner, created without a notification.
Trading Grid has the document, its deliveries, the announcement, and the release asset in the
activity log.

Idempotent: another run changes nothing and returns the same result. After a crash, the next run
continues. Of two concurrent runs, the release asset and deliveries that are recorded first count.

The workflow does not wait for people; `waiting_on` says who has to act next.

Failures: each partner has an outcome, and one failure does not affect others. If several versions
are marked, or the bytes differ from the mark, everyone is refused and open links are revoked. A
failed call raises its `CallError`.

Source: use case 5 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._page.report import Part
from tgiconik._report import first_items
from tgiconik.iconik import IconikClient
from tgiconik.release import (
    AssetFacts,
    Purpose,
    ReleasePolicy,
    decide,
    has_compliant_mark,
    marked_sha256,
    marked_version,
)
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import Delivery, Partner
from tgiconik.workflows.asset_distribution import GROUPS_FIELD
from tgiconik.workflows.distribution.audience import (
    AudienceResolver,
    as_recipient,
    can_be_reached,
    unreachable,
)
from tgiconik.workflows.distribution.distributor import Distributed, Distributor
from tgiconik.workflows.distribution.publication import COMPLIANT, is_of_compliance
from tgiconik.workflows.distribution.ways import Verification, verification_part
from tgiconik.workflows.distribution_check import verify_distribution
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.concurrency import MAX_CONCURRENCY, checked_concurrency
from tgiconik.workflows.run.results import (
    Outcome,
    Result,
    another_run,
    asset_named,
    by_hand,
    concluded,
)
from tgiconik.workflows.run.text import named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.facts import check_view, read_facts
from tgiconik.workflows.sharing.share import close_all_but, close_asset, reconcile_asset
from tgiconik.workflows.sharing.snapshot import Snapshot
from tgiconik.workflows.sharing.versions import (
    CompliantFacts,
    ReleaseAsset,
    bring_about_release_asset,
    digest_version,
    release_assets_of,
)

_NOT_COMPLIANT: Final = "it is not what shows the compliant version"
_SOURCE_IS_GONE: Final = "the asset that it is a version of is gone"
#: How long iconik may take to copy a version.
READY_WITHIN: Final = timedelta(minutes=10)


@attrs.frozen(kw_only=True)
class ComplianceDistribution(Result):
    """The distribution of the compliant version. Two runs over the same state are equal.

    Attributes:
        asset_id: the asset.
        version_id: the version that is marked as compliant; None when not exactly one is.
        sha256: digest of its original, computed locally; None if it is not available.
        release_asset_id: the asset that holds only that version; None if it is not pinned or no
            partner was ever allowed it, and in a dry run that would create it.
        document_id: the published document; None if no partner was ever allowed the version, and in
            a dry run that would publish it.
        announcement_ids: the announcements to the partners.
        outcomes: one for each partner, by company id.
        closed: one for each other partner whose access was closed, or could not be.
        verification: the check of all open shares afterwards.
        waiting_on: who has to act next, one line each.
        timeline: every read, decision and write, in order.
        dry_run: whether this was a dry run, which writes nothing.
    """

    asset_id: str
    version_id: str | None = None
    sha256: str | None = None
    release_asset_id: str | None = None
    document_id: str | None = None
    announcement_ids: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = attrs.field(default=(), repr=first_items)
    closed: tuple[Outcome, ...] = attrs.field(default=(), repr=first_items)
    verification: Verification | None = attrs.field(default=None, repr=False)
    waiting_on: tuple[str, ...] = attrs.field(default=(), repr=first_items)
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def _subject(self) -> str:
        return f"compliant version of {asset_named(self.asset_id, self.outcomes)}"

    def _parts(self) -> Sequence[Part]:
        return () if self.verification is None else (verification_part(self.verification),)


@without_locals
@observed("asset_id")
async def distribute_compliant_version(
    grid: TradingGridClient,
    iconik: IconikClient,
    asset_id: str,
    *,
    policy: ReleasePolicy,
    groups: Iterable[str] | None = None,
    partners: Iterable[str] | None = None,
    groups_field: str = GROUPS_FIELD,
    purpose: Purpose | None = None,
    pin: bool = True,
    restore: bool = False,
    ready_within: timedelta = READY_WITHIN,
    max_concurrency: int = MAX_CONCURRENCY,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> ComplianceDistribution:
    """Distribute the compliant version of an asset, and revoke links to any other version.

    Args:
        grid: the Trading Grid client.
        iconik: the iconik client.
        asset_id: the asset whose compliant version they shall see.
        policy: the release rules, with a metadata view.
        groups: ids of partner groups, instead of those that the asset is tagged for.
        partners: company ids of partners, beside `groups` or instead of any group.
        groups_field: the metadata field with the tags, in the policy's view.
        purpose: what for; by default for no certain usage, with download as the policy allows.
        pin: share an asset that holds only this version, instead of the asset itself.
        restore: share and publish again what somebody revoked or withdrew by hand; else that is
            respected and reported.
        ready_within: how long iconik may take to copy the version.
        max_concurrency: how many partners are served at the same time; 1 serves one after the
            other. Partners who wait for a check that a batch shares do not count.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        NotFound: there is no such asset, or no such group. Links to the release assets of a deleted
            asset are revoked first.
        Inconsistent: iconik's copy differs from the version.
        CallError: a call to a platform failed; run the workflow again.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail)
    await check_view(run)
    distributing = _CompliantDistribution(
        run=run,
        asset_id=asset_id,
        purpose=attrs.evolve(purpose or Purpose(download=policy.allow_download), compliance=True),
        pin=pin,
        restore=restore,
        ready_within=ready_within,
        max_concurrency=max_concurrency,
    )
    result = await distributing.distribute(groups=groups, partners=partners, field=groups_field)
    return concluded(result, run)


@attrs.frozen(kw_only=True)
class CompliancePlan:
    """The asset that is shared with partners, and the assets whose links are revoked.

    Attributes:
        target: the asset to share; None if no asset may show the compliant version.
        others: further assets that show versions of the asset; their links are revoked.
        release_asset_id: its release asset, even if no partner may have it.
    """

    target: str | None
    others: tuple[str, ...]
    release_asset_id: str | None


def plan_compliance(
    source: CompliantFacts,
    current: AssetFacts,
    known: Sequence[ReleaseAsset],
    release: ReleaseAsset | None,
    *,
    pin: bool,
) -> CompliancePlan:
    """Plan which asset to share and which assets' links to revoke. A pure function.

    Args:
        source: the compliant version and its digest.
        current: the facts of the asset's current version.
        known: all release assets that were created from the asset.
        release: the release asset to share; None if no partner may have one.
        pin: share a release asset, not the asset itself.
    """
    pinned = release.asset_id if release is not None else None
    if pin:
        target = pinned
        same = [one.asset_id for one in known if one.source_version_id == source.digested_id]
        pinned = pinned or (same[-1] if same else None)
    else:
        marked = marked_sha256(source.run.policy, current)
        is_right = source.sha256 is not None and source.sha256 == marked
        is_current = current.version_id == source.digested_id
        target = current.asset_id if is_right and is_current else None
    everything = {current.asset_id, *(one.asset_id for one in known)}
    return CompliancePlan(
        target=target, others=tuple(sorted(everything - {target})), release_asset_id=pinned
    )


@attrs.frozen(kw_only=True)
class _CompliantDistribution:
    """Processes one asset."""

    run: Run
    asset_id: str
    purpose: Purpose
    pin: bool
    restore: bool
    ready_within: timedelta
    max_concurrency: int = attrs.field(converter=checked_concurrency)

    async def distribute(
        self, *, groups: Iterable[str] | None, partners: Iterable[str] | None, field: str
    ) -> ComplianceDistribution:
        """Run the workflow for an asset and return its result."""
        run = self.run
        try:
            current = await read_facts(run, self.asset_id)
        except errors.NotFound:
            await self._close_release_assets()
            raise
        source = await self._source(current)
        facts = await source.read()
        resolver = AudienceResolver(run)
        wanted, waiting_on = await resolver.resolve(
            facts, groups=groups, partners=partners, groups_field=field
        )
        known = await release_assets_of(run, self.asset_id)
        release = await self._release(facts, known, wanted)
        plan = plan_compliance(source, current, known, release, pin=self.pin)
        closed: list[Outcome] = []
        for other in plan.others:
            if other == self.asset_id:
                closed += await self._close_links_to_source(current, resolver)
            else:
                await self._close_release_asset(other, current)
        distributed = await self._carry_out(plan, source, facts, wanted, resolver)
        outcomes = self._of_source(distributed.outcomes)
        if source.digested_id is None:
            # No version was refused: none is the compliant one.
            outcomes = tuple(attrs.evolve(one, version_id=None) for one in outcomes)
        others = self._of_source((*closed, *distributed.closed))
        verification = await self._verify()
        waiting_on += [
            *_missing(source, facts),
            *unreachable(wanted),
            *by_hand(outcomes),
            *another_run((*outcomes, *others)),
            *(_wrong_ways(verification) if has_compliant_mark(run.policy, facts) else ()),
        ]
        return ComplianceDistribution(
            asset_id=self.asset_id,
            version_id=source.digested_id,
            sha256=source.sha256,
            release_asset_id=plan.release_asset_id,
            document_id=distributed.document_id,
            announcement_ids=distributed.announcement_ids,
            outcomes=outcomes,
            closed=others,
            verification=verification,
            waiting_on=tuple(waiting_on),
        )

    async def _source(self, facts: AssetFacts) -> CompliantFacts:
        """The compliant version with its digest."""
        marked = marked_version(self.run.policy, facts)
        digest = None
        if marked is None:
            self.run.trail.decided(f"{named(facts.title)} has not exactly one compliant version")
        else:
            digest = await digest_version(self.run, facts.asset_id, marked)
        return CompliantFacts(
            run=self.run,
            asset_id=facts.asset_id,
            version_id=marked if self.pin else None,
            digested_id=marked,
            sha256=digest,
        )

    async def _release(
        self, facts: AssetFacts, known: list[ReleaseAsset], wanted: Mapping[str, Partner | None]
    ) -> ReleaseAsset | None:
        """The release asset, if the version is pinned and a partner may have it."""
        run = self.run
        if not self.pin or not any(
            partner is not None
            and can_be_reached(partner)
            and decide(run.policy, facts, as_recipient(partner), self.purpose, run.now()).allowed
            for partner in wanted.values()
        ):
            return None
        return await bring_about_release_asset(
            run, facts, known, ready_within=self.ready_within.total_seconds()
        )

    async def _carry_out(
        self,
        plan: CompliancePlan,
        source: CompliantFacts,
        facts: AssetFacts,
        wanted: Mapping[str, Partner | None],
        resolver: AudienceResolver,
    ) -> Distributed:
        """Distribute the asset that shows the compliant version."""
        snapshot = Snapshot(
            self.run,
            plan.target or "",
            latest=facts,
            read=source.read,
            beside=plan.others,
        )
        if plan.target is not None:
            await snapshot.refresh()
        return await Distributor(
            run=self.run,
            purpose=self.purpose,
            snapshot=snapshot,
            max_concurrency=self.max_concurrency,
            profiles=resolver.profile,
            series=COMPLIANT,
            restore=self.restore,
        ).distribute(wanted)

    def _of_source(self, outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
        """Outcomes that name the asset, whichever asset shows its version."""
        return tuple(attrs.evolve(one, asset_id=self.asset_id) for one in outcomes)

    async def _close_links_to_source(
        self, current: AssetFacts, resolver: AudienceResolver
    ) -> tuple[Outcome, ...]:
        """Close links to the asset itself that are none of this way's, and judge the rest.

        With a mark, only requests are answered by the asset itself. Without one, it is no matter of
        compliance any more: what was delivered for compliance ends, the rest is left alone.
        """
        run = self.run
        snapshot = await Snapshot.of_asset(run, self.asset_id, facts=current)
        await snapshot.refresh()
        is_marked = has_compliant_mark(run.policy, current)
        compliant = set() if is_marked else await self._compliant_documents()

        def is_kept(delivery: Delivery) -> bool:
            if is_marked:
                return delivery.request_id is not None
            return delivery.document_id not in compliant

        for partner_id in sorted(snapshot.holders):
            await close_all_but(run, snapshot, partner_id, is_kept, _NOT_COMPLIANT)
        return await reconcile_asset(run, snapshot, resolver.profile)

    async def _compliant_documents(self) -> set[str]:
        documents = self.run.grid.community.documents.list(asset_id=self.asset_id)
        return {one.id async for one in documents if is_of_compliance(one)}

    async def _close_release_asset(self, asset_id: str, current: AssetFacts) -> None:
        """Close what partners have of a release asset that does not show the compliant version."""
        # One that somebody deleted has deliveries all the same.
        snapshot = await Snapshot.of_asset(self.run, asset_id, facts=current, is_gone=True)
        await snapshot.refresh()
        await close_asset(self.run, snapshot, _NOT_COMPLIANT)

    async def _close_release_assets(self) -> None:
        """End what partners have of copies of an asset that is gone: nothing clears them now."""
        run = self.run
        gone = AssetFacts(asset_id=self.asset_id, title="", read_at=run.now())
        for release in await release_assets_of(run, self.asset_id):
            snapshot = await Snapshot.of_asset(run, release.asset_id, facts=gone, is_gone=True)
            await snapshot.refresh()
            await close_asset(run, snapshot, _SOURCE_IS_GONE)

    async def _verify(self) -> Verification:
        return await verify_distribution(
            self.run.grid,
            self.run.iconik,
            self.asset_id,
            policy=self.run.policy,
            # The digest was computed a moment ago.
            digest=False,
            now=self.run.now,
        )


def _missing(source: CompliantFacts, facts: AssetFacts) -> list[str]:
    """The missing marks, one line each."""
    policy, title = source.run.policy, named(facts.title)
    if source.digested_id is None:
        return [f"one compliant version of {title} in {policy.compliant_version_field}"]
    if source.sha256 is None or source.sha256 != marked_sha256(policy, facts):
        field = policy.compliant_sha256_field
        return [f"the digest of version {named(source.digested_id)} of {title} in {field}"]
    return []


def _wrong_ways(verification: Verification) -> list[str]:
    return [
        f"share {way.share_id} of {way.object_type.removesuffix('s')} {way.object_id} to be "
        f"closed by its owner: {way.why_not}"
        for way in verification.wrong
    ]
