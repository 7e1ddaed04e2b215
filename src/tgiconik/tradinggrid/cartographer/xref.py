"""Cross-reference entities, and the entries in them."""

from collections.abc import Mapping, Sequence

from tgiconik._http import Pages, QueryValue, Session, Surface, build
from tgiconik._validate import not_blank
from tgiconik.tradinggrid._decode import decode
from tgiconik.tradinggrid.cartographer._bodies import entry_body
from tgiconik.tradinggrid.cartographer._calls import (
    ENTITIES,
    ENTITY,
    ENTRY,
    by_offset,
    envelope,
    whole,
)
from tgiconik.tradinggrid.cartographer.models import (
    Entity,
    EntityAction,
    Entry,
    EntryValue,
    HeaderConfig,
    StateInfo,
)


class Entities(Surface):
    """Cross-reference entities of a solution, by name.

    Args:
        session: sends the calls.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self, solution_id: str, *, count: int | None = None) -> Pages[Entity]:
        """Entities of a solution. `GET /cartographer/xref/v1/solutions/{solutionId}/entities`.

        Args:
            solution_id: from `Cartographer.solutions`.
            count: entities per call, 1 or more; Cartographer's own number when left out.

        Raises:
            ConfigurationError: a count below 1, or an id that no path can hold.
        """
        return by_offset(
            self._session, Entity, ENTITIES, solution_id, items="entities", count=count
        )

    async def header_config(self, solution_id: str, entity: str) -> HeaderConfig:
        """How entries are made up. `GET …/entities/{entityName}/header-config`.

        Args:
            solution_id: from `Cartographer.solutions`.
            entity: the entity's name.

        Raises:
            NotFound: there is no such entity.
        """
        call = build("GET", ENTITY + "/header-config", solution_id, entity)
        return decode(HeaderConfig, await self._session.send(call), lenient=True)

    async def export(self, solution_id: str, entity: str) -> bytes:
        """All entries as a file. `GET …/solutions/{solutionId}/entities/{entityName}/export`.

        The format is not published; the whole file is held in memory. `Entries.list` walks through
        entries in constant memory.

        Args:
            solution_id: from `Cartographer.solutions`.
            entity: the entity's name.

        Raises:
            NotFound: there is no such entity.
        """
        call = build("GET", ENTITY + "/export", solution_id, entity, headers={"Accept": "*/*"})
        return (await self._session.send(call)).content

    async def reserve(
        self, solution_id: str, entity: str, *, action: str = EntityAction.RESERVE
    ) -> StateInfo | None:
        """Keep others from changing an entity, and return who has reserved it.

        `PATCH …/solutions/{solutionId}/entities/{entityName}/state`. Not repeated when its answer
        is lost: `list` says who has it (`isLocked`, `lockedBy`).

        Args:
            solution_id: from `Cartographer.solutions`.
            entity: the entity's name.
            action: the word that Cartographer takes for it; see `EntityAction`.

        Returns:
            Who has it since when; None where the answer does not say.

        Raises:
            NotFound: there is no such entity.
            BadRequest: Cartographer does not know the action, or somebody else has the entity.
        """
        return await self._set_state(solution_id, entity, action)

    async def unreserve(
        self, solution_id: str, entity: str, *, action: str = EntityAction.UNRESERVE
    ) -> None:
        """Let others change an entity again.

        `PATCH …/solutions/{solutionId}/entities/{entityName}/state`. Not repeated when its answer
        is lost.

        Args:
            solution_id: from `Cartographer.solutions`.
            entity: the entity's name.
            action: the word that Cartographer takes for it; see `EntityAction`.

        Raises:
            NotFound: there is no such entity.
            BadRequest: Cartographer does not know the action, or somebody else has the entity.
        """
        await self._set_state(solution_id, entity, action)

    async def _set_state(self, solution_id: str, entity: str, action: str) -> StateInfo | None:
        body = {"action": str(not_blank(action, "action"))}
        call = build("PATCH", ENTITY + "/state", solution_id, entity, json=body)
        answer = await self._session.send(call)
        # Un-reserving is published with 204 and, in one example, with a text.
        if not isinstance(answer.json(), Mapping):
            return None
        return decode(StateInfo, answer, lenient=True)


class Entries(Surface):
    """Entries of a cross-reference entity, by key.

    A key can hold any character, a slash too: it is escaped. `.` and `..` cannot be keys in a path.

    Args:
        session: sends the calls.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self, solution_id: str, entity: str, *, count: int | None = None) -> Pages[Entry]:
        """All entries. `GET …/solutions/{solutionId}/entities/{entityName}/content`.

        Args:
            solution_id: from `Cartographer.solutions`.
            entity: the entity's name.
            count: entries per call, 1 or more; Cartographer's own number when left out.

        Raises:
            ConfigurationError: a count below 1, or a name that no path can hold.
        """
        return by_offset(
            self._session,
            Entry,
            ENTITY + "/content",
            solution_id,
            entity,
            items="entries",
            count=count,
        )

    def search(
        self, solution_id: str, entity: str, text: str, *, count: int | None = None
    ) -> Pages[Entry]:
        """Entries with a text. `GET …/solutions/{solutionId}/entities/{entityName}/content-search`.

        How Cartographer compares is not published. Whoever needs one key uses `get`.

        Args:
            solution_id: from `Cartographer.solutions`.
            entity: the entity's name.
            text: what to look for (`searchToken`).
            count: entries per call, 1 or more; Cartographer's own number when left out.

        Raises:
            ConfigurationError: a blank text, a count below 1, or a name that no path can hold.
        """
        return by_offset(
            self._session,
            Entry,
            ENTITY + "/content-search",
            solution_id,
            entity,
            items="entries",
            count=count,
            query={"searchToken": not_blank(text, "text")},
        )

    async def count(self, solution_id: str, entity: str, text: str) -> int | None:
        """How many entries have a text. `GET …/content-search?onlyCount=true`.

        Args:
            solution_id: from `Cartographer.solutions`.
            entity: the entity's name.
            text: what to look for (`searchToken`).

        Returns:
            The number; None where the answer does not say.

        Raises:
            ConfigurationError: a blank text.
            NotFound: there is no such entity.
        """
        query: dict[str, QueryValue] = {"searchToken": not_blank(text, "text"), "onlyCount": True}
        call = build("GET", ENTITY + "/content-search", solution_id, entity, query=query)
        return whole(envelope(await self._session.send(call)).get("totalCount"))

    async def get(self, solution_id: str, entity: str, key: str) -> Entry:
        """One entry. `GET …/solutions/{solutionId}/entities/{entityName}/entries/{key}`.

        Args:
            solution_id: from `Cartographer.solutions`.
            entity: the entity's name.
            key: the entry's key.

        Raises:
            NotFound: there is no such entity or entry.
        """
        call = build("GET", ENTRY, solution_id, entity, key)
        return decode(Entry, await self._session.send(call), lenient=True)

    async def add(
        self,
        solution_id: str,
        entity: str,
        key: str,
        values: Mapping[int, str] | Sequence[EntryValue],
    ) -> Entry:
        """Add an entry. `POST …/solutions/{solutionId}/entities/{entityName}/entries`.

        Not repeated when its answer is lost: `get` the key before trying again.

        Args:
            solution_id: from `Cartographer.solutions`.
            entity: the entity's name.
            key: the new key.
            values: text by number, such as `{0: "…"}`, or the values of an entry that was read.

        Raises:
            ConfigurationError: a blank key, no values, or a value that is not text.
            BadRequest: the entity has this key, or its rules refuse the entry.
        """
        body = entry_body(key, values)
        call = build("POST", ENTITY + "/entries", solution_id, entity, json=body)
        return decode(Entry, await self._session.send(call), lenient=True)

    async def update(
        self,
        solution_id: str,
        entity: str,
        key: str,
        values: Mapping[int, str] | Sequence[EntryValue],
    ) -> Entry:
        """Set the values of an entry. `PUT …/entities/{entityName}/entries/{key}`.

        Sent again when its answer is lost: the second time sets the same values.

        Args:
            solution_id: from `Cartographer.solutions`.
            entity: the entity's name.
            key: the entry's key.
            values: text by number, such as `{0: "…"}`, or the values of an entry that was read.

        Raises:
            ConfigurationError: a blank key, no values, or a value that is not text.
            NotFound: there is no such entity or entry.
        """
        body = entry_body(key, values)
        call = build("PUT", ENTRY, solution_id, entity, key, json=body)
        return decode(Entry, await self._session.send(call), lenient=True)

    async def delete(self, solution_id: str, entity: str, key: str) -> None:
        """Delete an entry. `DELETE …/entities/{entityName}/entries/{key}`.

        Sent again when its answer is lost; NotFound can then mean that the first one arrived.

        Args:
            solution_id: from `Cartographer.solutions`.
            entity: the entity's name.
            key: the entry's key.

        Raises:
            NotFound: there is no such entity or entry.
        """
        await self._session.send(build("DELETE", ENTRY, solution_id, entity, key))
