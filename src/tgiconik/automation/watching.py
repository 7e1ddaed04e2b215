"""A community over HTTP as a source of causes: what was updated since the last look.

Lists can be late by seconds, and `updated_since` is inclusive. So each look begins some time before
what was seen last, and a position holds what was seen in that time.
"""

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

import attrs

from tgiconik import errors
from tgiconik.automation.causes import Cause, CauseKind
from tgiconik.automation.sources import Source
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    Comment,
    IssueStatus,
    ProjectStatus,
    RequestStatus,
    TaskStatus,
)

#: How late a list may be.
_OVERLAP: Final = timedelta(seconds=60)
#: In these the team works on an issue, and a partner's comment matters.
_OPEN_ISSUES: Final = (
    IssueStatus.OPEN,
    IssueStatus.ACKNOWLEDGED,
    IssueStatus.IN_PROGRESS,
    IssueStatus.REOPENED,
)


@attrs.frozen(kw_only=True)
class Change:
    """A record that changed.

    Attributes:
        key: of this state of the record; another one after every change.
        at: when, by the community's clock.
        cause: what it is a cause of.
    """

    key: str
    at: datetime
    cause: Cause


@attrs.frozen(kw_only=True)
class Position:
    """How far a list was read.

    Attributes:
        latest: the time of the latest change that was seen; None before the first.
        seen: the changes that were seen at or after the time where the next look begins.
    """

    latest: datetime | None = None
    seen: Mapping[str, datetime] = attrs.field(factory=dict)

    @property
    def since(self) -> datetime | None:
        """Where the next look begins."""
        return None if self.latest is None else self.latest - _OVERLAP

    def new(self, changes: Collection[Change]) -> tuple[list[Change], "Position"]:
        """The changes that were not seen before, and the position behind all of them.

        Args:
            changes: what a look from `since` on has found.
        """
        fresh = [change for change in changes if change.key not in self.seen]
        times = [change.at for change in changes]
        if self.latest is not None:
            times.append(self.latest)
        if not times:
            return fresh, self
        latest = max(times)
        seen = {**self.seen, **{change.key: change.at for change in changes}}
        kept = {key: at for key, at in seen.items() if at >= latest - _OVERLAP}
        return fresh, Position(latest=latest, seen=kept)

    def to_text(self) -> str:
        """As it is stored."""
        latest = None if self.latest is None else self.latest.astimezone(UTC).isoformat()
        seen = {key: at.astimezone(UTC).isoformat() for key, at in sorted(self.seen.items())}
        return json.dumps({"latest": latest, "seen": seen})

    @classmethod
    def from_text(cls, text: str | None) -> "Position":
        """As it was stored; the beginning for None.

        Args:
            text: as `to_text` gives it.
        """
        if text is None:
            return cls()
        fields = json.loads(text)
        latest = fields["latest"]
        return cls(
            latest=None if latest is None else datetime.fromisoformat(latest),
            seen={key: datetime.fromisoformat(at) for key, at in fields["seen"].items()},
        )


#: Finds what changed since a time.
Look: TypeAlias = Callable[[TradingGridClient, datetime | None], AsyncIterable[Change]]


@attrs.frozen(kw_only=True)
class HttpSource:
    """A list of a community as a source of causes.

    Attributes:
        name: under which its positions are stored.
        kinds: the kinds of causes that are found in it.
        pause: seconds between two looks.
        look: finds what changed.
    """

    name: str
    kinds: Collection[CauseKind]
    pause: float
    look: Look

    async def read(
        self, grid: TradingGridClient, after: str | None
    ) -> tuple[list[Cause], str | None]:
        """The causes in what changed, each once.

        Args:
            grid: the client of the company.
            after: the position that an earlier look answered.

        Raises:
            CallError: the community does not answer.
        """
        position = Position.from_text(after)
        changes = [change async for change in self.look(grid, position.since)]
        fresh, behind = position.new(changes)
        if not fresh:
            return [], after
        return [*dict.fromkeys(change.cause for change in fresh)], behind.to_text()


@attrs.frozen
class Watching:
    """How a community over HTTP is watched.

    Attributes:
        every: the time between two looks.

    Raises:
        ConfigurationError: the time is not above zero.
    """

    every: timedelta

    def __attrs_post_init__(self) -> None:
        if self.every <= timedelta():
            raise errors.ConfigurationError("watch must be a time above zero")


def sources_over_http(watching: Watching) -> tuple[Source, ...]:
    """The lists of a community that have causes.

    Args:
        watching: how it is watched.
    """
    looks: tuple[tuple[str, CauseKind, Look], ...] = (
        ("requests", CauseKind.REQUEST, _requests),
        ("issues", CauseKind.ISSUE, _issues),
        ("tasks", CauseKind.TASK_DONE, _tasks),
        ("receipts", CauseKind.RECEIPT, _receipts),
    )
    return tuple(
        HttpSource(
            name=f"http/{name}", kinds=(kind,), pause=watching.every.total_seconds(), look=look
        )
        for name, kind, look in looks
    )


async def _requests(grid: TradingGridClient, since: datetime | None) -> AsyncIterator[Change]:
    requests = grid.community.requests
    async for one in requests.list(updated_since=since):
        yield _change(one.id, one.updated_at, Cause(CauseKind.REQUEST, one.id, one.kind))
    if since is None:
        return
    # A comment does not change its request. It matters where the partner's answer is waited for.
    async for one in requests.list(status=[RequestStatus.NEEDS_INFORMATION]):
        cause = Cause(CauseKind.REQUEST, one.id, one.kind)
        async for comment in requests.comments(one.id, updated_since=since):
            yield _said(comment, cause)


async def _issues(grid: TradingGridClient, since: datetime | None) -> AsyncIterator[Change]:
    issues = grid.community.issues
    async for one in issues.list(updated_since=since):
        yield _change(one.id, one.updated_at, Cause(CauseKind.ISSUE, one.id))
    if since is None:
        return
    async for one in issues.list(status=_OPEN_ISSUES):
        async for comment in issues.comments(one.id, updated_since=since):
            yield _said(comment, Cause(CauseKind.ISSUE, one.id))


async def _tasks(grid: TradingGridClient, since: datetime | None) -> AsyncIterator[Change]:
    async for project in grid.community.projects.list(status=[ProjectStatus.ACTIVE]):
        done = grid.community.tasks.list(project.id, status=[TaskStatus.DONE], updated_since=since)
        async for task in done:
            yield _change(task.id, task.updated_at, Cause(CauseKind.TASK_DONE, project.id))


async def _receipts(grid: TradingGridClient, since: datetime | None) -> AsyncIterator[Change]:
    async for one in grid.community.receipts.list(updated_since=since):
        yield _change(one.id, one.at, Cause(CauseKind.RECEIPT, one.document_id))


def _said(comment: Comment, cause: Cause) -> Change:
    return _change(comment.id, comment.created_at, cause)


def _change(id_: str, at: datetime, cause: Cause) -> Change:
    return Change(key=f"{id_}@{at.astimezone(UTC).isoformat()}", at=at, cause=cause)
