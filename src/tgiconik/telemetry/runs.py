"""A run: its id, its begin and end in the log, and its span."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Final
from uuid import uuid4

import attrs

from tgiconik._place import type_and_place
from tgiconik._secrets import without_links
from tgiconik.errors import CallError, TgIconikError
from tgiconik.telemetry import tracing
from tgiconik.telemetry.events import Event, RunFields, log, run_fields

_LONGEST: Final = 500


@attrs.define
class ActiveRun:
    """A run that goes on.

    Attributes:
        id: identifies the run in logs and traces.
        workflow: name of the function.
        subject: id of what it is about; None for no single thing.
        summary: the result in one line, for the event of its end; without links.
        failures: the failures within the result, each in one line and without links; they make the
            run incomplete.
    """

    id: str
    workflow: str
    subject: str | None
    summary: str = ""
    failures: Sequence[str] = ()

    def __str__(self) -> str:
        return " ".join(filter(None, (self.workflow, self.subject)))


def current_run() -> str | None:
    """The id of the run that this task belongs to; None outside of one."""
    return run_fields.get().run_id


@contextmanager
def run(
    workflow: str, subject: str | None = None, *, run_id: str | None = None, dry_run: bool = False
) -> Iterator[ActiveRun]:
    """Log begin and end of a run around a block, give what happens in it a run id, and trace it.

    All workflows do this by themselves. A run within a run has the id of the outer one.

    Args:
        workflow: name of the function.
        subject: id of what it is about, such as an asset or a request.
        run_id: identifies the run; by default the outer run's id, or else a new random one.
        dry_run: whether the run writes nothing.

    Returns:
        A context; its value takes the result's summary and failures.
    """
    active = ActiveRun(run_id or current_run() or uuid4().hex, workflow, subject)
    token = run_fields.set(RunFields(active.id, workflow, subject))
    attributes: dict[str, str | bool] = {
        "tgiconik.run_id": active.id,
        "tgiconik.workflow": workflow,
        "tgiconik.dry_run": dry_run,
    }
    if subject is not None:
        attributes["tgiconik.subject"] = subject
    began = perf_counter()
    try:
        with tracing.span(workflow, attributes) as span:
            log(Event.WORKFLOW_STARTED, "%s started", active, dry_run=dry_run)
            yield active
            _ended(active, perf_counter() - began, dry_run=dry_run)
            if active.failures and span is not None:
                span.set_attribute("tgiconik.failures", len(active.failures))
                tracing.fail(span, "incomplete")
    except Exception as error:
        seconds, kind = perf_counter() - began, type(error).__name__
        message = "%s failed after %.3f s: %s"
        log(
            Event.WORKFLOW_FAILED,
            message,
            active,
            seconds,
            described(error),
            duration=seconds,
            error=kind,
        )
        raise
    except BaseException as error:
        seconds, kind = perf_counter() - began, type(error).__name__
        message = "%s was cancelled after %.3f s"
        log(Event.WORKFLOW_CANCELLED, message, active, seconds, duration=seconds, error=kind)
        raise
    finally:
        run_fields.reset(token)


def _ended(active: ActiveRun, seconds: float, *, dry_run: bool) -> None:
    said = f": {active.summary}" if active.summary else ""
    failures = len(active.failures)
    log(
        Event.WORKFLOW_FINISHED,
        "%s finished in %.3f s%s",
        active,
        seconds,
        said,
        duration=seconds,
        failures=failures,
        dry_run=dry_run,
    )
    if failures:
        log(
            Event.WORKFLOW_INCOMPLETE,
            "%s: %d failed; the first: %s",
            active,
            failures,
            active.failures[0],
            duration=seconds,
            failures=failures,
        )


def described(error: BaseException) -> str:
    """An error as logs may show it: other people's messages may hold anything, ours are masked.

    Of others it is the type, with module and line of the innermost frame of the user's code.

    Args:
        error: the error.
    """
    kind = type(error).__name__
    if not isinstance(error, TgIconikError):
        return type_and_place(error)
    # What a call's error shows of links is masked already, and its own URL is worth reading.
    text = str(error) if isinstance(error, CallError) else without_links(str(error))
    text = " ".join(text.split())
    return f"{kind}: {text[:_LONGEST]}" if text else kind
