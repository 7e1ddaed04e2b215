"""The throughput of a client with a given number of concurrent callers.

Each caller makes a call, reads the response, and repeats.
"""

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from typing import Any

import attrs

from benchmarks import peers
from benchmarks.bodies import PER_PAGE


@attrs.frozen
class Rate:
    """The result of a measurement.

    Attributes:
        calls: the number of successful calls.
        failed: the number of failed calls, by error.
        seconds: the time until the last response.
        cpu: the CPU time of this process, in seconds.
    """

    calls: int
    failed: dict[str, int]
    seconds: float
    cpu: float


class Load:
    """A worker's job that calls with an asynchronous client."""

    def __init__(self, peer: str, origin: str, *arguments: str) -> None:
        make: Callable[..., AbstractAsyncContextManager[peers.Calls]] = getattr(peers, peer)
        self._runner = asyncio.Runner()
        self._client = make(origin, *arguments)
        self._calls = self._runner.run(self._client.__aenter__())
        self._runner.run(self._check())

    async def _check(self) -> None:
        check(await self._calls.get(), await self._calls.search(), self._calls.kind)

    def answer(self, *, call: str, at_once: int, seconds: float) -> dict[str, Any]:
        """Make calls for some time."""
        return self._runner.run(self._answer(getattr(self._calls, call), at_once, seconds))

    async def _answer(self, call: Callable[[], Any], at_once: int, seconds: float) -> Any:  # noqa: ANN401 - JSON
        # Reconnect idle connections first, because connecting is not measured.
        warm_up = (self._calls.get() for _ in range(at_once))
        await asyncio.gather(*warm_up, return_exceptions=True)
        watch = Watch(seconds)

        async def caller() -> None:
            while watch.runs():
                with watch.one():
                    await call()

        await asyncio.gather(*(caller() for _ in range(at_once)))
        return watch.rate()

    def close(self) -> None:
        """Close the client."""
        self._runner.run(self._client.__aexit__(None, None, None))
        self._runner.close()


class ThreadedLoad:
    """A worker's job that calls with a blocking client, one thread per caller."""

    def __init__(self, peer: str, origin: str) -> None:
        make: Callable[..., AbstractContextManager[peers.BlockingCalls]] = getattr(peers, peer)
        self._client = make(origin)
        self._calls = self._client.__enter__()
        check(self._calls.get(), self._calls.search(), self._calls.kind)

    def answer(self, *, call: str, at_once: int, seconds: float) -> Any:  # noqa: ANN401 - JSON
        """Make calls for some time."""
        function: Callable[[], Any] = getattr(self._calls, call)
        with ThreadPoolExecutor(at_once) as pool:
            wait([pool.submit(self._calls.get) for _ in range(at_once)])
            watch = Watch(seconds)

            def caller(_: int) -> None:
                while watch.runs():
                    with watch.one():
                        function()

            list(pool.map(caller, range(at_once)))
            return watch.rate()

    def close(self) -> None:
        """Close the client."""
        self._client.__exit__(None, None, None)


class Watch:
    """Counts calls for a period that begins at creation."""

    def __init__(self, seconds: float) -> None:
        gc.collect()
        self._calls = 0
        self._failed = Counter[str]()
        self._begin = time.perf_counter()
        self._cpu = time.process_time()
        self._end = self._begin + seconds

    def runs(self) -> bool:
        """Whether the period has not ended."""
        return time.perf_counter() < self._end

    @contextmanager
    def one(self) -> Iterator[None]:
        """Make one call and count its result, because some clients fail under concurrency."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever they end with
            self._failed[f"{type(error).__name__}: {error}"] += 1
        else:
            self._calls += 1

    def rate(self) -> dict[str, Any]:
        """The result so far."""
        now, cpu = time.perf_counter(), time.process_time()
        return attrs.asdict(Rate(self._calls, self._failed, now - self._begin, cpu - self._cpu))


def check(asset: object, hits: object, kind: tuple[type, type]) -> None:
    """Check that a client decodes complete models and returns all hits."""
    if type(asset) is not kind[0]:
        raise TypeError(f"an asset is {type(asset)}")
    if not isinstance(hits, list) or len(hits) != PER_PAGE or {*map(type, hits)} != {kind[1]}:
        raise TypeError(f"hits are {str(hits)[:200]}")
