"""Partner profiles, and memberships of partners in groups."""

from typing import Final

from tgiconik.community.rules import bodies
from tgiconik.community.rules.endpoint import Call, Reply
from tgiconik.community.rules.nouns import GROUPS, PARTNERS
from tgiconik.community.rules.paging import page
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.rules.resource import CREATED, all_shown, record_in_path, shown
from tgiconik.community.shapes import Document
from tgiconik.community.store.interface import Place, Record

_NO_CONTENT: Final = 204


def put_partner(call: Call) -> Reply:
    """Create or replace a partner's profile; its groups stay."""
    partner_id = call.ids["partners"]
    records = call.community.records(PARTNERS.name)
    there = records.get(partner_id)
    body = call.body(bodies.PARTNER_INPUT)
    call.require_match_or_none(there)
    if there is not None:
        return Reply(body=shown(call.community, PARTNERS, records.change(there, body)))
    made = make_partner(call.community, partner_id, body)
    return Reply(status=CREATED, body=shown(call.community, PARTNERS, made))


def make_partner(community: CompanyRecords, partner_id: str, body: Document) -> Record:
    """Create a profile. Its id is that of the partner, and it is in no group."""
    fields = {**body, "company_id": partner_id, "groups": []}
    return community.records(PARTNERS.name).add(partner_id, fields)


def list_members(call: Call) -> Reply:
    """List the partners in a group."""
    group = record_in_path(call, GROUPS)
    return page(
        call,
        Place(PARTNERS.name),
        {},
        lambda partners: all_shown(call, PARTNERS, partners),
        criteria=[[("group_id", group.id)]],
    )


def add_member(call: Call) -> Reply:
    """Add a partner to a group; idempotent."""
    group, partner = record_in_path(call, GROUPS), record_in_path(call, PARTNERS)
    join(call.community, group, partner)
    return Reply(status=_NO_CONTENT)


def remove_member(call: Call) -> Reply:
    """Remove a partner from a group; idempotent."""
    group, partner = record_in_path(call, GROUPS), record_in_path(call, PARTNERS)
    groups = partner.fields["groups"]
    if group.id in groups:
        _set_groups(call.community, partner, [one for one in groups if one != group.id])
        _count(call.community, group, -1)
    return Reply(status=_NO_CONTENT)


def join(community: CompanyRecords, group: Record, partner: Record) -> Record:
    """Add a member. Both records change: the partner lists its groups, the group its size."""
    groups = partner.fields["groups"]
    if group.id in groups:
        return partner
    _count(community, group, 1)
    return _set_groups(community, partner, [*groups, group.id])


def _set_groups(community: CompanyRecords, partner: Record, groups: list[str]) -> Record:
    return community.records(PARTNERS.name).change(partner, {"groups": groups})


def _count(community: CompanyRecords, group: Record, more: int) -> None:
    count = group.fields["member_count"] + more
    community.records(GROUPS.name).change(group, {"member_count": count})
