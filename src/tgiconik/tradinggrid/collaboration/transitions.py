"""The status machines of the collaboration contract, as tables.

The same tables are what the documents say, what a client can ask before it calls, and what the
sandbox enforces. Source: the collaboration contract, which is this project's own.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from tgiconik.tradinggrid.collaboration.values import (
    DeliveryState,
    DocumentState,
    IssueStatus,
    ProjectStatus,
    RequestStatus,
)

#: Where each status may move to. A status that is not listed is not known and may not move.
Moves: TypeAlias = Mapping[str, frozenset[str]]

_R = RequestStatus
REQUEST_MOVES: Final[Moves] = {
    _R.SUBMITTED: frozenset({_R.IN_REVIEW, _R.WITHDRAWN}),
    _R.IN_REVIEW: frozenset(
        {_R.NEEDS_INFORMATION, _R.FULFILLED, _R.PARTIALLY_FULFILLED, _R.DECLINED, _R.WITHDRAWN}
    ),
    _R.NEEDS_INFORMATION: frozenset({_R.IN_REVIEW, _R.WITHDRAWN}),
    _R.FULFILLED: frozenset({_R.CONFIRMED, _R.REOPENED}),
    _R.PARTIALLY_FULFILLED: frozenset({_R.CONFIRMED, _R.REOPENED}),
    _R.DECLINED: frozenset({_R.CONFIRMED, _R.REOPENED}),
    _R.REOPENED: frozenset({_R.IN_REVIEW, _R.WITHDRAWN}),
    _R.CONFIRMED: frozenset(),
    _R.WITHDRAWN: frozenset(),
}

_I = IssueStatus
ISSUE_MOVES: Final[Moves] = {
    _I.OPEN: frozenset({_I.ACKNOWLEDGED, _I.WITHDRAWN}),
    _I.ACKNOWLEDGED: frozenset({_I.IN_PROGRESS, _I.WITHDRAWN}),
    _I.IN_PROGRESS: frozenset({_I.RESOLVED, _I.WITHDRAWN}),
    _I.RESOLVED: frozenset({_I.CONFIRMED, _I.REOPENED}),
    _I.REOPENED: frozenset({_I.IN_PROGRESS, _I.WITHDRAWN}),
    _I.CONFIRMED: frozenset(),
    _I.WITHDRAWN: frozenset(),
}

PROJECT_MOVES: Final[Moves] = {
    ProjectStatus.ACTIVE: frozenset({ProjectStatus.COMPLETED, ProjectStatus.CANCELLED}),
    ProjectStatus.COMPLETED: frozenset({ProjectStatus.ACTIVE}),
    ProjectStatus.CANCELLED: frozenset(),
}

DOCUMENT_MOVES: Final[Moves] = {
    DocumentState.PUBLISHED: frozenset({DocumentState.SUPERSEDED, DocumentState.WITHDRAWN}),
    DocumentState.SUPERSEDED: frozenset({DocumentState.WITHDRAWN}),
    DocumentState.WITHDRAWN: frozenset(),
}

DELIVERY_MOVES: Final[Moves] = {
    DeliveryState.ACTIVE: frozenset({DeliveryState.REVOKED}),
    DeliveryState.REVOKED: frozenset({DeliveryState.ACTIVE}),
}

#: Moves of a request or an issue that are the partner's: no lease stands in their way.
PARTNER_MOVES: Final = frozenset({_R.CONFIRMED, _R.REOPENED, _R.WITHDRAWN})


def next_statuses(moves: Moves, status: str) -> frozenset[str]:
    """Where a status may move to; nowhere, for one that the table does not know."""
    return moves.get(status, frozenset())


def may_move(moves: Moves, status: str, to: str) -> bool:
    """Whether a status may become another. Staying is not a move."""
    return to in next_statuses(moves, status)


def is_open(moves: Moves, status: str) -> bool:
    """Whether work remains: a request or an issue is open as long as it can be withdrawn."""
    return may_move(moves, status, _R.WITHDRAWN)
