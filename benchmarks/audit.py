"""Benchmark of a large audit record: memory and events per second.

    python -m benchmarks.audit                     # 1,000,000 events about 400 assets
    python -m benchmarks.audit --events 100000

Reads both platforms (generated in the same process), joins, evaluates and seals the record,
verifies it, and writes it as CSV. Memory is the maximum resident set size of a separate process,
minus that of one with only a few events. The exit code is 1 if it exceeds the bound.
"""

import argparse
import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import attrs

from benchmarks.big_story import BigStory
from tgiconik.workflows import Subject, build_audit_record, verify_audit_record

_MEBIBYTE: Final = 1024 * 1024
#: The maximum memory for a record of any length, above that of a short one.
BOUND: Final = 100 * _MEBIBYTE


@attrs.frozen
class Run:
    """The measurements of one record.

    Attributes:
        events: the number of events.
        seconds: the time to build it.
        verifying: the time to verify it, in seconds.
        peak: maximum resident set size of its process, in bytes.
    """

    events: int
    seconds: float
    verifying: float
    peak: int


async def build(events: int, assets: int) -> Run:
    """Build a record, verify it and write it as CSV."""
    grid, iconik = BigStory(events, assets).clients()
    async with grid, iconik:
        begin = time.perf_counter()
        record = await build_audit_record(grid, iconik, Subject())
        built = time.perf_counter()
    record.raise_for_failures()
    if not verify_audit_record(record, head=record.head).ok:
        raise SystemExit("the record is not as it was sealed")
    verified = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        record.to_csv(Path(folder) / "record.csv")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Run(len(record), built - begin, verified - built, peak)


def measured(events: int, assets: int) -> Run:
    """Measure one record in a separate process."""
    command = [sys.executable, "-m", "benchmarks.audit", "--here", str(events), str(assets)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - ours
    count, seconds, verifying, peak = done.stdout.split()
    return Run(int(count), float(seconds), float(verifying), int(peak))


def main() -> int:
    """Measure, and check the memory bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--assets", type=int, default=400)
    parser.add_argument("--here", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        run = asyncio.run(build(*options.here))
        sys.stdout.write(" ".join(map(str, attrs.astuple(run))))
        return 0
    idle = measured(1, 1).peak
    run = measured(options.events, options.assets)
    above = run.peak - idle
    sys.stdout.write(
        f"{run.events:,} events in {run.seconds:.0f} s: "
        f"{run.events / run.seconds:,.0f} per second\n"
        f"verified in {run.verifying:.0f} s\n"
        f"{above / _MEBIBYTE:.0f} MiB above idle ({idle / _MEBIBYTE:.0f} MiB); "
        f"the bound is {BOUND // _MEBIBYTE} MiB\n"
    )
    return int(above > BOUND)


if __name__ == "__main__":
    sys.exit(main())
