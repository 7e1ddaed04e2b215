"""How much is measured: enough to rely on, or just enough to see that everything runs."""

import attrs

from benchmarks.canned import Canned


@attrs.frozen(kw_only=True)
class Effort:
    """How much.

    Attributes:
        rounds: how often each figure is measured, everybody taking turns.
        seconds: that one of these takes at the least.
        processes: fresh processes for each thing that is imported.
        hits: of the search that is streamed.
        partners: that an asset goes to.
    """

    rounds: int
    seconds: float
    processes: int
    hits: int
    partners: int


FULL = Effort(rounds=5, seconds=0.5, processes=9, hits=100_000, partners=2_000)
QUICK = Effort(rounds=1, seconds=0.01, processes=1, hits=600, partners=5)


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
