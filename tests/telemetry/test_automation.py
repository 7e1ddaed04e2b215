"""One trace goes from a cause to the calls of its run, whichever process does it."""

from pathlib import Path

from tgiconik import IconikClient, TradingGridClient
from tgiconik.automation import Automation, Cause, CauseKind, on_issue
from tgiconik.sandbox import Sandbox
from tgiconik.telemetry import tracing

from .conftest import Spans


async def look(_grid: TradingGridClient, iconik: IconikClient, _issue: str) -> None:
    await iconik.users.get_current_user()


async def test_a_run_continues_the_trace_of_its_cause(spans: Spans, tmp_path: Path) -> None:
    sandbox, database = Sandbox(), f"sqlite:///{tmp_path / 'automation.db'}"
    with tracing.span("a webhook", {}):
        traced = Cause(CauseKind.ISSUE, "ISS-1")
    assert traced == Cause(CauseKind.ISSUE, "ISS-1")
    async with Automation([on_issue(look)]).worker(
        database=database, clients=sandbox.clients
    ) as worker:
        await worker.submit(traced)
        await worker.settled()
    sandbox.close()

    called = [span for span in spans.all() if "/users/" in span.name]
    traces = {span.context.trace_id for span in [*called, spans.named("a webhook")] if span.context}
    assert called
    assert len(traces) == 1
