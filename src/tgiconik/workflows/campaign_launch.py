"""Use case 4: coordinate a campaign launch with internal teams and partners.

Trigger: a campaign is planned, then a schedule: a launch takes weeks, and each run takes the steps
that are possible now.

1. The launch is a project on Trading Grid with partners, a date and a checklist with dependencies.
   Tasks are created once and then belong to their assignees.
2. Every partner gets a package: a collection of its own with the assets that `release.decide`
   allows, behind one link. Refused assets are left out and reported. The package of a partner who
   leaves the campaign is revoked.
3. Partners are notified once, with the date and a pointer to their tasks, never with refusals.
4. Partners' comments and exceptions are copied to the timeline of the campaign's feedback asset,
   where the media team reads them.
5. `launch_readiness` reports what is missing per partner. When nothing is missing, the project is
   completed, and packages are maintained as before. When a project is canceled, its packages are
   revoked.

Afterwards, iconik has one collection per partner, shared without a notification, and the feedback.
Trading Grid has the project, a document with a delivery per partner, and an announcement.

Idempotent: another run changes nothing and returns the same result. After a crash, the next run
continues; concurrent runs reach the same state. The workflow does not wait for people;
`waiting_on` says who has to act next.

Failures: a partner's package that fails does not affect other partners, and the next run retries
it. An invalid campaign raises `ConfigurationError` before anything is written. A failed call raises
its `CallError`.

Source: use case 4 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._page.report import Part
from tgiconik._report import first_items
from tgiconik._validate import aware, filled, unique_texts
from tgiconik.iconik import IconikClient
from tgiconik.release import Purpose, Recipient, ReleasePolicy, decide
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    AnnouncementInput,
    AnnouncementKind,
    Audience,
    Partner,
    Project,
    ProjectKind,
    ProjectStatus,
)
from tgiconik.workflows.distribution.audience import AudienceResolver, as_recipient, can_be_reached
from tgiconik.workflows.distribution.package import Package, Packager
from tgiconik.workflows.distribution.package_store import read_packages
from tgiconik.workflows.distribution.publication import tell_once
from tgiconik.workflows.projects.feedback import copy_feedback
from tgiconik.workflows.projects.project import (
    ProjectPlan,
    ProjectState,
    TaskPlan,
    assets_of,
    bring_about_project,
    finish_project,
    in_order,
    read_project,
)
from tgiconik.workflows.projects.readiness import (
    Readiness,
    judge_readiness,
    read_holdings,
    readiness_part,
)
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.concurrency import (
    MAX_CONCURRENCY,
    BatchBarrier,
    Slot,
    checked_concurrency,
    fan_out,
)
from tgiconik.workflows.run.results import Outcome, Result, State, by_hand, concluded
from tgiconik.workflows.run.text import fitting, how_many, moment, named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.facts import check_view
from tgiconik.workflows.sharing.snapshot import FactsCache


@attrs.frozen(kw_only=True)
class Campaign:
    """A launch: its assets, its date, its partners and its checklist.

    Attributes:
        key: identifies the campaign; must not change between runs.
        title: the name that people read.
        launch_at: when the campaign begins, timezone-aware.
        asset_ids: the assets of the campaign.
        collection_id: an iconik collection with further assets.
        partners: company ids (BUID) of partners.
        groups: ids of further partners' groups.
        tasks: the checklist, for internal people and partners.
        usage: what the media is used for, such as `in-store`; None asks for no usage.
        feedback_asset_id: the asset whose timeline gets partners' feedback; None for none.
    """

    key: str = attrs.field(validator=filled)
    title: str = attrs.field(validator=filled)
    launch_at: datetime = attrs.field(validator=aware)
    asset_ids: tuple[str, ...] = attrs.field(default=(), converter=unique_texts)
    collection_id: str | None = None
    partners: tuple[str, ...] = attrs.field(default=(), converter=unique_texts)
    groups: tuple[str, ...] = attrs.field(default=(), converter=unique_texts)
    tasks: tuple[TaskPlan, ...] = attrs.field(default=(), converter=in_order)
    usage: str | None = None
    feedback_asset_id: str | None = None

    @property
    def project_key(self) -> str:
        """The key of the campaign's project on Trading Grid."""
        return f"launch:{self.key}"


@attrs.frozen(kw_only=True)
class Launch(Result):
    """The state of a launch after a run. Two runs over the same state are equal.

    Attributes:
        campaign_key: the campaign.
        project_id: its project; None in a dry run that would create it.
        status: the status of the project.
        outcomes: one for each partner and asset.
        readiness: what is missing, per partner.
        announcement_ids: the announcements to the partners.
        waiting_on: who has to act next, one line each.
        timeline: every read, decision and write, in order.
        dry_run: whether this was a dry run, which writes nothing.
    """

    campaign_key: str
    readiness: Readiness = attrs.field(repr=str)
    project_id: str | None = None
    status: str = ProjectStatus.ACTIVE
    outcomes: tuple[Outcome, ...] = attrs.field(default=(), repr=first_items)
    announcement_ids: tuple[str, ...] = ()
    waiting_on: tuple[str, ...] = attrs.field(default=(), repr=first_items)
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def _subject(self) -> str:
        return f"launch {named(self.readiness.title or self.campaign_key)}"

    def _parts(self) -> Sequence[Part]:
        return (readiness_part(self.readiness),)


@without_locals
@observed("campaign")
async def coordinate_campaign_launch(
    grid: TradingGridClient,
    iconik: IconikClient,
    campaign: Campaign,
    *,
    policy: ReleasePolicy,
    restore: bool = False,
    max_concurrency: int = MAX_CONCURRENCY,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Launch:
    """Coordinate a launch: take the steps that are possible now.

    Args:
        grid: where the partners are.
        iconik: where the media is.
        campaign: what is to be launched.
        policy: the release rules.
        restore: share again what somebody revoked by hand; else that is respected and reported.
        max_concurrency: how many partners are served at the same time; 1 serves one after the
            other. Partners who wait for a check that a batch shares do not count.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        NotFound: there is no such group or collection.
        CallError: a call to a platform failed; run the workflow again.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail)
    await check_view(run)
    coordinating = _Coordinating(
        run=run, campaign=campaign, max_concurrency=max_concurrency, restore=restore
    )
    result = await coordinating.advance()
    return concluded(result, run)


@without_locals
@observed("campaign")
async def launch_readiness(
    grid: TradingGridClient,
    iconik: IconikClient,
    campaign: Campaign,
    *,
    policy: ReleasePolicy | None = None,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Readiness:
    """Report what is missing for a launch, per partner. Writes nothing.

    Args:
        grid: the Trading Grid client.
        iconik: the iconik client.
        campaign: the campaign.
        policy: the release rules; the default policy if omitted.
        now: the clock; returns the current time in UTC.
        progress: called with each step as it happens.

    Raises:
        NotFound: there is no such group or collection.
        CallError: a call to a platform failed.
    """
    trail = Trail(now=now, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy or ReleasePolicy(), trail=trail)
    coordinating = _Coordinating(run=run, campaign=campaign, max_concurrency=1)
    partners = await coordinating.partners()
    state = await read_project(run, campaign.project_key)
    return await coordinating.judge(state, partners, await coordinating.refusals(partners))


@attrs.frozen(kw_only=True)
class LaunchPlan:
    """The project of a launch, and the package of each partner.

    Attributes:
        project: the planned project; None if it is closed and does not change.
        asset_ids: the assets for participating partners' packages.
        partners: participating partners' profiles by company id; None without a profile.
        gone: company ids of former participants, whose packages are revoked.
    """

    project: ProjectPlan | None
    asset_ids: tuple[str, ...]
    partners: Mapping[str, Partner | None]
    gone: tuple[str, ...]

    @property
    def served(self) -> tuple[str, ...]:
        """Company ids of all partners whose packages are updated."""
        return (*self.partners, *self.gone)


def plan_launch(
    campaign: Campaign,
    there: Project | None,
    partners: Mapping[str, Partner | None],
    asset_ids: Sequence[str],
) -> LaunchPlan:
    """Plan a launch from the current state of its project. A pure function.

    Packages of a completed project are maintained; those of a canceled one are revoked.

    Args:
        campaign: the campaign.
        there: the current project; None before it exists.
        partners: participating partners' profiles by company id.
        asset_ids: the assets of the campaign.
    """
    status = there.status if there is not None else ProjectStatus.ACTIVE
    project = ProjectPlan(
        key=campaign.project_key,
        kind=ProjectKind.LAUNCH,
        name=campaign.title,
        partners=tuple(partners),
        tasks=campaign.tasks,
        due_at=campaign.launch_at,
        collection_id=campaign.collection_id,
    )
    earlier = there.audience.partners if there is not None else ()
    return LaunchPlan(
        project=project if status == ProjectStatus.ACTIVE else None,
        asset_ids=() if status == ProjectStatus.CANCELLED else tuple(asset_ids),
        partners=partners,
        gone=tuple(partner_id for partner_id in earlier if partner_id not in partners),
    )


@attrs.frozen(kw_only=True)
class _Coordinating:
    """Coordinates one campaign."""

    run: Run
    campaign: Campaign
    max_concurrency: int = attrs.field(converter=checked_concurrency)
    restore: bool = False
    facts: FactsCache = attrs.field(init=False)

    @facts.default
    def _facts(self) -> FactsCache:
        return FactsCache(self.run)

    @property
    def purpose(self) -> Purpose:
        """The purpose of the campaign's media."""
        return Purpose(usage=self.campaign.usage, download=self.run.policy.allow_download)

    async def advance(self) -> Launch:
        """Run the workflow for the campaign and return its result."""
        run, campaign = self.run, self.campaign
        partners = await self.partners()
        there = await read_project(run, campaign.project_key)
        plan = plan_launch(campaign, there.project, partners, await self.assets())
        state = there
        if plan.project is not None:
            state = await bring_about_project(run, plan.project, there)
        outcomes = await self._deliver(plan, there.project, state)
        announcements = await self._announce(outcomes)
        if self.campaign.feedback_asset_id is not None:
            await copy_feedback(self.run, state, self.campaign.feedback_asset_id, self.facts)
        readiness = await self.judge(state, partners, _refused(outcomes))
        status = there.project.status if there.project else ProjectStatus.ACTIVE
        if plan.project is not None and readiness.ready and state.project is not None:
            await finish_project(run, state.project)
            status = ProjectStatus.COMPLETED
        return Launch(
            campaign_key=campaign.key,
            project_id=state.project.id if state.project else None,
            status=status,
            outcomes=outcomes,
            readiness=readiness,
            announcement_ids=announcements,
            waiting_on=(*readiness.blocks, *by_hand(outcomes)) if plan.project is not None else (),
        )

    async def partners(self) -> dict[str, Partner | None]:
        """Participating partners' profiles by company id; None without a profile."""
        resolver = AudienceResolver(self.run)
        found: dict[str, Partner | None] = {**await resolver.members(self.campaign.groups)}
        for partner_id in self.campaign.partners:
            found.setdefault(partner_id, await resolver.profile(partner_id))
        self.run.trail.decided(f"{named(self.campaign.title)} is meant for {how_many(found)}")
        return dict(sorted(found.items()))

    async def assets(self) -> tuple[str, ...]:
        """The assets of the campaign."""
        return await assets_of(self.run, self.campaign.asset_ids, self.campaign.collection_id)

    async def judge(
        self,
        state: ProjectState,
        partners: Collection[str],
        refused: Mapping[str, tuple[str, ...]],
    ) -> Readiness:
        """The readiness according to both platforms."""
        there = await read_holdings(self.run, state.project)
        holdings = {
            partner_id: attrs.evolve(there[partner_id], refused=refused.get(partner_id, ()))
            for partner_id in partners
        }
        return judge_readiness(
            state,
            holdings,
            at=self.run.now(),
            due_at=self.campaign.launch_at,
            dry_run=self.run.dry_run,
            names=self.run.trail.partner_names,
        )

    async def refusals(self, partners: Mapping[str, Partner | None]) -> dict[str, tuple[str, ...]]:
        """The titles of refused assets by the partner's company id."""
        run = self.run
        refused: dict[str, list[str]] = defaultdict(list)
        for asset_id in await self.assets():
            try:
                facts = await self.facts.of(asset_id)
            except (errors.NotFound, errors.ConfigurationError):
                for partner_id in partners:
                    refused[partner_id].append(named(asset_id))
                continue
            for partner_id, partner in partners.items():
                if partner is None:
                    continue
                recipient = as_recipient(partner)
                if not decide(run.policy, facts, recipient, self.purpose, run.now()).allowed:
                    refused[partner_id].append(named(facts.title))
        return {partner_id: tuple(titles) for partner_id, titles in refused.items()}

    async def _deliver(
        self, plan: LaunchPlan, before: Project | None, state: ProjectState
    ) -> tuple[Outcome, ...]:
        """Bring every partner's package up to date; who takes part no more has none."""
        # Packages come after their project: where there was none, there are none.
        snapshot = await read_packages(
            self.run, self.campaign.project_key, plan.served, project=before
        )
        # Whoever has a package and takes part no more, whatever an earlier run came to.
        gone = sorted({*plan.gone, *snapshot.partners} - plan.partners.keys())
        plan = attrs.evolve(plan, gone=tuple(gone))
        packager = Packager(
            run=self.run,
            package=Package(
                key=self.campaign.project_key,
                title=self.campaign.title,
                asset_ids=plan.asset_ids,
            ),
            purpose=self.purpose,
            project_id=state.project.id if state.project else None,
            facts=self.facts,
            snapshot=snapshot,
            restore=self.restore,
        )
        barrier = BatchBarrier(self.max_concurrency, len(plan.served))

        async def serve(partner_id: str) -> tuple[Outcome, ...]:
            async with barrier.slot() as slot:
                return await _serve(packager, plan, partner_id, slot)

        done = await fan_out(
            plan.served,
            serve,
            failed=partial(self._failed, plan.asset_ids),
            max_concurrency=barrier.workers,
            trail=self.run.trail,
        )
        return tuple(outcome for outcomes in done.values() for outcome in outcomes)

    def _failed(
        self, asset_ids: Sequence[str], partner_id: str, error: errors.TgIconikError
    ) -> tuple[Outcome, ...]:
        self.run.trail.decided(f"{partner_id} failed: {error}")
        return tuple(
            Outcome(partner=partner_id, asset_id=asset_id, state=State.FAILED, error=error)
            for asset_id in asset_ids
        )

    async def _announce(self, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
        """Notify partners who have a package, once."""
        has_one = {one.partner for one in outcomes if one.state is State.DELIVERED}
        title = named(self.campaign.title)
        draft = AnnouncementInput(
            subject=f"Launch: {title}",
            body=_invitation(self.campaign),
            audience=Audience(),
            external_id=f"{self.campaign.project_key}:told",
            kind=AnnouncementKind.LAUNCH,
            requires_acknowledgement=True,
        )
        return await tell_once(self.run, draft, what=f"announce {title}", partners=has_one)


async def _serve(
    packager: Packager, plan: LaunchPlan, partner_id: str, slot: Slot
) -> tuple[Outcome, ...]:
    """Update one partner's package."""
    partner = plan.partners.get(partner_id)
    if partner_id in plan.gone:
        nothing = attrs.evolve(packager.package, asset_ids=())
        recipient = Recipient(company_id=partner_id)
        return (await packager.deliver(recipient, package=nothing, slot=slot)).outcomes
    if partner is None or not can_be_reached(partner):
        # Nothing new goes there; what they have is judged all the same.
        recipient = as_recipient(partner) if partner else Recipient(company_id=partner_id)
        await packager.reconcile(recipient, slot=slot)
        raise errors.WorkflowError(f"{partner_id} has no {'contact' if partner else 'profile'}")
    return (await packager.deliver(as_recipient(partner), slot=slot)).outcomes


def _refused(outcomes: Sequence[Outcome]) -> dict[str, tuple[str, ...]]:
    refused: dict[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.state is not State.DELIVERED:
            refused[outcome.partner].append(named(outcome.title or outcome.asset_id))
    return {partner_id: tuple(titles) for partner_id, titles in refused.items()}


def _invitation(campaign: Campaign) -> str:
    """The text of the announcement: the date, and what partners have to do."""
    text = (
        f"{named(campaign.title)} begins on {moment(campaign.launch_at)}. What you need for it is "
        "in your package; your own link is in your delivery."
    )
    if any(task.partner_id is not None for task in campaign.tasks):
        text += "\nWhat you have to do is in your tasks. Please confirm when you are ready."
    else:
        text += "\nPlease confirm when you are ready."
    return fitting(text)
