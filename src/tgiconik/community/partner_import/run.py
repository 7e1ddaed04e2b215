"""Imports partners into the community: converges, and reports an outcome for each partner."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._frames import forget_locals
from tgiconik._tasks import run_bounded
from tgiconik.community.partner_import.current import (
    CurrentPartners,
    GroupIndex,
    HasCommunity,
    external_id,
    read_current,
)
from tgiconik.community.partner_import.plan import (
    Action,
    FieldChange,
    PlannedPartner,
    changes_of,
    memberships,
    merged,
    plan_import,
)
from tgiconik.community.partner_import.profile import PartnerProfile
from tgiconik.community.partner_import.report import (
    ImportState,
    PartnerImport,
    PartnerOutcome,
    planned_outcome,
    without_contact,
)
from tgiconik.tradinggrid.collaboration import Collaboration, Group, GroupInput, Partner

#: The default number of partners to process concurrently.
MAX_CONCURRENCY: Final = 20
#: How often a profile is written that somebody else changes at the same time.
_ATTEMPTS: Final = 5


async def import_partners(
    grid: HasCommunity,
    profiles: Iterable[PartnerProfile],
    *,
    dry_run: bool = False,
    prune: bool = False,
    progress: Callable[[PartnerOutcome], object] | None = None,
    max_concurrency: int = MAX_CONCURRENCY,
) -> PartnerImport:
    """Bring the community's partners and groups to what the profiles say.

    Run it again at any moment: it looks before it writes, and a second run writes nothing. A field
    that is UNSET stays, and partners without a profile are left alone. A partner that cannot be
    written is an outcome and stops nobody else. A profile that somebody else changes meanwhile is
    read again, and only the imported fields are written.

    It takes a call per 1,000 partners and per 1,000 groups, one per new group, one per profile
    that is created or changed, and one per membership. A partner whose memberships alone change
    takes one read more.

    Args:
        grid: the client.
        profiles: the partners to import, each once.
        dry_run: read and compare only; the outcomes say what would be written.
        prune: also remove each partner from the groups that its profile does not name.
        progress: called with each outcome as it is known.
        max_concurrency: how many partners are written at the same time.

    Raises:
        ConfigurationError: a profile is not valid, a partner has several, several groups have the
            name that a profile gives, or `max_concurrency` is below 1. Nothing was written.
        CallError: the partners or groups cannot be read. Nothing was written.
        ClientClosed: the client was closed; `not_reached` has the partners that were not reached.
    """
    if max_concurrency < 1:
        raise errors.ConfigurationError("max_concurrency must be at least 1")
    found = tuple(profiles)
    current = await read_current(grid)
    plan = plan_import(found, current, prune=prune)
    tell = progress or (lambda _: None)
    if dry_run:
        outcomes = [planned_outcome(one) for one in plan.partners]
        for outcome in outcomes:
            tell(outcome)
        created = plan.groups_created
    else:
        groups = await _make_groups(grid.community, plan.groups_created, current.groups)
        work = _Import(grid.community, current, groups, prune)
        outcomes = await _serve_all(work, found, plan.partners, tell, max_concurrency)
        created = tuple(one for one in plan.groups_created if one not in groups.failed)
    return PartnerImport(
        dry_run=dry_run,
        groups_created=created,
        without_contact=without_contact(plan),
        outcomes=tuple(outcomes),
    )


@attrs.frozen
class _Groups:
    """All groups, and the errors of those that could not be created, by name."""

    there: GroupIndex
    failed: Mapping[str, errors.TgIconikError]

    def why_not(self, name: str) -> errors.TgIconikError:
        """Why a group could not be created."""
        return next(
            error for one, error in self.failed.items() if external_id(one) == external_id(name)
        )


async def _make_groups(
    community: Collaboration, names: Sequence[str], there: Sequence[Group]
) -> _Groups:
    """Create groups. One that another import has just created is answered instead."""
    groups = list(there)
    failed: dict[str, errors.TgIconikError] = {}
    for name in names:
        new = GroupInput(name=name, external_id=external_id(name))
        try:
            groups.append(await community.groups.create(new))
        except errors.ClientClosed:
            raise
        except errors.TgIconikError as error:
            forget_locals(error)
            failed[name] = error
    return _Groups(GroupIndex(groups), failed)


async def _serve_all(
    work: "_Import",
    profiles: Sequence[PartnerProfile],
    planned: Sequence[PlannedPartner],
    tell: Callable[[PartnerOutcome], object],
    max_concurrency: int,
) -> list[PartnerOutcome]:
    by_id = {one.company_id: (one, plan) for one, plan in zip(profiles, planned, strict=True)}
    done: dict[str, PartnerOutcome] = {}

    async def serve(company_id: str) -> None:
        profile, plan = by_id[company_id]
        done[company_id] = await work.serve(profile, plan)
        tell(done[company_id])

    try:
        await run_bounded(list(by_id), serve, max_concurrency=max_concurrency)
    except errors.ClientClosed as error:
        error.not_reached = tuple(one for one in by_id if one not in done)
        raise
    return [done[one] for one in by_id]


@attrs.define
class _Done:
    """The writes for one partner so far."""

    state: ImportState = ImportState.UNCHANGED
    changes: tuple[FieldChange, ...] = ()
    joined: list[str] = attrs.Factory(list)
    left: list[str] = attrs.Factory(list)

    def wrote(self) -> None:
        """A membership was written."""
        if self.state is ImportState.UNCHANGED:
            self.state = ImportState.CHANGED


@attrs.frozen
class _Import:
    """One import into a community."""

    community: Collaboration
    current: CurrentPartners
    groups: _Groups
    prune: bool

    async def serve(self, profile: PartnerProfile, planned: PlannedPartner) -> PartnerOutcome:
        """Bring one partner to what its profile says."""
        if planned.action is Action.KEEP:
            return planned_outcome(planned)
        done = _Done()
        failure: errors.TgIconikError | None = None
        try:
            partner = await self._write_profile(profile, planned, done)
            await self._move(profile, partner, done)
        except errors.ClientClosed:
            raise
        except errors.TgIconikError as error:
            # It becomes part of a result, with the frames that it came through.
            forget_locals(error)
            failure = error
        return PartnerOutcome(
            partner=profile.company_id,
            name=profile.name,
            state=ImportState.FAILED if failure else done.state,
            changes=done.changes,
            groups_joined=tuple(done.joined),
            groups_left=tuple(done.left),
            error=failure,
        )

    async def _write_profile(
        self, profile: PartnerProfile, planned: PlannedPartner, done: _Done
    ) -> Partner:
        """The partner as it is after its profile was written, where it has to be.

        Raises:
            PreconditionFailed: somebody else changed it each time that it was to be written.
        """
        partners = self.community.partners
        there = self.current.partners.get(profile.company_id)
        if planned.action is Action.CHANGE and not planned.changes:
            # Only memberships change, and lists may be late.
            there = await self._read(profile.company_id)
        for attempt in range(1, _ATTEMPTS + 1):
            wanted = merged(profile, there)
            changes = changes_of(there, wanted)
            if there is not None and not changes:
                return there
            etag = None if there is None else there.etag
            try:
                partner = await partners.put(profile.company_id, wanted, if_match=etag)
            except errors.PreconditionFailed:
                if attempt == _ATTEMPTS:
                    raise
                there = await self._read(profile.company_id)
            else:
                done.state = ImportState.CREATED if there is None else ImportState.CHANGED
                done.changes = changes
                return partner
        raise AssertionError("the last attempt returns or raises")

    async def _read(self, company_id: str) -> Partner | None:
        try:
            return await self.community.partners.get(company_id)
        except errors.NotFound:
            return None

    async def _move(self, profile: PartnerProfile, partner: Partner, done: _Done) -> None:
        """Join and leave groups. A group that could not be created does not keep from others."""
        groups = self.community.groups
        joined, left = memberships(
            profile, frozenset(partner.groups), self.groups.there, prune=self.prune
        )
        failures: list[errors.TgIconikError] = []
        for group in joined:
            if isinstance(group, str):
                failures.append(self.groups.why_not(group))
                continue
            try:
                await groups.add_member(group.id, partner.company_id)
            except errors.ClientClosed:
                raise
            except errors.TgIconikError as error:
                failures.append(error)
            else:
                done.joined.append(group.name)
                done.wrote()
        for group in left:
            await groups.remove_member(group.id, partner.company_id)
            done.left.append(group.name)
            done.wrote()
        if failures:
            raise failures[0]
