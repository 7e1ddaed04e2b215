"""Entries of a community's journal, and what they are causes for."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import attrs
import pytest

from tgiconik.automation import Cause, CauseKind
from tgiconik.automation.journal import CommentedRequest, cause_of, read_causes
from tgiconik.community import Community
from tgiconik.sandbox import Sandbox


@attrs.frozen(kw_only=True)
class Entry:
    noun: str
    id: str = "X-1"
    above: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] = attrs.field(factory=dict)
    change: int = 1


DONE = {"status": "done"}


@pytest.mark.parametrize(
    ("entry", "cause"),
    [
        (
            Entry(noun="requests", id="REQ-1", after={"kind": "enhancement"}),
            Cause(CauseKind.REQUEST, "REQ-1", "enhancement"),
        ),
        (Entry(noun="comments", above="requests/REQ-1"), CommentedRequest("REQ-1")),
        (Entry(noun="issues", id="ISS-1"), Cause(CauseKind.ISSUE, "ISS-1")),
        (Entry(noun="comments", above="issues/ISS-1"), Cause(CauseKind.ISSUE, "ISS-1")),
        (Entry(noun="comments", above="projects/PRJ-1"), None),
        (
            Entry(noun="tasks", above="projects/PRJ-1", after=DONE),
            Cause(CauseKind.TASK_DONE, "PRJ-1"),
        ),
        (Entry(noun="tasks", above="projects/PRJ-1", before=DONE, after=DONE), None),
        (Entry(noun="tasks", above="projects/PRJ-1", after={"status": "doing"}), None),
        (
            Entry(noun="receipts", after={"document_id": "DOC-1"}),
            Cause(CauseKind.RECEIPT, "DOC-1"),
        ),
        (Entry(noun="partners"), None),
    ],
)
def test_what_an_entry_is_a_cause_for(entry: Entry, cause: object) -> None:
    assert cause_of(entry) == cause


class Prepared:
    """A journal with entries that no rule of a community would have let in."""

    async def journal(self, company_id: str, *, after: int = 0) -> AsyncIterator[Entry]:
        assert company_id
        for entry in (
            Entry(noun="requests", change=1),
            Entry(noun="issues", id="a\nb", change=2),
            Entry(noun="comments", above="requests/REQ-GONE", change=3),
            Entry(noun="issues", id="ISS-1", change=4),
        ):
            if entry.change > after:
                yield entry


async def test_a_bad_entry_does_not_keep_the_others_waiting() -> None:
    sandbox = Sandbox()
    async with sandbox.clients() as (grid, _):
        found = await read_causes(Prepared(), grid, after=0, limit=10)
    sandbox.close()

    assert found == ([Cause(CauseKind.ISSUE, "ISS-1")], 4)


async def test_a_journal_is_read_in_parts() -> None:
    sandbox = Sandbox()
    journal = Community(sandbox.state.community)
    causes, after = [], 0
    async with sandbox.clients() as (grid, _):
        while True:
            part, last = await read_causes(journal, grid, after=after, limit=4)
            if last == after:
                break
            assert last == after + 4 or last == 23
            causes += part
            after = last
    sandbox.close()

    assert [cause.id for cause in causes] == [*(f"REQ-{n}" for n in range(1042, 1047)), "ISS-7"]
