"""The amount of measurement: full, or just enough to test that everything runs."""

import attrs

from benchmarks.canned import Canned


@attrs.frozen(kw_only=True)
class Effort:
    """The amount of measurement.

    Attributes:
        rounds: the number of rounds, in which all clients take turns.
        seconds: the minimum duration of a round.
        at_once: the numbers of concurrent callers; requirements refer to 1 and 32.
        processes: the number of new processes per import.
        hits: the number of hits of the streamed search.
        partners: the number of partners of a distribution.
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
    """The common resources of all sections.

    Attributes:
        effort: the amount of measurement.
        canned: servers with canned responses.
        origin: the origin of a server without delay.
    """

    effort: Effort
    canned: Canned
    origin: str
