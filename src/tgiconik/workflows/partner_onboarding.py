"""Use case 6: onboard a partner with users, groups, a checklist and a bundle of media.

Trigger: a company becomes a partner, then a schedule: an onboarding takes days, and each run takes
the steps that are possible now.

1. The partner must be in Trading Grid's directory and have a profile with a contact. Until then,
   runs write nothing and report what is missing.
2. The partner's users are created with their roles through Community Management. The caller's
   function supplies passwords, which are not stored. Consents must be given explicitly.
3. The partner joins the template's groups, and an onboarding project gets the template's checklist.
4. The bundle is a collection of the partner's own with those of the template's assets that
   `release.decide` allows, behind one link. Refused assets are left out and reported. The partner
   is notified once.
5. When the tasks are done and the partner has confirmed, the project is completed, and the bundle
   is maintained as before. When the project is canceled, the bundle is revoked.

Afterwards, iconik has the collection, shared without a notification. Trading Grid has users with
roles, group memberships, the project, a document with the delivery, and an announcement.

Idempotent: another run changes nothing and returns the same result. After a crash, the next run
continues; concurrent runs reach the same state. Existing users only get missing roles.

Failures: a user or an asset that fails does not affect the others, and the next run retries it. An
invalid template raises `ConfigurationError` before anything is written. A failed call raises its
`CallError`.

Source: use case 6 of the project's design; OpenText's Community Management Services; the
collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._failures import failure_group
from tgiconik._frames import without_locals
from tgiconik._page.report import Part
from tgiconik._report import first_items
from tgiconik._validate import filled, unique_texts
from tgiconik.iconik import IconikClient
from tgiconik.release import Purpose, Recipient, ReleasePolicy
from tgiconik.telemetry.observed import observed
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
from tgiconik.workflows.projects.readiness import (
    Readiness,
    judge_readiness,
    read_holdings,
    readiness_part,
)
from tgiconik.workflows.projects.users import (
    NewUser,
    Password,
    UserOutcome,
    bring_about_users,
    check_users,
    find_partner,
)
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.results import (
    Outcome,
    Result,
    State,
    by_hand,
    concluded,
    failures_of,
    raise_for_failures,
)
from tgiconik.workflows.run.text import fitting, named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.facts import check_view
from tgiconik.workflows.sharing.snapshot import FactsCache
from tgiconik.workflows.tickets.requests import read_partner

#: Stands for the partner in the tasks of a template.
PARTNER: Final = "partner"


@attrs.frozen(kw_only=True)
class OnboardingTemplate:
    """The template for onboarding partners of one kind.

    Attributes:
        key: identifies the template; must not change between runs.
        title: the title that partners read, such as `Welcome bundle`.
        asset_ids: the assets of the bundle.
        collection_id: an iconik collection with further assets of the bundle.
        groups: ids of the partner groups to join.
        tasks: the checklist; tasks of the partner have `PARTNER` as their `partner_id`.
        usage: what the media is used for; None asks for no usage.
    """

    key: str = attrs.field(validator=filled)
    title: str = attrs.field(validator=filled)
    asset_ids: tuple[str, ...] = attrs.field(default=(), converter=unique_texts)
    collection_id: str | None = None
    groups: tuple[str, ...] = attrs.field(default=(), converter=unique_texts)
    tasks: tuple[TaskPlan, ...] = attrs.field(default=(), converter=in_order)
    usage: str | None = None


@attrs.frozen(kw_only=True)
class Onboarding(Result):
    """The state of a partner's onboarding after a run. Two runs over the same state are equal.

    Attributes:
        partner: company id (BUID) of the partner.
        status: the status of the project; None before it exists.
        project_id: the project; None in a dry run that would create it.
        users: one outcome per requested user.
        outcomes: one for each asset of the bundle.
        readiness: what is missing; None before the project exists.
        waiting_on: who has to act next, one line each.
        timeline: every read, decision and write, in order.
        dry_run: whether this was a dry run, which writes nothing.
    """

    partner: str
    status: str | None = None
    project_id: str | None = None
    users: tuple[UserOutcome, ...] = attrs.field(default=(), repr=first_items)
    outcomes: tuple[Outcome, ...] = attrs.field(default=(), repr=first_items)
    readiness: Readiness | None = attrs.field(default=None, repr=str)
    waiting_on: tuple[str, ...] = attrs.field(default=(), repr=first_items)
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def _subject(self) -> str:
        partners = () if self.readiness is None else self.readiness.partners
        name = next((one.name for one in partners if one.name), None)
        about = f"{named(name)} ({named(self.partner)})" if name else named(self.partner)
        return f"onboarding of {about}"

    def _failures(self) -> Sequence[tuple[str, Exception]]:
        return [(user.login_id, user.error) for user in self.users if user.error is not None]

    def _parts(self) -> Sequence[Part]:
        return () if self.readiness is None else (readiness_part(self.readiness),)

    def raise_for_failures(self) -> None:
        """Raise all failures as one exception group.

        Raises:
            ExceptionGroup: one exception per user and asset that failed.
        """
        if users := self._failures():
            raise failure_group(
                f"{len(users)} users are not ready", [*users, *failures_of(self.outcomes)]
            )
        raise_for_failures(self.outcomes)


@without_locals
@observed("company_id")
async def onboard_partner(
    grid: TradingGridClient,
    iconik: IconikClient,
    company_id: str,
    *,
    template: OnboardingTemplate,
    users: Iterable[NewUser] = (),
    users_company: str | None = None,
    password: Password | None = None,
    policy: ReleasePolicy,
    restore: bool = False,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Onboarding:
    """Onboard a partner: take the steps that are possible now.

    Args:
        grid: where the partner is.
        iconik: the iconik client.
        company_id: BUID of the partner.
        template: what the partner gets.
        users: who at the partner is to work on Trading Grid.
        users_company: BUID of the company that the users are made in; needed when there are any.
        password: gives the first password of a user who is to be made; may be a coroutine function.
        policy: the release rules.
        restore: share again what somebody revoked by hand; else that is respected and reported.
        dry_run: write nothing, ask for no password, and say what would be written.
        now: the clock; returns the current time in UTC.
        progress: called with each step as it happens.

    Raises:
        ConfigurationError: `users` without `users_company`.
        NotFound: there is no such group or collection.
        CallError: a call to a platform failed; run the workflow again.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail)
    await check_view(run)
    onboarding = _Onboarding(
        run=run,
        company_id=company_id,
        template=template,
        users=tuple(users),
        users_company=users_company,
        password=password,
        restore=restore,
    )
    result = await onboarding.advance()
    return concluded(result, run)


@without_locals
@observed("company_id")
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
    """Report the state of a partner's onboarding. Writes nothing.

    Args:
        grid: where the partner is.
        iconik: the iconik client.
        company_id: BUID of the partner.
        template: groups, checklist and bundle for the partner.
        users: the partner's users on Trading Grid.
        users_company: BUID of the company of the users; required with `users`.
        policy: the release rules; the default policy if omitted.
        now: the clock; returns the current time in UTC.
        progress: called with each step as it happens.

    Returns:
        The same value as `onboard_partner`; its outcomes say what the bundle would hold now.

    Raises:
        ConfigurationError: `users` without `users_company`.
        NotFound: there is no such collection.
        CallError: a call to a platform failed.
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
    """Onboards one partner."""

    run: Run
    company_id: str
    template: OnboardingTemplate
    users: tuple[NewUser, ...]
    users_company: str | None
    password: Password | None
    restore: bool = False

    async def advance(self) -> Onboarding:
        """Run the workflow and return its result."""
        run = self.run
        directory = self._directory()
        partner, missing = await self._partner()
        there = await read_project(run, self.key)
        if partner is None or missing:
            if there.project is not None:
                await self._reconcile(partner, there)
            return Onboarding(partner=self.company_id, waiting_on=(missing,))
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
        waiting_on = (*_not_ready(users), *readiness.blocks, *by_hand(outcomes))
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
        """The current state of the onboarding."""
        run = self.run
        users = await check_users(run, self._directory(), self.users)
        state = await read_project(run, self.key)
        partner, missing = await self._partner()
        if partner is None or missing or state.project is None:
            waiting_on = missing or "onboard_partner to begin"
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
            raise errors.ConfigurationError("users need users_company, the BUID of their company")
        return self.run.grid.users.in_company(self.users_company or "")

    async def _partner(self) -> tuple[Partner | None, str]:
        """The partner's profile, and what is missing before anything can go there."""
        name = named(self.company_id)
        if await find_partner(self.run, self.company_id) is None:
            return None, f"{name} to be in the partner directory"
        partner = await read_partner(self.run, self.company_id)
        if partner is None:
            return None, f"a profile of {name}"
        reached = can_be_reached(partner)
        return partner, "" if reached else f"{name} to name a contact with an e-mail address"

    async def _join(self, partner: Partner) -> None:
        """Add the partner to the template's groups."""
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
        """Deliver the bundle; that of a canceled project is taken back."""
        is_off = status == ProjectStatus.CANCELLED
        packager = await self._packager(state, is_off=is_off)
        return (await packager.deliver(as_recipient(partner))).outcomes

    async def _reconcile(self, partner: Partner | None, state: ProjectState) -> None:
        """Nothing new goes to the partner now; what they have of the bundle is judged."""
        recipient = as_recipient(partner) if partner else Recipient(company_id=self.company_id)
        packager = await self._packager(state, is_off=False)
        await packager.reconcile(recipient)

    async def _packager(self, state: ProjectState, *, is_off: bool) -> Packager:
        run, template = self.run, self.template
        assets = () if is_off else await assets_of(run, template.asset_ids, template.collection_id)
        return Packager(
            run=run,
            package=Package(
                key=f"onboarding:{template.key}", title=template.title, asset_ids=assets
            ),
            purpose=Purpose(usage=template.usage, download=run.policy.allow_download),
            project_id=state.project.id if state.project else None,
            facts=FactsCache(run),
            restore=self.restore,
        )

    async def _welcome(self, outcomes: Iterable[Outcome]) -> None:
        """Notify the partner of the bundle, once."""
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
        names = self.run.trail.partner_names
        return judge_readiness(state, has, at=self.run.now(), names=names)


def _not_ready(users: Iterable[UserOutcome]) -> tuple[str, ...]:
    return tuple(f"user {named(user.login_id)} to be ready" for user in users if not user.ready)
