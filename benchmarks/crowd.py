"""A sandbox where an asset is to go to many partners, served from a process of its own."""

import time
from contextlib import ExitStack
from typing import Any

import attrs

from benchmarks.many_partners import gather
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.limit import Limit


class Crowd:
    """A worker's job: the sandbox. Asked for what it knows about itself.

    Args:
        partners: how many the asset is tagged for.
        limited: whether iconik's limit is held.
        latency: seconds that every answer takes beside the work.
    """

    def __init__(self, partners: int, limited: bool, latency: float) -> None:  # noqa: FBT001 - from JSON
        sandbox = Sandbox(limit=Limit() if limited else None, latency=latency)
        (self._asset_id,) = gather(sandbox, partners=partners)
        self._open = ExitStack()
        self._open.callback(sandbox.close)
        self._url = self._open.enter_context(sandbox.serve())
        self._sandbox = sandbox

    def answer(self) -> dict[str, Any]:
        """How clients find it, what it was asked so far, and what that took of the processor."""
        return {
            "asset_id": self._asset_id,
            "environment": self._sandbox.environment(self._url),
            "calls": attrs.asdict(self._sandbox.calls),
            "cpu": time.process_time(),
        }

    def close(self) -> None:
        """Stop serving."""
        self._open.close()
