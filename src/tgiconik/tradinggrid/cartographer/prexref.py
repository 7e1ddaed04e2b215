"""The pre-cross-reference of a solution: which profile stands for which documents."""

from tgiconik._http import Pages, QueryValue, Session, Surface, build
from tgiconik._validate import not_blank
from tgiconik.tradinggrid._decode import decode
from tgiconik.tradinggrid.cartographer._bodies import prexref_body
from tgiconik.tradinggrid.cartographer._calls import PREXREF, by_offset, envelope, whole
from tgiconik.tradinggrid.cartographer.models import PrexrefEntry


class Prexref(Surface):
    """Entries of a solution's pre-cross-reference. They have no key: a body names the entry.

    Args:
        session: sends the calls.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self, solution_id: str, *, count: int | None = None) -> Pages[PrexrefEntry]:
        """All entries. `GET /cartographer/xref/v1/solutions/{solutionId}/prexref/content`.

        Args:
            solution_id: from `Cartographer.solutions`.
            count: entries per call, 1 or more; Cartographer's own number when left out.

        Raises:
            ConfigurationError: a count below 1, or an id that no path can hold.
        """
        return by_offset(
            self._session,
            PrexrefEntry,
            PREXREF + "/content",
            solution_id,
            items="entries",
            count=count,
        )

    def search(
        self, solution_id: str, text: str, *, count: int | None = None
    ) -> Pages[PrexrefEntry]:
        """Entries with a text. `GET …/solutions/{solutionId}/prexref/content-search`.

        Args:
            solution_id: from `Cartographer.solutions`.
            text: what to look for (`searchToken`).
            count: entries per call, 1 or more; Cartographer's own number when left out.

        Raises:
            ConfigurationError: a blank text, a count below 1, or an id that no path can hold.
        """
        return by_offset(
            self._session,
            PrexrefEntry,
            PREXREF + "/content-search",
            solution_id,
            items="entries",
            count=count,
            query={"searchToken": not_blank(text, "text")},
        )

    async def count(self, solution_id: str, text: str) -> int | None:
        """How many entries have a text. `GET …/prexref/content-search?onlyCount=true`.

        Args:
            solution_id: from `Cartographer.solutions`.
            text: what to look for (`searchToken`).

        Returns:
            The number; None where the answer does not say.

        Raises:
            ConfigurationError: a blank text.
        """
        query: dict[str, QueryValue] = {"searchToken": not_blank(text, "text"), "onlyCount": True}
        call = build("GET", PREXREF + "/content-search", solution_id, query=query)
        return whole(envelope(await self._session.send(call)).get("totalCount"))

    async def add(self, solution_id: str, entry: PrexrefEntry) -> PrexrefEntry:
        """Add an entry. `POST …/solutions/{solutionId}/prexref/entries`.

        Not repeated when its answer is lost: `search` for it before trying again.

        Args:
            solution_id: from `Cartographer.solutions`.
            entry: the entry; fields that are None are left out.

        Raises:
            ConfigurationError: the entry has no value.
            BadRequest: it is there already, or not as Cartographer wants it.
        """
        return await self._sent("POST", solution_id, entry)

    async def update(self, solution_id: str, entry: PrexrefEntry) -> PrexrefEntry:
        """Set the profile of an entry. `PUT …/solutions/{solutionId}/prexref/entries`.

        Sent again when its answer is lost: the second time sets the same values.

        Args:
            solution_id: from `Cartographer.solutions`.
            entry: the entry; fields that are None are left out.

        Raises:
            ConfigurationError: the entry has no value.
            NotFound: there is no such entry.
        """
        return await self._sent("PUT", solution_id, entry)

    async def delete(self, solution_id: str, entry: PrexrefEntry) -> None:
        """Delete an entry. `DELETE …/solutions/{solutionId}/prexref/entries`, with a body.

        Sent again when its answer is lost; NotFound can then mean that the first one arrived.

        Args:
            solution_id: from `Cartographer.solutions`.
            entry: the entry; fields that are None are left out.

        Raises:
            ConfigurationError: the entry has no value.
            NotFound: there is no such entry.
        """
        body = prexref_body(entry)
        await self._session.send(build("DELETE", PREXREF + "/entries", solution_id, json=body))

    async def _sent(self, method: str, solution_id: str, entry: PrexrefEntry) -> PrexrefEntry:
        body = prexref_body(entry)
        answer = await self._session.send(
            build(method, PREXREF + "/entries", solution_id, json=body)
        )
        return decode(PrexrefEntry, answer, lenient=True)
