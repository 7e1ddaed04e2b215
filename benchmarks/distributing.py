"""Distribution to many partners, as a worker's job."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from benchmarks.peers import Engine, client
from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import world
from tgiconik.workflows import (
    Step,
    Verb,
    distribute_approved_asset,
    distribute_tagged_assets,
)

_AT_ONCE: Final = 32


class Distributing:
    """Distributes the asset to many partners.

    Args:
        engine: the HTTP engine of both clients.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        client("http://127.0.0.1", engine)  # raises if the engine is not installed

    def answer(self, *, environment: Mapping[str, str], asset_id: str, way: str) -> dict[str, Any]:
        """Distribute the asset.

        Args:
            environment: the environment variables of the sandbox.
            asset_id: the asset.
            way: `one`, by id; `paced`, by id at iconik's rate limit; `tagged`, with all tagged
                assets.
        """
        return asyncio.run(self._answer(environment, asset_id, way))

    async def _answer(
        self, environment: Mapping[str, str], asset_id: str, way: str
    ) -> dict[str, Any]:
        # Without a rate limit, except where it is measured.
        pace: dict[str, Any] = {} if way == "paced" else {"rate": None}
        async with (
            TradingGridClient.from_env(environ=environment, engine=self._engine) as grid,
            IconikClient.from_env(environ=environment, engine=self._engine, **pace) as iconik,
        ):
            shared: list[tuple[float, int]] = []

            def watch(step: Step) -> None:
                if step.verb is Verb.WROTE and step.what.startswith("share "):
                    shared.append((time.perf_counter(), iconik.traffic.calls))

            begin, cpu = time.perf_counter(), time.process_time()
            if way == "tagged":
                every = await distribute_tagged_assets(
                    grid, iconik, policy=world.policy(), max_concurrency=_AT_ONCE
                )
                (done,) = (one for one in every.distributions if one.asset_id == asset_id)
            else:
                done = await distribute_approved_asset(
                    grid, iconik, asset_id, policy=world.policy(), progress=watch
                )
            seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
            return {
                "seconds": seconds,
                "cpu": cpu,
                "calls": grid.traffic.calls + iconik.traffic.calls,
                # Seconds and calls to iconik from the first link to the last.
                "serving": [last - first for first, last in zip(shared[0], shared[-1], strict=True)]
                if shared
                else [],
                "outcomes": Counter(outcome.state for outcome in done.outcomes),
            }

    def close(self) -> None:
        """Nothing to close."""
