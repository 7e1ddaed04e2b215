"""How much is measured: enough to rely on, or just enough to see that everything runs."""

import attrs

from benchmarks.canned import Canned


@attrs.frozen(kw_only=True)
class Effort:
    """How much.

    Attributes:
        rounds: how often each figure is measured, everybody taking turns.
        seconds: that one of these takes at the least.
        at_once: numbers of callers; 1 and 32 are what is required of.
        processes: fresh processes for each thing that is imported.
        hits: of the search that is streamed.
        partners: that an asset goes to.
    """

    rounds: int
    seconds: float
    at_once: tuple[int, ...]
    processes: int
    hits: int
    partners: int


FULL = Effort(
    rounds=5,
    seconds=0.5,
    at_once=(1, 8, 32, 100),
    processes=9,
    hits=100_000,
    partners=2_000,
)
QUICK = Effort(
    rounds=1,
    seconds=0.01,
    at_once=(1, 32),
    processes=1,
    hits=600,
    partners=5,
)


@attrs.frozen(kw_only=True)
class Stage:
    """What all sections have in common.

    Attributes:
        effort: how much is measured.
        canned: servers of canned answers.
        origin: of one that takes no time.
    """

    effort: Effort
    canned: Canned
    origin: str
