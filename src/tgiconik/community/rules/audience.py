"""Audiences: the partners and groups of partners that something is meant for."""

from collections.abc import Sequence

from tgiconik.community.rules.lookups import MEANT_GROUPS, MEANT_PARTNERS
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.shapes import Document
from tgiconik.community.store.interface import AnyOf


def is_meant_for(community: CompanyRecords, audience: Document, partner_id: str) -> bool:
    """Whether a partner is in an audience, by itself or by one of its groups."""
    return any(part_of(community, audience, partner_id).values())


def meant_for(community: CompanyRecords, partner_id: str) -> AnyOf:
    """The lookups of records that are meant for a partner, by itself or by one of its groups.

    A partner learns nothing of the groups of others.
    """
    knows = community.caller.partner_id in {None, partner_id}
    groups = _groups_of(community, partner_id) if knows else ()
    return [(MEANT_PARTNERS, partner_id), *((MEANT_GROUPS, group) for group in groups)]


def part_of(community: CompanyRecords, audience: Document, partner_id: str) -> Document:
    """The part of an audience that concerns a partner: the partner, and its groups."""
    groups = _groups_of(community, partner_id)
    return {
        **audience,
        "groups": [group for group in audience["groups"] if group in groups],
        "partners": [partner for partner in audience["partners"] if partner == partner_id],
    }


def _groups_of(community: CompanyRecords, partner_id: str) -> Sequence[str]:
    if partner_id not in community.groups:
        partner = community.records("partners").get(partner_id)
        community.groups[partner_id] = () if partner is None else partner.fields["groups"]
    return community.groups[partner_id]
