"""Routes grouped by path, so that a 405 response lists all methods of the path."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def routes_by_path(operations: Iterable[tuple[str, str, Endpoint]]) -> list[BaseRoute]:
    """One route per path, in the order of the first operation of each.

    Args:
        operations: method, path and endpoint.
    """
    paths: defaultdict[str, dict[str, Endpoint]] = defaultdict(dict)
    for method, path, endpoint in operations:
        paths[path][method] = endpoint
    return [Route(path, _by_method(all_), methods=[*all_]) for path, all_ in paths.items()]


def _by_method(endpoints: Mapping[str, Endpoint]) -> Endpoint:
    async def answer(request: Request) -> Response:
        # HEAD is handled as GET; the server sends only the headers.
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return answer
