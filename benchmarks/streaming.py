"""The memory of a search of 100,000 hits, which must be that of a page."""

import asyncio
import time
from typing import Any, Final

from benchmarks.bodies import PER_PAGE
from benchmarks.effort import Stage
from benchmarks.memory import most
from benchmarks.peers import FAST, FAST_PACKAGES, PLAIN, Engine, client
from benchmarks.results import Figure, Requirement, Section, Table, number
from benchmarks.worker import Task, workers

_MB: Final = 1_000_000
#: The permitted growth in MB between the first quarter and the end, for noise.
_FLAT: Final = 5


def streaming(stage: Stage) -> Section:
    """Measure the memory of a long search above that of an idle client."""
    tasks = [
        Task(PLAIN, "benchmarks.streaming:Walk", (stage.origin, "httpx"), FAST_PACKAGES),
        Task(FAST, "benchmarks.streaming:Walk", (stage.origin, "aiohttp")),
    ]
    with workers(tasks) as (able, left_out):
        said = {name: worker.ask(hits=stage.effort.hits) for name, worker in able.items()}

    def megabytes(name: str, what: str) -> Figure | None:
        return Figure([said[name][what] / _MB]) if name in said else None

    rows = [
        (
            name,
            number(found["idle"] / _MB),
            number(found["above"] / _MB),
            number(found["grown"] / _MB),
            number(found["hits"] / found["seconds"]),
        )
        for name, found in said.items()
    ]
    columns = ("", "MB idle", "MB above", "MB from the first quarter on", "hits per second")
    return Section(
        title="A search of 100,000 hits" if stage.effort.hits == 100_000 else "A long search",  # noqa: PLR2004
        text=f"`async for hit in iconik.search.assets(…)` over {stage.effort.hits:,} hits with "
        f"every field, {PER_PAGE} to a page of 1.7 MB. Idle is a client that has sent nothing yet; "
        "above is the most that its process ever had.",
        tables=[Table(columns, rows)],
        requirements=[
            requirement
            for name in (PLAIN, FAST)
            for requirement in (
                Requirement(
                    f"memory of a long search above idle: {name}",
                    megabytes(name, "above"),
                    most=60,
                    unit=" MB",
                ),
                Requirement(
                    f"the same, from the first quarter on: {name}",
                    megabytes(name, "grown"),
                    most=_FLAT,
                    unit=" MB",
                ),
            )
        ],
        left_out=left_out,
    )


class Walk:
    """A worker's job that makes one long search."""

    def __init__(self, origin: str, engine: Engine) -> None:
        import tgiconik.iconik.search  # noqa: F401, PLC0415 - loaded in who searches, and when idle

        self._iconik = client(origin, engine)

    def answer(self, *, hits: int) -> dict[str, Any]:
        """Search and measure the memory meanwhile."""
        return asyncio.run(self._answer(hits))

    async def _answer(self, hits: int) -> dict[str, Any]:
        async with self._iconik as iconik:
            idle = most()
            begin, seen, quarter = time.perf_counter(), 0, 0
            async for hit in iconik.search.assets(per_page=PER_PAGE):
                if hit.id is None:
                    raise ValueError("a hit has no id")
                seen += 1
                if seen == hits // 4:
                    quarter = most()
                if seen == hits:
                    break
            peak = most()
        return {
            "hits": seen,
            "seconds": time.perf_counter() - begin,
            "idle": idle,
            "above": peak - idle,
            "grown": peak - quarter,
        }

    def close(self) -> None:
        """Nothing to close."""
