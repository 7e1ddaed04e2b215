"""Use case 6: a partner is onboarded with a bundle.

Trigger: a company becomes a partner, and any later moment: it is a conversation over days, and each
run takes the steps that are possible now.

1. The partner is found in Trading Grid's directory, and has a profile with a contact. Until then
   runs write nothing and say whom they wait for.
2. The partner's users are made, with their roles, through Community Management. Passwords come from
   the caller's own function and stay nowhere; consents are stated, never defaulted.
3. The partner joins the template's groups; an onboarding project gets the template's checklist.
4. The bundle: a collection of the partner's own with what `release.decide` lets them have of the
   template's assets, behind one link; what is refused is left out and reported. They are told once.
5. When the tasks are done and the partner confirms, the project is completed; the bundle is looked
   after as before. When somebody cancels the project, it is taken back.

What each platform shows afterwards: iconik the collection and one silent link; Trading Grid users
with roles, memberships, the project, a document with the delivery, and an announcement.

Running it again changes nothing and gives the same result; after a crash it continues; of two at
once, both bring about the same. Users who are there are left as they are, but for missing roles.

What can fail: one user fails alone, and so does one asset; the next run tries again. A template
that cannot be one raises `ConfigurationError` before anything is written; a platform that cannot be
asked raises its `CallError`.

Source: use case 6 of the project's design; OpenText's Community Management Services; the
collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._validate import filled, unique_texts
from tgiconik.iconik import IconikClient
from tgiconik.release import Purpose, ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    AnnouncementInput,
    AnnouncementKind,
    Audience,
    Partner,
    ProjectKind,
    ProjectStatus,
)
from tgiconik.tradinggrid.community_management import Users
from tgiconik.workflows.distribution.audience import as_recipient, can_be_reached
from tgiconik.workflows.distribution.package import Package, Packager
from tgiconik.workflows.distribution.publication import tell_once
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
from tgiconik.workflows.projects.readiness import Readiness, judge_readiness, read_holdings
from tgiconik.workflows.projects.users import (
    NewUser,
    Password,
    UserOutcome,
    bring_about_users,
    check_users,
    find_partner,
)
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.results import Outcome, Result, State, raise_for_failures
from tgiconik.workflows.run.text import fitting, named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.snapshot import FactsCache
from tgiconik.workflows.tickets.requests import read_partner

#: Stands for the partner in the tasks of a template.
PARTNER: Final = "partner"


def _tasks(values: Iterable[TaskPlan]) -> tuple[TaskPlan, ...]:
    return in_order(tuple(values))


@attrs.frozen(kw_only=True)
class OnboardingTemplate:
    """The onboarding of every new partner of a kind.

    Attributes:
        key: names it; stays the same from run to run.
        title: the title that partners read, such as `Welcome bundle`.
        asset_ids: the assets of the bundle.
        collection_id: an iconik collection whose assets are in the bundle too.
        groups: ids of the partner groups to join.
        tasks: the checklist; what the partner is to do has `PARTNER` for its `partner_id`.
        usage: what the media is used for; None asks for no usage.
    """

    key: str = attrs.field(validator=filled)
    title: str = attrs.field(validator=filled)
    asset_ids: tuple[str, ...] = attrs.field(default=(), converter=unique_texts)
    collection_id: str | None = None
    groups: tuple[str, ...] = attrs.field(default=(), converter=unique_texts)
    tasks: tuple[TaskPlan, ...] = attrs.field(default=(), converter=_tasks)
    usage: str | None = None


@attrs.frozen(kw_only=True)
class Onboarding(Result):
    """The state of a partner's onboarding after a run. Two runs over the same state are equal.

    Attributes:
        partner: company id (BUID) of the partner.
        status: where the project stands; None before there is one.
        project_id: the project; None in a dry run that would make it.
        users: one for each user who was wanted.
        outcomes: one for each asset of the bundle.
        readiness: what is missing; None before there is a project.
        waiting_on: who has to do what, one line each.
        timeline: every read, decision and write, in order.
        dry_run: nothing was written.
    """

    partner: str
    status: str | None = None
    project_id: str | None = None
    users: tuple[UserOutcome, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    readiness: Readiness | None = attrs.field(default=None, repr=str)
    waiting_on: tuple[str, ...] = ()
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def raise_for_failures(self) -> None:
        """Raise the failures, all of them together.

        Raises:
            ExceptionGroup: one exception per user and asset that failed.
        """
        users = [user.error for user in self.users if user.error is not None]
        if users:
            assets = [outcome.error for outcome in self.outcomes if outcome.error is not None]
            raise ExceptionGroup(f"{len(users)} users are not ready", [*users, *assets])
        raise_for_failures(self.outcomes)


@without_locals
async def onboard_partner(
    grid: TradingGridClient,
    iconik: IconikClient,
    company_id: str,
    *,
    template: OnboardingTemplate,
    users: Iterable[NewUser] = (),
    users_company: str | None = None,
    password: Password | None = None,
    policy: ReleasePolicy | None = None,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Onboarding:
    """Take the next steps of a partner's onboarding that are possible now.

    Args:
        grid: where the partner is.
        iconik: where the media is.
        company_id: BUID of the partner.
        template: what the partner gets.
        users: who at the partner is to work on Trading Grid.
        users_company: BUID of the company that the users are made in; needed when there are any.
        password: gives the first password of a user who is to be made; may be a coroutine function.
        policy: the release rules; the default policy when left out.
        dry_run: write nothing, ask for no password, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        ConfigurationError: users without the company that they are made in.
        NotFound: there is no such group or collection.
        CallError: a platform could not be asked; nothing is lost, run it again.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy or ReleasePolicy(), trail=trail)
    onboarding = _Onboarding(
        run=run,
        company_id=company_id,
        template=template,
        users=tuple(users),
        users_company=users_company,
        password=password,
    )
    result = await onboarding.advance()
    timeline = run.conclude(result.waiting_on)
    return attrs.evolve(result, timeline=timeline, dry_run=dry_run)


@without_locals
async def onboarding_status(
    grid: TradingGridClient,
    iconik: IconikClient,
    company_id: str,
    *,
    template: OnboardingTemplate,
    users: Iterable[NewUser] = (),
    users_company: str | None = None,
    policy: ReleasePolicy | None = None,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Onboarding:
    """How far a partner's onboarding is. Writes nothing.

    Args:
        grid: where the partner is.
        iconik: where the media is.
        company_id: BUID of the partner.
        template: what the partner gets.
        users: who at the partner is to work on Trading Grid.
        users_company: BUID of the company that the users are in; needed when there are any.
        policy: the release rules; the default policy when left out.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Returns:
        The same value as `onboard_partner`; its outcomes are what the bundle would be now.

    Raises:
        ConfigurationError: users without the company that they are in.
        NotFound: there is no such collection.
        CallError: a platform could not be asked.
    """
    trail = Trail(now=now, dry_run=True, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy or ReleasePolicy(), trail=trail)
    onboarding = _Onboarding(
        run=run,
        company_id=company_id,
        template=template,
        users=tuple(users),
        users_company=users_company,
        password=None,
    )
    return attrs.evolve(await onboarding.status(), timeline=tuple(trail.steps))


@attrs.frozen(kw_only=True)
class _Onboarding:
    """One run for one partner."""

    run: Run
    company_id: str
    template: OnboardingTemplate
    users: tuple[NewUser, ...]
    users_company: str | None
    password: Password | None

    async def advance(self) -> Onboarding:
        """From the company's id to the result."""
        run = self.run
        directory = self._directory()
        partner = await self._partner()
        if isinstance(partner, str):
            return Onboarding(partner=self.company_id, waiting_on=(partner,))
        there = await read_project(run, self.key)
        status = there.project.status if there.project else ProjectStatus.ACTIVE
        is_active = status == ProjectStatus.ACTIVE
        if is_active:
            users = await bring_about_users(run, directory, self.users, self.password)
            await self._join(partner)
            state = await bring_about_project(run, self._plan(), there)
        else:
            users, state = await check_users(run, directory, self.users), there
        outcomes = await self._deliver(partner, state, status)
        await self._welcome(outcomes)
        readiness = await self._judge(state)
        waiting_on = (*_not_ready(users), *readiness.blocks)
        if is_active and not waiting_on and state.project is not None:
            await finish_project(run, state.project)
            status = ProjectStatus.COMPLETED
        return Onboarding(
            partner=self.company_id,
            status=status,
            project_id=state.project.id if state.project else None,
            users=users,
            outcomes=outcomes,
            readiness=readiness,
            waiting_on=waiting_on if is_active else (),
        )

    async def status(self) -> Onboarding:
        """The state of the onboarding, as far as somebody began it."""
        run = self.run
        users = await check_users(run, self._directory(), self.users)
        state = await read_project(run, self.key)
        partner = await self._partner()
        if isinstance(partner, str) or state.project is None:
            waiting_on = partner if isinstance(partner, str) else "onboard_partner to begin"
            return Onboarding(partner=self.company_id, users=users, waiting_on=(waiting_on,))
        status = state.project.status
        readiness = await self._judge(state)
        is_active = status == ProjectStatus.ACTIVE
        return Onboarding(
            partner=self.company_id,
            status=status,
            project_id=state.project.id,
            users=users,
            outcomes=await self._deliver(partner, state, status),
            readiness=readiness,
            waiting_on=(*_not_ready(users), *readiness.blocks) if is_active else (),
        )

    @property
    def key(self) -> str:
        """The key of the onboarding project."""
        return f"onboarding:{self.template.key}:{self.company_id}"

    def _directory(self) -> Users:
        if self.users and not self.users_company:
            raise errors.ConfigurationError("say in which company the users are: users_company")
        return self.run.grid.users.in_company(self.users_company or "")

    async def _partner(self) -> Partner | str:
        """The partner's profile, or what is missing before anything can begin."""
        name = named(self.company_id)
        if await find_partner(self.run, self.company_id) is None:
            return f"{name} to be in the partner directory"
        partner = await read_partner(self.run, self.company_id)
        if partner is None:
            return f"a profile of {name}"
        if not can_be_reached(partner):
            return f"{name} to name a contact with an e-mail address"
        return partner

    async def _join(self, partner: Partner) -> None:
        """Put the partner into the template's groups."""
        for group_id in self.template.groups:
            if group_id in partner.groups:
                continue
            await self.run.write(
                f"put {self.company_id} into group {named(group_id)}",
                partial(self.run.grid.community.groups.add_member, group_id, self.company_id),
                instead=None,
            )

    def _plan(self) -> ProjectPlan:
        return ProjectPlan(
            key=self.key,
            kind=ProjectKind.ONBOARDING,
            name=f"{named(self.template.title)} ({self.company_id})",
            partners=(self.company_id,),
            tasks=tuple(self._of_the_partner(task) for task in self.template.tasks),
            collection_id=self.template.collection_id,
        )

    def _of_the_partner(self, task: TaskPlan) -> TaskPlan:
        is_theirs = task.partner_id == PARTNER
        return attrs.evolve(task, partner_id=self.company_id) if is_theirs else task

    async def _deliver(
        self, partner: Partner, state: ProjectState, status: str
    ) -> tuple[Outcome, ...]:
        """Deliver the bundle; that of a cancelled project is taken back."""
        run, template = self.run, self.template
        is_off = status == ProjectStatus.CANCELLED
        packager = Packager(
            run=run,
            package=Package(
                key=f"onboarding:{template.key}",
                title=template.title,
                asset_ids=()
                if is_off
                else await assets_of(run, template.asset_ids, template.collection_id),
            ),
            purpose=Purpose(usage=template.usage, download=run.policy.allow_download),
            project_id=state.project.id if state.project else None,
            facts=FactsCache(run),
        )
        return (await packager.deliver(as_recipient(partner))).outcomes

    async def _welcome(self, outcomes: Iterable[Outcome]) -> None:
        """Tell the partner once that there is something to look at."""
        if not any(outcome.state is State.DELIVERED for outcome in outcomes):
            return
        title = named(self.template.title)
        draft = AnnouncementInput(
            subject=title,
            body=fitting(
                f"{title} is ready for you; your own link is in your delivery. What there is to do "
                "is in your tasks. Please confirm when you have everything that you need."
            ),
            audience=Audience(),
            external_id=f"{self.key}:told",
            kind=AnnouncementKind.NOTICE,
        )
        await tell_once(self.run, draft, what=f"announce {title}", partners=[self.company_id])

    async def _judge(self, state: ProjectState) -> Readiness:
        holdings = await read_holdings(self.run, state.project)
        has = {self.company_id: holdings[self.company_id]}
        return judge_readiness(state, has, at=self.run.now())


def _not_ready(users: Iterable[UserOutcome]) -> tuple[str, ...]:
    return tuple(f"user {named(user.login_id)} to be ready" for user in users if not user.ready)
