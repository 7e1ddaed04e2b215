"""Packages that are installed, and that a process is to do without all the same.

It imports nothing: who measures imports has it too.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class _Refusal:
    """Nobody finds these packages."""

    def __init__(self, names: "Iterable[str]") -> None:
        self._names = frozenset(names)

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        """Nothing, or less than that."""
        del path, target
        if name.partition(".")[0] in self._names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def refuse(names: "Iterable[str]") -> None:
    """From here on, these packages are not installed."""
    sys.meta_path.insert(0, _Refusal(names))
