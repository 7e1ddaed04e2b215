"""JSON, and the error for JSON that is not of the promised shape."""

from typing import Any, TypeAlias

#: Parsed JSON.
Json: TypeAlias = Any


class DecodeError(ValueError):
    """JSON that is not of the promised shape.

    Attributes:
        reason: what was expected and what came.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self._steps: list[str] = []

    def within(self, step: str) -> None:
        """Say that the place is inside a field (`.name`) or an entry (`[3]`)."""
        self._steps.insert(0, step)

    @property
    def path(self) -> str:
        """Where in the answer: `objects[3].versions[0].id`; empty for the whole."""
        return "".join(self._steps).removeprefix(".")

    def __str__(self) -> str:
        return f"{self.path or 'the answer'}: {self.reason}"
