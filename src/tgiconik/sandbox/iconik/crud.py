"""Generic handlers: create, list, read, replace, update and delete, driven by the facts alone.

Resource types follow from the paths: `/v1/portals/` and `/v1/portals/{portal_id}/` are one.
Resources with behaviour of their own have a module each, whose handlers take precedence.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from starlette.responses import Response

from tgiconik.sandbox.facts import Operation, Schema
from tgiconik.sandbox.iconik.kinds import kind
from tgiconik.sandbox.iconik.paging import listed
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest, found, new_id
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
class ResourceType:
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


class ResourceTypes:
    """All resources of one service, found in its operations.

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

    def of_item(self, path: str) -> ResourceType | None:
        """The resource of which a path names one: `/v1/portals/{portal_id}/`."""
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
                return ResourceType(kind(self._service, collection), keys, must_exist=True)
        if not parameters:
            return None
        collection = _LAST_PARAMETER.sub(r"\g<collection>", path)
        listing = self._operations.get(("GET", collection))
        return ResourceType(
            kind(self._service, collection),
            (parameters[-1],),
            must_exist=listing is not None and self.is_list(listing),
        )

    def of_collection(self, path: str) -> ResourceType | None:
        """The resource that a path lists or creates: `/v1/portals/`."""
        path = _OTHER_NAMES.sub("", path)
        for _, other in self._operations:
            if other.startswith(path) and _PARAMETERS.fullmatch(other.removeprefix(path)):
                resource = self.of_item(other)
                if resource is not None and resource.kind == kind(self._service, path):
                    return resource
        return None

    def of_value(self, path: str) -> ResourceType | None:
        """The thing that there is once only below a path, and that can be written and read."""
        read = self._operations.get(("GET", path))
        if read is None or not isinstance(first_schema(read), Mapping):
            return None
        return ResourceType(kind(self._service, path))

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
        """The operation that makes a resource of a collection: a POST, or a PUT beside a list."""
        create = self._operations.get(("POST", collection))
        listing = self._operations.get(("GET", collection))
        if create is None and listing is not None and self.is_list(listing):
            create = self._operations.get(("PUT", collection))
        return create if create and self._schemas.fields(first_schema(create)) else None

    def above(self, path: str) -> Iterator[tuple[ResourceType, int]]:
        """The resources that must exist for the path to mean something.

        Yields:
            Each such resource type, with the number of path parameters up to it.
        """
        segments = path.strip("/").split("/")
        for end in range(1, len(segments)):
            prefix = f"/{'/'.join(segments[:end])}/"
            read = self._operations.get(("GET", prefix))
            if read is not None and not self.is_list(read):
                resource = self.of_item(prefix)
                if resource is not None and resource.must_exist:
                    yield resource, len(_PARAMETER.findall(prefix))


def first_schema(operation: Operation) -> Schema | None:
    """The schema of the operation's first success."""
    return next(iter(operation.answers.values()), None)


def _key(parameter: str, fields: Mapping[str, Schema]) -> str:
    """The field that a path parameter means: itself, `id`, or its last words (`field_name`)."""
    words = parameter.split("_")
    tails = ("_".join(words[start:]) for start in range(1, len(words)))
    return next((name for name in (parameter, "id", *tails, "name") if name in fields), "id")


def list_all(request: ApiRequest, resource: ResourceType | None) -> Response:
    """A page of all that exist; of nothing, when nothing can ever be created."""
    items = (
        [] if resource is None else request.state.store.list(resource.kind, parent=_key_of(request))
    )
    return listed(request, items, key=resource.keys[0] if resource and resource.keys else "id")


def create(request: ApiRequest, resource: ResourceType) -> Response:
    """Keep what was sent, with an id and dates of ours."""
    document = _document(request) | {
        "date_created": request.now(),
        "created_by_user": request.user_id,
    }
    for name in resource.keys:
        if name == "id" or (name.endswith("_id") and not document.get(name)):
            document[name] = new_id()
    missing = [name for name in resource.keys if not document.get(name)]
    if missing:
        raise ApiError(400, *(f"{name} is a required field." for name in missing))
    parent = _key_of(request)
    key = "/".join([*request.ids.values(), *(str(document[name]) for name in resource.keys)])
    if (
        request.operation.method == "POST"
        and request.state.store.get(resource.kind, key) is not None
    ):
        raise ApiError(409, f"{key} exists already")
    request.state.store.put(resource.kind, key, document, parent=parent)
    return request.respond(document)


def read(request: ApiRequest, resource: ResourceType) -> Response:
    """What is kept; for what cannot be created, what the facts give it."""
    return request.respond(_kept(request, resource))


def replace(request: ApiRequest, resource: ResourceType) -> Response:
    """Keep what was sent instead of what was there."""
    # A PUT that may answer 201 makes what is not there.
    before = {} if 201 in request.operation.answers else _kept(request, resource)  # noqa: PLR2004 - HTTP
    if request.operation.body is None:
        return _keep(request, resource, before | _document(request))
    ours = {name: before[name] for name in (*_SERVER_FIELDS, *resource.keys) if name in before}
    return _keep(request, resource, ours | _document(request))


def update(request: ApiRequest, resource: ResourceType) -> Response:
    """Change the fields that were sent."""
    return _keep(request, resource, _kept(request, resource) | _document(request))


def delete(request: ApiRequest, resource: ResourceType) -> Response:
    """Forget it."""
    if not request.state.store.delete(resource.kind, _key_of(request)) and resource.must_exist:
        raise ApiError(404, _missing(request))
    return request.respond_empty()


def act(request: ApiRequest) -> Response:
    """Answer for a single action: the facts' shape around what was sent."""
    return request.respond({"id": new_id(), **request.ids, **_sent(request)})


def check_parents(request: ApiRequest, resources: ResourceTypes) -> None:
    """Refuse with 404 a path below something that does not exist."""
    values = list(request.ids.values())
    for resource, depth in resources.above(request.operation.path):
        if request.state.store.get(resource.kind, "/".join(values[:depth])) is None:
            raise ApiError(404, f"{values[depth - 1]} does not exist")


def _kept(request: ApiRequest, resource: ResourceType) -> Document:
    document = request.state.store.get(resource.kind, _key_of(request))
    if resource.must_exist:
        return found(document, list(request.ids.values())[-1])
    return dict(request.ids) if document is None else document


def _keep(request: ApiRequest, resource: ResourceType, document: Document) -> Response:
    values = list(request.ids.values())
    parent = "/".join(values[: len(values) - len(resource.keys)])
    request.state.store.put(resource.kind, _key_of(request), document, parent=parent)
    return request.respond(document)


def _document(request: ApiRequest) -> Document:
    """What is kept of a body: never the server's own fields, always the ids of the path."""
    sent = {name: value for name, value in _sent(request).items() if name not in _SERVER_FIELDS}
    return {**sent, **request.ids, "date_modified": request.now()}


def _sent(request: ApiRequest) -> Mapping[str, Any]:
    return request.body if isinstance(request.body, Mapping) else {}


def _key_of(request: ApiRequest) -> str:
    return "/".join(request.ids.values())


def _missing(request: ApiRequest) -> str:
    return f"{list(request.ids.values())[-1]} does not exist"
