"""The input of a handler: its names from the path, query and body, each checked when read."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias
from urllib.parse import urlencode

import attrs
from starlette.responses import Response

from tgiconik.community import json_body
from tgiconik.community.shapes import Check, Document, Json, Violation
from tgiconik.sandbox.grid.cartographer import refusals
from tgiconik.sandbox.state import State

#: The largest `long`; no number of a request is read beyond it.
_DIGITS: Final = 19


@attrs.frozen
class Call:
    """A request to one operation.

    Attributes:
        state: the sandbox.
        path: the path as it was sent, for links.
        ids: the names in the path, decoded.
        query: the query's parameters.
        content: the body.
    """

    state: State
    path: str
    ids: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes

    @property
    def solution(self) -> str:
        """The solution in the path."""
        return self.ids["solution"]

    def number(self, name: str, default: int, *, least: int, most: int = 10**18) -> int:
        """A whole number of the query.

        Raises:
            CartographerError: it is something else, or out of range.
        """
        given = self.query.get(name)
        if given is None:
            return default
        if not (given.isascii() and given.isdigit()) or len(given) > _DIGITS:
            raise refusals.bad_request(f"{name} must be a whole number")
        if not least <= int(given) <= most:
            raise refusals.bad_request(f"{name} must be {least} to {most}")
        return int(given)

    def flag(self, name: str) -> bool:
        """A boolean of the query.

        Raises:
            CartographerError: it is neither `true` nor `false`.
        """
        given = self.query.get(name, "false")
        if given not in {"true", "false"}:
            raise refusals.bad_request(f"{name} must be true or false")
        return given == "true"

    def body(self, check: Check) -> Json:
        """The body, validated.

        Raises:
            CartographerError: it is not JSON, or not of that shape.
        """
        wrong: list[Violation] = []
        try:
            body = check(json_body.parse(self.content), "", wrong)
        except ValueError as error:
            raise refusals.bad_request(f"The body is not JSON: {error}") from error
        if wrong:
            said = "; ".join(f"{one.pointer} {one.detail}".strip() for one in wrong)
            raise refusals.bad_request(said)
        return body

    def links(
        self,
        own: Mapping[str, int],
        following: Mapping[str, int] | None,
        previous: Mapping[str, int] | None,
    ) -> Document:
        """The `_links` of a page: itself, the one after and the one before."""
        named = {"self": own, "next": following, "previous": previous}
        return {
            name: {"href": self._href(numbers)}
            for name, numbers in named.items()
            if numbers is not None
        }

    def _href(self, numbers: Mapping[str, int]) -> str:
        query = urlencode({**self.query, **{name: str(one) for name, one in numbers.items()}})
        return f"{self.state.base_url}{self.path}?{query}"


Handler: TypeAlias = Callable[[Call], Response]
