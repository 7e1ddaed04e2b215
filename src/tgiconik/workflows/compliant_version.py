"""Use case 5: partners get exactly the version that is marked as compliant, and no other one.

Trigger: somebody marked a version as compliant, or moved the mark, or any later moment.

Steps, each of which looks before it writes:

1. read the marks: one version id and one SHA-256, in the asset's metadata; fetch that version's
   original and digest it. `release.decide` compares both, beside everything else that it demands;
2. close what leads to other versions: release assets of earlier ones and, when the version is
   pinned, links to the asset itself. Who had one keeps nothing that opens;
3. pin: make a release asset that holds only this version, because a share shows an asset and not a
   version. Unpinned, the asset itself is shared, and the compliant version must be the current one;
4. publish a document with version, digest and restrictions, which supersedes the earlier version's;
   share, record and announce as in use case 3; what replaces what is said;
5. look once more at every open way (`verify_distribution`), and say what is found.

`recall_version` is for the worst day: it takes one version back from everybody.

What each platform shows afterwards: iconik the release asset with one silent link per partner;
Trading Grid the document, its deliveries, the announcement, and the release asset in the log.

Running it again changes nothing and gives the same result; after a crash it continues; of two at
once, the release asset and the deliveries that were noted first count.

It waits for nobody: `waiting_on` says who could change the outcome.

What can fail: each partner has an outcome, and one failure stops nobody else; without exactly one
mark, or with other bytes than marked, everybody is refused and what is open is closed. A platform
that cannot be asked raises its `CallError`.

Source: use case 5 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.release import (
    AssetFacts,
    Purpose,
    ReleasePolicy,
    decide,
    marked_sha256,
    marked_version,
)
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import Partner
from tgiconik.workflows.asset_distribution import GROUPS_FIELD
from tgiconik.workflows.distribution.audience import (
    AudienceResolver,
    as_recipient,
    can_be_reached,
    unreachable,
)
from tgiconik.workflows.distribution.distributor import Distributed, Distributor
from tgiconik.workflows.distribution.publication import COMPLIANT
from tgiconik.workflows.distribution_check import Verification, verify_distribution
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.concurrency import MAX_CONCURRENCY, checked_concurrency
from tgiconik.workflows.run.results import Outcome, Result, State
from tgiconik.workflows.run.text import named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.facts import check_view, read_facts
from tgiconik.workflows.sharing.share import close_asset, close_partner
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
        sha256: digest of its original, computed here; None when it could not be had.
        release_asset_id: the asset that holds only that version; None when it is not pinned, when
            nobody ever could have it, and in a dry run that would make it.
        document_id: the document that is published; None when nobody ever could have it, and in a
            dry run that would publish it.
        announcement_ids: the announcements to the partners.
        outcomes: one for each partner, by company id.
        verification: the open ways to it afterwards.
        waiting_on: who could change an outcome, one line each.
        timeline: every read, decision and write, in order.
        dry_run: nothing was written.
    """

    asset_id: str
    version_id: str | None = None
    sha256: str | None = None
    release_asset_id: str | None = None
    document_id: str | None = None
    announcement_ids: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    verification: Verification | None = attrs.field(default=None, repr=False)
    waiting_on: tuple[str, ...] = ()
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False


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
    ready_within: timedelta = READY_WITHIN,
    max_concurrency: int = MAX_CONCURRENCY,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> ComplianceDistribution:
    """Bring about that partners have the compliant version of an asset, and no other one.

    Args:
        grid: where the partners are.
        iconik: where the asset is.
        asset_id: the asset whose compliant version they shall see.
        policy: the release rules, with a metadata view.
        groups: ids of partner groups, instead of those that the asset is tagged for.
        partners: company ids of partners, beside `groups` or instead of any group.
        groups_field: the metadata field with the tags, in the policy's view.
        purpose: what for; by default for no certain usage, with download as the policy allows.
        pin: share an asset that holds only this version, instead of the asset itself.
        ready_within: how long iconik may take to copy the version.
        max_concurrency: how many partners are served at the same time; 1 serves one after the
            other. Partners who wait for a check that a batch shares do not count.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        NotFound: there is no such asset, or no such group. What partners have of release assets of
            a missing asset was closed.
        Inconsistent: iconik copied something else than the version.
        CallError: a platform could not be asked; nothing is lost, run it again.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail)
    await check_view(run)
    distributing = _CompliantDistribution(
        run=run,
        asset_id=asset_id,
        purpose=attrs.evolve(purpose or Purpose(download=policy.allow_download), compliance=True),
        pin=pin,
        ready_within=ready_within,
        max_concurrency=max_concurrency,
    )
    result = await distributing.distribute(groups=groups, partners=partners, field=groups_field)
    timeline = run.conclude(result.waiting_on)
    return attrs.evolve(result, timeline=timeline, dry_run=dry_run)


@attrs.frozen(kw_only=True)
class CompliancePlan:
    """The asset that partners get a link to, and those that they may have no link to.

    Attributes:
        target: the asset that is shared; None when nothing shows the compliant version, or may.
        others: the assets whose links are closed: what else shows versions of the asset.
        release_asset_id: the release asset of the compliant version, even when nobody may have it.
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
    """Plan which asset is shared and which ones are closed: pure.

    Args:
        source: the compliant version and its digest.
        current: the facts of the asset's current version.
        known: the release assets that were ever made of the asset.
        release: the release asset that partners may have; None when nobody may have one.
        pin: share a release asset instead of the asset itself.
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
    """One run over one asset."""

    run: Run
    asset_id: str
    purpose: Purpose
    pin: bool
    ready_within: timedelta
    max_concurrency: int = attrs.field(converter=checked_concurrency)

    async def distribute(
        self, *, groups: Iterable[str] | None, partners: Iterable[str] | None, field: str
    ) -> ComplianceDistribution:
        """From the asset's id to the result."""
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
        for other in plan.others:
            await self._close_other(other, current)
        distributed = await self._carry_out(plan, source, facts, wanted, resolver)
        outcomes = tuple(attrs.evolve(o, asset_id=self.asset_id) for o in distributed.outcomes)
        verification = await self._verify()
        waiting_on += [
            *_missing(source, facts),
            *unreachable(wanted),
            *_another_run(outcomes),
            *_wrong_ways(verification),
        ]
        return ComplianceDistribution(
            asset_id=self.asset_id,
            version_id=source.digested_id,
            sha256=source.sha256,
            release_asset_id=plan.release_asset_id,
            document_id=distributed.document_id,
            announcement_ids=distributed.announcement_ids,
            outcomes=outcomes,
            verification=verification,
            waiting_on=tuple(waiting_on),
        )

    async def _source(self, facts: AssetFacts) -> CompliantFacts:
        """The compliant version, digested."""
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
        """The release asset, when it is pinned and somebody may have it."""
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
        ).distribute(wanted)

    async def _close_other(self, asset_id: str, current: AssetFacts) -> None:
        """Close what partners have of another asset that shows versions of this one.

        A request's link to the asset itself stays while its current version is the compliant one.
        """
        run = self.run
        # A release asset that somebody deleted has deliveries all the same.
        is_release = asset_id != self.asset_id
        snapshot = await Snapshot.of_asset(run, asset_id, facts=current, is_gone=is_release)
        await snapshot.refresh()
        shows_it = asset_id == self.asset_id and (
            marked_version(run.policy, current) == current.version_id
        )
        for partner_id in sorted(snapshot.holders):
            recorded = snapshot.deliveries_of(partner_id)
            of_requests = bool(recorded) and all(one.request_id for one in recorded)
            if not (shows_it and of_requests):
                await close_partner(run, snapshot, partner_id, _NOT_COMPLIANT)

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
            # It was digested a moment ago.
            digest=False,
            now=self.run.now,
        )


def _missing(source: CompliantFacts, facts: AssetFacts) -> list[str]:
    """The marks that are missing for anybody to get the asset, one line each."""
    policy, title = source.run.policy, named(facts.title)
    if source.digested_id is None:
        return [f"one compliant version of {title} in {policy.compliant_version_field}"]
    if source.sha256 is None or source.sha256 != marked_sha256(policy, facts):
        field = policy.compliant_sha256_field
        return [f"the digest of version {named(source.digested_id)} of {title} in {field}"]
    return []


def _another_run(outcomes: Iterable[Outcome]) -> list[str]:
    failed = any(outcome.state is State.FAILED for outcome in outcomes)
    return ["another run of this workflow"] if failed else []


def _wrong_ways(verification: Verification) -> list[str]:
    return [
        f"share {way.share_id} of {way.object_type.removesuffix('s')} {way.object_id} to be "
        f"closed by its owner: {way.why_not}"
        for way in verification.wrong
    ]
