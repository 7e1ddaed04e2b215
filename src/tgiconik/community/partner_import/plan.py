"""Decides what an import changes. Pure: compares profiles with what the community has."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._models import Unset
from tgiconik._report import Report, in_short
from tgiconik.community.partner_import.current import CurrentPartners, GroupIndex, external_id
from tgiconik.community.partner_import.profile import (
    ContactProfile,
    PartnerProfile,
    checked,
    shown,
    told,
)
from tgiconik.tradinggrid.collaboration import Contact, Group, Partner, PartnerInput

_FIELDS: Final = ("name", "contacts", "regions", "languages")


class Action(StrEnum):
    """The action of an import on a partner."""

    CREATE = "create"
    CHANGE = "change"
    KEEP = "keep"


@attrs.frozen(kw_only=True)
class FieldChange:
    """A field of a profile that an import changes.

    Attributes:
        field: `name`, `contacts`, `regions` or `languages`.
        before: its values before, as text.
        after: its values after, as text.
    """

    field: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.field}: {_listed(self.before)} → {_listed(self.after)}"


@attrs.frozen(kw_only=True)
class PlannedPartner:
    """The plan for one partner.

    Attributes:
        partner: company id (BUID) of the partner.
        name: the partner's name.
        action: create, change or keep.
        changes: the fields of an existing profile that change.
        groups_joined: names of the groups that the partner joins.
        groups_left: names of the groups that the partner leaves.
        has_contact: whether the partner has a contact afterwards.
    """

    partner: str
    name: str
    action: Action
    changes: tuple[FieldChange, ...] = ()
    groups_joined: tuple[str, ...] = ()
    groups_left: tuple[str, ...] = ()
    has_contact: bool


@attrs.frozen(kw_only=True)
class ImportPlan(Report):
    """The plan of an import: all that it would change.

    Attributes:
        groups_created: names of the groups that do not exist yet.
        partners: one entry per profile, in the same order.
    """

    groups_created: tuple[str, ...]
    partners: tuple[PlannedPartner, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        idle = all(one.action is Action.KEEP for one in self.partners)
        return idle and not self.groups_created


def plan_import(
    profiles: Iterable[PartnerProfile], current: CurrentPartners, *, prune: bool = False
) -> ImportPlan:
    """Compare profiles with what the community has.

    A field that is UNSET stays. Partners without a profile among `profiles` are left alone.

    Args:
        profiles: the partners to import, each once.
        current: what the community has, from `read_current`.
        prune: also remove each partner from the groups that its profile does not name.

    Raises:
        ConfigurationError: a profile is not valid, a partner has several, or several groups have
            the name that a profile gives.
    """
    found = checked(profiles)
    groups = GroupIndex(current.groups)
    made = _new_groups(found, groups)
    return ImportPlan(
        groups_created=made,
        partners=tuple(
            _planned(one, current.partners.get(one.company_id), groups, prune=prune)
            for one in found
        ),
    )


def _new_groups(profiles: Sequence[PartnerProfile], groups: GroupIndex) -> tuple[str, ...]:
    """Names of the groups to create, each as it is spelled first.

    Raises:
        ConfigurationError: several groups have a name that is given.
    """
    made: dict[str, str] = {}
    problems: list[str] = []
    for name in dict.fromkeys(one for profile in profiles for one in told(profile.groups)):
        there = groups.find(name)
        if len(there) > 1:
            ids = in_short([group.id for group in there])
            problems.append(f"{shown(name)} is the name of several groups; give the id, of {ids}")
        elif not there:
            made.setdefault(external_id(name), name)
    if problems:
        raise errors.ConfigurationError(f"groups: {'; '.join(problems)}")
    return tuple(made.values())


def _planned(
    profile: PartnerProfile, there: Partner | None, groups: GroupIndex, *, prune: bool
) -> PlannedPartner:
    wanted = merged(profile, there)
    changes = changes_of(there, wanted)
    ids = frozenset[str]() if there is None else frozenset(there.groups)
    joined, left = memberships(profile, ids, groups, prune=prune)
    moves = bool(joined or left)
    action = Action.CHANGE if changes or moves else Action.KEEP
    return PlannedPartner(
        partner=profile.company_id,
        name=wanted.name,
        action=Action.CREATE if there is None else action,
        changes=changes,
        groups_joined=tuple(one if isinstance(one, str) else one.name for one in joined),
        groups_left=tuple(group.name for group in left),
        has_contact=bool(wanted.contacts),
    )


def merged(profile: PartnerProfile, there: Partner | None) -> PartnerInput:
    """The profile to write: the fields that are imported, over those that are there."""
    return PartnerInput(
        name=profile.name,
        contacts=_contacts(profile.contacts, () if there is None else there.contacts),
        regions=_values(profile.regions, () if there is None else there.regions),
        languages=_values(profile.languages, () if there is None else there.languages),
    )


def _values(imported: Sequence[str] | Unset, there: tuple[str, ...]) -> tuple[str, ...]:
    # The order of a list says nothing, so a list in another order is no change.
    if isinstance(imported, Unset) or set(imported) == set(there):
        return there
    return tuple(imported)


def _contacts(
    imported: Sequence[ContactProfile] | Unset, there: Sequence[Contact]
) -> tuple[Contact, ...]:
    if isinstance(imported, Unset):
        return tuple(there)
    left = list(there)
    return tuple(_contact(one, left) for one in imported)


def _contact(imported: ContactProfile, there: list[Contact]) -> Contact:
    """A contact over the one that is there with its address, and its role where there are several.

    That one is taken out of the list.
    """
    fields = {
        name: value
        for name in ("name", "role", "login_id")
        if not isinstance(value := getattr(imported, name), Unset)
    }
    same = [one for one in there if one.email.casefold() == imported.email.casefold()]
    if not same:
        return Contact(email=imported.email, **fields)
    found = next((one for one in same if one.role == imported.role), same[0])
    there.remove(found)
    return attrs.evolve(found, email=imported.email, **fields)


def changes_of(there: Partner | None, wanted: PartnerInput) -> tuple[FieldChange, ...]:
    """The fields of an existing profile that differ from the one to write."""
    if there is None:
        return ()
    return tuple(
        FieldChange(field=field, before=_texts(before), after=_texts(after))
        for field in _FIELDS
        if (before := getattr(there, field)) != (after := getattr(wanted, field))
    )


def _texts(value: str | Sequence[str | Contact]) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    return tuple(one if isinstance(one, str) else _contact_text(one) for one in values)


def _contact_text(contact: Contact) -> str:
    shown = f"{contact.name} <{contact.email}>" if contact.name else contact.email
    more = ", ".join(filter(None, (contact.role, contact.login_id)))
    return f"{shown} ({more})" if more else shown


def _listed(values: Sequence[str]) -> str:
    return in_short(values) or "none"


def memberships(
    profile: PartnerProfile, ids: frozenset[str], groups: GroupIndex, *, prune: bool
) -> tuple[tuple[Group | str, ...], tuple[Group, ...]]:
    """The groups that a partner joins, and those that it leaves.

    A group that does not exist is its name.

    Args:
        profile: the partner as imported.
        ids: the groups that the partner is in.
        groups: all groups.
        prune: leave the groups that the profile does not name.
    """
    if isinstance(profile.groups, Unset):
        return (), ()
    # Several names may mean one group: by id and by name, or in another case.
    joined: dict[str, Group | str] = {}
    wanted: set[str] = set()
    for name in profile.groups:
        found = groups.find(name)
        if not found:
            joined.setdefault(external_id(name), name)
            continue
        wanted.add(found[0].id)
        if found[0].id not in ids:
            joined.setdefault(found[0].id, found[0])
    left = [group for group in groups.groups if group.id in ids - wanted] if prune else []
    return tuple(joined.values()), tuple(left)
