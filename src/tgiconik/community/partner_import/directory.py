"""Partners of Trading Grid's directory: those that have no profile, and those it does not know."""

from collections.abc import Iterable
from typing import Protocol

import attrs

from tgiconik._report import Report, in_short, one_line
from tgiconik.community.partner_import.current import HasCommunity
from tgiconik.community.partner_import.profile import (
    PartnerProfile,
    checked,
    company_id_problems,
    name_problems,
)
from tgiconik.tradinggrid.community_management import DirectoryPartner, PartnerDirectory


class HasDirectory(HasCommunity, Protocol):
    """A client with the directory and the collaboration surface, such as `TradingGridClient`."""

    @property
    def partners(self) -> PartnerDirectory:
        """The partner directory."""
        ...


@attrs.frozen(kw_only=True)
class DirectoryProfiles(Report):
    """Profiles to import, compared with the directory.

    Attributes:
        profiles: the given profiles, then one per partner of the directory that has neither a
            profile in the community nor a given one. Those have a name, and nothing else.
        added: company ids (BUIDs) of the latter. They are without contact until you give one.
        unknown: company ids (BUIDs) of given profiles that the directory does not list.
        unusable: the number of entries of the directory without a usable company id.
    """

    profiles: tuple[PartnerProfile, ...]
    added: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    unusable: int = 0

    def __str__(self) -> str:
        lines = [f"partners of the directory without a profile: {len(self.added):,}"]
        if self.unknown:
            lines.append(f"not in the directory: {one_line(in_short(self.unknown))}")
        if self.unusable:
            lines.append(f"entries of the directory without a company id: {self.unusable:,}")
        return "\n".join(lines)


async def profiles_from_directory(
    grid: HasDirectory, profiles: Iterable[PartnerProfile] = ()
) -> DirectoryProfiles:
    """Add the directory's partners who have no profile yet, and find profiles it does not know.

    Reads the directory (one call) and the community's partners (one call per 1,000); writes
    nothing: pass `result.profiles` to `import_partners`. A partner that has a profile is not
    added, so its name stays as the community has it.

    Args:
        grid: the client.
        profiles: profiles of your own, such as those of `read_partner_csv`.

    Raises:
        ConfigurationError: a given profile is not valid, or a partner has several.
        CallError: the directory or the community's partners cannot be read.
    """
    given = checked(profiles)
    listed = [one async for one in grid.partners.list()]
    there = {one.company_id async for one in grid.community.partners.list()}
    return compared(given, listed, there)


def compared(
    given: Iterable[PartnerProfile], listed: Iterable[DirectoryPartner], there: Iterable[str]
) -> DirectoryProfiles:
    """Given profiles with what the directory lists.

    Args:
        given: the given profiles.
        listed: the entries of the directory.
        there: company ids (BUIDs) of the partners that have a profile.
    """
    own = tuple(given)
    known: dict[str, str | None] = {}
    unusable = 0
    for entry in listed:
        # A partner may be listed once per trading address.
        if entry.company_id is None or any(company_id_problems(entry.company_id)):
            unusable += 1
        elif known.get(entry.company_id) is None:
            known[entry.company_id] = entry.partnerCompanyName
    ids = {one.company_id for one in own}
    added = [one for one in known if one not in ids.union(there)]
    return DirectoryProfiles(
        profiles=(*own, *(_bare(one, known[one]) for one in added)),
        added=tuple(added),
        unknown=tuple(one.company_id for one in own if one.company_id not in known),
        unusable=unusable,
    )


def _bare(company_id: str, name: str | None) -> PartnerProfile:
    """A profile with a name: the directory's, or else the company id."""
    usable = name is not None and not any(name_problems(name))
    return PartnerProfile(company_id=company_id, name=str(name) if usable else company_id)
