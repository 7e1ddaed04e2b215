"""Audiences: the partners and groups of partners that something is meant for."""

from collections.abc import Sequence

from tgiconik.sandbox.grid.collaboration.records import Community
from tgiconik.sandbox.grid.shapes import Document


def is_meant_for(community: Community, audience: Document, partner_id: str) -> bool:
    """Whether a partner is in an audience, by itself or by one of its groups."""
    return any(part_of(community, audience, partner_id).values())


def part_of(community: Community, audience: Document, partner_id: str) -> Document:
    """The part of an audience that concerns a partner: the partner, and its groups."""
    groups = _groups_of(community, partner_id)
    return {
        **audience,
        "groups": [group for group in audience["groups"] if group in groups],
        "partners": [partner for partner in audience["partners"] if partner == partner_id],
    }


def _groups_of(community: Community, partner_id: str) -> Sequence[str]:
    partner = community.records("partners").get(partner_id)
    return () if partner is None else partner.fields["groups"]
