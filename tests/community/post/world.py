"""A community in memory, written by the contract's handlers; it knows who may read each text."""

import json
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

import attrs
from starlette.datastructures import Headers, QueryParams

from tgiconik.community.post import Letter, Templates, letters
from tgiconik.community.rules.access import grant_of
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.endpoint import Call
from tgiconik.community.rules.operations import _OPERATIONS
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.shapes import Document
from tgiconik.community.store.interface import JournalEntry, Place
from tgiconik.community.store.sqlite import SqliteStore

COMPANY: Final = "GC-US"
PARTNERS: Final = ("GC-PA", "GC-PB", "GC-PC")
NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEMPLATES: Final = Templates.load()
_HANDLERS: Final = {f"{method} {path}": handler for method, path, handler in _OPERATIONS}

Readers = Callable[[], Collection[str]]


@attrs.define
class World:
    """A community with three partners, each in German, English or Polish.

    Attributes:
        readers: by marker, the partners that may read the text with it.
        made: the ids of the records that were made, by noun.
    """

    store: SqliteStore = attrs.field(factory=lambda: SqliteStore(None, now=lambda: NOW))
    readers: dict[str, Readers] = attrs.field(factory=dict)
    made: dict[str, list[Document]] = attrs.field(factory=dict)
    numbers: Any = attrs.field(factory=lambda: count(1))

    def call(
        self, operation: str, body: Document | None = None, *, by: str | None = None, **ids: str
    ) -> Any:  # noqa: ANN401 - JSON
        """One call under the revision that is there, as an operator or a partner."""
        caller = Caller(COMPANY, by)
        with self.store.transaction(COMPANY) as transaction:
            community = CompanyRecords(transaction, caller)
            place, id_ = _target(operation, ids)
            there = None if id_ is None else transaction.record(place, id_)
            match = {"if-none-match": "*"} if there is None else {"if-match": there.etag}
            call = Call(
                community=community,
                grant=grant_of(caller, operation, ids),
                ids=ids,
                path=operation.partition(" ")[2].format(**ids),
                query=QueryParams(),
                headers=Headers({"content-type": "application/json", **match}),
                content=json.dumps(body or {}).encode(),
            )
            return _HANDLERS[operation](call).body

    def text(self, readers: Readers, about: str = "text") -> str:
        """A text with a marker that only these partners may read."""
        marker = f"mk{next(self.numbers):05}z"
        self.readers[marker] = readers
        return f"{about} {marker}"

    def partner(self, id_: str, **fields: Any) -> None:  # noqa: ANN401 - JSON
        """Make or replace a partner."""
        number = PARTNERS.index(id_)
        mine = id_.lower()
        profile = {
            "name": self.text(lambda: [id_], "Partner"),
            "contacts": [
                {"email": f"media@{mine}.test", "role": "Media", "name": "Mia"},
                {"email": f"boss@{mine}.test", "role": "management"},
                {"email": f"legal@{mine}.test", "role": "legal"},
            ],
            "languages": [["de-AT"], ["en"], ["pl"]][number],
        }
        self.call("PUT /partners/{partners}", profile | fields, partners=id_)

    def add(self, operation: str, body: Document, *, by: str | None = None, **ids: str) -> Document:
        """Create something, and remember it."""
        made: Document = self.call(f"POST {operation}", body, by=by, **ids)
        self.made.setdefault(operation.rpartition("/")[2], []).append(made)
        return made

    def journal(self) -> list[JournalEntry]:
        """All changes."""
        with self.store.transaction(COMPANY, write=False) as state:
            return state.journal(0, 10_000)

    def letters(self, entries: Collection[JournalEntry] | None = None, **how: Any) -> list[Letter]:  # noqa: ANN401
        """The letters for some changes, or for all."""
        with self.store.transaction(COMPANY, write=False) as state:
            given = state.journal(0, 10_000) if entries is None else entries
            return letters(given, state, **{"templates": TEMPLATES, **how})

    def since(self, change: Callable[[], object], **how: Any) -> list[Letter]:  # noqa: ANN401
        """The letters for what a function changes."""
        before = len(self.journal())
        change()
        return self.letters(self.journal()[before:], **how)


def new_world() -> World:
    """A community with its partners, and one group of the first two."""
    world = World()
    for id_ in PARTNERS:
        world.partner(id_)
    group = world.add("/groups", {"name": world.text(list, "Group")})
    for id_ in PARTNERS[:2]:
        path = "PUT /groups/{groups}/members/{partners}"
        world.call(path, groups=group["id"], partners=id_)
    return world


def everything_in(letter: Letter) -> str:
    """All that a partner receives with a letter, in any channel."""
    return json.dumps([
        letter.id, letter.subject, letter.text, letter.html, letter.data,
        [attrs.asdict(one) for one in letter.recipients],
    ], ensure_ascii=False)  # fmt: skip


def _target(operation: str, ids: dict[str, str]) -> tuple[Place, str | None]:
    """The record whose revision a call names: the last one in its path."""
    if "/deliveries/" in operation:
        return Place("deliveries"), f"{ids['documents']}/{ids['partners']}"
    named = [part[1:-1] for part in operation.split("/") if part.startswith("{")]
    if not named:
        return Place(""), None
    noun = named[-1]
    below = noun in {"tasks", "exceptions"}
    return Place(noun, f"projects/{ids['projects']}" if below else ""), ids[noun]
