"""How often each platform was called, and what changed something: what tests and benchmarks count.

`Sandbox.calls` has the numbers. A sandbox in another process answers them at `GET /sandbox/calls`.
"""

import re
from typing import Final

import attrs
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tgiconik.sandbox.state import State, Write

#: Where a sandbox in another process says how often it was called.
PATH: Final = "/sandbox/calls"

#: POSTs that only read: searches, questions about many objects, tokens and Lens.
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
_GRID: Final = ("/community/", "/TGCommunityServices/", "/visibility_transaction_search")
_TOO_MANY: Final = 429
_REFUSALS: Final = 400


@attrs.define
class Count:
    """How often one platform was called.

    Attributes:
        reads: calls that only read.
        writes: calls that may have changed something, answered in whichever way.
        refused: calls that were answered by 429; they are neither of the others.
    """

    reads: int = 0
    writes: int = 0
    refused: int = 0


@attrs.define
class Calls:
    """How often the platforms were called. Partners' links and storages are not counted.

    Attributes:
        iconik: calls below `/API/`.
        grid: calls to Trading Grid, without those for tokens.
        tokens: how often a token of Trading Grid's was asked for.
    """

    iconik: Count = attrs.Factory(Count)
    grid: Count = attrs.Factory(Count)
    tokens: int = 0

    def clear(self) -> None:
        """Begin anew."""
        self.iconik, self.grid, self.tokens = Count(), Count(), 0


class CallCountMiddleware:
    """An app whose calls are counted, by what they were answered.

    Args:
        app: the app.
        calls: the numbers.
    """

    def __init__(self, app: ASGIApp, calls: Calls) -> None:
        self._app = app
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] == PATH:
            await JSONResponse(attrs.asdict(self._calls))(scope, receive, send)
            return

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(scope["method"], scope["path"], message["status"])
            await send(message)

        await self._app(scope, receive, counting)

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
    """Notes every request that was answered with success and is not a reading one."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and note it."""
        if scope["type"] != "http" or only_reads(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < _REFUSALS:
                write = Write(scope["method"], scope["path"], message["status"])
                self._state.writes.append(write)
            await send(message)

        await self._app(scope, receive, noting)


def only_reads(method: str, path: str) -> bool:
    """Whether a request cannot change anything."""
    return method in {"GET", "HEAD", "OPTIONS"} or (
        method == "POST" and _READS.fullmatch(path) is not None
    )
