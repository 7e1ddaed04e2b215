"""The runs that the engine gives to a worker."""

import asyncio
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from tgiconik.automation import LiveWorker, Patience
from tgiconik.automation.database import parse_database
from tgiconik.automation.options import Options
from tgiconik.automation.planning import plan
from tgiconik.automation.presence import Presence
from tgiconik.automation.running import Runner
from tgiconik.automation.store import Store, StoredCause
from tgiconik.sandbox import Sandbox

ME = LiveWorker(id="worker-1", host="h", release="1", rules=frozenset({"rule"}))


async def test_a_run_that_comes_before_the_worker_has_its_lease_goes_back_to_the_queue(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    options = Options(
        clients=sandbox.clients,
        sources=(),
        patience=Patience(),
        max_concurrency=1,
        drain=timedelta(),
        release=ME.release,
        keep=timedelta(days=1),
    )
    with closing(Store(parse_database(f"sqlite:///{tmp_path / 'automation.db'}"))) as store:
        presence = Presence(store, ME, lambda: None)
        store.causes.add([StoredCause("rule", "issues/ISS-1", "ISS-1")])
        (run,) = store.causes.mark_queued(plan(*store.causes.due(["rule"], most=1)))
        async with sandbox.clients() as clients:
            runner = Runner(
                ME,
                options,
                store,
                rules={},
                clients=clients,
                presence=presence,
                wake=asyncio.Event(),
            )
            takes_before = runner.takes_runs
            await runner.do(run.id, run.rule, run.subject)

            assert store.causes.queued_runs() == []
            assert store.runs.latest(1) == ()
            await asyncio.to_thread(presence.start)
            assert (takes_before, runner.takes_runs) == (False, True)
            await asyncio.to_thread(presence.stop)
