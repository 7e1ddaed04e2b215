"""Hides installed packages from a process.

Imports nothing, because benchmarks of imports use it.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class _Refusal:
    """An import finder that hides packages."""

    def __init__(self, names: "Iterable[str]") -> None:
        self._names = frozenset(names)

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        """Raise for a hidden package; defer otherwise."""
        del path, target
        if name.partition(".")[0] in self._names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def refuse(names: "Iterable[str]") -> None:
    """Hide packages from now on."""
    sys.meta_path.insert(0, _Refusal(names))
