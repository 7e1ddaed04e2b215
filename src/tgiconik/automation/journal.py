"""The journal of a community as a source of causes."""

from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, Final, Protocol

import attrs

from tgiconik import errors
from tgiconik.automation.causes import Cause, CauseKind
from tgiconik.telemetry import Event, log
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import TaskStatus

_REQUESTS: Final = "requests"
_ISSUES: Final = "issues"
#: Entries that are read at once.
_BATCH: Final = 500


class Entry(Protocol):
    """One change of one record, as `tgiconik.community.JournalEntry`."""

    @property
    def change(self) -> int:
        """The number of the change in its company."""
        ...

    @property
    def noun(self) -> str:
        """The collection."""
        ...

    @property
    def id(self) -> str:
        """Id of the record."""
        ...

    @property
    def above(self) -> str:
        """Noun and id of the record above; empty at the top level."""
        ...

    @property
    def before(self) -> Mapping[str, Any] | None:
        """The fields before; None for a new record."""
        ...

    @property
    def after(self) -> Mapping[str, Any]:
        """The fields after."""
        ...


class Journal(Protocol):
    """Something with a journal, such as `tgiconik.community.Community`."""

    def journal(self, company_id: str, *, after: int = 0) -> AsyncIterator[Entry]:
        """The changes of a company with higher numbers than `after`, in their order.

        Args:
            company_id: BUID of the company.
            after: number of the last change that is known.
        """
        ...


@attrs.frozen
class CommentedRequest:
    """A request that was commented. Its kind, which rules go by, is not in the journal's entry.

    Attributes:
        id: of the request.
    """

    id: str


def cause_of(entry: Entry) -> Cause | CommentedRequest | None:
    """The cause in an entry of the journal; None if it is none.

    Args:
        entry: the entry.
    """
    above, _, above_id = entry.above.partition("/")
    match entry.noun:
        case "requests":
            return Cause(CauseKind.REQUEST, entry.id, str(entry.after["kind"]))
        case "comments" if above == _REQUESTS:
            return CommentedRequest(above_id)
        case "issues" | "comments" if _ISSUES in {entry.noun, above}:
            return Cause(CauseKind.ISSUE, above_id or entry.id)
        case "tasks" if _is_done(entry.after) and not _is_done(entry.before):
            return Cause(CauseKind.TASK_DONE, above_id)
        case "receipts":
            return Cause(CauseKind.RECEIPT, str(entry.after["document_id"]))
        case _:
            return None


async def read_causes(
    journal: Journal, grid: TradingGridClient, *, after: int, limit: int
) -> tuple[list[Cause], int]:
    """The causes in the next entries, and the number of the last entry that was read.

    Args:
        journal: the journal of the community that `grid` calls.
        grid: reads the kind of requests that were commented.
        after: number of the last entry that was read before.
        limit: how many entries to read at most.

    Raises:
        StoreError: the community's database does not answer.
        CallError: a request could not be read.
    """
    found: dict[Cause, None] = {}
    kinds: dict[str, str | None] = {}
    last, read = after, 0
    async for entry in journal.journal(grid.company_id, after=after):
        cause = _cause_or_nothing(entry)
        if isinstance(cause, CommentedRequest):
            if cause.id not in kinds:
                kinds[cause.id] = await _kind_of(grid, cause.id)
            kind = kinds[cause.id]
            cause = None if kind is None else Cause(CauseKind.REQUEST, cause.id, kind)
        if cause is not None:
            found[cause] = None
        last, read = entry.change, read + 1
        if read >= limit:
            break
    return [*found], last


def _cause_or_nothing(entry: Entry) -> Cause | CommentedRequest | None:
    try:
        return cause_of(entry)
    except (errors.ConfigurationError, KeyError):
        # One bad entry must not keep the others waiting.
        message = "change %d of the journal is no cause: its id or fields are bad"
        log(Event.WORKER_CAUSE_IGNORED, message, entry.change)
        return None


async def _kind_of(grid: TradingGridClient, request_id: str) -> str | None:
    try:
        return str((await grid.community.requests.get(request_id)).kind)
    except errors.NotFound:
        return None


def _is_done(task: Mapping[str, Any] | None) -> bool:
    return task is not None and task.get("status") == TaskStatus.DONE


@attrs.frozen
class JournalSource:
    """A journal as a source of causes; its positions are numbers of changes.

    Attributes:
        journal: the journal.
        name: under which its positions are stored.
        pause: seconds between two looks.
        kinds: the kinds of causes that are found in it.
    """

    journal: Journal
    name: str = "journal"
    pause: float = 0.5
    kinds: Collection[CauseKind] = (
        CauseKind.REQUEST,
        CauseKind.ISSUE,
        CauseKind.TASK_DONE,
        CauseKind.RECEIPT,
    )

    async def read(
        self, grid: TradingGridClient, after: str | None
    ) -> tuple[list[Cause], str | None]:
        """The causes in the next entries.

        Args:
            grid: the client of the company.
            after: number of the last entry that was read.
        """
        known = int(after or 0)
        causes, last = await read_causes(self.journal, grid, after=known, limit=_BATCH)
        return causes, after if last == known else str(last)
