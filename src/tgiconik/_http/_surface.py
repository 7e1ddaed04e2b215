"""Clients and their surfaces: what completion offers of them, and what their errors show."""

import inspect
from collections.abc import Iterable

from tgiconik._frames import without_locals


class Listed:
    """`dir()` leaves private names out; Python's own stay, which mocks look for."""

    def __dir__(self) -> Iterable[str]:
        names = super().__dir__()
        return [name for name in names if name.startswith("__") or not name.startswith("_")]


class Surface(Listed):
    """A client, or a part of one: no error of its public methods shows a local variable of ours."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, method in list(vars(cls).items()):
            if not name.startswith("_") and inspect.isfunction(method):
                setattr(cls, name, without_locals(method))
