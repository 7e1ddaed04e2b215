"""Log events and traces: stable names on the standard logger, and spans of OpenTelemetry.

Everything that tgiconik logs is an `Event`, on one of the loggers `tgiconik.http`,
`tgiconik.workflow`, `tgiconik.post`, `tgiconik.worker` and `tgiconik.webhooks`. `run` gives a run
of any function of your own the same events, run id and span that workflows have.
`current_traceparent` and `continue_trace` carry a trace through a database or a queue.

Spans are created where the package `opentelemetry-api` is installed, which the extra `telemetry`
brings, and nowhere else. No record and no span has a credential or a link.
"""

from tgiconik.telemetry.events import LEVELS, Event, Fields, is_logged, log
from tgiconik.telemetry.runs import ActiveRun, current_run, run
from tgiconik.telemetry.tracing import continue_trace, current_traceparent

__all__ = [
    "LEVELS",
    "ActiveRun",
    "Event",
    "Fields",
    "continue_trace",
    "current_run",
    "current_traceparent",
    "is_logged",
    "log",
    "run",
]
