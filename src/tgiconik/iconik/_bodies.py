"""Types of bodies besides models and typed dictionaries."""

from importlib import import_module
from typing import Any, Protocol


class DocumentedField:
    """Stands for a value of `UntypedBody`. There are none: only a value of type Any passes for one.

    A type checker that expects one has found a dictionary with a name or a value that iconik does
    not document for this body. Annotate the dictionary as `dict[str, Any]` if it is meant so.
    """


class UntypedBody(Protocol):
    """A mapping whose values are of type Any, such as `dict[str, Any]` or parsed JSON.

    Type checkers compare all other dictionaries with the typed dictionary of the body, so that a
    misspelt name is an error. `Mapping[str, Any]` would take every dictionary.
    """

    def keys(self) -> Any: ...  # noqa: ANN401 - a mapping's own

    def __getitem__(self, name: str, /) -> DocumentedField: ...


class LazyModule:
    """A module that only annotations name: it is imported when one of them is evaluated.

    Args:
        name: of the module.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any type of the module
        return getattr(import_module(self._name), name)
