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

It waits for nobody: `waits_for` says who could change the outcome.

What can fail: each partner has an outcome, and one failure stops nobody else; without exactly one
mark, or with other bytes than marked, everybody is refused and what is open is closed. A platform
that cannot be asked raises its `CallError`.

Source: use case 5 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final

import attrs

from tgiconik.iconik import IconikClient
from tgiconik.release import AssetFacts, Purpose, ReleasePolicy, decide
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import Partner
from tgiconik.workflows.asset_distribution import GROUPS_FIELD
from tgiconik.workflows.distribution.audience import (
    Circle,
    as_recipient,
    can_be_reached,
    unreachable,
)
from tgiconik.workflows.distribution.distributor import ToMany
from tgiconik.workflows.distribution.publication import COMPLIANT
from tgiconik.workflows.distribution_check import Verification, verify_distribution
from tgiconik.workflows.run.concurrency import AT_ONCE, checked_at_once
from tgiconik.workflows.run.html import as_dict, as_html
from tgiconik.workflows.run.outcome import Outcome, State, raise_for_failures
from tgiconik.workflows.run.text import named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.facts import read_facts
from tgiconik.workflows.sharing.share import close_asset
from tgiconik.workflows.sharing.snapshot import Survey
from tgiconik.workflows.sharing.versions import (
    CompliantFacts,
    ReleaseAsset,
    bring_about_release_asset,
    digest_version,
    marked_sha256,
    marked_version,
    release_assets_of,
)

#: How long iconik may take to copy a version.
READY_WITHIN: Final = timedelta(minutes=10)


@attrs.frozen(kw_only=True)
class ComplianceDistribution:
    """What became of the compliant version. Two runs over the same state are equal.

    Attributes:
        asset_id: the asset.
        version_id: the version that is marked as compliant; None when not exactly one is.
        sha256: digest of its original, computed here; None when it could not be had.
        release_asset_id: the asset that holds only that version; None when it is not pinned, when
            nobody ever could have it, and in a dry run that would make it.
        document_id: the document that is published; None when nobody ever could have it, and in a
            dry run that would publish it.
        announcement_ids: what partners were told by.
        outcomes: one for each partner, by company id.
        verification: what open ways there are afterwards.
        waits_for: who could change an outcome, one line each.
        timeline: what was read, decided and written, in order.
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


async def distribute_compliant_version(
    grid: TradingGridClient,
    iconik: IconikClient,
    asset_id: str,
    *,
    policy: ReleasePolicy | None = None,
    groups: Iterable[str] | None = None,
    partners: Iterable[str] | None = None,
    groups_field: str = GROUPS_FIELD,
    purpose: Purpose | None = None,
    pin: bool = True,
    ready_within: timedelta = READY_WITHIN,
    at_once: int = AT_ONCE,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> ComplianceDistribution:
    """Bring about that partners have the compliant version of an asset, and no other one.

    Args:
        grid: where the partners are.
        iconik: where the asset is.
        asset_id: the asset whose compliant version they shall see.
        policy: the release rules, with a metadata view; the default policy when left out.
        groups: ids of partner groups, instead of those that the asset is tagged for.
        partners: company ids of partners, beside `groups` or instead of any group.
        groups_field: the metadata field with the tags, in the policy's view.
        purpose: what for; by default for no certain usage, with download as the policy allows.
        pin: share an asset that holds only this version, instead of the asset itself.
        ready_within: how long iconik may take to copy the version.
        at_once: how many partners are served at the same time; those who wait for a look that
            all share are not counted. 1 serves one after the other, each with a look of their own.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        NotFound: there is no such asset, or no such group.
        Inconsistent: iconik copied something else than the version.
        CallError: a platform could not be asked; nothing is lost, run it again.
    """
    policy = policy or ReleasePolicy()
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    work = _Work(
        grid=grid,
        iconik=iconik,
        policy=policy,
        purpose=attrs.evolve(purpose or Purpose(download=policy.allow_download), compliance=True),
        pin=pin,
        ready_within=ready_within,
        at_once=at_once,
        trail=trail,
    )
    result = await work.run(asset_id, groups=groups, partners=partners, field=groups_field)
    for line in result.waits_for:
        trail.waits(line)
    return attrs.evolve(result, timeline=tuple(trail.steps), dry_run=dry_run)


@attrs.frozen(kw_only=True)
class _Work:
    """One run over one asset."""

    grid: TradingGridClient
    iconik: IconikClient
    policy: ReleasePolicy
    purpose: Purpose
    pin: bool
    ready_within: timedelta
    at_once: int = attrs.field(converter=checked_at_once)
    trail: Trail

    async def run(
        self,
        asset_id: str,
        *,
        groups: Iterable[str] | None,
        partners: Iterable[str] | None,
        field: str,
    ) -> ComplianceDistribution:
        """From the asset's id to the result."""
        current = await read_facts(self.iconik, asset_id, policy=self.policy, trail=self.trail)
        source = await self._source(current)
        facts = await source.read()
        wanted, waits_for = await Circle(self.grid, self.trail).meant_for(
            facts, groups=groups, partners=partners, groups_field=field
        )
        known = await release_assets_of(self.grid, asset_id, trail=self.trail)
        release = await self._release(facts, known, wanted)
        target = self._target(current, source, release)
        others = sorted({asset_id, *(one.asset_id for one in known)} - {target})
        for other in others:
            await close_asset(
                self.grid,
                self.iconik,
                other,
                "it is not what shows the compliant version",
                trail=self.trail,
            )
        survey = Survey(
            self.grid,
            self.iconik,
            target or "",
            self.trail,
            latest=facts,
            read=source.read,
            beside=others,
        )
        if target is not None:
            await survey.refresh()
        arrival = await ToMany(
            grid=self.grid,
            iconik=self.iconik,
            asset_id=target or "",
            policy=self.policy,
            purpose=self.purpose,
            survey=survey,
            at_once=self.at_once,
            series=COMPLIANT,
            trail=self.trail,
        ).run(wanted)
        outcomes = tuple(attrs.evolve(one, asset_id=asset_id) for one in arrival.outcomes)
        waits_for += self._missing(source, facts)
        waits_for += unreachable(wanted)
        if any(outcome.state is State.FAILED for outcome in outcomes):
            waits_for.append("another run of this workflow")
        verification = await self._verify(asset_id)
        waits_for += [
            f"share {way.share_id} of {way.object_type.removesuffix('s')} {way.object_id} to be "
            f"closed by its owner: {way.why_not}"
            for way in verification.wrong
        ]
        return ComplianceDistribution(
            asset_id=asset_id,
            version_id=source.digested_id,
            sha256=source.sha256,
            release_asset_id=self._pinned(source, known, release),
            document_id=arrival.document_id,
            announcement_ids=arrival.announcement_ids,
            outcomes=outcomes,
            verification=verification,
            waits_for=tuple(waits_for),
        )

    async def _source(self, facts: AssetFacts) -> CompliantFacts:
        """How the compliant version is read, with its digest."""
        marked = marked_version(facts, self.policy)
        digest = None
        if marked is None:
            self.trail.decided(f"{named(facts.title)} has not exactly one compliant version")
        else:
            digest = await digest_version(self.iconik, facts.asset_id, marked, trail=self.trail)
        return CompliantFacts(
            iconik=self.iconik,
            asset_id=facts.asset_id,
            policy=self.policy,
            version_id=marked if self.pin else None,
            digested_id=marked,
            sha256=digest,
            trail=self.trail,
        )

    async def _release(
        self,
        facts: AssetFacts,
        known: list[ReleaseAsset],
        wanted: dict[str, Partner | None],
    ) -> ReleaseAsset | None:
        """The release asset, when it is pinned and somebody may have it."""
        if not self.pin or not any(
            partner is not None
            and can_be_reached(partner)
            and decide(
                self.policy, facts, as_recipient(partner), self.purpose, self.trail.now()
            ).allowed
            for partner in wanted.values()
        ):
            return None
        return await bring_about_release_asset(
            self.grid,
            self.iconik,
            facts,
            known,
            ready_within=self.ready_within.total_seconds(),
            trail=self.trail,
        )

    def _target(
        self, current: AssetFacts, source: CompliantFacts, release: ReleaseAsset | None
    ) -> str | None:
        """The asset that is shared; None when nothing shows the compliant version, or may."""
        if self.pin:
            return release.asset_id if release else None
        right = source.sha256 is not None and source.sha256 == marked_sha256(current, self.policy)
        return current.asset_id if right and current.version_id == source.digested_id else None

    def _pinned(
        self, source: CompliantFacts, known: list[ReleaseAsset], release: ReleaseAsset | None
    ) -> str | None:
        """The release asset, even when nobody may have it any more."""
        if release is not None or not self.pin:
            return release.asset_id if release else None
        same = [one.asset_id for one in known if one.source_version_id == source.digested_id]
        return same[-1] if same else None

    def _missing(self, source: CompliantFacts, facts: AssetFacts) -> list[str]:
        """What is not as it must be for anybody to get it, one line each."""
        title = named(facts.title)
        if source.digested_id is None:
            return [f"one compliant version of {title} in {self.policy.compliant_version_field}"]
        if source.sha256 is None or source.sha256 != marked_sha256(facts, self.policy):
            field = self.policy.compliant_sha256_field
            return [f"the digest of version {named(source.digested_id)} of {title} in {field}"]
        return []

    async def _verify(self, asset_id: str) -> Verification:
        return await verify_distribution(
            self.grid,
            self.iconik,
            asset_id,
            policy=self.policy,
            # It was digested a moment ago.
            digest=False,
            now=self.trail.now,
        )
