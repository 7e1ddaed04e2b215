"""The generic noun: create, list, read, replace, update, delete, driven by the facts alone.

A noun is found in the shape of the paths: `/v1/portals/` and `/v1/portals/{portal_id}/` are one.
Nouns that behave in ways of their own have a module each and come before this one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from starlette.responses import Response

from tgiconik.sandbox.facts import Operation, Schema
from tgiconik.sandbox.iconik.asked import Asked, Refused, found, new_id
from tgiconik.sandbox.iconik.paging import listed
from tgiconik.sandbox.schema import Schemas
from tgiconik.sandbox.store import Document

_LAST_PARAMETER = re.compile(r"(?P<collection>.+/)\{(?P<name>\w+)\}/")
_PARAMETERS = re.compile(r"(\{\w+\}/)+")
_PARAMETER = re.compile(r"\{\w+\}")
#: Tails under which a list shows another list's nouns: `/v1/groups/basic/` shows groups.
_OTHER_NAMES = re.compile(r"(all/basic|basic|all|recent|search|admin)/$")
#: What the server decides; a client's `date_created` is ignored.
_SERVER_FIELDS = frozenset({"id", "date_created", "date_modified", "created_by_user"})


@attrs.frozen
class Noun:
    """A kind of thing that is kept below one path and found again by one or more path parameters.

    Attributes:
        kind: what the store calls it.
        keys: the fields that name one in the path; none for a thing that there is once only.
        must_exist: whether one is only there once it was made, by a request to its collection or
            by iconik itself. What is in no collection (settings, say) is always there.
    """

    kind: str
    keys: tuple[str, ...] = ()
    must_exist: bool = False


class Nouns:
    """All nouns of one service, found in its operations.

    Args:
        service: the service's name on the wire.
        operations: the operations of that service by method and path.
        schemas: its schemas.
    """

    def __init__(
        self, service: str, operations: Mapping[tuple[str, str], Operation], schemas: Schemas
    ) -> None:
        self._service = service
        self._operations = operations
        self._schemas = schemas

    def of_item(self, path: str) -> Noun | None:
        """The noun of which a path names one: `/v1/portals/{portal_id}/`."""
        collection = path
        parameters: list[str] = []
        while match := _LAST_PARAMETER.fullmatch(collection):
            collection = match["collection"]
            parameters.insert(0, match["name"])
            if len(parameters) > 1 and self._names_one(collection):
                break
            create = self.creation(collection)
            if create is not None:
                fields = self._schemas.fields(first_schema(create))
                keys = tuple(_key(name, fields) for name in parameters)
                return Noun(kind(self._service, collection), keys, must_exist=True)
        if not parameters:
            return None
        collection = _LAST_PARAMETER.sub(r"\g<collection>", path)
        listing = self._operations.get(("GET", collection))
        return Noun(
            kind(self._service, collection),
            (parameters[-1],),
            must_exist=listing is not None and self.is_list(listing),
        )

    def of_collection(self, path: str) -> Noun | None:
        """The noun that a path lists or creates: `/v1/portals/`."""
        path = _OTHER_NAMES.sub("", path)
        for _, other in self._operations:
            if other.startswith(path) and _PARAMETERS.fullmatch(other.removeprefix(path)):
                noun = self.of_item(other)
                if noun is not None and noun.kind == kind(self._service, path):
                    return noun
        return None

    def of_value(self, path: str) -> Noun | None:
        """The thing that there is once only below a path, and that can be written and read."""
        read = self._operations.get(("GET", path))
        if read is None or not isinstance(first_schema(read), Mapping):
            return None
        return Noun(kind(self._service, path))

    def _names_one(self, collection: str) -> bool:
        """Whether one parameter alone names a thing of the collection."""
        return any(
            other.startswith(f"{collection}{{") and _PARAMETER.sub("", other) == f"{collection}/"
            for _, other in self._operations
        )

    def is_list(self, operation: Operation) -> bool:
        """Whether an operation answers a page of objects."""
        return "objects" in self._schemas.fields(first_schema(operation))

    def creation(self, collection: str) -> Operation | None:
        """The operation that makes a noun of a collection: a POST, or a PUT beside a list."""
        create = self._operations.get(("POST", collection))
        listing = self._operations.get(("GET", collection))
        if create is None and listing is not None and self.is_list(listing):
            create = self._operations.get(("PUT", collection))
        return create if create and self._schemas.fields(first_schema(create)) else None

    def above(self, path: str) -> Iterator[tuple[Noun, int]]:
        """The nouns that must exist for the path to mean something.

        Yields:
            Each noun that must exist named on the way, with the number of path parameters up to it.
        """
        segments = path.strip("/").split("/")
        for end in range(1, len(segments)):
            prefix = f"/{'/'.join(segments[:end])}/"
            read = self._operations.get(("GET", prefix))
            if read is not None and not self.is_list(read):
                noun = self.of_item(prefix)
                if noun is not None and noun.must_exist:
                    yield noun, len(_PARAMETER.findall(prefix))


def kind(service: str, collection: str) -> str:
    """What the store calls the documents below a collection path."""
    return f"iconik/{service}{_PARAMETER.sub('*', collection)}"


def first_schema(operation: Operation) -> Schema | None:
    """The schema of the operation's first success."""
    return next(iter(operation.answers.values()), None)


def _key(parameter: str, fields: Mapping[str, Schema]) -> str:
    """The field that a path parameter means: itself, `id`, or its last words (`field_name`)."""
    words = parameter.split("_")
    tails = ("_".join(words[start:]) for start in range(1, len(words)))
    return next((name for name in (parameter, "id", *tails, "name") if name in fields), "id")


def list_all(asked: Asked, noun: Noun | None) -> Response:
    """A page of all that exist; of nothing, when nothing can ever be created."""
    items = [] if noun is None else asked.state.store.list(noun.kind, parent=_key_of(asked))
    return listed(asked, items, key=noun.keys[0] if noun and noun.keys else "id")


def create(asked: Asked, noun: Noun) -> Response:
    """Keep what was sent, with an id and dates of ours."""
    document = _document(asked) | {
        "date_created": asked.now(),
        "created_by_user": asked.user_id,
    }
    for name in noun.keys:
        if name == "id" or (name.endswith("_id") and not document.get(name)):
            document[name] = new_id()
    missing = [name for name in noun.keys if not document.get(name)]
    if missing:
        raise Refused(400, *(f"{name} is a required field." for name in missing))
    parent = _key_of(asked)
    key = "/".join([*asked.ids.values(), *(str(document[name]) for name in noun.keys)])
    if asked.operation.method == "POST" and asked.state.store.get(noun.kind, key) is not None:
        raise Refused(409, f"{key} exists already")
    asked.state.store.put(noun.kind, key, document, parent=parent)
    return asked.fit(document)


def read(asked: Asked, noun: Noun) -> Response:
    """What is kept; for what cannot be created, what the facts give it."""
    return asked.fit(_kept(asked, noun))


def replace(asked: Asked, noun: Noun) -> Response:
    """Keep what was sent instead of what was there."""
    # A PUT that may answer 201 makes what is not there.
    before = {} if 201 in asked.operation.answers else _kept(asked, noun)  # noqa: PLR2004 - HTTP
    if asked.operation.body is None:
        return _keep(asked, noun, before | _document(asked))
    ours = {name: before[name] for name in (*_SERVER_FIELDS, *noun.keys) if name in before}
    return _keep(asked, noun, ours | _document(asked))


def update(asked: Asked, noun: Noun) -> Response:
    """Change the fields that were sent."""
    return _keep(asked, noun, _kept(asked, noun) | _document(asked))


def delete(asked: Asked, noun: Noun) -> Response:
    """Forget it."""
    if not asked.state.store.delete(noun.kind, _key_of(asked)) and noun.must_exist:
        raise Refused(404, _missing(asked))
    return asked.empty()


def act(asked: Asked) -> Response:
    """Answer for a single action: the facts' shape around what was sent."""
    return asked.fit({"id": new_id(), **asked.ids, **_sent(asked)})


def check_parents(asked: Asked, nouns: Nouns) -> None:
    """Refuse with 404 a path below something that does not exist."""
    values = list(asked.ids.values())
    for noun, depth in nouns.above(asked.operation.path):
        if asked.state.store.get(noun.kind, "/".join(values[:depth])) is None:
            raise Refused(404, f"{values[depth - 1]} does not exist")


def _kept(asked: Asked, noun: Noun) -> Document:
    document = asked.state.store.get(noun.kind, _key_of(asked))
    if noun.must_exist:
        return found(document, list(asked.ids.values())[-1])
    return dict(asked.ids) if document is None else document


def _keep(asked: Asked, noun: Noun, document: Document) -> Response:
    values = list(asked.ids.values())
    parent = "/".join(values[: len(values) - len(noun.keys)])
    asked.state.store.put(noun.kind, _key_of(asked), document, parent=parent)
    return asked.fit(document)


def _document(asked: Asked) -> Document:
    """What is kept of a body: never the server's own fields, always the ids of the path."""
    sent = {name: value for name, value in _sent(asked).items() if name not in _SERVER_FIELDS}
    return {**sent, **asked.ids, "date_modified": asked.now()}


def _sent(asked: Asked) -> Mapping[str, Any]:
    return asked.body if isinstance(asked.body, Mapping) else {}


def _key_of(asked: Asked) -> str:
    return "/".join(asked.ids.values())


def _missing(asked: Asked) -> str:
    return f"{list(asked.ids.values())[-1]} does not exist"
