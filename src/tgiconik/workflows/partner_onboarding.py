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
from typing import Any, Final

import attrs

from tgiconik import errors
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
from tgiconik.workflows.distribution.audience import as_recipient, can_be_reached
from tgiconik.workflows.distribution.package import Package, deliver_package
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
from tgiconik.workflows.projects.users import (
    NewUser,
    Password,
    UserOutcome,
    bring_about_users,
    find_partner,
    look_at_users,
)
from tgiconik.workflows.run.html import as_dict, as_html
from tgiconik.workflows.run.outcome import Outcome, State, raise_for_failures
from tgiconik.workflows.run.text import fitting, named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.tickets.requests import read_partner

#: Stands for the partner in the tasks of a template.
PARTNER: Final = "partner"


def _said(_: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if not value.strip():
        raise errors.ConfigurationError(f"template: {attribute.name} must not be blank")


def _ids(values: Iterable[str]) -> tuple[str, ...]:
    # A text is an iterable of texts too, one for each letter: never what was meant.
    if isinstance(values, str):
        raise errors.ConfigurationError(f"template: {values!r} must be a list of texts")
    return tuple(dict.fromkeys(values))


def _tasks(values: Iterable[TaskPlan]) -> tuple[TaskPlan, ...]:
    return in_order(tuple(values))


@attrs.frozen(kw_only=True)
class OnboardingTemplate:
    """What every new partner of a kind gets.

    Attributes:
        key: names it; stays the same from run to run.
        title: what partners read, such as `Welcome bundle`.
        asset_ids: the assets of the bundle.
        collection_id: an iconik collection whose assets are in the bundle too.
        groups: ids of the partner groups to join.
        tasks: the checklist; what the partner is to do has `PARTNER` for its `partner_id`.
        usage: what the media is used for; None asks for no usage.
    """

    key: str = attrs.field(validator=_said)
    title: str = attrs.field(validator=_said)
    asset_ids: tuple[str, ...] = attrs.field(default=(), converter=_ids)
    collection_id: str | None = None
    groups: tuple[str, ...] = attrs.field(default=(), converter=_ids)
    tasks: tuple[TaskPlan, ...] = attrs.field(default=(), converter=_tasks)
    usage: str | None = None


@attrs.frozen(kw_only=True)
class Onboarding:
    """How far a partner's onboarding is. Two runs over the same state are equal.

    Attributes:
        partner: company id (BUID) of the partner.
        status: where the project stands; None before there is one.
        project_id: the project; None in a dry run that would make it.
        users: one for each user who was wanted.
        outcomes: one for each asset of the bundle.
        readiness: what is missing; None before there is a project.
        waits_for: who has to do what, one line each.
        timeline: what was read, decided and written, in order.
        dry_run: nothing was written.
    """

    partner: str
    status: str | None = None
    project_id: str | None = None
    users: tuple[UserOutcome, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    readiness: Readiness | None = attrs.field(default=None, repr=str)
    waits_for: tuple[str, ...] = ()
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def raise_for_failures(self) -> None:
        """Raise what failed, for those who want that.

        Raises:
            ExceptionGroup: one exception per user and asset that failed.
        """
        users = [user.error for user in self.users if user.error is not None]
        if users:
            assets = [outcome.error for outcome in self.outcomes if outcome.error is not None]
            raise ExceptionGroup(f"{len(users)} users are not ready", [*users, *assets])
        raise_for_failures(self.outcomes)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, ready for JSON; without links."""
        return as_dict(self)

    def _repr_html_(self) -> str:
        return as_html(self)


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
    work = _Work(
        grid=grid,
        iconik=iconik,
        company_id=company_id,
        template=template,
        users=tuple(users),
        users_company=users_company,
        password=password,
        policy=policy or ReleasePolicy(),
        trail=trail,
    )
    result = await work.run()
    for line in result.waits_for:
        trail.waits(line)
    return attrs.evolve(result, timeline=tuple(trail.steps), dry_run=dry_run)


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
    work = _Work(
        grid=grid,
        iconik=iconik,
        company_id=company_id,
        template=template,
        users=tuple(users),
        users_company=users_company,
        password=None,
        policy=policy or ReleasePolicy(),
        trail=trail,
    )
    return attrs.evolve(await work.look(), timeline=tuple(trail.steps))


@attrs.frozen(kw_only=True)
class _Work:
    """One run for one partner."""

    grid: TradingGridClient
    iconik: IconikClient
    company_id: str
    template: OnboardingTemplate
    users: tuple[NewUser, ...]
    users_company: str | None
    password: Password | None
    policy: ReleasePolicy
    trail: Trail

    async def run(self) -> Onboarding:
        """From the company's id to the result."""
        company = _company(self.users, self.users_company)
        partner = await self._partner()
        if isinstance(partner, str):
            return Onboarding(partner=self.company_id, waits_for=(partner,))
        there = await read_project(
            self.grid, _key(self.template, self.company_id), trail=self.trail
        )
        status = there.project.status if there.project else ProjectStatus.ACTIVE
        is_active = status == ProjectStatus.ACTIVE
        directory = self.grid.users.in_company(company)
        if is_active:
            users = await bring_about_users(directory, self.users, self.password, trail=self.trail)
            await self._join(partner)
            state = await bring_about_project(self.grid, self._plan(), there, trail=self.trail)
        else:
            users, state = await look_at_users(directory, self.users, trail=self.trail), there
        outcomes = await self._deliver(partner, state, status)
        await self._welcome(outcomes)
        readiness = await _judge(self.grid, self.company_id, state, self.trail)
        waits_for = (*_not_ready(users), *readiness.blocks)
        if is_active and not waits_for and state.project is not None:
            await finish_project(self.grid, state.project, trail=self.trail)
            status = ProjectStatus.COMPLETED
        return Onboarding(
            partner=self.company_id,
            status=status,
            project_id=state.project.id if state.project else None,
            users=users,
            outcomes=outcomes,
            readiness=readiness,
            waits_for=waits_for if is_active else (),
        )

    async def look(self) -> Onboarding:
        """What there is, as far as somebody began."""
        directory = self.grid.users.in_company(_company(self.users, self.users_company))
        users = await look_at_users(directory, self.users, trail=self.trail)
        key = _key(self.template, self.company_id)
        state = await read_project(self.grid, key, trail=self.trail)
        partner = await self._partner()
        if isinstance(partner, str) or state.project is None:
            waits_for = partner if isinstance(partner, str) else "onboard_partner to begin"
            return Onboarding(partner=self.company_id, users=users, waits_for=(waits_for,))
        status = state.project.status
        readiness = await _judge(self.grid, self.company_id, state, self.trail)
        return Onboarding(
            partner=self.company_id,
            status=status,
            project_id=state.project.id,
            users=users,
            outcomes=await self._deliver(partner, state, status),
            readiness=readiness,
            waits_for=(*_not_ready(users), *readiness.blocks)
            if status == ProjectStatus.ACTIVE
            else (),
        )

    async def _partner(self) -> Partner | str:
        """The partner's profile, or what is missing before anything can begin."""
        name = named(self.company_id)
        if await find_partner(self.grid, self.company_id, trail=self.trail) is None:
            return f"{name} to be in the partner directory"
        partner = await read_partner(self.grid, self.company_id, self.trail)
        if partner is None:
            return f"a profile of {name}"
        if not can_be_reached(partner):
            return f"{name} to name a contact with an e-mail address"
        return partner

    async def _join(self, partner: Partner) -> None:
        """The partner is in the template's groups."""
        for group_id in self.template.groups:
            if group_id in partner.groups:
                continue
            await self.trail.write(
                f"put {self.company_id} into group {named(group_id)}",
                partial(self.grid.community.groups.add_member, group_id, self.company_id),
                instead=None,
            )

    def _plan(self) -> ProjectPlan:
        return ProjectPlan(
            key=_key(self.template, self.company_id),
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
        """The bundle; what was cancelled is taken back."""
        is_off = status == ProjectStatus.CANCELLED
        packed = await deliver_package(
            self.grid,
            self.iconik,
            Package(
                key=f"onboarding:{self.template.key}",
                title=self.template.title,
                asset_ids=() if is_off else await self._assets(),
            ),
            recipient=as_recipient(partner),
            policy=self.policy,
            purpose=Purpose(usage=self.template.usage, download=self.policy.allow_download),
            project_id=state.project.id if state.project else None,
            trail=self.trail,
        )
        return packed.outcomes

    async def _assets(self) -> tuple[str, ...]:
        ids = list(self.template.asset_ids)
        if self.template.collection_id is not None:
            contents = self.iconik.assets.list_collection_contents(
                self.template.collection_id, object_types="assets"
            )
            ids += [item.id async for item in contents if item.id is not None]
        return tuple(dict.fromkeys(ids))

    async def _welcome(self, outcomes: Iterable[Outcome]) -> None:
        """The partner is told once that there is something to look at."""
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
            external_id=f"{_key(self.template, self.company_id)}:told",
            kind=AnnouncementKind.NOTICE,
        )
        await tell_once(
            self.grid,
            draft,
            what=f"announce {title}",
            partners=[self.company_id],
            trail=self.trail,
        )


async def _judge(
    grid: TradingGridClient, company_id: str, state: ProjectState, trail: Trail
) -> Readiness:
    has = await read_possessions(grid, state.project, trail=trail)
    return judge_readiness(state, {company_id: has[company_id]}, at=trail.now())


def _key(template: OnboardingTemplate, company_id: str) -> str:
    return f"onboarding:{template.key}:{company_id}"


def _company(users: tuple[NewUser, ...], company_id: str | None) -> str:
    if users and not company_id:
        raise errors.ConfigurationError("say in which company the users are: users_company")
    return company_id or ""


def _not_ready(users: Iterable[UserOutcome]) -> tuple[str, ...]:
    return tuple(f"user {named(user.login_id)} to be ready" for user in users if not user.ready)
