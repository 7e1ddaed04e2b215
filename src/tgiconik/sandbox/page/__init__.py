"""The sandbox's web page: both platforms side by side, changes of the last run, and all calls.

The page is at `/`; its requests go below `/sandbox/`, which no platform uses. They are neither
counted nor logged, and rate limit, latency and faults do not apply to them. The page polls every
half second: no connection stays open that would delay stopping the server, and nothing runs without
a viewer.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import attrs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tgiconik._page import base_style, own_file
from tgiconik.sandbox.call_log import PATH as CALLS
from tgiconik.sandbox.page import grid_rows, iconik_rows, letters
from tgiconik.sandbox.page.recorder import PageMiddleware, RecordedCall, Recorder
from tgiconik.sandbox.page.rows import shorten
from tgiconik.sandbox.state import State

_BELOW: Final = "/sandbox/"
_FILES: Final = {
    "/": ("page.html", "text/html"),
    "/sandbox/page.css": ("page.css", "text/css"),
    "/sandbox/page.js": ("page.js", "text/javascript"),
}
_HEADERS: Final = {
    # The page displays data written by clients. It inserts them as text only; if that ever
    # failed, this policy still keeps them from running scripts or loading anything.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; frame-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
#: Maximum share of time spent on computing rows, so that large data do not slow down calls.
_SHARE_OF_TIME: Final = 0.1
#: Seconds between checks for leases and shares that expired.
_NOW_AND_THEN: Final = 5.0


def with_page(app: ASGIApp, state: State) -> ASGIApp:
    """The app of both platforms, extended by the page."""
    recorder = Recorder(state)
    return PageMiddleware(app, _page(state, recorder), is_page, recorder)


def is_page(path: str) -> bool:
    """Whether a path belongs to the page."""
    return path == "/" or (path.startswith(_BELOW) and path != CALLS)


def _page(state: State, recorder: Recorder) -> ASGIApp:
    async def file(request: Request) -> Response:
        name, media_type = _FILES[request.url.path]
        text = own_file(__package__, name)
        if name.endswith(".css"):
            text = base_style() + text
        return Response(text, media_type=media_type, headers=_HEADERS)

    shown = _RowCache(state, recorder)

    async def now(request: Request) -> Response:
        after = _number_in(request, "call")
        # Rows first: calls go on in another thread, and a row must not refer to a later run.
        answer = shown.since(_number_in(request, "number")) | {
            "sandbox": recorder.name,
            "run": attrs.asdict(recorder.run),
            "calls": [_call(call) for call in list(recorder.calls) if call.number > after],
        }
        return JSONResponse(answer, headers=_HEADERS)

    async def open_link(request: Request) -> Response:
        share = iconik_rows.share_of(state, request.path_params["key"])
        if share is None:
            return PlainTextResponse("This share is closed", 404, _HEADERS)
        return RedirectResponse(f"/share/{share['id']}", 303, _HEADERS)

    app = Starlette(
        routes=[
            *(Route(path, file) for path in _FILES),
            Route(f"{_BELOW}now", now),
            Route(f"{_BELOW}open/{{key}}", open_link),
            *letters.routes(state, f"{_BELOW}mails/", _HEADERS),
        ]
    )
    app.router.redirect_slashes = False
    return app


class _RowCache:
    """Rows of both platforms, computed again after changes, but not too often for large data.

    Leases and shares expire without a change, so the rows are computed at intervals too.
    """

    def __init__(
        self, state: State, recorder: Recorder, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._state = state
        self._recorder = recorder
        self._clock = clock
        self._sides: dict[str, Any] = {}
        self._number = 0
        self._revision = -1
        self._not_before = self._at_last = 0.0

    def since(self, number: int) -> dict[str, Any]:
        """The rows and their number, or only the number if the page has these rows already."""
        now = self._clock()
        if now >= (
            self._at_last if self._revision == self._recorder.revision else self._not_before
        ):
            self._refresh(now)
        there = {"number": self._number}
        return there if number == self._number else there | {"sides": self._sides}

    def _refresh(self, began: float) -> None:
        self._revision = self._recorder.revision
        sides = {
            side: [attrs.asdict(one) for one in module.sections(self._state, self._recorder)]
            for side, module in (("grid", grid_rows), ("iconik", iconik_rows))
        }
        if sides != self._sides:
            self._sides, self._number = sides, self._number + 1
        ended = self._clock()
        self._not_before = ended + (ended - began) / _SHARE_OF_TIME
        self._at_last = max(self._not_before, ended + _NOW_AND_THEN)


def _number_in(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else -1


def _call(call: RecordedCall) -> dict[str, Any]:
    return {
        "number": call.number,
        "run": call.run,
        "at": f"{call.at:%H:%M:%S}.{call.at.microsecond // 1000:03}",
        "milliseconds": round(call.milliseconds, 1),
        "platform": call.platform,
        "method": call.method,
        "path": shorten(call.path),
        "status": call.status,
        "wrote": call.wrote,
    }
