"""Spans in memory, as OpenTelemetry's own SDK exports them."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler, SamplingResult


class Spans:
    """The spans that have ended.

    Args:
        exporter: where they are.
    """

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def all(self) -> list[ReadableSpan]:
        """All of them, in the order in which they ended."""
        return list(self._exporter.get_finished_spans())

    def named(self, name: str) -> ReadableSpan:
        """The one of this name."""
        (span,) = [span for span in self.all() if span.name == name]
        return span


class OnDemand(Sampler):
    """Records while a test asks for it: a process has one provider, which stays for other tests.

    Attributes:
        on: whether spans are recorded.
    """

    def __init__(self) -> None:
        self.on = False

    def should_sample(self, *args: Any, **options: Any) -> SamplingResult:  # noqa: ANN401 - the SDK's
        return (ALWAYS_ON if self.on else ALWAYS_OFF).should_sample(*args, **options)

    def get_description(self) -> str:
        return "on demand"


@pytest.fixture(scope="session")
def recording() -> tuple[InMemorySpanExporter, OnDemand]:
    exporter, sampler = InMemorySpanExporter(), OnDemand()
    provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter, sampler


@pytest.fixture
def spans(recording: tuple[InMemorySpanExporter, OnDemand]) -> Iterator[Spans]:
    exporter, sampler = recording
    sampler.on = True
    yield Spans(exporter)
    sampler.on = False
    exporter.clear()
