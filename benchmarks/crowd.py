"""A sandbox with an asset for many partners, served from a separate process."""

import time
from contextlib import ExitStack
from typing import Any

import attrs

from benchmarks.many_partners import gather
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.limit import Limit


class Crowd:
    """A worker's job that serves the sandbox and reports its statistics.

    Args:
        partners: the number of partners of the asset.
        limited: whether iconik's rate limit applies.
        latency: the additional delay of every response, in seconds.
    """

    def __init__(self, partners: int, limited: bool, latency: float) -> None:  # noqa: FBT001 - from JSON
        sandbox = Sandbox(limit=Limit() if limited else None, latency=latency)
        (self._asset_id,) = gather(sandbox, partners=partners)
        self._open = ExitStack()
        self._open.callback(sandbox.close)
        self._url = self._open.enter_context(sandbox.serve())
        self._sandbox = sandbox

    def answer(self) -> dict[str, Any]:
        """The sandbox's environment, calls so far, and CPU time."""
        return {
            "asset_id": self._asset_id,
            "environment": self._sandbox.environment(self._url),
            "calls": attrs.asdict(self._sandbox.calls),
            "cpu": time.process_time(),
        }

    def close(self) -> None:
        """Stop serving."""
        self._open.close()
