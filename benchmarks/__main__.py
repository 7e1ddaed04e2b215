"""Benchmarks of the clients compared with other libraries, measured in one run.

    python -m benchmarks                     # everything, into docs/benchmarks.md: some ten minutes
    python -m benchmarks calls               # one subject, or --section calls
    python -m benchmarks --quick             # everything once, to see that it runs

All clients take turns in every round, so that other load on the machine affects all of them. A
figure is the median of its rounds, and a ratio the median of the rounds' ratios. The exit code is 1
if a requirement is not met, except with `--quick`, whose figures are not meaningful.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Final

from benchmarks import charts, report
from benchmarks.automation import automation
from benchmarks.calls import calls
from benchmarks.canned import Canned
from benchmarks.decoding import decoding
from benchmarks.effort import FULL, QUICK, Stage
from benchmarks.fan_out import fan_out
from benchmarks.http2 import http2
from benchmarks.imports import imports
from benchmarks.latency import latency
from benchmarks.results import Section
from benchmarks.streaming import streaming
from benchmarks.wheel import wheel

SECTIONS: Final[Mapping[str, Callable[[Stage], Section]]] = {
    "calls": calls,
    "latency": latency,
    "decoding": decoding,
    "imports": imports,
    "streaming": streaming,
    "fan-out": fan_out,
    "http2": http2,
    "automation": automation,
    "wheel": wheel,
}


def main() -> int:
    """Measure and print; write the page if all sections were measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "subject", nargs="?", choices=SECTIONS, metavar="SUBJECT", help="as --section"
    )
    parser.add_argument("--quick", action="store_true", help="tiny numbers; nothing is written")
    parser.add_argument("--section", choices=SECTIONS, help="one subject; nothing is written")
    options = parser.parse_args()
    options.section = options.section or options.subject
    names = [options.section] if options.section else list(SECTIONS)
    done = []
    with Canned() as canned, canned.serve() as origin:
        stage = Stage(effort=QUICK if options.quick else FULL, canned=canned, origin=origin)
        for name in names:
            sys.stderr.write(f"{name} …\n")
            done.append(SECTIONS[name](stage))
    text = report.markdown(done, canned.server)
    sys.stdout.write(text)
    if options.quick:
        return 0
    if not options.section:
        report.write(text, "figures")
        charts.redraw()
    missed = [each for one in done for each in one.requirements if each.reached is False]
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
