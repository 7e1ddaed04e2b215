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
from tgiconik.sandbox.iconik.background import accepted
from tgiconik.sandbox.iconik.kinds import kind
from tgiconik.sandbox.iconik.paging import list_response
from tgiconik.sandbox.iconik.request import (
    SERVER_FIELDS,
    ApiError,
    ApiRequest,
    new_id,
    or_404,
)
from tgiconik.sandbox.schema import Schemas
from tgiconik.sandbox.store import Document

_LAST_PARAMETER = re.compile(r"(?P<collection>.+/)\{(?P<name>\w+)\}/")
_PARAMETERS = re.compile(r"(\{\w+\}/)+")
_PARAMETER = re.compile(r"\{\w+\}")
#: Path suffixes under which a list shows another list's items: `/v1/groups/basic/` lists groups.
_OTHER_NAMES = re.compile(r"(all/basic|basic|all|recent|search|admin)/$")


@attrs.frozen
class ResourceType:
    """A type of resource, stored below one path and identified by path parameters.

    Attributes:
        kind: the kind of its documents in the store.
        keys: the fields that identify one in the path; empty for a singleton, such as settings.
        must_exist: whether reading one requires that it was created first, by a request to its
            collection or by iconik. False for resources without a collection.
    """

    kind: str
    keys: tuple[str, ...] = ()
    must_exist: bool = False


class ResourceTypes:
    """All resource types of one service, derived from its operations.

    Args:
        service: the service's name in paths.
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
        """The resource type of an item path such as `/v1/portals/{portal_id}/`."""
        collection = path
        parameters: list[str] = []
        while match := _LAST_PARAMETER.fullmatch(collection):
            collection = match["collection"]
            parameters.insert(0, match["name"])
            if len(parameters) > 1 and self._names_one(collection):
                break
            create = self.creation(collection)
            if create is not None:
                keys = tuple(self._key(name, create) for name in parameters)
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
        """The resource type of a collection path such as `/v1/portals/`."""
        path = _OTHER_NAMES.sub("", path)
        for _, other in self._operations:
            if other.startswith(path) and _PARAMETERS.fullmatch(other.removeprefix(path)):
                resource = self.of_item(other)
                if resource is not None and resource.kind == kind(self._service, path):
                    return resource
        return None

    def of_value(self, path: str) -> ResourceType | None:
        """The singleton resource at a path that can be read and written."""
        read = self._operations.get(("GET", path))
        if read is None or not isinstance(first_schema(read), Mapping):
            return None
        return ResourceType(kind(self._service, path))

    def _names_one(self, collection: str) -> bool:
        """Whether a single path parameter identifies an item of the collection."""
        return any(
            other.startswith(f"{collection}{{") and _PARAMETER.sub("", other) == f"{collection}/"
            for _, other in self._operations
        )

    def _key(self, parameter: str, create: Operation) -> str:
        """The field that a path parameter refers to.

        Its name, `id`, a suffix of the name, or `name` in what a creation answers; else its name
        in what is sent, such as the secret of an application that waits for its token.
        """
        words = parameter.split("_")
        tails = ("_".join(words[start:]) for start in range(1, len(words)))
        answered = self._schemas.fields(first_schema(create))
        for name in (parameter, "id", *tails, "name"):
            if name in answered:
                return name
        body = create.body
        sent = self._schemas.fields(next(iter(body.schemas.values()))) if body else {}
        return parameter if parameter in sent else "id"

    def is_list(self, operation: Operation) -> bool:
        """Whether an operation returns a page of objects."""
        return "objects" in self._schemas.fields(first_schema(operation))

    def creation(self, collection: str) -> Operation | None:
        """The operation that creates items of a collection: a POST, or a PUT beside a list."""
        create = self._operations.get(("POST", collection))
        listing = self._operations.get(("GET", collection))
        if create is None and listing is not None and self.is_list(listing):
            create = self._operations.get(("PUT", collection))
        return create if create and self._schemas.fields(first_schema(create)) else None

    def above(self, path: str) -> Iterator[tuple[ResourceType, int]]:
        """The resource types that must exist above a path.

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
    """The schema of the operation's first success status."""
    return next(iter(operation.answers.values()), None)


def list_all(request: ApiRequest, resource: ResourceType | None) -> Response:
    """List all items; the list is empty if none can be created."""
    items = (
        [] if resource is None else request.state.store.list(resource.kind, parent=_key_of(request))
    )
    return list_response(
        request, items, key=resource.keys[0] if resource and resource.keys else "id"
    )


def create(request: ApiRequest, resource: ResourceType) -> Response:
    """Create an item with an id and dates set by the server."""
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
    """Read an item; a singleton that was never written has only the fields of its schema."""
    return request.respond(_stored(request, resource))


def replace(request: ApiRequest, resource: ResourceType) -> Response:
    """Replace an item."""
    # A PUT that may answer 201 creates missing items.
    before = {} if 201 in request.operation.answers else _stored(request, resource)  # noqa: PLR2004 - HTTP
    if request.operation.body is None:
        return _store(request, resource, before | _document(request))
    ours = {name: before[name] for name in (*SERVER_FIELDS, *resource.keys) if name in before}
    return _store(request, resource, ours | _document(request))


def update(request: ApiRequest, resource: ResourceType) -> Response:
    """Update the fields that were sent."""
    return _store(request, resource, _stored(request, resource) | _document(request))


def delete(request: ApiRequest, resource: ResourceType) -> Response:
    """Delete an item."""
    if not request.state.store.delete(resource.kind, _key_of(request)) and resource.must_exist:
        raise ApiError(404, _missing(request))
    return request.respond_empty()


def act(request: ApiRequest) -> Response:
    """Answer an action: the body that was sent, in the shape of the response schema.

    An action that iconik only accepts, without a documented answer, gives the id of its job.
    """
    if next(iter(request.operation.answers.items())) == (202, None):
        return accepted(request, "CUSTOM")
    return request.respond({"id": new_id(), **request.ids, **_sent(request)})


def check_parents(request: ApiRequest, resources: ResourceTypes) -> None:
    """Reject with 404 a path below a resource that does not exist."""
    values = list(request.ids.values())
    for resource, depth in resources.above(request.operation.path):
        if request.state.store.get(resource.kind, "/".join(values[:depth])) is None:
            raise ApiError(404, f"{values[depth - 1]} does not exist")


def _stored(request: ApiRequest, resource: ResourceType) -> Document:
    document = request.state.store.get(resource.kind, _key_of(request))
    if resource.must_exist:
        return or_404(document, list(request.ids.values())[-1])
    return dict(request.ids) if document is None else document


def _store(request: ApiRequest, resource: ResourceType, document: Document) -> Response:
    values = list(request.ids.values())
    parent = "/".join(values[: len(values) - len(resource.keys)])
    request.state.store.put(resource.kind, _key_of(request), document, parent=parent)
    return request.respond(document)


def _document(request: ApiRequest) -> Document:
    """The document to store for a body: without the server's fields, with the ids of the path."""
    sent = {name: value for name, value in _sent(request).items() if name not in SERVER_FIELDS}
    return {**sent, **request.ids, "date_modified": request.now()}


def _sent(request: ApiRequest) -> Mapping[str, Any]:
    return request.body if isinstance(request.body, Mapping) else {}


def _key_of(request: ApiRequest) -> str:
    return "/".join(request.ids.values())


def _missing(request: ApiRequest) -> str:
    return f"{list(request.ids.values())[-1]} does not exist"
