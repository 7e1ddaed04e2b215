"""Completion that offers the public names of a client and its surfaces, and no private ones."""

from collections.abc import Iterable


class Listed:
    """`dir()` leaves private names out; Python's own stay, which mocks look for."""

    def __dir__(self) -> Iterable[str]:
        names = super().__dir__()
        return [name for name in names if name.startswith("__") or not name.startswith("_")]
