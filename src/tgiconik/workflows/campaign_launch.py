"""Use case 4: a campaign launch is coordinated with internal people and partners.

Trigger: a campaign is planned, and any later moment: it is a conversation over weeks, and each run
takes the steps that are possible now.

1. The launch is a project on Trading Grid: its partners, its date, its checklist with what depends
   on what. Tasks are made once and then belong to the people in them.
2. Every partner gets a package: a collection of their own with what `release.decide` lets them
   have, behind one link; what is refused is left out and reported. A partner who leaves the
   campaign loses theirs.
3. They are told once, with the date and what they have to do; never of what they are refused.
4. What they say on the project, and what stands in their way, goes to where the media team works:
   the timeline of the campaign's feedback asset.
5. `launch_readiness` says what is missing, per partner. When nothing is, the project is completed;
   packages are looked after as before. When somebody cancels the project, they are taken back.

What each platform shows afterwards: iconik a collection and one silent link per partner, and the
feedback; Trading Grid the project, a document with a delivery for each partner, an announcement.

Running it again changes nothing and gives the same result; after a crash it continues; of two at
once, both bring about the same. It waits for nobody: `waits_for` says who has to do what.

What can fail: one partner's package fails alone, and the next run tries it again; a campaign that
cannot be one raises `ConfigurationError` before anything is written; a platform that cannot be
asked raises its `CallError`.

Source: use case 4 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.release import Purpose, Recipient, ReleasePolicy, decide
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    AnnouncementInput,
    AnnouncementKind,
    Audience,
    Comment,
    CommentVisibility,
    Partner,
    ProjectKind,
    ProjectStatus,
)
from tgiconik.workflows.distribution.audience import Circle, as_recipient, can_be_reached
from tgiconik.workflows.distribution.package import Package, Packing
from tgiconik.workflows.distribution.package_store import PackageSurvey, survey_packages
from tgiconik.workflows.distribution.publication import tell_once
from tgiconik.workflows.projects.project import (
    ProjectPlan,
    ProjectState,
    TaskPlan,
    bring_about_project,
    finish_project,
    in_order,
    read_project,
)
from tgiconik.workflows.projects.readiness import Readiness, judge_readiness, read_possessions
from tgiconik.workflows.run.concurrency import AT_ONCE, Turns, checked_at_once, fan_out
from tgiconik.workflows.run.html import as_dict, as_html
from tgiconik.workflows.run.outcome import Outcome, State, raise_for_failures
from tgiconik.workflows.run.text import fitting, how_many, listed, moment, named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.facts import FreshFacts
from tgiconik.workflows.tickets.media_team import ask_media_team, keys_on_timeline

_OURS: Final = "tgiconik:"


def _aware(_: object, attribute: "attrs.Attribute[datetime]", value: datetime) -> None:
    if value.tzinfo is None:
        raise errors.ConfigurationError(f"campaign: {attribute.name} needs a time zone")


def _said(_: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if not value.strip():
        raise errors.ConfigurationError(f"campaign: {attribute.name} must not be blank")


def _ids(values: Iterable[str]) -> tuple[str, ...]:
    # A text is an iterable of texts too, one for each letter: never what was meant.
    if isinstance(values, str):
        raise errors.ConfigurationError(f"campaign: {values!r} must be a list of texts")
    return tuple(dict.fromkeys(values))


def _tasks(values: Iterable[TaskPlan]) -> tuple[TaskPlan, ...]:
    return in_order(tuple(values))


@attrs.frozen(kw_only=True)
class Campaign:
    """What is to be launched, when, and with whom.

    Attributes:
        key: names it; stays the same from run to run.
        title: what people call it.
        launch_at: when it begins, timezone-aware.
        asset_ids: the assets that belong to it.
        collection_id: an iconik collection whose assets belong to it too.
        partners: company ids (BUID) of partners.
        groups: ids of partner groups, beside them.
        tasks: the checklist, of our own people and of partners.
        usage: what the media is used for, such as `in-store`; None asks for no usage.
        feedback_asset_id: the asset on whose timeline the media team reads what partners say;
            None for nowhere.
    """

    key: str = attrs.field(validator=_said)
    title: str = attrs.field(validator=_said)
    launch_at: datetime = attrs.field(validator=_aware)
    asset_ids: tuple[str, ...] = attrs.field(default=(), converter=_ids)
    collection_id: str | None = None
    partners: tuple[str, ...] = attrs.field(default=(), converter=_ids)
    groups: tuple[str, ...] = attrs.field(default=(), converter=_ids)
    tasks: tuple[TaskPlan, ...] = attrs.field(default=(), converter=_tasks)
    usage: str | None = None
    feedback_asset_id: str | None = None

    @property
    def project_key(self) -> str:
        """What names its project on Trading Grid."""
        return f"launch:{self.key}"


@attrs.frozen(kw_only=True)
class Launch:
    """How far a launch is. Two runs over the same state are equal.

    Attributes:
        campaign_key: the campaign.
        project_id: its project; None in a dry run that would make it.
        status: where the project stands.
        outcomes: one for each partner and asset.
        readiness: what is missing, per partner.
        announcement_ids: what partners were told by.
        waits_for: who has to do what, one line each.
        timeline: what was read, decided and written, in order.
        dry_run: nothing was written.
    """

    campaign_key: str
    readiness: Readiness = attrs.field(repr=str)
    project_id: str | None = None
    status: str = ProjectStatus.ACTIVE
    outcomes: tuple[Outcome, ...] = ()
    announcement_ids: tuple[str, ...] = ()
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


async def coordinate_campaign_launch(
    grid: TradingGridClient,
    iconik: IconikClient,
    campaign: Campaign,
    *,
    policy: ReleasePolicy | None = None,
    at_once: int = AT_ONCE,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Launch:
    """Take the next steps towards a launch that are possible now.

    Args:
        grid: where the partners are.
        iconik: where the media is.
        campaign: what is to be launched.
        policy: the release rules; the default policy when left out.
        at_once: how many partners are served at the same time; those who wait for a look that
            all share are not counted. 1 serves one after the other, each with a look of their own.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        NotFound: there is no such group or collection.
        CallError: a platform could not be asked; nothing is lost, run it again.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    work = _Work(
        grid=grid,
        iconik=iconik,
        campaign=campaign,
        policy=policy or ReleasePolicy(),
        at_once=at_once,
        trail=trail,
    )
    result = await work.run()
    for line in result.waits_for:
        trail.waits(line)
    return attrs.evolve(result, timeline=tuple(trail.steps), dry_run=dry_run)


async def launch_readiness(
    grid: TradingGridClient,
    iconik: IconikClient,
    campaign: Campaign,
    *,
    policy: ReleasePolicy | None = None,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Readiness:
    """What is missing for a launch, per partner. Writes nothing.

    Args:
        grid: where the partners are.
        iconik: where the media is.
        campaign: what is to be launched.
        policy: the release rules; the default policy when left out.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        NotFound: there is no such group or collection.
        CallError: a platform could not be asked.
    """
    work = _Work(
        grid=grid,
        iconik=iconik,
        campaign=campaign,
        policy=policy or ReleasePolicy(),
        at_once=1,
        trail=Trail(now=now, progress=progress),
    )
    partners = await work.partners()
    state = await read_project(grid, campaign.project_key, trail=work.trail)
    return await work.judge(state, partners, await work.refusals(partners))


@attrs.frozen(kw_only=True)
class _Work:
    """One run over one campaign."""

    grid: TradingGridClient
    iconik: IconikClient
    campaign: Campaign
    policy: ReleasePolicy
    at_once: int = attrs.field(converter=checked_at_once)
    trail: Trail
    facts: FreshFacts = attrs.field(init=False)

    @facts.default
    def _facts(self) -> FreshFacts:
        return FreshFacts(self.iconik, self.policy, self.trail)

    @property
    def purpose(self) -> Purpose:
        """What the media is for."""
        return Purpose(usage=self.campaign.usage, download=self.policy.allow_download)

    async def run(self) -> Launch:
        """From the campaign to the result."""
        campaign, trail = self.campaign, self.trail
        partners = await self.partners()
        there = await read_project(self.grid, campaign.project_key, trail=trail)
        status = there.project.status if there.project else ProjectStatus.ACTIVE
        is_active = status == ProjectStatus.ACTIVE
        state = there
        if is_active:
            state = await bring_about_project(self.grid, self._plan(partners), there, trail=trail)
        # What was completed is still kept as it may be; what was cancelled is taken back.
        asset_ids = () if status == ProjectStatus.CANCELLED else await self.assets()
        outcomes = await self._deliver(there, state, partners, asset_ids)
        announcements = await self._announce(outcomes)
        await self._pass_on(state)
        readiness = await self.judge(state, partners, _refused(outcomes))
        if is_active and readiness.ready and state.project is not None:
            await finish_project(self.grid, state.project, trail=trail)
            status = ProjectStatus.COMPLETED
        return Launch(
            campaign_key=campaign.key,
            project_id=state.project.id if state.project else None,
            status=status,
            outcomes=outcomes,
            readiness=readiness,
            announcement_ids=announcements,
            waits_for=readiness.blocks if is_active else (),
        )

    async def partners(self) -> dict[str, Partner | None]:
        """Who takes part, by company id."""
        circle = Circle(self.grid, self.trail)
        found: dict[str, Partner | None] = {**await circle.members(self.campaign.groups)}
        for partner_id in self.campaign.partners:
            found.setdefault(partner_id, await circle.profile(partner_id))
        self.trail.decided(f"{named(self.campaign.title)} is meant for {how_many(found)}")
        return dict(sorted(found.items()))

    async def assets(self) -> tuple[str, ...]:
        """What belongs to the campaign."""
        ids = list(self.campaign.asset_ids)
        if self.campaign.collection_id is not None:
            contents = self.iconik.assets.list_collection_contents(
                self.campaign.collection_id, object_types="assets"
            )
            ids += [item.id async for item in contents if item.id is not None]
        return tuple(dict.fromkeys(ids))

    async def judge(
        self,
        state: ProjectState,
        partners: Collection[str],
        refused: Mapping[str, tuple[str, ...]],
    ) -> Readiness:
        """What is missing, by what both platforms show now."""
        there = await read_possessions(self.grid, state.project, trail=self.trail)
        possessions = {
            partner_id: attrs.evolve(there[partner_id], refused=refused.get(partner_id, ()))
            for partner_id in partners
        }
        return judge_readiness(
            state, possessions, at=self.trail.now(), due_at=self.campaign.launch_at
        )

    async def refusals(self, partners: Mapping[str, Partner | None]) -> dict[str, tuple[str, ...]]:
        """Which of the campaign's assets may not go to whom."""
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
                decision = decide(
                    self.policy, facts, as_recipient(partner), self.purpose, self.trail.now()
                )
                if not decision.allowed:
                    refused[partner_id].append(named(facts.title))
        return {partner_id: tuple(titles) for partner_id, titles in refused.items()}

    def _plan(self, partners: Collection[str]) -> ProjectPlan:
        return ProjectPlan(
            key=self.campaign.project_key,
            kind=ProjectKind.LAUNCH,
            name=self.campaign.title,
            partners=tuple(partners),
            tasks=self.campaign.tasks,
            due_at=self.campaign.launch_at,
            collection_id=self.campaign.collection_id,
        )

    async def _deliver(
        self,
        before: ProjectState,
        state: ProjectState,
        partners: Mapping[str, Partner | None],
        asset_ids: Sequence[str],
    ) -> tuple[Outcome, ...]:
        """Every partner's package; who is no partner any more has none."""
        earlier = before.project.audience.partners if before.project else ()
        gone = {partner_id: None for partner_id in earlier if partner_id not in partners}

        names = [*partners, *gone]
        # Packages come after their project: where there was none, there are none.
        survey = await survey_packages(
            self.grid,
            self.iconik,
            self.campaign.project_key,
            names,
            project=before.project,
            trail=self.trail,
        )
        packing = self._packing(state, survey, asset_ids)
        turns = Turns(self.at_once, len(names))

        async def serve(partner_id: str) -> tuple[Outcome, ...]:
            partner = partners.get(partner_id)
            async with turns.take() as turn:
                if partner_id in gone:
                    nothing = attrs.evolve(packing.package, asset_ids=())
                    recipient = Recipient(company_id=partner_id)
                    packed = await packing.deliver(recipient, package=nothing, turn=turn)
                elif partner is None or not can_be_reached(partner):
                    raise errors.WorkflowError(
                        f"{partner_id} has no {'contact' if partner else 'profile'}"
                    )
                else:
                    packed = await packing.deliver(as_recipient(partner), turn=turn)
            return packed.outcomes

        done = await fan_out(
            names,
            serve,
            failed=partial(self._failed, asset_ids),
            at_once=turns.workers,
            trail=self.trail,
        )
        return tuple(outcome for outcomes in done.values() for outcome in outcomes)

    def _packing(
        self, state: ProjectState, survey: PackageSurvey, asset_ids: Sequence[str]
    ) -> Packing:
        """What all of them are to have, and what is there of it."""
        return Packing(
            grid=self.grid,
            iconik=self.iconik,
            package=Package(
                key=self.campaign.project_key,
                title=self.campaign.title,
                asset_ids=tuple(asset_ids),
            ),
            policy=self.policy,
            purpose=self.purpose,
            project_id=state.project.id if state.project else None,
            facts=self.facts,
            survey=survey,
            trail=self.trail,
        )

    def _failed(
        self, asset_ids: Sequence[str], partner_id: str, error: errors.TgIconikError
    ) -> tuple[Outcome, ...]:
        self.trail.decided(f"{partner_id} could not be served: {error}")
        return tuple(
            Outcome(partner=partner_id, asset_id=asset_id, state=State.FAILED, error=error)
            for asset_id in asset_ids
        )

    async def _announce(self, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
        """Who has a package is told once."""
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
        return await tell_once(
            self.grid, draft, what=f"announce {title}", partners=has_one, trail=self.trail
        )

    async def _pass_on(self, state: ProjectState) -> None:
        """What partners say goes to where the media team works."""
        project, asset_id = state.project, self.campaign.feedback_asset_id
        if project is None or asset_id is None:
            return
        said = {
            f"{_OURS}{project.id}:exception:{one.id}": _quoted(
                f"{one.partner_id} cannot go on: {named(one.subject)}", one.description
            )
            for one in state.exceptions
        }
        async for comment in self.grid.community.projects.comments(project.id):
            if _is_partners(comment):
                said[f"{_OURS}{project.id}:comment:{comment.id}"] = _quoted(
                    f"{named(comment.author) or 'Somebody'} says on {project.id}:", comment.body
                )
        if not said:
            return
        facts = await self.facts.of(asset_id)
        there = await keys_on_timeline(self.iconik, asset_id)
        for key, text in said.items():
            await ask_media_team(
                self.iconik,
                asset_id,
                facts.version_id or "",
                text,
                key=key,
                queue=None,
                there=there,
                trail=self.trail,
            )


def _is_partners(comment: Comment) -> bool:
    """Whether it is something to be passed on: not internal, and not ours."""
    return comment.visibility != CommentVisibility.INTERNAL and comment.author != "tgiconik"


def _refused(outcomes: Sequence[Outcome]) -> dict[str, tuple[str, ...]]:
    refused: dict[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.state is not State.DELIVERED:
            refused[outcome.partner].append(named(outcome.title or outcome.asset_id))
    return {partner_id: tuple(titles) for partner_id, titles in refused.items()}


def _invitation(campaign: Campaign) -> str:
    """What partners are told: the date, and what they have to do."""
    text = (
        f"{named(campaign.title)} begins on {moment(campaign.launch_at)}. What you need for it is "
        "in your package; your own link is in your delivery."
    )
    if any(task.partner_id is not None for task in campaign.tasks):
        text += "\nWhat you have to do is in your tasks. Please confirm when you are ready."
    else:
        text += "\nPlease confirm when you are ready."
    return fitting(text)


def _quoted(who: str, text: str | None) -> str:
    """Somebody's words; every line of theirs stays one that is quoted."""
    lines = [line for line in (text or "").splitlines() if line.strip()]
    return fitting("\n".join([who, listed(lines)]).strip())
