"""Spans of OpenTelemetry, where its API is installed; nothing otherwise.

Names and attributes follow OpenTelemetry's conventions for HTTP clients. Spans carry ids, statuses
and the type names of errors: no message, no URL, no credential.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any, Final

from tgiconik._version import __version__

#: W3C Trace Context, version 00: trace id, parent id, flags. All zeros are no id.
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII
)


@cache
def _api() -> Any | None:  # noqa: ANN401 - a module that may not be there
    # By its name, so that type checkers need no package that users need not have either.
    try:
        return import_module("opentelemetry.trace")
    except ImportError:
        return None


@cache
def _tracer() -> Any | None:  # noqa: ANN401 - OpenTelemetry's, where it is
    api = _api()
    return None if api is None else api.get_tracer("tgiconik", __version__)


def is_traced() -> bool:
    """Whether spans are created."""
    return _tracer() is not None


@contextmanager
def span(
    name: str, attributes: Mapping[str, str | int | bool], *, is_call: bool = False
) -> Iterator[Any]:
    """A span around a block, current for what the block starts; None where there are none.

    An error that leaves the block marks the span as failed, by its type name.

    Args:
        name: low in cardinality: no id is in it.
        attributes: what is known at the beginning.
        is_call: the block is a call to another system.
    """
    api, tracer = _api(), _tracer()
    if api is None or tracer is None:
        yield None
        return
    kind = api.SpanKind.CLIENT if is_call else api.SpanKind.INTERNAL
    with tracer.start_as_current_span(
        name,
        kind=kind,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as started:
        try:
            yield started
        except BaseException as error:
            status = getattr(error, "status", None)
            if is_call and isinstance(status, int):
                note_status(started, status)
            fail(started, type(error).__name__)
            raise


def note_status(span: Any, status: int) -> None:  # noqa: ANN401 - OpenTelemetry's
    """Note the answer's status in a call's span.

    Args:
        span: the span; None where there are none.
        status: HTTP status.
    """
    if span is not None:
        span.set_attribute("http.response.status_code", status)


def fail(span: Any, error: str) -> None:  # noqa: ANN401 - OpenTelemetry's
    """Mark a span as failed.

    Args:
        span: the span; None where there are none.
        error: type name of the error, or another short word for it.
    """
    if span is not None and (api := _api()) is not None:
        span.set_attribute("error.type", error)
        span.set_status(api.StatusCode.ERROR, error)


def add_event(name: str, attributes: Mapping[str, str | int | float]) -> None:
    """Add an event to the current span, if there is one.

    Args:
        name: low in cardinality.
        attributes: what happened.
    """
    if (api := _api()) is not None:
        api.get_current_span().add_event(name, attributes=attributes)


def current_traceparent() -> str | None:
    """The current trace as text, to store beside what will continue it later or elsewhere.

    Returns:
        A `traceparent` as W3C Trace Context has it, such as
        `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`; None outside of a trace, and
        where `opentelemetry-api` is not installed.
    """
    api = _api()
    context = None if api is None else api.get_current_span().get_span_context()
    if context is None or not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


@contextmanager
def continue_trace(traceparent: str | None) -> Iterator[None]:
    """Continue a trace for the duration of a block: its spans become part of it.

    Args:
        traceparent: from `current_traceparent`, or the header of a call. With None, or a text that
            is no `traceparent`, the block's spans begin a trace of their own, as W3C Trace Context
            asks for.
    """
    api = _api()
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if api is None or found is None:
        yield
        return
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    parent = api.SpanContext(trace_id, span_id, is_remote=True, trace_flags=api.TraceFlags(flags))
    with api.use_span(api.NonRecordingSpan(parent), record_exception=False):
        yield
