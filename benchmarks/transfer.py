"""Uploads and downloads against plain httpx streaming, and the memory that they take.

    python -m benchmarks.transfer            # 2 GiB, five times
    python -m benchmarks.transfer --size 5 --times 1

Each variant transfers a sparse file in a separate process; the variants take turns. Memory is the
maximum resident set size (as in `/usr/bin/time -v`), minus that of a process that has uploaded a
single byte.
"""

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import attrs
import httpx

from benchmarks.fast_storage import ASSET, fast_storage
from tgiconik import IconikClient

_CHUNK: Final = 1024 * 1024
_GIBIBYTE: Final = 1024**3


@attrs.frozen
class Run:
    """One transfer.

    Attributes:
        seconds: the time from the first call to the last.
        peak: maximum resident set size of its process, in bytes.
    """

    seconds: float
    peak: int


def client(origin: str) -> IconikClient:
    """A client with default settings, but without a rate limit."""
    return IconikClient(origin, "app", "token", rate=None)


async def idle(origin: str, file: Path) -> None:
    """A client with all modules of a transfer imported."""
    async with client(origin) as iconik:
        await iconik.transfer.upload(file.with_suffix(".small"))


async def upload(origin: str, file: Path) -> None:
    """Our upload."""
    async with client(origin) as iconik:
        await iconik.transfer.upload(file)


async def download(origin: str, file: Path) -> None:
    """Our download."""
    async with client(origin) as iconik:
        await iconik.transfer.download(ASSET, file.with_suffix(".came"))


async def plain_upload(origin: str, file: Path) -> None:
    """One PUT with httpx from a file iterator."""

    async def chunks() -> AsyncIterator[bytes]:
        with file.open("rb") as opened:
            while chunk := opened.read(_CHUNK):
                yield chunk

    headers = {"Content-Length": str(os.path.getsize(file))}  # noqa: ASYNC240, PTH202 - as simply as can be
    async with httpx.AsyncClient() as http:
        answer = await http.put(f"{origin}/storage/part", content=chunks(), headers=headers)
        answer.raise_for_status()


async def plain_download(origin: str, file: Path) -> None:
    """One GET with httpx into a file."""
    with file.with_suffix(".came").open("wb") as opened:
        async with (
            httpx.AsyncClient() as http,
            http.stream("GET", f"{origin}/storage/file") as answer,
        ):
            async for chunk in answer.aiter_raw(_CHUNK):
                opened.write(chunk)


WAYS: Final[Mapping[str, Callable[[str, Path], Awaitable[None]]]] = {
    way.__name__: way for way in (idle, upload, plain_upload, download, plain_download)
}


def measured(way: str, method: str, size: int) -> Run:
    """Measure one variant in a separate process."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "film.mp4"
        with file.open("wb") as opened:
            opened.truncate(size)
        file.with_suffix(".small").write_bytes(bytes(1))
        with fast_storage(method, size) as origin:
            command = [sys.executable, "-m", "benchmarks.transfer", "--way", way, origin, str(file)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - ours
    seconds, peak = done.stdout.split()
    return Run(float(seconds), int(peak))


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=2.0, help="GiB")
    parser.add_argument("--times", type=int, default=5, help="runs of each way")
    parser.add_argument("--way", nargs=3, metavar=("WAY", "ORIGIN", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        name, origin, file = options.way
        begin = time.perf_counter()
        asyncio.run(WAYS[name](origin, Path(file)))  # type: ignore[arg-type]  # they are coroutines
        seconds = time.perf_counter() - begin
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        sys.stdout.write(f"{seconds} {peak}")
        return 0
    size = int(options.size * _GIBIBYTE)
    sys.stdout.write(f"{'':22}{'MB/s':>10}{'spread':>16}{'of plain':>10}{'peak MB':>10}\n")
    for method in ("S3", "GCS"):
        runs: dict[str, list[Run]] = {way: [] for way in WAYS}
        for _ in range(options.times):
            for way, found in runs.items():
                found.append(measured(way, method, size))
        base = min(run.peak for run in runs["idle"])
        for way in ("upload", "download"):
            for name in (f"plain_{way}", way):
                _write_row(f"{method} {name}", size, runs[name], runs[f"plain_{way}"], base)
    return 0


def _write_row(name: str, size: int, runs: list[Run], plain: list[Run], base: int) -> None:
    speeds = [size / run.seconds / 1e6 for run in runs]
    ratios = [theirs.seconds / ours.seconds for ours, theirs in zip(runs, plain, strict=True)]
    peak = (max(run.peak for run in runs) - base) / 1e6
    sys.stdout.write(
        f"{name:22}{statistics.median(speeds):>10.0f}"
        f"{f'{min(speeds):.0f} to {max(speeds):.0f}':>16}"
        f"{statistics.median(ratios):>10.2f}{peak:>10.1f}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
