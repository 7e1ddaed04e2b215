"""The audience of an asset: the partners in the groups that its tags select."""

from collections.abc import Iterable, Mapping, Sequence

import attrs

from tgiconik import errors
from tgiconik._validate import texts
from tgiconik.release import AssetFacts, Recipient
from tgiconik.tradinggrid.collaboration import Group, Partner
from tgiconik.workflows.run import GridRun
from tgiconik.workflows.run.text import how_many, named


@attrs.define
class AudienceResolver:
    """Resolves tags, groups and company ids to partners; reads each list once."""

    run: GridRun
    _groups: dict[str, Group] | None = attrs.field(default=None, init=False)
    _members: dict[str, tuple[Partner, ...]] = attrs.field(factory=dict, init=False)
    _profiles: dict[str, Partner] | None = attrs.field(default=None, init=False)

    async def tagged(self, tags: Sequence[str]) -> tuple[list[str], list[str]]:
        """The ids of the groups with some of the tags, and the tags that no group has."""
        groups = await self.read_groups()
        by_tag: dict[str, list[str]] = {}
        for group in groups.values():
            for tag in group.tags:
                by_tag.setdefault(tag.strip().casefold(), []).append(group.id)
        found = {tag: by_tag.get(tag.strip().casefold(), []) for tag in tags}
        ids = dict.fromkeys(id_ for ids in found.values() for id_ in ids)
        return list(ids), [tag for tag, ids in found.items() if not ids]

    async def members(self, group_ids: Iterable[str]) -> dict[str, Partner]:
        """The distinct partners in some groups, by company id.

        In the contract, groups contain only partners. If a backend returns a group as a member, its
        members count too; each group is read once, so that a cycle of groups ends.

        Raises:
            NotFound: there is no such group.
        """
        groups = await self.read_groups()
        found: dict[str, Partner] = {}
        ahead = list(dict.fromkeys(group_ids))
        seen = set(ahead)
        while ahead:
            for member in await self._members_of(ahead.pop(0)):
                id_ = member.company_id
                if id_ not in groups:
                    self.run.trail.learn_name(id_, member.name)
                    found[id_] = member
                elif id_ not in seen:
                    seen.add(id_)
                    ahead.append(id_)
        return found

    async def profile(self, company_id: str) -> Partner | None:
        """A partner's profile, from one list of all profiles; None if there is none."""
        return (await self.read_profiles()).get(company_id)

    async def read_profiles(self) -> Mapping[str, Partner]:
        """All profiles by company id; read once."""
        if self._profiles is None:
            partners = self.run.grid.community.partners.list()
            self._profiles = {partner.company_id: partner async for partner in partners}
            for partner in self._profiles.values():
                self.run.trail.learn_name(partner.company_id, partner.name)
            self.run.trail.read(f"profiles of {how_many(self._profiles)}")
        return self._profiles

    async def resolve(
        self,
        facts: AssetFacts,
        *,
        groups: Iterable[str] | None,
        partners: Iterable[str] | None,
        groups_field: str,
    ) -> tuple[dict[str, Partner | None], list[str]]:
        """Resolve the partners that an asset is meant for.

        Args:
            facts: the facts of the asset, with its tags.
            groups: ids of partner groups, in place of the groups of the asset's tags.
            partners: company ids of partners, in addition to `groups` or in place of groups.
            groups_field: the metadata field with the tags.

        Returns:
            The partners by company id, and one line per missing tag or group.

        Raises:
            NotFound: there is no such group.
        """
        waiting_on: list[str] = []
        groups = None if groups is None else texts(groups, "groups")
        partners = None if partners is None else texts(partners, "partners")
        if groups is None and partners is None:
            tags = _texts(facts.metadata.get(groups_field))
            groups, unknown = await self.tagged(tags)
            waiting_on += [f"a partner group for the tag {named(tag)}" for tag in unknown]
            if not tags:
                waiting_on.append(f"a tag of {named(facts.title)} in {groups_field}")
        wanted: dict[str, Partner | None] = {**await self.members(groups or ())}
        for partner_id in partners or ():
            wanted.setdefault(partner_id, await self.profile(partner_id))
        self.run.trail.decided(f"{named(facts.title)} is meant for {how_many(wanted)}")
        return dict(sorted(wanted.items())), waiting_on

    async def read_groups(self) -> Mapping[str, Group]:
        """All groups by id, read once."""
        if self._groups is None:
            self._groups = {
                group.id: group async for group in self.run.grid.community.groups.list()
            }
        return self._groups

    async def _members_of(self, group_id: str) -> tuple[Partner, ...]:
        if group_id not in self._members:
            members = [member async for member in self.run.grid.community.groups.members(group_id)]
            self._members[group_id] = tuple(members)
            self.run.trail.read(f"group {group_id}: {how_many(members)}")
        return self._members[group_id]


def can_be_reached(partner: Partner) -> bool:
    """Whether the partner has a contact with an email address."""
    return any(contact.email.strip() for contact in partner.contacts)


def unreachable(wanted: Mapping[str, Partner | None]) -> list[str]:
    """Partners without a reachable contact, each as a line for `waiting_on`."""
    return [
        f"{partner_id} to name a contact with an e-mail address"
        for partner_id, partner in wanted.items()
        if partner is not None and not can_be_reached(partner)
    ]


async def read_names(run: GridRun) -> None:
    """Read the partners' names, which people want to see in a result.

    Nothing depends on them, so that a failure is recorded and ends nothing.
    """
    try:
        await AudienceResolver(run).read_profiles()
    except errors.CallError as error:
        run.trail.read(f"names of partners could not be read: {error}")


def as_recipient(partner: Partner) -> Recipient:
    """The partner as the recipient of a release decision, from the profile alone."""
    return Recipient(
        company_id=partner.company_id, regions=partner.regions, languages=partner.languages
    )


def _texts(values: object) -> list[str]:
    """The distinct texts among the values of a metadata field."""
    many = values if isinstance(values, Sequence) and not isinstance(values, str) else [values]
    texts = [value.strip() for value in many if isinstance(value, str)]
    return [text for text in dict.fromkeys(texts) if text]
