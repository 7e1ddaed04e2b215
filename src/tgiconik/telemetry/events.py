"""The events that are logged: their names, loggers, levels and fields.

`docs/logging.md` has the same list for users; names and fields change with a major release only.

In a program without handlers, warnings and errors of the worker appear on standard error, since its
runs and hooks fail where nobody waits for them. All other events are quiet there.
"""

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from enum import StrEnum
from typing import Final, NamedTuple, TypedDict, Unpack


class Event(StrEnum):
    """The name of an event; its first part names the logger, `tgiconik.http` for `http.…`.

    The events of `post` belong to the post office of a community, those of `worker` to the worker
    of the automation, those of `webhooks` to the receiver of iconik's webhooks.
    """

    HTTP_ANSWERED = "http.answered"
    HTTP_RETRIED = "http.retried"
    HTTP_FAILED = "http.failed"
    HTTP_HOOK_FAILED = "http.hook_failed"

    WORKFLOW_STARTED = "workflow.started"
    WORKFLOW_STEP = "workflow.step"
    WORKFLOW_FINISHED = "workflow.finished"
    WORKFLOW_INCOMPLETE = "workflow.incomplete"
    WORKFLOW_CANCELLED = "workflow.cancelled"
    WORKFLOW_FAILED = "workflow.failed"

    POST_COLLECTED = "post.collected"
    POST_APPLIED = "post.applied"
    POST_QUARANTINED = "post.quarantined"
    POST_SENT = "post.sent"
    POST_FAILED = "post.failed"
    POST_GIVEN_UP = "post.given_up"
    POST_BOUNCED = "post.bounced"
    POST_CHANNEL_FAILED = "post.channel_failed"

    WORKER_STARTED = "worker.started"
    WORKER_STOPPED = "worker.stopped"
    WORKER_CAUSE_STORED = "worker.cause_stored"
    WORKER_CAUSE_IGNORED = "worker.cause_ignored"
    WORKER_RUN_INTERRUPTED = "worker.run_interrupted"
    WORKER_RUN_TAKEN_OVER = "worker.run_taken_over"
    WORKER_RUN_RETRIED = "worker.run_retried"
    WORKER_RUN_PARKED = "worker.run_parked"
    WORKER_LEASE_LATE = "worker.lease_late"
    WORKER_LEASE_LOST = "worker.lease_lost"
    WORKER_HOOK_FAILED = "worker.hook_failed"
    WORKER_FAILED = "worker.failed"

    WEBHOOKS_RECEIVED = "webhooks.received"
    WEBHOOKS_REFUSED = "webhooks.refused"
    WEBHOOKS_FAILED = "webhooks.failed"


#: The level of each event: DEBUG for details, INFO for a begin and an end, WARNING for what is
#: dealt with without anybody, ERROR for what somebody should look at.
LEVELS: Final[Mapping[Event, int]] = {
    Event.HTTP_ANSWERED: logging.DEBUG,
    Event.HTTP_RETRIED: logging.WARNING,
    Event.HTTP_FAILED: logging.ERROR,
    Event.HTTP_HOOK_FAILED: logging.ERROR,
    Event.WORKFLOW_STARTED: logging.INFO,
    Event.WORKFLOW_STEP: logging.DEBUG,
    Event.WORKFLOW_FINISHED: logging.INFO,
    Event.WORKFLOW_INCOMPLETE: logging.ERROR,
    Event.WORKFLOW_CANCELLED: logging.WARNING,
    Event.WORKFLOW_FAILED: logging.ERROR,
    Event.POST_COLLECTED: logging.INFO,
    Event.POST_APPLIED: logging.INFO,
    Event.POST_QUARANTINED: logging.WARNING,
    Event.POST_SENT: logging.INFO,
    Event.POST_FAILED: logging.WARNING,
    Event.POST_GIVEN_UP: logging.ERROR,
    Event.POST_BOUNCED: logging.WARNING,
    Event.POST_CHANNEL_FAILED: logging.ERROR,
    Event.WORKER_STARTED: logging.INFO,
    Event.WORKER_STOPPED: logging.INFO,
    Event.WORKER_CAUSE_STORED: logging.DEBUG,
    Event.WORKER_CAUSE_IGNORED: logging.WARNING,
    Event.WORKER_RUN_INTERRUPTED: logging.WARNING,
    Event.WORKER_RUN_TAKEN_OVER: logging.WARNING,
    Event.WORKER_RUN_RETRIED: logging.WARNING,
    Event.WORKER_RUN_PARKED: logging.ERROR,
    Event.WORKER_LEASE_LATE: logging.WARNING,
    Event.WORKER_LEASE_LOST: logging.ERROR,
    Event.WORKER_HOOK_FAILED: logging.ERROR,
    Event.WORKER_FAILED: logging.ERROR,
    Event.WEBHOOKS_RECEIVED: logging.DEBUG,
    Event.WEBHOOKS_REFUSED: logging.WARNING,
    Event.WEBHOOKS_FAILED: logging.ERROR,
}


class Fields(TypedDict, total=False):
    """The fields that a record may have besides `event`, `run_id`, `workflow` and `subject`.

    They become attributes of the `LogRecord`.

    Attributes:
        method: HTTP method of a call.
        url_template: path of a call with placeholders for its ids, such as
            `/API/assets/v1/assets/{id}/`; for a storage its origin and `/{object}`.
        status: HTTP status of an answer.
        attempt: number of the attempt, 1 for the first.
        duration: seconds that it took.
        wait: seconds until the next attempt.
        error: type name of an exception.
        failures: how many partners or objects failed.
        dry_run: whether the run writes nothing.
        step: the kind of a step: `read`, `decided`, `wrote`, `would write` or `waits`.
        hook: `on_request` or `on_response`.
        channel: name of a channel of the post office.
        post_id: name of a letter, or id of a message in the inbox.
        worker: name of a worker.
        cause: what a run of the automation was started by, such as `asset_approved`.
    """

    method: str
    url_template: str
    status: int | None
    attempt: int
    duration: float
    wait: float
    error: str
    failures: int
    dry_run: bool
    step: str
    hook: str
    channel: str
    post_id: str
    worker: str
    cause: str


class RunFields(NamedTuple):
    """The fields that every record of a run has.

    Attributes:
        run_id: identifies the run; None outside of one.
        workflow: name of the function.
        subject: id of what it is about.
    """

    run_id: str | None = None
    workflow: str | None = None
    subject: str | None = None


_NO_RUN: Final = RunFields()
#: The run that this task belongs to. Tasks inherit it from the task that starts them.
run_fields: Final[ContextVar[RunFields]] = ContextVar("tgiconik_run", default=_NO_RUN)

_LOGGERS: Final = {
    family: logging.getLogger(f"tgiconik.{family}")
    for family in dict.fromkeys(event.partition(".")[0] for event in Event)
}
#: Its failures reach nobody else: where no logging is set up, Python writes its warnings and errors
#: to standard error.
_HEARD_BY_DEFAULT: Final = frozenset({"worker"})
# Other failures are raised, or are in results. Without a handler, Python would write them to
# standard error as well, in a program that asked for none.
for _family in _LOGGERS.keys() - _HEARD_BY_DEFAULT:
    _LOGGERS[_family].addHandler(logging.NullHandler())
_LOGGER_OF: Final = {event: _LOGGERS[event.partition(".")[0]] for event in Event}


def is_logged(event: Event) -> bool:
    """Whether somebody listens to an event; says when a costly message can be left out.

    Args:
        event: the event.
    """
    return _LOGGER_OF[event].isEnabledFor(LEVELS[event])


def log(event: Event, message: str, *args: object, **fields: Unpack[Fields]) -> None:
    """Log an event on its logger, at its level, with the fields of the current run.

    Neither message nor fields may hold a credential or a link.

    Args:
        event: the event.
        message: a format string as for `logging.Logger.log`.
        args: the values for its placeholders.
        fields: further attributes of the record.
    """
    logger, level = _LOGGER_OF[event], LEVELS[event]
    if logger.isEnabledFor(level):
        extra = {"event": event.value, **run_fields.get()._asdict(), **fields}
        logger.log(level, message, *args, extra=extra, stacklevel=2)
