"""Cartographer as a whole: its solutions, and what is in them."""

from functools import cached_property

from tgiconik._http import Session, Surface, build
from tgiconik.tradinggrid._decode import read_list, readable
from tgiconik.tradinggrid.cartographer._calls import SOLUTIONS
from tgiconik.tradinggrid.cartographer.maps import Maps
from tgiconik.tradinggrid.cartographer.prexref import Prexref
from tgiconik.tradinggrid.cartographer.xref import Entities, Entries


class Cartographer(Surface):
    """Maps and cross-references of a company's solutions.

    Args:
        session: sends the calls.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def solutions(self) -> list[str]:
        """Ids of the solutions that these credentials see. `GET /cartographer/mp/v1/solutions`.

        Raises:
            UnreadableResponse: the answer is not a list of texts.
        """
        answer = await self._session.send(build("GET", SOLUTIONS))
        with readable(answer):
            return read_list(str, answer.json() or [])

    @cached_property
    def maps(self) -> Maps:
        """Maps, to read."""
        return Maps(self._session)

    @cached_property
    def entities(self) -> Entities:
        """Cross-reference entities."""
        return Entities(self._session)

    @cached_property
    def entries(self) -> Entries:
        """Entries of cross-reference entities."""
        return Entries(self._session)

    @cached_property
    def prexref(self) -> Prexref:
        """The pre-cross-reference."""
        return Prexref(self._session)
