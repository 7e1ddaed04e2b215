"""Use case 2: an issue with media that partners have is resolved with a corrected version.

Trigger: an issue on Trading Grid, and any later moment: it is a conversation over days, and each
run takes the steps that are possible now.

1. The issue names the asset. It is linked (`link_issue`): the faulty version and what iconik knows
   of it are written into the issue, the issue onto the asset's timeline; the issue is in_progress.
2. The faulty version is held, so that nobody shares it any more; then every partner's link to it is
   closed, and everybody who had it is told not to use it.
3. The corrected version is a file to upload, a version that is named, or the one that the media
   team makes current. Until it is approved, runs change nothing and say whom they wait for.
4. It becomes the current version and goes to all who had the faulty one, as far as
   `release.decide` lets it (`publish_correction`); they are told what replaces what. The issue gets
   a comment with notes and is resolved.
5. The partner confirms, or reopens: then the version that was to be the correction is the faulty
   one.

What each platform shows afterwards: iconik the comment, the hold, and one silent link per partner
to the corrected version; Trading Grid the issue with both versions, notes and resolution, a
document with a delivery per partner, and the announcements.

Running it again changes nothing and gives the same result; after a crash it continues; two at once
are kept apart by the claim.

What can fail: an unknown issue raises `UnknownIssue`; what fails for one partner is that one's
outcome, the issue stays in_progress, and the next run tries again; a platform that cannot be asked
raises its `CallError`.

Source: use case 2 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import uuid4

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.models import assets as m
from tgiconik.release import AssetFacts, ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    AssetReference,
    AssetRole,
    DeliveryState,
    Issue,
    IssueStatus,
    IssueUpdate,
)
from tgiconik.tradinggrid.collaboration.transitions import ISSUE_MOVES, is_open
from tgiconik.workflows.run.concurrency import AT_ONCE, checked_at_once
from tgiconik.workflows.run.html import as_dict, as_html
from tgiconik.workflows.run.lease import LEASE, Lease, claimed
from tgiconik.workflows.run.outcome import Outcome, State, raise_for_failures
from tgiconik.workflows.run.text import fitting, listed, moment, named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.delivery import outcome_of
from tgiconik.workflows.sharing.facts import read_facts
from tgiconik.workflows.sharing.snapshot import Survey
from tgiconik.workflows.sharing.versions import held
from tgiconik.workflows.tickets.containment import (
    Case,
    Stop,
    round_of,
    texts_in,
    update_issue,
    version_in,
)
from tgiconik.workflows.tickets.correction import (
    find_upload,
    publish_correction,
    remove_pieces,
    upload_correction,
)
from tgiconik.workflows.tickets.requests import check_unclaimed, move, read_issue, say

#: How long the machines may take for previews of a corrected version.
READY_WITHIN: Final = timedelta(minutes=30)


@attrs.frozen(kw_only=True)
class Resolution:
    """How far an issue is. Two runs over the same state are equal.

    Attributes:
        issue_id: the issue.
        status: where it stands now; in a dry run, where it would stand.
        asset_id: the asset that it is about, when it names exactly one.
        faulty_version_id: the version that is not as it should be.
        corrected_version_id: the version that replaces it, when there is one.
        affected: company ids of the partners who had the faulty version, and of the one who told.
        outcomes: what became of the corrected version for each of them; none before it is approved.
        waits_for: whose move it is, one line each.
        timeline: what was read, decided and written, in order.
        dry_run: nothing was written.
    """

    issue_id: str
    status: str
    asset_id: str | None = None
    faulty_version_id: str | None = None
    corrected_version_id: str | None = None
    affected: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
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


async def resolve_media_issue(
    grid: TradingGridClient,
    iconik: IconikClient,
    issue_id: str,
    *,
    policy: ReleasePolicy | None = None,
    correction: str | os.PathLike[str] | None = None,
    version_id: str | None = None,
    notes: str | None = None,
    ready_within: timedelta = READY_WITHIN,
    lease: timedelta = LEASE,
    at_once: int = AT_ONCE,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Resolution:
    """Take the next steps towards the resolution of an issue that are possible now.

    Args:
        grid: where the issue is.
        iconik: where the media is.
        issue_id: such as `ISS-7`.
        policy: the release rules, with a metadata view; the default policy when left out.
        correction: a file that is the corrected version, to be uploaded.
        version_id: a version of the asset that is the corrected one. Without either, it is the
            one that the media team makes current.
        notes: what partners are told of the correction, line by line.
        ready_within: how long to wait for the machines that make previews.
        lease: how long the claim lasts; renewed while work goes on.
        at_once: how many partners are served at the same time; those who wait for a look that
            all share are not counted. 1 serves one after the other, each with a look of their own.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        UnknownIssue: there is no such issue.
        ConfigurationError: the policy has no metadata view to hold a version in, or both a file and
            a version are given.
        CallError: a platform could not be asked; nothing is lost, run it again.
    """
    policy = policy or ReleasePolicy()
    if policy.metadata_view is None:
        raise errors.ConfigurationError("to hold a version, the policy needs a metadata_view")
    if correction is not None and version_id is not None:
        raise errors.ConfigurationError("the correction is a file or a version, not both")
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    work = _Work(
        grid=grid,
        iconik=iconik,
        policy=policy,
        correction=correction,
        version_id=version_id,
        notes=notes,
        ready_within=ready_within,
        lease=lease,
        at_once=at_once,
        trail=trail,
    )
    issue = await read_issue(grid, issue_id, trail)
    try:
        result = await work.run(issue)
    except errors.ClaimLost as lost:
        result = Resolution(issue_id=issue.id, status=issue.status, waits_for=(str(lost),))
    for line in result.waits_for:
        trail.waits(line)
    return attrs.evolve(result, timeline=tuple(trail.steps), dry_run=dry_run)


@attrs.frozen(kw_only=True)
class _Work:
    """One run over one issue."""

    grid: TradingGridClient
    iconik: IconikClient
    policy: ReleasePolicy
    correction: str | os.PathLike[str] | None
    version_id: str | None
    notes: str | None
    ready_within: timedelta
    lease: timedelta
    at_once: int = attrs.field(converter=checked_at_once)
    trail: Trail

    @property
    def stop(self) -> Stop:
        """What ends the faulty version."""
        return Stop(grid=self.grid, iconik=self.iconik, policy=self.policy, trail=self.trail)

    async def run(self, issue: Issue) -> Resolution:
        """From the issue as it was read to the result."""
        if not is_open(ISSUE_MOVES, issue.status):
            return await self._closed(issue)
        check_unclaimed(issue, self.trail)
        asset = await self._asset(issue)
        if asset is None:
            return await self._unclear(issue)
        case = await self.stop.look(issue, asset)
        corrected, pieces = await self._find_correction(case)
        must_upload = self.correction is not None and version_in(issue, AssetRole.CORRECTED) is None
        approved = corrected is not None and await self._is_approved(case, corrected)
        if not (self.stop.must_stop(case) or must_upload or approved):
            return self._waiting(case, corrected)
        async with self._claimed(issue) as lease:
            await self._check_unchanged(issue)
            await self.stop.stop(case, lease)
            if must_upload:
                corrected = await self._upload(case, corrected, pieces, lease)
            if corrected is None or not approved:
                return self._waiting(case, corrected)
            return await self._resolve(case, corrected, lease)

    async def _asset(self, issue: Issue) -> m.Asset | None:
        """The asset; None when the issue does not name one that is there and has a version."""
        ids = list(dict.fromkeys(reference.asset_id for reference in issue.asset_references))
        if len(ids) != 1:
            self.trail.decided(f"{issue.id} names {len(ids)} assets, not one")
            return None
        try:
            asset = await self.iconik.assets.get_asset(ids[0])
        except (errors.NotFound, errors.ConfigurationError):
            # What cannot be an id in a path is the name of nothing, too.
            self.trail.decided(f"asset {named(ids[0])} is gone, or hidden from us")
            return None
        if not asset.versions and asset.default_version_id is None:
            self.trail.decided(f"{named(asset.title)} has no version")
            return None
        return asset

    async def _find_correction(self, case: Case) -> tuple[str | None, tuple[str, ...]]:
        """The corrected version, and what an upload left in pieces."""
        remembered = version_in(case.issue, AssetRole.CORRECTED)
        if remembered is not None:
            return remembered, ()
        if self.version_id is not None:
            if self.version_id == case.faulty:
                raise errors.ConfigurationError(f"version {case.faulty} is the faulty one")
            return self.version_id, ()
        if self.correction is not None:
            if not case.linked:
                return None, ()
            found = await find_upload(
                self.iconik, case.facts.asset_id, self.correction, case.versions
            )
            return found.version_id, found.pieces
        return (None if case.shows_faulty else case.facts.version_id), ()

    async def _upload(
        self, case: Case, arrived: str | None, pieces: Sequence[str], lease: Lease
    ) -> str | None:
        """The correction as a new version, unless it has arrived; the issue remembers it."""
        await lease.keep()
        asset_id = case.facts.asset_id
        await remove_pieces(self.iconik, asset_id, pieces, trail=self.trail)
        version_id = arrived or await upload_correction(
            self.iconik, asset_id, self.correction or "", trail=self.trail
        )
        await lease.keep()
        await self._remember(case, version_id, lease)
        return version_id

    async def _remember(self, case: Case, corrected: str | None, lease: Lease) -> None:
        if corrected is not None and version_in(case.issue, AssetRole.CORRECTED) == corrected:
            return
        fresh = await read_issue(self.grid, case.issue.id, self.trail)
        reference = AssetReference(
            asset_id=case.facts.asset_id,
            version_id=corrected,
            title=named(case.facts.title) or case.facts.asset_id,
            role=AssetRole.CORRECTED,
        )
        if reference in fresh.asset_references:
            return
        await update_issue(
            self.grid,
            fresh,
            IssueUpdate(asset_references=[*fresh.asset_references, reference]),
            f"note the corrected version in {case.issue.id}",
            lease=lease,
            trail=self.trail,
        )

    async def _is_approved(self, case: Case, version_id: str) -> bool:
        facts = await self._facts(case, version_id)
        return facts.approval_status == "APPROVED" and not held(facts, self.policy, version_id)

    async def _facts(self, case: Case, version_id: str | None) -> AssetFacts:
        return await read_facts(
            self.iconik,
            case.facts.asset_id,
            policy=self.policy,
            trail=self.trail,
            version_id=version_id,
        )

    async def _resolve(self, case: Case, corrected: str, lease: Lease) -> Resolution:
        """The corrected version is approved: it goes where the faulty one was."""
        try:
            await self.iconik.transfer.wait_until_ready(
                case.facts.asset_id, corrected, timeout=self.ready_within.total_seconds()
            )
        except errors.NotReady as error:
            return self._waiting(case, corrected, f"previews of the corrected version: {error}")
        await lease.keep()
        await self._remember(case, corrected, lease)
        if case.facts.version_id != corrected:
            await self.trail.write(
                f"make version {corrected} of {named(case.facts.title)} the current one",
                lambda: self.iconik.assets.promote_version(case.facts.asset_id, corrected),
                instead=None,
            )
        await lease.keep()
        outcomes = await publish_correction(
            self.grid,
            self.iconik,
            case.facts.asset_id,
            case.affected,
            policy=self.policy,
            survey=await self._survey(case, corrected),
            at_once=self.at_once,
            trail=self.trail,
        )
        if any(outcome.state is State.FAILED for outcome in outcomes):
            waiting = self._waiting(case, corrected, "another run of this workflow")
            return attrs.evolve(waiting, outcomes=outcomes)
        await lease.keep()
        await self._tell(case, outcomes, lease)
        await self._move(case.issue, IssueStatus.RESOLVED, lease)
        return Resolution(
            issue_id=case.issue.id,
            status=IssueStatus.RESOLVED,
            asset_id=case.facts.asset_id,
            faulty_version_id=case.faulty,
            corrected_version_id=corrected,
            affected=case.affected,
            outcomes=outcomes,
            waits_for=_moves_after(case.issue, IssueStatus.RESOLVED),
        )

    async def _survey(self, case: Case, corrected: str) -> Survey:
        """What there is now; in a dry run, what would be if the version were promoted."""
        if not self.trail.dry_run:
            case.survey.latest = await case.survey.facts()
            await case.survey.refresh()
            return case.survey
        case.survey.read = partial(self._facts, case, corrected)
        case.survey.latest = await case.survey.facts()
        return case.survey

    async def _tell(self, case: Case, outcomes: Sequence[Outcome], lease: Lease) -> None:
        """Notes and resolution, for the partner who told."""
        issue = case.issue
        theirs = next((one for one in outcomes if one.partner == issue.partner_id), None)
        text = _resolution(case, theirs, self.notes)
        await say(
            self.grid.community.issues,
            issue.id,
            text,
            key=f"{issue.id}:{round_of(issue)}:resolved",
            links=[theirs.link] if theirs is not None and theirs.link else [],
            lease=lease,
            trail=self.trail,
        )
        await update_issue(
            self.grid,
            await read_issue(self.grid, issue.id, self.trail),
            IssueUpdate(resolution=fitting(self.notes or "There is a corrected version.")),
            f"note the resolution of {issue.id}",
            lease=lease,
            trail=self.trail,
        )

    async def _unclear(self, issue: Issue) -> Resolution:
        """Nothing can be held of nothing: the partner is to name the asset."""
        names = {reference.asset_id for reference in issue.asset_references}
        key = f"{issue.id}:{round_of(issue)}:which:{len(issue.asset_references)}"
        question = (
            "What you refer to is not in our library, or not any more. Which asset do you mean?"
            if len(names) == 1
            else "Please name the one asset that this is about; for several, one issue each."
        )
        asked = await self.grid.community.issues.comments(issue.id, external_id=key).first(1)
        status = issue.status
        if status == IssueStatus.OPEN:
            status = IssueStatus.ACKNOWLEDGED
        if not asked or status != issue.status:
            async with self._claimed(issue) as lease:
                await self._check_unchanged(issue)
                if status != issue.status:
                    await self._move(issue, IssueStatus.ACKNOWLEDGED, lease)
                await say(
                    self.grid.community.issues,
                    issue.id,
                    question,
                    key=key,
                    lease=lease,
                    trail=self.trail,
                )
        return Resolution(
            issue_id=issue.id,
            status=status,
            waits_for=(f"{issue.partner_id} to name the asset of {issue.id}",),
        )

    async def _closed(self, issue: Issue) -> Resolution:
        """What a closed issue came to."""
        self.trail.decided(f"{issue.id} is {issue.status}: nothing to do")
        corrected = version_in(issue, AssetRole.CORRECTED)
        faulty = version_in(issue, AssetRole.FAULTY)
        asset_id = next((r.asset_id for r in issue.asset_references), None)
        if corrected is None or faulty is None or asset_id is None:
            return Resolution(
                issue_id=issue.id, status=issue.status, asset_id=asset_id, faulty_version_id=faulty
            )
        had = {*texts_in(issue.metadata.get("partners")), issue.partner_id}
        got: dict[str, Outcome] = {}
        async for delivery in self.grid.community.deliveries.list(
            asset_id=asset_id, state=[DeliveryState.ACTIVE]
        ):
            outcome = outcome_of(delivery)
            if outcome is not None and outcome.version_id == corrected:
                got[delivery.partner_id] = outcome
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
            waits_for=_moves_after(issue, issue.status),
        )

    def _waiting(
        self, case: Case, corrected: str | None, for_whom: str | None = None
    ) -> Resolution:
        if for_whom is None:
            for_whom = (
                "the corrected version to be approved"
                if corrected is not None or self.correction is not None
                else "the media team to make a corrected version"
            )
        return Resolution(
            issue_id=case.issue.id,
            status=IssueStatus.IN_PROGRESS,
            asset_id=case.facts.asset_id,
            faulty_version_id=case.faulty,
            corrected_version_id=corrected,
            affected=case.affected,
            waits_for=(for_whom,),
        )

    async def _move(self, issue: Issue, to: IssueStatus, lease: Lease) -> None:
        await move(self.grid.community.issues, issue.id, to, lease=lease, trail=self.trail)

    def _claimed(self, issue: Issue) -> AbstractAsyncContextManager[Lease]:
        return claimed(
            self.grid.community.issues,
            issue.id,
            issue.claim,
            holder=f"resolve-{uuid4()}",
            lasts=self.lease,
            trail=self.trail,
        )

    async def _check_unchanged(self, issue: Issue) -> None:
        fresh = await read_issue(self.grid, issue.id, self.trail)
        if fresh.history != issue.history:
            raise errors.ClaimLost(f"{issue.id} changed while it was being worked on")


def _resolution(case: Case, theirs: Outcome | None, notes: str | None) -> str:
    """What the partner reads who told."""
    title = named(case.facts.title)
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


def _moves_after(issue: Issue, status: str) -> tuple[str, ...]:
    if status == IssueStatus.RESOLVED:
        return (f"{issue.partner_id} to confirm or reopen {issue.id}",)
    return ()
