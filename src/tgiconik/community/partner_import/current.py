"""The partners and groups that the community has."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final, Protocol

import attrs

from tgiconik.community.partner_import.profile import (
    ContactProfile,
    PartnerProfile,
    key_of_contact,
)
from tgiconik.tradinggrid.collaboration import Collaboration, Contact, Group, Partner

#: The limit of the collaboration contract.
_LONGEST_EXTERNAL_ID: Final = 200


class HasCommunity(Protocol):
    """A client with the collaboration surface, such as `TradingGridClient`."""

    @property
    def community(self) -> Collaboration:
        """The collaboration surface."""
        ...


@attrs.frozen
class CurrentPartners:
    """The partners and groups of a community at one moment.

    Attributes:
        partners: partners by company id (BUID).
        groups: all groups.
    """

    partners: Mapping[str, Partner]
    groups: tuple[Group, ...]


async def read_current(grid: HasCommunity) -> CurrentPartners:
    """Read all partners and groups: one call per 1,000 of each.

    Args:
        grid: the client.

    Raises:
        CallError: a list cannot be read.
    """
    partners = {one.company_id: one async for one in grid.community.partners.list()}
    groups = [one async for one in grid.community.groups.list()]
    return CurrentPartners(partners=partners, groups=tuple(groups))


def profiles_of(current: CurrentPartners) -> tuple[PartnerProfile, ...]:
    """The community's partners as profiles, by company id: what an export writes.

    Groups are named where a name is enough to find them, else by id. Of contacts with the same
    e-mail address and role, the first one counts.

    Args:
        current: the partners and groups.
    """
    names = _names(current.groups)
    return tuple(
        PartnerProfile(
            company_id=one.company_id,
            name=one.name,
            contacts=tuple(_contacts(one.contacts)),
            regions=one.regions,
            languages=one.languages,
            groups=tuple(names.get(id_, id_) for id_ in one.groups),
        )
        for _, one in sorted(current.partners.items())
    )


def _names(groups: Sequence[Group]) -> Mapping[str, str]:
    """The names of groups by id, of those that a name finds."""
    index = GroupIndex(groups)
    return {group.id: group.name for group in groups if index.find(group.name) == [group]}


class GroupIndex:
    """Groups, found by what a profile calls them.

    Args:
        groups: all groups.

    Attributes:
        groups: all groups.
    """

    def __init__(self, groups: Iterable[Group]) -> None:
        self.groups: tuple[Group, ...] = tuple(groups)
        self._by_id = {group.id: [group] for group in self.groups}
        self._by_external_id = _grouped(self.groups, lambda group: group.external_id)
        self._by_name = _grouped(self.groups, lambda group: group.name.casefold())

    def find(self, named: str) -> list[Group]:
        """The groups that are meant: by id or external id exactly, else by name in any case.

        One that an import made is still found by the name that it was made with.
        """
        return (
            self._by_id.get(named)
            or self._by_external_id.get(named)
            or self._by_name.get(named.casefold())
            or self._by_external_id.get(external_id(named))
            or []
        )


def _grouped(
    groups: Iterable[Group], key: Callable[[Group], str | None]
) -> Mapping[str | None, list[Group]]:
    found: dict[str | None, list[Group]] = {}
    for group in groups:
        found.setdefault(key(group), []).append(group)
    return found


def external_id(name: str) -> str:
    """The external id of a group that an import makes: two imports at once make one group."""
    whole = f"group:{name.casefold()}"
    if len(whole) <= _LONGEST_EXTERNAL_ID:
        return whole
    return f"group:{sha256(name.casefold().encode()).hexdigest()}"


def _contacts(contacts: Iterable[Contact]) -> Iterable[ContactProfile]:
    found: dict[tuple[str, object], ContactProfile] = {}
    for one in contacts:
        contact = ContactProfile(
            email=one.email, name=one.name, role=one.role, login_id=one.login_id
        )
        found.setdefault(key_of_contact(contact), contact)
    return found.values()
