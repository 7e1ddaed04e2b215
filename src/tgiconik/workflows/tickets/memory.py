"""Our memory of a request or an issue, in the activity log: partners cannot read or write it.

There is one entry for each kind and round of a request or issue: the first that is noted counts.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import attrs

from tgiconik.tradinggrid.collaboration import ActivityInput
from tgiconik.workflows.run import GridRun
from tgiconik.workflows.run.text import key_of
from tgiconik.workflows.tickets.requests import ACTOR


class MemoryKind(StrEnum):
    """The kinds of entries, as the log has them."""

    ISSUE_LINKED = "issue.linked"
    TEAM_ASKED = "enhancement.asked"


@attrs.frozen(kw_only=True)
class Subject:
    """One round of a request or an issue.

    Attributes:
        noun: `requests` or `issues`.
        id: its id.
        round: the number of reopenings.
        partner_id: company id (BUID) of the partner whose it is.
    """

    noun: str
    id: str
    round: int
    partner_id: str

    def key(self, kind: MemoryKind) -> str:
        """The external id of the entry of a kind."""
        return key_of(kind, self.id, self.round)


async def remember(
    run: GridRun, kind: MemoryKind, subject: Subject, detail: Mapping[str, Any]
) -> None:
    """Keep what is known, unless an earlier run has."""
    entry = ActivityInput(
        kind=kind,
        external_id=subject.key(kind),
        actor=ACTOR,
        partner_id=subject.partner_id,
        subject_type=subject.noun,
        subject_id=subject.id,
        detail=detail,
    )
    await run.write(
        f"log {kind} of {subject.id}",
        lambda: run.grid.community.activity.append(entry),
        instead=None,
    )


async def recall(run: GridRun, kind: MemoryKind, subject: Subject) -> Mapping[str, Any] | None:
    """The detail that an earlier run recorded; None if there is none."""
    entries = run.grid.community.activity.list(
        kind=[kind], subject_id=subject.id, external_id=subject.key(kind)
    )
    async for entry in entries:
        if entry.is_operators:
            return entry.detail
    return None
