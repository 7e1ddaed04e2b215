"""Decisions about one allowance for all workers: who may make how many calls per second.

iconik counts the calls of all clients of a token together. Each worker leases a part for a few
seconds; all parts that are leased at any moment are at most the allowance.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

#: Of the allowance, what nobody gets less than, so that a worker without work can begin.
_LEAST: Final = 0.005
#: A worker that used this much of its part could use more.
_BUSY: Final = 0.8
#: Wanted by whoever could use more than it has: more than any allowance.
ALL: Final = 1e9
#: What a worker that is not busy may use more than it did.
_GROWTH: Final = 1.5


@attrs.frozen(kw_only=True)
class Holder:
    """A worker that shares the allowance.

    Attributes:
        id: of the worker.
        wanted: calls per second that it could use; infinite, or large, when it does not know.
        held: calls per second that it has leased now; 0 when its lease has ended.
        alive: whether it takes part in the next division.
    """

    id: str
    wanted: float
    held: float = 0.0
    alive: bool = True


def divide(total: float, wanted: Mapping[str, float]) -> dict[str, float]:
    """Divide an allowance: nobody gets more than it wants while others want more.

    What is left when all have what they want is divided equally, so that whoever has work next can
    begin at once.

    Args:
        total: calls per second of all together.
        wanted: calls per second that each could use.

    Returns:
        Calls per second of each; together `total`.
    """
    if not wanted:
        return {}
    parts: dict[str, float] = {}
    left = total
    # From the most modest: what they do not take, the others divide.
    for position, id_ in enumerate(sorted(wanted, key=lambda id_: (wanted[id_], id_))):
        equal = left / (len(wanted) - position)
        parts[id_] = min(max(0.0, wanted[id_]), equal)
        left -= parts[id_]
    return {id_: part + left / len(wanted) for id_, part in parts.items()}


def grant(total: float, me: str, holders: Sequence[Holder]) -> float:
    """The part that a worker gets now.

    It is its share, or less where others still hold more than theirs: those renew within seconds.

    Args:
        total: calls per second of all together.
        me: id of the worker.
        holders: all workers, this one included.
    """
    least = total * _LEAST
    living = {one.id: max(one.wanted, least) for one in holders if one.alive or one.id == me}
    share = divide(total, living)[me]
    held = sum(one.held for one in holders if one.id != me)
    return max(0.0, min(share, total - held))


def wanted(*, used: float, rate: float, waiting: int) -> float:
    """Calls per second that a worker could use: all that it can get, if its calls wait.

    Args:
        used: calls per second that it used lately.
        rate: calls per second that it may use.
        waiting: calls that wait for their turn now.
    """
    if waiting or used >= rate * _BUSY:
        return ALL
    return used * _GROWTH
