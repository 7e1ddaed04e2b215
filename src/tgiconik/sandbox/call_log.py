"""Counts calls per platform and logs writes, for tests and benchmarks.

`Sandbox.calls` has the counts, and `Sandbox.writes` the log. A sandbox in another process returns
the counts at `GET /sandbox/calls`.
"""

import re
from typing import Final

import attrs
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tgiconik.sandbox.state import State, Write

#: Returns the call counts of a sandbox in another process.
PATH: Final = "/sandbox/calls"

#: POST requests that only read: searches, bulk reads, tokens and Lens queries.
_READS: Final = re.compile(
    r"/API/search/v\d/(search|search/content/info|search/suggest|search/natural|nltf_parse)/?"
    r"|/API/acls/v1/acl/([^/]+/[^/]+/)?"
    r"|/API/assets/v1/shares/magic_link/enabled/?"
    r"|/API/auth/v1/auth/saml/multidomain/login/?"
    r"|/API/users/v1/users/invite/validate/?"
    r"|/v1/oauth2/tokens/?"
    r"|/visibility_transaction_search/?"
)
_ICONIK: Final = "/API/"
_TOKENS: Final = "/v1/oauth2/tokens"
_GRID: Final = (
    "/cartographer/",
    "/community/",
    "/TGCommunityServices/",
    "/visibility_transaction_search",
)
_TOO_MANY: Final = 429
_REFUSALS: Final = 400


@attrs.define
class Count:
    """The calls to one platform.

    Attributes:
        reads: calls that only read.
        writes: calls that may have changed something, successful or not.
        refused: calls rejected with 429; not counted as reads or writes.
    """

    reads: int = 0
    writes: int = 0
    refused: int = 0


@attrs.define
class Calls:
    """The calls to both platforms. Requests to share links and storages are not counted.

    Attributes:
        iconik: calls below `/API/`.
        grid: calls to Trading Grid, except token requests.
        tokens: token requests to Trading Grid.
    """

    iconik: Count = attrs.Factory(Count)
    grid: Count = attrs.Factory(Count)
    tokens: int = 0

    def clear(self) -> None:
        """Set all counts to zero."""
        self.iconik, self.grid, self.tokens = Count(), Count(), 0


class CallCountMiddleware:
    """Middleware that counts calls.

    Args:
        app: the app.
        calls: the counts to increase.
    """

    def __init__(self, app: ASGIApp, calls: Calls) -> None:
        self._app = app
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] == PATH:
            await JSONResponse(attrs.asdict(self._calls))(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(scope["method"], scope["path"], message["status"])
            await send(message)

        await self._app(scope, receive, send_counted)

    def _count(self, method: str, path: str, status: int) -> None:
        if path.rstrip("/") == _TOKENS:
            self._calls.tokens += 1
            return
        if path.startswith(_ICONIK):
            count = self._calls.iconik
        elif path.startswith(_GRID):
            count = self._calls.grid
        else:
            return
        if status == _TOO_MANY:
            count.refused += 1
        elif only_reads(method, path):
            count.reads += 1
        else:
            count.writes += 1


class WriteLogMiddleware:
    """Middleware that logs every successful request that may have changed something."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and log it."""
        if scope["type"] != "http" or only_reads(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return

        async def send_logged(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < _REFUSALS:
                write = Write(scope["method"], scope["path"], message["status"])
                self._state.writes.append(write)
            await send(message)

        await self._app(scope, receive, send_logged)


def only_reads(method: str, path: str) -> bool:
    """Whether a request cannot change anything."""
    return method in {"GET", "HEAD", "OPTIONS"} or (
        method == "POST" and _READS.fullmatch(path) is not None
    )
