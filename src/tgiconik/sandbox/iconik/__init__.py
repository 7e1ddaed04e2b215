"""The sandbox's iconik: 1,009 operations below `/API/`.

A request is routed, authenticated and validated against iconik's OpenAPI documents, then handled:
by the module of its resource, or by a generic handler (`crud`).
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Final

import attrs
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tgiconik.sandbox import facts
from tgiconik.sandbox.facts import Facts, Operation
from tgiconik.sandbox.iconik import (
    acls,
    approvals,
    assets,
    by_name,
    collection,
    crud,
    custom_actions,
    downloads,
    file_sets,
    files,
    history,
    jobs,
    metadata,
    objects,
    previews,
    relations,
    search,
    segments,
    shares,
    transcoding,
    transcriptions,
    transfers,
    uploads,
    users,
    versions,
)
from tgiconik.sandbox.iconik.crud import ResourceTypes
from tgiconik.sandbox.iconik.index import SearchIndex
from tgiconik.sandbox.iconik.late_answers import as_read_by
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest
from tgiconik.sandbox.iconik.router import Router
from tgiconik.sandbox.iconik.router import by_name as read_by_name
from tgiconik.sandbox.iconik.validation import authenticate, check_query, read_body
from tgiconik.sandbox.iconik.webhooks import WebhookPublisher
from tgiconik.sandbox.schema import Schemas
from tgiconik.sandbox.state import State

Handler = Callable[[ApiRequest], Response]

_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]
#: Handlers of operations with behaviour of their own.
_HANDLERS: Final[Mapping[str, Handler]] = {
    **acls.HANDLERS,
    **approvals.HANDLERS,
    **assets.HANDLERS,
    **by_name.HANDLERS,
    **collection.HANDLERS,
    **custom_actions.HANDLERS,
    **downloads.HANDLERS,
    **file_sets.HANDLERS,
    **files.HANDLERS,
    **history.HANDLERS,
    **jobs.HANDLERS,
    **metadata.HANDLERS,
    **previews.HANDLERS,
    **users.HANDLERS,
    **relations.HANDLERS,
    **search.HANDLERS,
    **segments.HANDLERS,
    **shares.HANDLERS,
    **transcoding.HANDLERS,
    **transcriptions.HANDLERS,
    **transfers.HANDLERS,
    **uploads.HANDLERS,
    **versions.HANDLERS,
}


def routes(state: State) -> list[BaseRoute]:
    """The route of all iconik operations, below `/API/`."""
    service = _Dispatcher(state, _operations())
    return [Route("/API/{path:path}", service.answer, methods=_METHODS)]


@attrs.frozen
class _Operations:
    """Routing, schemas and handlers of all operations; shared by all sandboxes of a process."""

    router: Router
    schemas: Mapping[str, Schemas]
    handlers: Mapping[str, Handler]


@cache
def _operations() -> _Operations:
    known = facts.load()
    schemas = {service: Schemas(named) for service, named in known.schemas.items()}
    resources = {
        service: ResourceTypes(service, _by_place(known, service), schemas[service])
        for service in schemas
    }
    return _Operations(
        router=Router(known.operations),
        schemas=schemas,
        handlers={each.name: _handler(each, resources[each.service]) for each in known.operations},
    )


class _Dispatcher:
    """Routes, validates and answers requests."""

    def __init__(self, state: State, known: _Operations) -> None:
        self._state = state
        self._operations = known
        self._index = SearchIndex(state)
        state.store.subscribe(self._index.note_change)
        self._webhooks = WebhookPublisher(state)

    async def answer(self, request: Request) -> Response:
        """Answer a request; an `ApiError` becomes an error response in iconik's format."""
        try:
            return await self._answer(request)
        except ApiError as error:
            return JSONResponse({"errors": list(error.messages)}, status_code=error.status)

    async def _answer(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode("ascii").partition("?")[0]
        operation, ids = self._find(request.method, path.removeprefix("/API/"))
        user_id = authenticate(self._state.store, operation, request.headers)
        for name in check_query(operation, request.query_params):
            self._state.unknown_queries.append(f"{operation.name} {name}")
        schemas = self._operations.schemas[operation.service]
        state = as_read_by(self._state, operation)
        api_request = ApiRequest(
            state=state,
            index=self._index if state is self._state else SearchIndex(state),
            schemas=schemas,
            operation=operation,
            ids=ids,
            query=request.query_params,
            body=await read_body(operation, schemas, request),
            path=path,
            user_id=user_id,
        )
        handler = self._operations.handlers[operation.name]
        self._webhooks.note_failures()
        if request.method == "GET":
            return handler(api_request)
        if not self._webhooks.is_needed:
            with self._state.store.transaction():
                return handler(api_request)
        with self._state.store.recorded() as changes, self._state.store.transaction():
            response = handler(api_request)
        self._webhooks.publish(changes.values(), user_id=user_id)
        return response

    def _find(self, method: str, path: str) -> tuple[Operation, Mapping[str, str]]:
        found = self._operations.router.find(method, path)
        if found is not None:
            return found
        if allowed := self._operations.router.methods(path):
            raise ApiError(405, f"The method is not allowed, only {', '.join(allowed)}")
        raise ApiError(404, "The requested URL was not found on the server")


def _handler(operation: Operation, resources: ResourceTypes) -> Handler:
    own = _HANDLERS.get(operation.name)
    if own is not None:
        return own
    return partial(_generic, handler=_generic_handler(operation, resources), resources=resources)


def _by_place(known: Facts, service: str) -> Mapping[tuple[str, str], Operation]:
    # A resource is kept by its id.
    others = read_by_name(known.operations)
    return {
        (operation.method, operation.path): operation
        for operation in known.operations
        if operation.service == service and operation.name not in others
    }


def _generic(api_request: ApiRequest, *, handler: Handler, resources: ResourceTypes) -> Response:
    crud.check_parents(api_request, resources)
    if "asset_id" in api_request.ids:
        # Other services have resources below assets, which belong to the assets service.
        objects.asset(api_request.state, api_request.ids["asset_id"])
    return handler(api_request)


def _generic_handler(operation: Operation, resources: ResourceTypes) -> Handler:
    """The generic handler of an operation, chosen by its path and its response schema."""
    method, path = operation.method, operation.path
    if method == "GET" and resources.is_list(operation):
        return partial(crud.list_all, resource=resources.of_collection(path))
    if (resource := resources.of_collection(path)) and resources.creation(path) is operation:
        return partial(crud.create, resource=resource)
    if resource := resources.of_item(path) or resources.of_value(path):
        act = _ON_ONE.get(method)
        if act is not None and (method == "DELETE" or crud.first_schema(operation) is not None):
            return partial(act, resource=resource)
    return crud.act


_ON_ONE: Final[Mapping[str, Callable[..., Response]]] = {
    "GET": crud.read,
    "PUT": crud.replace,
    "PATCH": crud.update,
    "POST": crud.update,
    "DELETE": crud.delete,
}
