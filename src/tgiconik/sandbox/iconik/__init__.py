"""iconik's side of the sandbox: 1,002 operations below `/API/`, most of them from the facts alone.

A request is found in the table, passes the gate (credentials, query, body) and reaches a handler:
one of the modules for nouns that behave in ways of their own, or the generic noun.
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
    collection,
    crud,
    downloads,
    files,
    history,
    jobs,
    metadata,
    objects,
    people,
    relations,
    search,
    segments,
    shares,
    transcoding,
    uploads,
    versions,
)
from tgiconik.sandbox.iconik.asked import Asked, Refused
from tgiconik.sandbox.iconik.crud import Nouns
from tgiconik.sandbox.iconik.gate import check_credentials, check_query, read_body
from tgiconik.sandbox.iconik.index import SearchIndex
from tgiconik.sandbox.iconik.seed import CURRENT_USER
from tgiconik.sandbox.iconik.table import Table
from tgiconik.sandbox.schema import Schemas
from tgiconik.sandbox.state import State

Handler = Callable[[Asked], Response]

_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]
#: The operations that behave in ways of their own.
_HANDLERS: Final[Mapping[str, Handler]] = {
    **acls.HANDLERS,
    **approvals.HANDLERS,
    **assets.HANDLERS,
    **collection.HANDLERS,
    **downloads.HANDLERS,
    **files.HANDLERS,
    **history.HANDLERS,
    **jobs.HANDLERS,
    **metadata.HANDLERS,
    **people.HANDLERS,
    **relations.HANDLERS,
    **search.HANDLERS,
    **segments.HANDLERS,
    **shares.HANDLERS,
    **transcoding.HANDLERS,
    **uploads.HANDLERS,
    **versions.HANDLERS,
}


def routes(state: State) -> list[BaseRoute]:
    """All of iconik, as one route below `/API/`."""
    service = _Iconik(state, _known())
    return [Route("/API/{path:path}", service.answer, methods=_METHODS)]


@attrs.frozen
class _Known:
    """What follows from the facts alone: the same for every sandbox."""

    table: Table
    schemas: Mapping[str, Schemas]
    handlers: Mapping[str, Handler]


@cache
def _known() -> _Known:
    known = facts.load()
    schemas = {service: Schemas(named) for service, named in known.schemas.items()}
    nouns = {
        service: Nouns(service, _by_place(known, service), schemas[service]) for service in schemas
    }
    return _Known(
        table=Table(known.operations),
        schemas=schemas,
        handlers={each.name: _handler(each, nouns[each.service]) for each in known.operations},
    )


class _Iconik:
    """The dispatcher: what is asked for, whether it may be, and who answers."""

    def __init__(self, state: State, known: _Known) -> None:
        self._state = state
        self._known = known
        self._index = SearchIndex(state)

    async def answer(self, request: Request) -> Response:
        """Answer one request, refusals in iconik's shape of an error."""
        try:
            return await self._answer(request)
        except Refused as refusal:
            return JSONResponse({"errors": list(refusal.messages)}, status_code=refusal.status)

    async def _answer(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode("ascii").partition("?")[0]
        operation, ids = self._find(request.method, path.removeprefix("/API/"))
        check_credentials(operation, request.headers)
        for name in check_query(operation, request.query_params):
            self._state.unknown_queries.append(f"{operation.name} {name}")
        schemas = self._known.schemas[operation.service]
        asked = Asked(
            state=self._state,
            index=self._index,
            schemas=schemas,
            operation=operation,
            ids=ids,
            query=request.query_params,
            body=await read_body(operation, schemas, request),
            path=path,
            user_id=CURRENT_USER,
        )
        handler = self._known.handlers[operation.name]
        if request.method == "GET":
            return handler(asked)
        with self._state.store.transaction():
            return handler(asked)

    def _find(self, method: str, path: str) -> tuple[Operation, Mapping[str, str]]:
        found = self._known.table.find(method, path)
        if found is not None:
            return found
        if allowed := self._known.table.methods(path):
            raise Refused(405, f"The method is not allowed, only {', '.join(allowed)}")
        raise Refused(404, "The requested URL was not found on the server")


def _handler(operation: Operation, nouns: Nouns) -> Handler:
    own = _HANDLERS.get(operation.name)
    if own is not None:
        return own
    return partial(_generic, handler=_generic_handler(operation, nouns), nouns=nouns)


def _by_place(known: Facts, service: str) -> Mapping[tuple[str, str], Operation]:
    return {
        (operation.method, operation.path): operation
        for operation in known.operations
        if operation.service == service
    }


def _generic(asked: Asked, *, handler: Handler, nouns: Nouns) -> Response:
    crud.check_parents(asked, nouns)
    if "asset_id" in asked.ids:
        # Other services hang things below assets, which live in the assets service.
        objects.asset(asked.state, asked.ids["asset_id"])
    return handler(asked)


def _generic_handler(operation: Operation, nouns: Nouns) -> Handler:
    """What the generic noun does for an operation: a matter of its path and its answer alone."""
    method, path = operation.method, operation.path
    if method == "GET" and nouns.is_list(operation):
        return partial(crud.list_all, noun=nouns.of_collection(path))
    if (noun := nouns.of_collection(path)) and nouns.creation(path) is operation:
        return partial(crud.create, noun=noun)
    if noun := nouns.of_item(path) or nouns.of_value(path):
        act = _ON_ONE.get(method)
        if act is not None and (method == "DELETE" or crud.first_schema(operation) is not None):
            return partial(act, noun=noun)
    return crud.act


_ON_ONE: Final[Mapping[str, Callable[..., Response]]] = {
    "GET": crud.read,
    "PUT": crud.replace,
    "PATCH": crud.update,
    "POST": crud.update,
    "DELETE": crud.delete,
}
