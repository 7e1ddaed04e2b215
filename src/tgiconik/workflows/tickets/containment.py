"""Containment of a faulty version: hold it, revoke its links, and notify its partners.

An issue is a partner's claim. It is about what this partner has or had of the asset, and it takes
nothing from others before one of our people has acknowledged it.
"""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, Final

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik.iconik import IconikClient
from tgiconik.iconik.models import assets as m
from tgiconik.release import AssetFacts, ReleasePolicy, held
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    OPERATOR,
    AnnouncementInput,
    AnnouncementKind,
    AssetReference,
    AssetRole,
    Audience,
    Delivery,
    DeliveryState,
    Issue,
    IssueStatus,
    IssueUpdate,
    Transition,
)
from tgiconik.workflows.distribution.package_store import packages_with, remove_from_packages
from tgiconik.workflows.run import GridRun, Lease, Run
from tgiconik.workflows.run.concurrency import BestEffort
from tgiconik.workflows.run.text import fitting, how_many, listed, moment, named
from tgiconik.workflows.run.trail import Trail, utc_now
from tgiconik.workflows.sharing.facts import read_facts
from tgiconik.workflows.sharing.share import close_links
from tgiconik.workflows.sharing.snapshot import Snapshot
from tgiconik.workflows.sharing.versions import hold_version
from tgiconik.workflows.tickets.media_team import ask_media_team, keys_on_timeline
from tgiconik.workflows.tickets.memory import MemoryKind, Subject, recall, remember
from tgiconik.workflows.tickets.requests import ACTOR, move

#: Where a person of ours moves an issue that they stand behind.
_STOOD_BEHIND: Final = frozenset(
    {IssueStatus.ACKNOWLEDGED, IssueStatus.IN_PROGRESS, IssueStatus.REOPENED}
)


@attrs.frozen(kw_only=True)
class Incident:
    """An issue with the state of its asset.

    Attributes:
        issue: the issue.
        snapshot: the asset's facts, links and deliveries.
        facts: the facts of the asset when the incident was read.
        faulty: the faulty version.
        reporter_had: whether the partner who reported it has or had a delivery of the asset.
        linked: whether an earlier run has linked the issue; the activity log has the rest.
        had: company ids of the partners who had the faulty version.
        warned: whether they were told not to use it.
        versions: ids of the asset's versions when the issue was linked.
        packages: partners' packages with the asset: company ids by collection id.
    """

    issue: Issue
    snapshot: Snapshot
    facts: AssetFacts
    faulty: str
    reporter_had: bool
    linked: bool
    had: tuple[str, ...]
    warned: bool
    versions: tuple[str, ...]
    packages: dict[str, str]

    @property
    def affected(self) -> tuple[str, ...]:
        """Company ids of partners who had the faulty version or reported it."""
        return tuple(sorted({*self.had, self.issue.partner_id}))

    @property
    def is_acknowledged(self) -> bool:
        """Whether one of our people stands behind it, so that it counts for other partners."""
        return is_acknowledged(self.issue, reporter_had=self.reporter_had)

    @property
    def public_title(self) -> str:
        """The asset's name where the reporter reads it: the id, for one who never had it."""
        title = self.facts.title if self.reporter_had else ""
        return named(title) or self.facts.asset_id

    @property
    def shows_faulty(self) -> bool:
        """Whether a share of the asset shows the faulty version."""
        return self.facts.version_id == self.faulty

    @property
    def open_deliveries(self) -> list[Delivery]:
        """The active deliveries of the faulty version."""
        return [
            one
            for one in self.snapshot.all_deliveries
            if _version_of(one) == self.faulty and one.state == DeliveryState.ACTIVE
        ]

    def is_contained(self, policy: ReleasePolicy) -> bool:
        """Whether nobody can get the faulty version any more, and everybody knows."""
        is_open = self.snapshot.open_links() or self.packages or self.open_deliveries
        return (
            self.linked
            and self.warned
            and held(policy, self.facts, self.faulty)
            and not (self.shows_faulty and is_open)
        )


async def close_without_log(run: Run, issue: Issue, asset: m.Asset) -> None:
    """Close an acknowledged issue's faulty version while the activity log cannot be read.

    The log says what earlier runs did; that is needed to go on, and not to close.

    Raises:
        CallError: more than the log is broken.
    """
    incident = await read_incident(run, issue, asset, has_log=False)
    if incident.is_acknowledged and incident.shows_faulty:
        await _close(run, incident)


async def read_incident(
    run: Run, issue: Issue, asset: m.Asset, *, has_log: bool = True
) -> Incident:
    """Read the state of an issue's asset.

    Args:
        run: the run.
        issue: the issue.
        asset: its asset.
        has_log: whether the activity log can be read; else it is as if nothing were in it.
    """
    asset_id = asset.id or ""
    if has_log:
        snapshot = await Snapshot.of_asset(run, asset_id)
    else:
        read = partial(read_facts, run, asset_id)
        snapshot = Snapshot(run, asset_id, latest=await read(), read=read)
    facts = snapshot.latest
    await snapshot.refresh()
    subject = subject_of(issue)
    memory = await recall(run, MemoryKind.ISSUE_LINKED, subject) if has_log else None
    packages = await packages_with(run.iconik, asset.in_collections or ())
    theirs = [
        one
        for one in snapshot.all_deliveries
        if one.partner_id == issue.partner_id and one.is_operators
    ]
    faulty = (
        str(memory["version_id"])
        if memory is not None
        else version_in(issue, AssetRole.FAULTY) or _complained_of(issue, facts, theirs)
    )
    shown = facts.version_id == faulty
    links = snapshot.open_links() if shown else []
    holders = {
        *(one.partner_id for one in snapshot.all_deliveries if _version_of(one) == faulty),
        *(partner for link in links if (partner := snapshot.partner_of(link)) is not None),
        *(packages.values() if shown else ()),
    }
    had = texts_in(memory.get("partners")) if memory is not None else tuple(sorted(holders))
    warnings = run.grid.community.announcements.list(external_id=_warning_key(issue))
    return Incident(
        issue=issue,
        snapshot=snapshot,
        facts=facts,
        faulty=faulty,
        reporter_had=bool(theirs) or issue.partner_id in packages.values(),
        linked=issue.status == IssueStatus.IN_PROGRESS and memory is not None,
        had=had,
        warned=not had or any([one.is_operators async for one in warnings]),
        versions=texts_in(memory.get("versions"))
        if memory is not None
        else tuple(version.id for version in asset.versions or () if version.id),
        packages=packages,
    )


def _complained_of(issue: Issue, facts: AssetFacts, theirs: Sequence[Delivery]) -> str:
    """The version that an issue is about when nobody of ours has said so."""
    delivered = {one.asset.version_id for one in theirs if one.asset is not None}
    if named := named_version(issue, delivered):
        return named
    # Of those whose links are closed, the last one is the newest that they can have seen.
    active = [one for one in theirs if one.state == DeliveryState.ACTIVE]
    seen = active or (theirs if round_of(issue) == 0 else [])
    last = max(seen, key=lambda one: one.updated_at, default=None)
    return (_version_of(last) if last is not None else None) or facts.version_id or ""


def subject_of(issue: Issue) -> Subject:
    """The round of an issue that the log remembers."""
    return Subject(noun="issues", id=issue.id, round=round_of(issue), partner_id=issue.partner_id)


def is_acknowledged(issue: Issue, *, reporter_had: bool) -> bool:
    """Whether one of our people stands behind an issue, in this round.

    They acknowledged it, put it into progress or reopened it, or entered it for a partner who has
    or had the asset. Moves of the workflows themselves do not count.
    """
    if issue.is_operators and reporter_had and round_of(issue) == 0:
        return True
    reopened = [place for place, step in enumerate(issue.history) if _is_reopening(step)]
    this_round = issue.history[reopened[-1] if reopened else 0 :]
    return any(
        step.is_operators and step.actor != ACTOR and step.to in _STOOD_BEHIND
        for step in this_round
    )


async def report_to_team(run: Run, incident: Incident) -> None:
    """Show the complaint to the media team, on the timeline of the version that it is about."""
    issue, facts = incident.issue, incident.facts
    key = _complaint_key(issue)
    await ask_media_team(
        run, facts.asset_id, incident.faulty, _complaint(issue), key=key, queue=None
    )


async def is_reported_to_team(run: Run, incident: Incident) -> bool:
    """Whether the media team has seen the complaint."""
    there = await keys_on_timeline(run, incident.facts.asset_id)
    return _complaint_key(incident.issue) in there


async def contain(run: Run, incident: Incident) -> None:
    """Revoke links to the faulty version, hold it, and notify its partners.

    The activity log comes first, because it records who had the version. A failure there does not
    keep links open: they are revoked, and then it is raised.
    """
    facts = incident.facts
    try:
        if not incident.linked:
            await _start(run, incident)
    except errors.CallError:
        if incident.shows_faulty:
            await _close(run, incident)
        raise
    if incident.shows_faulty:
        await _close(run, incident)
    await hold_version(run, facts.asset_id, incident.faulty, title=facts.title)
    if incident.shows_faulty and not run.dry_run:
        # Somebody may have shared before the hold could be read.
        await incident.snapshot.refresh()
        await _close_links(run, incident)
    await _warn(run, incident)


async def _start(run: Run, incident: Incident) -> None:
    """Link the issue, record who had the faulty version, and move the issue to `in_progress`."""
    issue, facts = incident.issue, incident.facts
    if issue.status == IssueStatus.OPEN:
        await move(run, run.grid.community.issues, issue.id, IssueStatus.ACKNOWLEDGED)
    await _link(
        run,
        issue,
        facts.asset_id,
        incident.faulty,
        title=incident.public_title,
        metadata=_shared_facts(incident),
    )
    await remember(run, MemoryKind.ISSUE_LINKED, subject_of(issue), _known_facts(incident))
    if issue.status != IssueStatus.IN_PROGRESS:
        await move(run, run.grid.community.issues, issue.id, IssueStatus.IN_PROGRESS)


async def _close(run: Run, incident: Incident) -> None:
    facts, effort = incident.facts, BestEffort()
    with effort.attempt():
        await _close_links(run, incident)
    with effort.attempt():
        await remove_from_packages(run, facts.asset_id, facts.title, incident.packages)
    effort.finish()


async def _close_links(run: Run, incident: Incident) -> None:
    """Close everybody's links, whoever made them, and end the deliveries of the faulty version."""
    snapshot, why = incident.snapshot, f"{incident.issue.id}: the version is faulty"
    await close_links(run, snapshot, snapshot.open_links(), incident.open_deliveries, why)


async def _warn(run: Run, incident: Incident) -> None:
    """Notify every partner who had the version that it must not be used."""
    if incident.warned:
        return
    title = named(incident.facts.title)
    new = AnnouncementInput(
        subject=f"Please do not use: {title}",
        body=f"There is an issue with {title}. Please do not use what you have of it; "
        "you will hear of the corrected version.",
        audience=Audience(partners=incident.had),
        external_id=_warning_key(incident.issue),
        kind=AnnouncementKind.NOTICE,
    )
    await run.write(
        f"tell {how_many(incident.had)} not to use {title}",
        lambda: run.grid.community.announcements.create(new),
        instead=None,
    )


def _known_facts(incident: Incident) -> dict[str, Any]:
    """The facts to store in the activity log, for the next run."""
    return {
        "asset_id": incident.facts.asset_id,
        "version_id": incident.faulty,
        "partners": list(incident.had),
        "versions": list(incident.versions),
    }


def _shared_facts(incident: Incident) -> dict[str, Any]:
    """The facts that the issue shows to the partner: nothing that they do not have themselves."""
    if not incident.reporter_had:
        return {}
    return {
        "asset_id": incident.facts.asset_id,
        "title": incident.public_title,
        "version_id": incident.faulty,
    }


def _version_of(delivery: Delivery) -> str | None:
    return delivery.asset.version_id if delivery.asset else None


def _warning_key(issue: Issue) -> str:
    return f"{issue.id}:{round_of(issue)}:stop"


def round_of(issue: Issue) -> int:
    """The number of reopenings; every round has its own faulty and corrected version."""
    return sum(map(_is_reopening, issue.history))


def _is_reopening(step: Transition) -> bool:
    return step.to == IssueStatus.REOPENED


def version_in(issue: Issue, role: AssetRole) -> str | None:
    """The version with a role in the current round, as written by our own side."""
    versions = [
        r.version_id
        for r in issue.asset_references
        if r.role == role and r.version_id and r.is_operators
    ]
    return versions[round_of(issue)] if len(versions) > round_of(issue) else None


def named_version(issue: Issue, delivered: Collection[str | None]) -> str | None:
    """The version that the issue names in its first round: by our side, or one that they got."""
    if round_of(issue) > 0:
        return None
    named_ones = (
        r.version_id
        for r in issue.asset_references
        if r.version_id
        and r.role != AssetRole.CORRECTED
        and (r.is_operators or r.version_id in delivered)
    )
    return next(named_ones, None)


def texts_in(value: object) -> tuple[str, ...]:
    """The entries of a JSON list as text; empty if it is not a list."""
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else ()


@without_locals
@observed("issue")
async def link_issue(
    grid: TradingGridClient,
    iconik: IconikClient,
    issue: Issue,
    facts: AssetFacts,
    faulty_version_id: str,
    *,
    metadata: dict[str, Any],
    lease: Lease | None = None,
    trail: Trail | None = None,
) -> None:
    """Link an issue to the asset's version, and comment on the asset's timeline.

    Args:
        grid: the Trading Grid client.
        iconik: the iconik client.
        issue: the issue.
        facts: the facts of the asset.
        faulty_version_id: the faulty version.
        metadata: facts to show in the issue. The partner who reported it reads them and the title.
        lease: the claim of this run.
        trail: where to record it; a trail with `dry_run` writes nothing.

    Raises:
        CallError: a call to a platform failed; run it again.
    """
    run = Run(
        grid=grid,
        iconik=iconik,
        # Nothing is decided here, so the policy is not used.
        policy=ReleasePolicy(),
        lease=lease,
        trail=trail or Trail(now=utc_now),
    )
    title = named(facts.title) or facts.asset_id
    await _link(run, issue, facts.asset_id, faulty_version_id, title=title, metadata=metadata)


async def _link(
    run: Run,
    issue: Issue,
    asset_id: str,
    faulty_version_id: str,
    *,
    title: str,
    metadata: dict[str, Any],
) -> None:
    faulty = AssetReference(
        asset_id=asset_id,
        version_id=faulty_version_id,
        title=title,
        role=AssetRole.FAULTY,
        written_by=OPERATOR,
    )
    known = [r for r in issue.asset_references if r.role != AssetRole.FAULTY or r.version_id]
    references = known if faulty in known else [*known, faulty]
    await update_issue(
        run,
        issue,
        IssueUpdate(asset_references=references, metadata={**issue.metadata, **metadata}),
        f"link {issue.id} to version {faulty_version_id} of {title}",
    )
    await ask_media_team(
        run,
        asset_id,
        faulty_version_id,
        _complaint(issue),
        key=_complaint_key(issue),
        queue=None,
    )


def _complaint_key(issue: Issue) -> str:
    return f"tgiconik:{issue.id}:{round_of(issue)}"


async def update_issue(run: GridRun, issue: Issue, changes: IssueUpdate, what: str) -> None:
    """Update an issue, regardless of new comments."""
    issues = run.grid.community.issues

    async def update() -> None:
        # A comment may have changed the entity tag; the claim prevents other changes.
        fresh = await issues.get(issue.id)
        await issues.update(issue.id, changes, if_match=fresh.etag, holder=run.holder_of(issue.id))

    await run.write(what, update, instead=None)


def _complaint(issue: Issue) -> str:
    """The comment for the media team; every line of the partner's text is quoted."""
    kind = f"{named(issue.category)}, {named(issue.severity)}"
    lines = [f"{issue.partner_id} reports in {issue.id}, {kind}: {named(issue.subject)}"]
    if issue.due_at is not None:
        lines.append(f"Wanted by {moment(issue.due_at)}.")
    said = (issue.description or "").splitlines()
    return fitting("\n".join([*lines, listed(line for line in said if line.strip())]).strip())
