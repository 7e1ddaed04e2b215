"""Lens: transaction visibility by GraphQL, `POST /visibility_transaction_search`.

A query that is not valid is answered with status 200 and GraphQL `errors`, as the GraphQL over HTTP
specification requires for `application/json`; a body that is not a GraphQL request is answered
with 400. OpenText does not publish Lens's own behaviour.
"""

from collections.abc import Callable, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tgiconik.community import json_body
from tgiconik.community.shapes import Document
from tgiconik.sandbox.grid import oauth
from tgiconik.sandbox.grid.errors import GatewayError
from tgiconik.sandbox.grid.lens import arguments
from tgiconik.sandbox.grid.lens.errors import LensError
from tgiconik.sandbox.grid.lens.parse import QueryField, parse
from tgiconik.sandbox.grid.lens.scrolls import Slice, next_slice
from tgiconik.sandbox.state import State
from tgiconik.tradinggrid.lens.transaction import FIELDS

#: Kind of the stored transactions.
TRANSACTIONS: Final = "lens/transactions"

_PAGE: Final = ("count", "total", "offset", "scrollid", "transactions")
#: The fields of named values, whose names are an argument.
_NAMED: Final = ("clientvalues", "contentkeys")
_ENTRY: Final = (*FIELDS, *_NAMED)
_NAMED_VALUE: Final = ("key", "value")
#: The fields with a selection of subfields.
_BRANCHES: Final = frozenset({"transactions", *_NAMED})
#: The name of all client values, in OpenText's example.
_ALL: Final = "*"


def routes(state: State) -> list[BaseRoute]:
    """The route of Lens."""

    async def search(request: Request) -> Response:
        try:
            oauth.check_operator(state, request)
        except GatewayError as error:
            return error.response()
        try:
            body = json_body.parse(await request.body())
        except ValueError as error:
            return _errors(f"The body is not JSON: {error}", status=400)
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            return _errors("The body must be an object with a string `query`", status=400)
        try:
            with state.store.transaction():
                return JSONResponse({"data": {"getTransactions": answer(state, body["query"])}})
        except LensError as error:
            return _errors(str(error), status=200)

    return [Route("/visibility_transaction_search", search, methods=["POST"])]


def answer(state: State, graphql: str) -> Document:
    """The result of `getTransactions`, with the selected fields.

    Raises:
        LensError: the query is not valid.
    """
    selected = parse(graphql)
    if selected.name != "getTransactions":
        raise LensError(f"Cannot query field {selected.name}")
    page_fields = _fields(selected, _PAGE)
    query = arguments.read(selected.arguments)
    part = _slice(state, graphql, query)
    page: Document = {
        "count": len(part.transactions),
        "total": part.total,
        "offset": part.offset,
        "scrollid": part.scrollid,
    }
    for field in page_fields:
        if field.name == "transactions":
            entry = _entry(field, with_content_keys="contentKeyFilters" in query)
            page["transactions"] = [entry(one) for one in part.transactions]
    return {field.name: page[field.name] for field in page_fields}


def _slice(state: State, graphql: str, query: Document) -> Slice:
    every = [*state.store.list(TRANSACTIONS), *state.passed.all()]
    found = arguments.find(query, every)
    count, offset = arguments.count(query), query.get("offset", 0)
    if query.get("scroll"):
        return next_slice(state.store, graphql, found, count)
    return Slice(found[offset : offset + count], len(found), offset)


def _entry(selected: QueryField, *, with_content_keys: bool) -> Callable[[Document], Document]:
    """The selected fields of a transaction. Without `contentKeyFilters`, contentkeys are empty."""
    fields = _fields(selected, _ENTRY)
    shown = {field.name: _named_values(field) for field in fields if field.name in _NAMED}

    def entry(transaction: Document) -> Document:
        there = {
            "contentkeys": transaction["contentkeys"] if with_content_keys else [],
            # A database of an earlier version has transactions without any.
            "clientvalues": transaction.get("clientvalues", []),
        }
        return {
            field.name: shown[field.name](there[field.name])
            if field.name in shown
            else transaction.get(field.name)
            for field in fields
        }

    return entry


def _named_values(selected: QueryField) -> Callable[[list[Document]], list[Document]]:
    fields = _fields(selected, _NAMED_VALUE)
    names = arguments.names(selected.arguments)
    every = names is None or (selected.name == "clientvalues" and _ALL in names)
    return lambda values: [
        {field.name: one[field.name] for field in fields}
        for one in values
        if every or one["key"] in (names or ())
    ]


def _fields(selected: QueryField, known: Sequence[str]) -> tuple[QueryField, ...]:
    if not selected.fields:
        raise LensError(f"{selected.name} must have a selection of subfields")
    for field in selected.fields:
        if field.name not in known:
            raise LensError(f"Cannot query field {field.name} on {selected.name}")
        if field.fields and field.name not in _BRANCHES:
            raise LensError(f"{field.name} has no subfields")
        if field.arguments and field.name not in _NAMED:
            raise LensError(f"{field.name} takes no arguments")
    return selected.fields


def _errors(message: str, *, status: int) -> Response:
    return JSONResponse({"errors": [{"message": message}]}, status)
