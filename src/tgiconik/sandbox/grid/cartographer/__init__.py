"""Cartographer: maps to read, and cross-references to read and change.

Source of paths, parameters, bodies and fields: OpenText's repository BN-Trading-Grid. What is not
published is named where it is decided.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tgiconik.sandbox.grid import oauth
from tgiconik.sandbox.grid.cartographer import maps, prexref, refusals, xref
from tgiconik.sandbox.grid.cartographer.call import Call, Handler
from tgiconik.sandbox.grid.cartographer.refusals import CartographerError
from tgiconik.sandbox.grid.errors import GatewayError
from tgiconik.sandbox.state import State

_METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


def operations() -> list[tuple[str, str, Handler]]:
    """Method, path and handler of all 22 operations."""
    return [*maps.operations(), *xref.operations(), *prexref.operations()]


def routes(state: State) -> list[BaseRoute]:
    """One route for all operations.

    Keys and names may have a slash, escaped, which is no slash any more in the path that routes
    compare: operations are found by the path as it was sent.
    """

    async def answer(request: Request) -> Response:
        content = await request.body()
        try:
            _check_operator(state, request)
            path = _path(request)
            handlers, ids = _found(path)
            handler = handlers.get("GET" if request.method == "HEAD" else request.method)
            if handler is None:
                allowed = ", ".join(sorted({*handlers, *(["HEAD"] if "GET" in handlers else [])}))
                wrong = CartographerError(
                    405, f"{request.method} is not for this path", "sandbox.Method"
                )
                return wrong.response(allow=allowed)
            with state.store.transaction():
                return handler(Call(state, path, ids, dict(request.query_params), content))
        except CartographerError as refusal:
            return refusal.response()

    return [Route("/cartographer/{rest:path}", answer, methods=[*_METHODS])]


def _check_operator(state: State, request: Request) -> None:
    try:
        oauth.check_operator(state, request)
    except GatewayError as error:
        raise CartographerError(error.status, str(error), error.code) from error


def _path(request: Request) -> str:
    raw: bytes | None = request.scope.get("raw_path")
    return (raw or request.scope["path"].encode()).partition(b"?")[0].decode("latin-1")


@cache
def _table() -> list[tuple[re.Pattern[str], Mapping[str, Handler]]]:
    """The handlers of each path, by method; a name in a path is one segment."""
    paths: dict[str, dict[str, Handler]] = {}
    for method, path, handler in operations():
        paths.setdefault(path, {})[method] = handler
    return [
        (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), handlers)
        for path, handlers in paths.items()
    ]


def _found(path: str) -> tuple[Mapping[str, Handler], Mapping[str, str]]:
    """The operations of a path, and the names in it.

    Raises:
        CartographerError: there is no such path, or a name in it is not UTF-8.
    """
    for pattern, handlers in _table():
        if match := pattern.fullmatch(path):
            try:
                ids = {
                    name: unquote(value, errors="strict")
                    for name, value in match.groupdict().items()
                }
            except UnicodeDecodeError as error:
                raise refusals.bad_request("A name in the path is not UTF-8") from error
            return handlers, ids
    raise refusals.not_found("such path")
