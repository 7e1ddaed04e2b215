"""The nouns of the collaboration contract, as a table: what each is made of and listed by."""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from tgiconik.community.rules import queries
from tgiconik.community.rules.audience import meant_for
from tgiconik.community.rules.lookups import MEANT_GROUPS
from tgiconik.community.rules.paging import Filter, filters
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.store.interface import AnyOf
from tgiconik.tradinggrid.collaboration.transitions import (
    DOCUMENT_MOVES,
    ISSUE_MOVES,
    PROJECT_MOVES,
    REQUEST_MOVES,
    Moves,
)
from tgiconik.tradinggrid.collaboration.values import DocumentState, IssueStatus, RequestStatus

_ALL_STAMPS: Final = ("id", "created_at", "updated_at", "etag")


@attrs.frozen(kw_only=True)
class Noun:
    """One noun.

    Attributes:
        name: the collection's name in the path.
        prefix: how ids begin; empty where a partner's id is the id.
        begins: the fields that a new one has besides those of its body.
        filters: the query parameters of its list.
        shows: which of a record's stamps are shown.
        above: the noun that it hangs below.
        above_field: the field that repeats the id above.
        moves: its status machine; empty where any status may follow any other, or none is known.
        worked_on: has a history of its status, and a claim.
    """

    name: str
    prefix: str = ""
    begins: Mapping[str, object] = attrs.field(factory=dict)
    filters: Mapping[str, Filter] = attrs.field(factory=dict)
    shows: tuple[str, ...] = _ALL_STAMPS
    above: "Noun | None" = None
    above_field: str | None = None
    moves: Moves = attrs.field(factory=dict)
    worked_on: bool = False


def _meant_for_partner(community: CompanyRecords, values: Sequence[str]) -> AnyOf:
    return meant_for(community, values[0])


def _meant_for_group(_: CompanyRecords, values: Sequence[str]) -> AnyOf:
    return [(MEANT_GROUPS, value) for value in values]


PARTNERS: Final = Noun(
    name="partners",
    filters=filters(queries.LIST_PARTNERS),
    shows=("created_at", "updated_at", "etag"),
)
GROUPS: Final = Noun(
    name="groups",
    prefix="GRP",
    begins={"member_count": 0},
    filters=filters(queries.LIST_GROUPS),
)
REQUESTS: Final = Noun(
    name="requests",
    prefix="REQ",
    begins={"status": RequestStatus.SUBMITTED},
    filters=filters(queries.LIST_REQUESTS),
    moves=REQUEST_MOVES,
    worked_on=True,
)
ISSUES: Final = Noun(
    name="issues",
    prefix="ISS",
    begins={"status": IssueStatus.OPEN},
    filters=filters(queries.LIST_ISSUES),
    moves=ISSUE_MOVES,
    worked_on=True,
)
PROJECTS: Final = Noun(
    name="projects",
    prefix="PRJ",
    filters=filters(queries.LIST_PROJECTS, partner_id=_meant_for_partner),
    moves=PROJECT_MOVES,
)
TASKS: Final = Noun(
    name="tasks",
    prefix="TSK",
    filters=filters(queries.LIST_TASKS),
    above=PROJECTS,
    above_field="project_id",
)
EXCEPTIONS: Final = Noun(
    name="exceptions",
    prefix="EXC",
    filters=filters(queries.LIST_EXCEPTIONS),
    above=PROJECTS,
    above_field="project_id",
)
CONFIRMATIONS: Final = Noun(name="confirmations", shows=(), above=PROJECTS)
DOCUMENTS: Final = Noun(
    name="documents",
    prefix="DOC",
    begins={"state": DocumentState.PUBLISHED, "superseded_by": None},
    filters=filters(
        queries.LIST_DOCUMENTS, partner_id=_meant_for_partner, group_id=_meant_for_group
    ),
    moves=DOCUMENT_MOVES,
)
DELIVERIES: Final = Noun(
    name="deliveries",
    filters=filters(queries.LIST_DELIVERIES),
    shows=("created_at", "updated_at", "etag"),
)
RECEIPTS: Final = Noun(
    name="receipts",
    prefix="RCP",
    filters=filters(queries.LIST_RECEIPTS),
    shows=("id",),
)
ANNOUNCEMENTS: Final = Noun(
    name="announcements",
    prefix="ANN",
    filters=filters(
        queries.LIST_ANNOUNCEMENTS, partner_id=_meant_for_partner, group_id=_meant_for_group
    ),
    shows=("id", "created_at"),
)
ACKNOWLEDGEMENTS: Final = Noun(name="acknowledgements", shows=(), above=ANNOUNCEMENTS)
ACTIVITY: Final = Noun(
    name="activity",
    prefix="ACT",
    filters=filters(queries.LIST_ACTIVITY),
    shows=("id",),
)


def comments_on(above: Noun) -> Noun:
    """The comments on a request, an issue or a project."""
    return Noun(
        name="comments",
        prefix="CMT",
        filters=filters(queries.LIST_REQUEST_COMMENTS),
        shows=("id", "created_at"),
        above=above,
    )
