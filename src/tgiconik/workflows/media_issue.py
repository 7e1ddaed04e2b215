"""Use case 2: resolve an issue with media that partners have, by a corrected version.

Trigger: an issue on Trading Grid, then a schedule: it takes days, and each run takes the steps that
are possible now.

1. The issue names the asset. It is a partner's claim about an asset that they have or had. Until
   one of our people acknowledges it, the media team is told, and nothing changes for other
   partners. It is acknowledged if a person of ours moved it, with any `actor` but `tgiconik`, or
   entered it for a partner who has or had the asset. After a reopening by the partner, it has to be
   acknowledged again, by a move to `in_progress`.
2. The issue is linked to the asset (`link_issue`): the faulty version is written into the issue, a
   comment on the asset's timeline refers to the issue, and the activity log records who had the
   version. The issue is `in_progress`.
3. The faulty version is held, so that it is not shared again. Then every partner's link to it is
   revoked, and every partner who had it is told not to use it.
4. The corrected version is a file to upload, a named version, or the version that the media team
   promotes. Until it is approved, runs change nothing and report whom they wait for.
5. It becomes the current version and is shared with every partner who had the faulty one, if
   `release.decide` allows it (`publish_correction`). An announcement says what replaces what. The
   issue gets a comment with notes and is resolved.
6. The partner confirms or reopens the issue. If it is reopened, the corrected version becomes the
   faulty one.

The partner gets the same question for an asset that does not exist and for one that they never had.

Afterwards, iconik has the comment, the hold, and one share per partner of the corrected version,
created without a notification. Trading Grid has the issue with both versions, notes and resolution,
a document with a delivery per partner, and the announcements.

Idempotent: another run changes nothing and returns the same result. After a crash, the next run
continues. The claim prevents concurrent runs from working on the same issue.

Failures: an unknown issue raises `UnknownIssue`. A failure for one partner is that partner's
outcome; the issue stays `in_progress`, and the next run retries. A failed call raises its
`CallError`.

Source: use case 2 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final, Self

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._report import first_items
from tgiconik.iconik import IconikClient
from tgiconik.iconik.models import assets as m
from tgiconik.release import AssetFacts, ReleasePolicy, held
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    OPERATOR,
    AssetReference,
    AssetRole,
    DeliveryState,
    Issue,
    IssueStatus,
    IssueUpdate,
)
from tgiconik.tradinggrid.collaboration.transitions import ISSUE_MOVES, is_open
from tgiconik.workflows.distribution.audience import AudienceResolver
from tgiconik.workflows.run import LEASE, Run
from tgiconik.workflows.run.concurrency import MAX_CONCURRENCY, checked_concurrency
from tgiconik.workflows.run.results import ANOTHER_RUN, Outcome, Result, State, concluded
from tgiconik.workflows.run.text import fitting, listed, moment, named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.delivery import outcome_of
from tgiconik.workflows.sharing.facts import check_view, read_facts
from tgiconik.workflows.sharing.share import reconcile_asset
from tgiconik.workflows.sharing.snapshot import Snapshot
from tgiconik.workflows.tickets.containment import (
    Incident,
    close_without_log,
    contain,
    is_reported_to_team,
    read_incident,
    report_to_team,
    round_of,
    subject_of,
    texts_in,
    update_issue,
    version_in,
)
from tgiconik.workflows.tickets.correction import (
    ask_for_previews,
    distribute_correction,
    find_upload,
    remove_pieces,
    upload_correction,
)
from tgiconik.workflows.tickets.memory import MemoryKind, recall
from tgiconik.workflows.tickets.requests import check_unclaimed, move, read_issue, said, say

#: The timeout for transcoding previews of a corrected version.
READY_WITHIN: Final = timedelta(minutes=30)
_APPROVAL: Final = "the corrected version to be approved"


@attrs.frozen(kw_only=True)
class Resolution(Result):
    """The state of an issue after a run. Two runs over the same state are equal.

    Attributes:
        issue_id: the issue.
        status: its status now; in a dry run, the status that it would have.
        asset_id: the asset that it is about, when it names exactly one.
        faulty_version_id: the faulty version.
        corrected_version_id: the version that replaces it, if there is one.
        affected: company ids of partners who had the faulty version or reported it.
        outcomes: the delivery of the corrected version to each; empty before its approval.
        waiting_on: who has to act next, one line each.
        timeline: every read, decision and write, in order.
        dry_run: whether this was a dry run, which writes nothing.
    """

    issue_id: str
    status: str
    asset_id: str | None = None
    faulty_version_id: str | None = None
    corrected_version_id: str | None = None
    affected: tuple[str, ...] = attrs.field(default=(), repr=first_items)
    outcomes: tuple[Outcome, ...] = attrs.field(default=(), repr=first_items)
    waiting_on: tuple[str, ...] = attrs.field(default=(), repr=first_items)
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def _subject(self) -> str:
        return f"issue {named(self.issue_id)}"


@without_locals
@observed("issue_id")
async def resolve_media_issue(
    grid: TradingGridClient,
    iconik: IconikClient,
    issue_id: str,
    *,
    policy: ReleasePolicy,
    correction: str | os.PathLike[str] | None = None,
    version_id: str | None = None,
    notes: str | None = None,
    ready_within: timedelta = READY_WITHIN,
    lease: timedelta = LEASE,
    max_concurrency: int = MAX_CONCURRENCY,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Resolution:
    """Resolve a media issue: take the steps that are possible now.

    Args:
        grid: the Trading Grid client.
        iconik: the iconik client.
        issue_id: such as `ISS-7`.
        policy: the release rules, with a metadata view.
        correction: a file that is the corrected version, to be uploaded.
        version_id: a version of the asset that is the corrected one. Without either, it is the
            one that the media team makes current.
        notes: the notes on the correction for partners; may have several lines.
        ready_within: the timeout for transcoding previews.
        lease: the duration of the claim; it is renewed during the run.
        max_concurrency: the number of partners to process concurrently; 1 for sequentially.
            Partners waiting for a batched check do not count.
        dry_run: write nothing; report what would be written.
        now: the clock; returns the current time in UTC.
        progress: called with each step as it happens.

    Raises:
        UnknownIssue: there is no such issue.
        ConfigurationError: the policy has no metadata view to hold a version in, or both a file and
            a version are given.
        CallError: a call to a platform failed; run the workflow again.
    """
    if policy.metadata_view is None:
        raise errors.ConfigurationError("holding a version needs a metadata_view in the policy")
    if correction is not None and version_id is not None:
        raise errors.ConfigurationError("the correction is a file or a version, not both")
    checked_concurrency(max_concurrency)
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail)
    issue = await read_issue(run, issue_id)
    given = _Given(correction, version_id, notes, ready_within, max_concurrency)
    resolving = _Resolving(run=run, issue=issue, given=given, lease=lease)
    try:
        result = await resolving.advance()
    except errors.ClaimLost as lost:
        result = Resolution(issue_id=issue.id, status=issue.status, waiting_on=(str(lost),))
    return concluded(result, run)


@attrs.frozen(kw_only=True)
class Correction:
    """The corrected version, if there is one.

    Attributes:
        version_id: the version; None before there is one.
        pieces: versions left by incomplete uploads.
        approved: whether it is approved and not held.
        to_upload: whether a file is to be uploaded that has no record yet.
        lacks_previews: whether the upload is complete and its previews were never requested.
    """

    version_id: str | None = None
    pieces: tuple[str, ...] = ()
    approved: bool = False
    to_upload: bool = False
    lacks_previews: bool = False


@attrs.frozen(kw_only=True)
class ResolutionPlan:
    """The steps of a run.

    Attributes:
        contain: revoke links to the faulty version and notify partners who had it.
        upload: upload the correction, or request its previews.
        publish: share the corrected version with every partner who had the faulty one.
        waiting_on: who has to act next, unless the correction is published.
    """

    contain: bool
    upload: bool
    publish: bool
    waiting_on: str

    @property
    def writes(self) -> bool:
        """Whether the plan has anything to write."""
        return self.contain or self.upload or self.publish


def plan_resolution(
    incident: Incident, correction: Correction, policy: ReleasePolicy
) -> ResolutionPlan:
    """Plan the steps that are possible now. A pure function."""
    there_will_be_one = correction.version_id is not None or correction.to_upload
    return ResolutionPlan(
        contain=not incident.is_contained(policy),
        upload=correction.to_upload or correction.lacks_previews,
        publish=correction.approved,
        waiting_on=_APPROVAL if there_will_be_one else "the media team to make a corrected version",
    )


@attrs.frozen
class _Given:
    """The caller's choices; see `resolve_media_issue`."""

    correction: str | os.PathLike[str] | None
    version_id: str | None
    notes: str | None
    ready_within: timedelta
    max_concurrency: int


@attrs.frozen(kw_only=True)
class _Resolving:
    """Resolves one issue; holds the lease once the issue is claimed."""

    run: Run
    issue: Issue
    given: _Given
    lease: timedelta

    async def advance(self) -> Resolution:
        """Process the issue and return the result."""
        run, issue = self.run, self.issue
        if not is_open(ISSUE_MOVES, issue.status):
            return await self._closed()
        check_unclaimed(run, issue)
        asset = await self._asset()
        if asset is None:
            return await self._unclear()
        try:
            incident = await read_incident(run, issue, asset)
        except errors.CallError:
            await close_without_log(run, issue, asset)
            raise
        if not incident.is_acknowledged:
            return await self._unacknowledged(incident)
        return await self._work_on(incident)

    async def _work_on(self, incident: Incident) -> Resolution:
        """From an issue that our people have acknowledged to the result."""
        correction = await self._find_correction(incident)
        plan = plan_resolution(incident, correction, self.run.policy)
        corrected = correction.version_id
        # A run that can only wait writes nothing.
        only_publishes = plan.publish and not (plan.contain or plan.upload)
        missing = await self.missing_previews(incident, corrected) if only_publishes else None
        if missing or not plan.writes:
            # Whatever is open of the asset meanwhile is judged, whoever opened it.
            profile = AudienceResolver(self.run).profile
            await reconcile_asset(self.run, incident.snapshot, profile)
            return self._waiting(incident, corrected, missing or plan.waiting_on)
        async with self._claimed() as held:
            await contain(held.run, incident)
            if plan.upload:
                corrected = await held.upload(incident, correction)
            if corrected is None or not plan.publish:
                return self._waiting(incident, corrected, plan.waiting_on)
            missing = None if only_publishes else await held.missing_previews(incident, corrected)
            if missing:
                return self._waiting(incident, corrected, missing)
            return await held.publish(incident, corrected)

    async def missing_previews(self, incident: Incident, corrected: str | None) -> str | None:
        """Wait for the machines, and say what is missing when they were too slow, or failed."""
        try:
            await self.run.iconik.transfer.wait_until_ready(
                incident.facts.asset_id,
                corrected or "",
                timeout=self.given.ready_within.total_seconds(),
            )
        except errors.NotReady as error:
            return f"previews of the corrected version: {error}"
        return None

    async def _unacknowledged(self, incident: Incident) -> Resolution:
        """Nobody of ours stands behind it yet: nothing changes for other partners."""
        run, issue = self.run, self.issue
        run.trail.decided(f"{issue.id} is not acknowledged by one of our people")
        if not incident.reporter_had:
            await self._ask_which()
        elif not await is_reported_to_team(run, incident):
            async with self._claimed() as held:
                await report_to_team(held.run, incident)
        return Resolution(
            issue_id=issue.id,
            status=issue.status,
            asset_id=incident.facts.asset_id,
            faulty_version_id=incident.faulty if incident.reporter_had else None,
            waiting_on=(f"our people to acknowledge {issue.id}",),
        )

    async def _asset(self) -> m.Asset | None:
        """The asset; None if the issue does not name exactly one existing asset with a version."""
        issue, trail = self.issue, self.run.trail
        ids = list(dict.fromkeys(reference.asset_id for reference in issue.asset_references))
        if len(ids) != 1:
            trail.decided(f"{issue.id} names {len(ids)} assets, not one")
            return None
        try:
            asset = await self.run.iconik.assets.get_asset(ids[0])
        except (errors.NotFound, errors.ConfigurationError):
            # A text that cannot be an id in a path names no asset either.
            trail.decided(f"asset {named(ids[0])} is gone, or hidden from us")
            return None
        if not asset.versions and asset.default_version_id is None:
            trail.decided(f"{named(asset.title)} has no version")
            return None
        return asset

    async def _find_correction(self, incident: Incident) -> Correction:
        remembered = version_in(self.issue, AssetRole.CORRECTED)
        found = await self._find_version(incident, remembered)
        approved = found.version_id is not None and await self._is_approved(
            incident, found.version_id
        )
        to_upload = self.given.correction is not None and remembered is None
        lacks_previews = (
            self.given.correction is not None
            and found.version_id is not None
            and not await self.run.iconik.transfer.has_previews(
                incident.facts.asset_id, found.version_id
            )
        )
        return attrs.evolve(
            found, approved=approved, to_upload=to_upload, lacks_previews=lacks_previews
        )

    async def _find_version(self, incident: Incident, remembered: str | None) -> Correction:
        """Find the corrected version, and the pieces of an incomplete upload."""
        if remembered is not None:
            return Correction(version_id=remembered)
        if self.given.version_id is not None:
            if self.given.version_id == incident.faulty:
                raise errors.ConfigurationError(f"version {incident.faulty} is the faulty one")
            return Correction(version_id=self.given.version_id)
        if self.given.correction is not None:
            if not incident.linked:
                return Correction()
            asset_id = incident.facts.asset_id
            found = await find_upload(self.run, asset_id, self.given.correction, incident.versions)
            return Correction(version_id=found.version_id, pieces=found.pieces)
        return Correction(version_id=None if incident.shows_faulty else incident.facts.version_id)

    async def _is_approved(self, incident: Incident, version_id: str) -> bool:
        facts = await self._facts(incident, version_id)
        return facts.approval_status == "APPROVED" and not held(self.run.policy, facts, version_id)

    async def _facts(self, incident: Incident, version_id: str | None) -> AssetFacts:
        return await read_facts(self.run, incident.facts.asset_id, version_id=version_id)

    async def upload(self, incident: Incident, correction: Correction) -> str | None:
        """Upload the correction as a new version, unless it exists, and record it in the issue."""
        run, asset_id = self.run, incident.facts.asset_id
        await remove_pieces(run, asset_id, correction.pieces)
        version_id = correction.version_id or await upload_correction(
            run, asset_id, self.given.correction or ""
        )
        if version_id is not None and correction.lacks_previews:
            await ask_for_previews(run, asset_id, version_id)
        await self._remember(incident, version_id)
        return version_id

    async def _remember(self, incident: Incident, corrected: str | None) -> None:
        issue = self.issue
        if corrected is not None and version_in(issue, AssetRole.CORRECTED) == corrected:
            return
        fresh = await read_issue(self.run, issue.id)
        reference = AssetReference(
            asset_id=incident.facts.asset_id,
            version_id=corrected,
            title=incident.public_title,
            role=AssetRole.CORRECTED,
            written_by=OPERATOR,
        )
        if reference in fresh.asset_references:
            return
        await update_issue(
            self.run,
            fresh,
            IssueUpdate(asset_references=[*fresh.asset_references, reference]),
            f"note the corrected version in {issue.id}",
        )

    async def publish(self, incident: Incident, corrected: str) -> Resolution:
        """Share the approved corrected version with partners who had the faulty one."""
        run, facts = self.run, incident.facts
        await check_view(run)
        if run.lease is not None:
            await run.lease.keep()
        await self._remember(incident, corrected)
        if facts.version_id != corrected:
            # Waiting for the machines may have taken long.
            if not await self._is_approved(incident, corrected):
                return self._waiting(incident, corrected, _APPROVAL)
            await run.write(
                f"make version {corrected} of {named(facts.title)} the current one",
                lambda: run.iconik.assets.promote_version(facts.asset_id, corrected),
                instead=None,
            )
        if run.lease is not None:
            await run.lease.keep()
        snapshot = await self._snapshot(incident, corrected)
        outcomes = await distribute_correction(
            run, snapshot, incident.affected, max_concurrency=self.given.max_concurrency
        )
        if any(outcome.state is State.FAILED for outcome in outcomes):
            waiting = self._waiting(incident, corrected, ANOTHER_RUN)
            return attrs.evolve(waiting, outcomes=outcomes)
        await self._tell(incident, outcomes)
        await move(run, run.grid.community.issues, self.issue.id, IssueStatus.RESOLVED)
        return attrs.evolve(
            self._waiting(incident, corrected, ""),
            status=IssueStatus.RESOLVED,
            outcomes=outcomes,
            waiting_on=_waiting_on_after(self.issue, IssueStatus.RESOLVED),
        )

    async def _snapshot(self, incident: Incident, corrected: str) -> Snapshot:
        """The current state of the asset; in a dry run, as if the version were promoted."""
        snapshot = incident.snapshot
        if self.run.dry_run:
            snapshot.read = partial(self._facts, incident, corrected)
            snapshot.latest = await snapshot.facts()
            return snapshot
        snapshot.latest = await snapshot.facts()
        await snapshot.refresh()
        return snapshot

    async def _tell(self, incident: Incident, outcomes: Sequence[Outcome]) -> None:
        """Post notes and resolution for the partner who reported the issue."""
        run, issue = self.run, self.issue
        theirs = next((one for one in outcomes if one.partner == issue.partner_id), None)
        await say(
            run,
            run.grid.community.issues,
            issue.id,
            _resolution(incident, theirs, self.given.notes),
            key=f"{issue.id}:{round_of(issue)}:resolved",
            links=[theirs.link] if theirs is not None and theirs.link else [],
        )
        await update_issue(
            run,
            await read_issue(run, issue.id),
            IssueUpdate(resolution=fitting(self.given.notes or "There is a corrected version.")),
            f"note the resolution of {issue.id}",
        )

    async def _unclear(self) -> Resolution:
        """Ask the partner to name the asset."""
        issue = self.issue
        await self._ask_which()
        return Resolution(
            issue_id=issue.id,
            status=issue.status,
            waiting_on=(f"{issue.partner_id} to name the asset of {issue.id}",),
        )

    async def _ask_which(self) -> None:
        """Ask once; the same for what is not there and for what the partner never had."""
        issue, issues = self.issue, self.run.grid.community.issues
        names = {reference.asset_id for reference in issue.asset_references}
        key = f"{issue.id}:{round_of(issue)}:which:{len(issue.asset_references)}"
        question = (
            "What you refer to is not in our library, or you did not get it from us. Which asset "
            "do you mean?"
            if len(names) == 1
            else "Please name the one asset that this is about; for several, one issue each."
        )
        if not await said(issues, issue.id, key):
            async with self._claimed() as held:
                await say(held.run, issues, issue.id, question, key=key)

    async def _closed(self) -> Resolution:
        """The result of a closed issue."""
        issue = self.issue
        self.run.trail.decided(f"{issue.id} is {issue.status}: nothing to do")
        corrected = version_in(issue, AssetRole.CORRECTED)
        faulty = version_in(issue, AssetRole.FAULTY)
        asset_id = next((r.asset_id for r in issue.asset_references), None)
        if corrected is None or faulty is None or asset_id is None:
            return Resolution(
                issue_id=issue.id, status=issue.status, asset_id=asset_id, faulty_version_id=faulty
            )
        memory = await recall(self.run, MemoryKind.ISSUE_LINKED, subject_of(issue)) or {}
        had = {*texts_in(memory.get("partners")), issue.partner_id}
        got = await self._got(asset_id, corrected)
        refused = Outcome(
            partner="",
            asset_id=asset_id,
            title=next(r.title for r in issue.asset_references if r.version_id == corrected),
            state=State.REFUSED,
            version_id=corrected,
        )
        return Resolution(
            issue_id=issue.id,
            status=issue.status,
            asset_id=asset_id,
            faulty_version_id=faulty,
            corrected_version_id=corrected,
            affected=tuple(sorted(had)),
            outcomes=tuple(
                got.get(id_) or attrs.evolve(refused, partner=id_) for id_ in sorted(had)
            ),
            waiting_on=_waiting_on_after(issue, issue.status),
        )

    async def _got(self, asset_id: str, corrected: str) -> dict[str, Outcome]:
        """The open deliveries of the corrected version, by company id."""
        deliveries = self.run.grid.community.deliveries.list(
            asset_id=asset_id, state=[DeliveryState.ACTIVE]
        )
        got: dict[str, Outcome] = {}
        async for delivery in deliveries:
            outcome = outcome_of(delivery)
            if outcome is not None and outcome.version_id == corrected:
                got[delivery.partner_id] = outcome
        return got

    def _waiting(self, incident: Incident, corrected: str | None, for_whom: str) -> Resolution:
        return Resolution(
            issue_id=self.issue.id,
            status=IssueStatus.IN_PROGRESS,
            asset_id=incident.facts.asset_id,
            faulty_version_id=incident.faulty,
            corrected_version_id=corrected,
            affected=incident.affected,
            waiting_on=(for_whom,),
        )

    @asynccontextmanager
    async def _claimed(self) -> AsyncIterator[Self]:
        """Hold the claim on the issue for the duration of a block, if it has not changed."""
        issue, issues = self.issue, self.run.grid.community.issues
        async with self.run.claim(issues, issue, worker="resolve", lasts=self.lease) as held:
            fresh = await read_issue(held, issue.id)
            if fresh.history != issue.history:
                raise errors.ClaimLost(f"{issue.id} changed while it was being worked on")
            yield attrs.evolve(self, run=held)


def _resolution(incident: Incident, theirs: Outcome | None, notes: str | None) -> str:
    """The comment for the partner who reported the issue."""
    is_theirs = theirs is not None and theirs.state is State.DELIVERED
    title = named(incident.facts.title) if is_theirs else incident.public_title
    text = f"{title} is corrected, and the faulty version is closed."
    if theirs is not None and theirs.link is not None:
        text += f"\nThe corrected version: {theirs.link}"
        if theirs.expires_at is not None:
            text += f", until {moment(theirs.expires_at)}"
    lines = [line for line in (notes or "").splitlines() if line.strip()]
    if lines:
        text += "\nWhat was done:\n" + listed(lines)
    if theirs is not None and theirs.restrictions:
        text += "\nPlease note:\n" + listed(theirs.restrictions)
    return fitting(text)


def _waiting_on_after(issue: Issue, status: str) -> tuple[str, ...]:
    if status == IssueStatus.RESOLVED:
        return (f"{issue.partner_id} to confirm or reopen {issue.id}",)
    return ()
