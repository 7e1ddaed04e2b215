"""The values that the store takes and gives."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from tgiconik.automation.planning import LiveWorker


@attrs.frozen
class StoredCause:
    """A cause of one rule, as it is stored.

    Attributes:
        rule: name of the rule.
        subject: collection and id.
        id: what the rule's function is called with.
        traceparent: the trace that led to it; None if there is none.
    """

    rule: str
    subject: str
    id: str
    traceparent: str | None = None


@attrs.frozen(kw_only=True)
class Begun:
    """A run that began.

    Attributes:
        number: of the run.
        id: what the rule's function is called with.
        attempts: of each cause that the run covers, by number, this one included.
        deaths: how many processes ended during earlier runs for one of these causes.
        traceparent: the trace of the first of these causes that has one.
    """

    number: int
    id: str
    attempts: Mapping[int, int]
    deaths: int = 0
    traceparent: str | None = None


@attrs.frozen(kw_only=True)
class Parked:
    """A cause that is not tried again until `retry`.

    Attributes:
        id: for `retry`.
        rule: name of the rule.
        subject: collection and id, such as `requests/REQ-1042`.
        reason: why it failed the last time.
        attempts: how many runs failed.
        stored_at: when the cause was stored, in UTC.
    """

    id: int
    rule: str
    subject: str
    reason: str
    attempts: int
    stored_at: datetime


@attrs.frozen(kw_only=True)
class Run:
    """A run that began.

    Attributes:
        number: runs are counted as they begin.
        rule: name of the rule.
        subject: collection and id, such as `requests/REQ-1042`.
        worker: id of the worker.
        began_at: in UTC.
        ended_at: in UTC; None while it runs.
        reason: why it failed; None if it did not.
        summary: the result in one line; None for functions that return anything else than results
            of workflows.
        has_report: whether `Worker.report` has a page about it.
        result: the workflow's result as its `to_dict()`, without links; None for functions that
            return anything else.
    """

    number: int
    rule: str
    subject: str
    worker: str
    began_at: datetime
    ended_at: datetime | None
    reason: str | None
    summary: str | None = None
    has_report: bool = False
    result: Mapping[str, Any] | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class WaitingCause:
    """A cause that waits.

    Attributes:
        rule: name of the rule.
        subject: collection and id, such as `requests/REQ-1042`.
        due_at: when it is run, in UTC.
        attempts: how many runs failed.
        reason: why it failed the last time; None if it did not.
    """

    rule: str
    subject: str
    due_at: datetime
    attempts: int
    reason: str | None


@attrs.frozen(kw_only=True)
class Kept:
    """The parts of a successful run that are kept.

    Attributes:
        result: plain data without links.
        summary: the result in one line.
        report: a page of HTML without links.
    """

    result: Mapping[str, Any] | None = None
    summary: str | None = None
    report: str | None = None


@attrs.frozen(kw_only=True)
class Overview:
    """How much there is to do.

    Attributes:
        waiting: causes that wait, those that wait for another attempt included.
        running: causes of which a run is under way.
        parked: causes that are not tried again until `retry`.
        oldest: when the oldest cause that waits was stored, in UTC; None if none waits.
        workers: the workers that live.
    """

    waiting: int
    running: int
    parked: int
    oldest: datetime | None
    workers: tuple[LiveWorker, ...]
