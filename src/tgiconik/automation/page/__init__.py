"""The app of a worker: health checks, and a page about all workers of a database.

The page's data need a token; the checks do not, and say nothing but whether all is well.
"""

import hmac
import math
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any, Final, Protocol

import anyio
import attrs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tgiconik import errors
from tgiconik._page import base_style, own_file
from tgiconik.automation.store import Overview, Parked, Run, WaitingCause
from tgiconik.community.post import Message, OutboxLetter

_COOKIE: Final = "tgiconik-worker"
_FILES: Final = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
_HEADERS: Final = {
    # Data of others are inserted as text only; if that ever failed, this policy still keeps them
    # from running scripts or loading anything.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
#: A report has its own policy within it: of style and script that are its own.
_REPORT_HEADERS: Final = {
    **_HEADERS,
    "Content-Security-Policy": "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
#: Shorter ones can be guessed.
_SHORTEST_TOKEN: Final = 16
#: Seconds that a wrong token costs, one after the other.
_WRONG_TOKEN: Final = 0.5
_LONGEST_FORM: Final = 4096
_MOST_ROWS: Final = 100
#: Seconds to wait for the database.
_PATIENCE: Final = 3.0


class Shown(Protocol):
    """A worker, as the page reads it."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def is_alive(self) -> bool:
        """Whether it works at all."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether it takes up runs."""
        ...

    @property
    def allowance(self) -> float | None:
        """Calls of iconik per second of all workers; None if they are not limited."""
        ...

    async def overview(self) -> Overview:
        """How much there is to do."""
        ...

    async def running(self) -> tuple[Run, ...]:
        """The runs that are under way."""
        ...

    async def waiting(self, *, limit: int = 100) -> tuple[WaitingCause, ...]:
        """Causes that wait."""
        ...

    async def parked(self) -> tuple[Parked, ...]:
        """The causes that failed for good."""
        ...

    async def runs(self, *, limit: int = 100) -> tuple[Run, ...]:
        """The latest runs."""
        ...

    async def report(self, number: int) -> str | None:
        """The report of a run."""
        ...


class Post(Protocol):
    """A post office, as the page reads it: `PostOffice` is one."""

    async def undelivered(self) -> tuple[OutboxLetter, ...]:
        """The letters that a person must look at."""
        ...

    async def quarantined(self) -> tuple[Message, ...]:
        """The messages that were not carried out."""
        ...


def worker_app(
    worker: Shown,
    token: str | None,
    mounts: Mapping[str, ASGIApp] | None = None,
    office: Post | None = None,
) -> ASGIApp:
    """The app: `/healthz`, `/readyz`, and the page where there is a token.

    Args:
        worker: the worker.
        token: who has it sees the page; None for no page.
        mounts: further apps, by path, such as a receiver of webhooks.
        office: the post office whose letters and messages the page shows; None for none.

    Raises:
        ConfigurationError: the token has fewer than 16 characters.
    """
    routes: list[Route | Mount] = [
        Route("/healthz", _check(lambda: worker.is_alive)),
        Route("/readyz", _readiness(worker)),
    ]
    if token is not None:
        routes.extend(_Page(worker, token, office).routes())
    for path, app in (mounts or {}).items():
        # Whoever sends webhooks may not follow a redirection, or follow it with a GET.
        routes += [Route(path.rstrip("/"), _WithSlash(app)), Mount(path, app)]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return app


@attrs.frozen
class _WithSlash:
    """A mounted app, called by its path without the slash at the end."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        mounted = {"path": f"{path}/", "root_path": path, "app_root_path": scope["root_path"]}
        await self.app({**scope, **mounted}, receive, send)


def _check(is_well: Callable[[], bool]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return _said(is_well())

    return answer


def _readiness(worker: Shown) -> Callable[[Request], Awaitable[Response]]:
    # One check at a time: those of a database that hangs do not take all threads.
    asking = anyio.Lock()

    async def answer(_: Request) -> Response:
        if not worker.is_ready:
            return _said(False)
        try:
            with anyio.fail_after(_PATIENCE):
                async with asking:
                    await worker.overview()
        except (errors.StoreError, TimeoutError):
            return _said(False)
        return _said(True)

    return answer


def _said(is_well: bool) -> Response:  # noqa: FBT001 - the only thing that is said
    return (
        JSONResponse({"status": "ok"}) if is_well else JSONResponse({"status": "unavailable"}, 503)
    )


class _Page:
    def __init__(self, worker: Shown, token: str, office: Post | None) -> None:
        if len(token) < _SHORTEST_TOKEN:
            raise errors.ConfigurationError(
                f"the token of the worker's page needs at least {_SHORTEST_TOKEN} characters; make "
                "one with: python -c 'import secrets; print(secrets.token_urlsafe())'"
            )
        self._worker = worker
        self._office = office
        self._token = token.encode()
        # Not the token itself: a cookie lies in the browser's files.
        self._ticket = hmac.new(self._token, _COOKIE.encode(), sha256).hexdigest()
        self._guessing = anyio.Lock()

    def __repr__(self) -> str:
        return "<the worker's page>"

    def routes(self) -> list[Route]:
        return [
            *(Route(path, _file) for path in _FILES),
            Route("/sign-in", self._sign_in, methods=["POST"]),
            Route("/now", self._now),
            Route("/reports/{number:int}", self._report),
        ]

    def _knows(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), self._token):
            return True
        ticket = request.cookies.get(_COOKIE, "")
        return hmac.compare_digest(ticket.encode(), self._ticket.encode())

    async def _sign_in(self, request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _LONGEST_FORM:
                return PlainTextResponse("too long", 413, _HEADERS)
        if not hmac.compare_digest(body.strip(), self._token):
            async with self._guessing:
                await anyio.sleep(_WRONG_TOKEN)
            return PlainTextResponse("this is not the token", 401, _HEADERS)
        response = PlainTextResponse("welcome", headers=_HEADERS)
        response.set_cookie(
            _COOKIE,
            self._ticket,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    async def _now(self, request: Request) -> Response:
        if not self._knows(request):
            return JSONResponse({"error": "sign in"}, 401, _HEADERS)
        try:
            return JSONResponse(await self._state(), headers=_HEADERS)
        except errors.StoreError:
            return JSONResponse({"error": "the database does not answer"}, 503, _HEADERS)

    async def _report(self, request: Request) -> Response:
        if not self._knows(request):
            return RedirectResponse("/", 303, _HEADERS)
        try:
            report = await self._worker.report(request.path_params["number"])
        except errors.StoreError:
            return PlainTextResponse("the database does not answer", 503, _HEADERS)
        if report is None:
            return PlainTextResponse("this run has no report", 404, _HEADERS)
        return Response(report, media_type="text/html", headers=_REPORT_HEADERS)

    async def _state(self) -> dict[str, Any]:
        overview = await self._worker.overview()
        running = await self._worker.running()
        ended = [run for run in await self._worker.runs(limit=_MOST_ROWS) if run.ended_at]
        return {
            "worker": self._worker.id,
            "counts": {
                "waiting": overview.waiting,
                "running": overview.running,
                "parked": overview.parked,
            },
            "oldest": _moment(overview.oldest),
            "allowance": self._worker.allowance,
            "workers": [
                {
                    "id": one.id,
                    "host": one.host,
                    "release": one.release,
                    "since": _moment(one.began_at),
                    "used": round(one.used, 1),
                    "rate": round(one.rate, 1),
                }
                for one in overview.workers
            ],
            "waiting": [
                attrs.asdict(one) | {"due_at": _moment(one.due_at)}
                for one in await self._worker.waiting(limit=_MOST_ROWS)
            ],
            "running": [_run(one) for one in running[:_MOST_ROWS]],
            "parked": [
                attrs.asdict(one) | {"stored_at": _moment(one.stored_at)}
                for one in (await self._worker.parked())[:_MOST_ROWS]
            ],
            "ended": [_run(one) for one in ended],
            "post": None if self._office is None else await _post(self._office),
        }


async def _post(office: Post) -> list[dict[str, Any]]:
    """The letters and messages that a person must look at."""
    letters, messages = await office.undelivered(), await office.quarantined()
    found = [
        {
            "id": one.name,
            "partner": one.partner_id,
            "about": f"{one.kind} on {one.about}",
            "state": one.state,
            "reason": one.text,
            "since": _moment(one.since),
        }
        for one in letters
    ]
    found += [
        {
            "id": one.id,
            "partner": "" if one.act is None else one.act.partner_id,
            "about": f"message by {one.channel}",
            "state": one.state,
            "reason": one.reason,
            "since": _moment(one.received_at),
        }
        for one in messages
    ]
    return found


async def _file(request: Request) -> Response:
    name, media_type = _FILES[request.url.path]
    text = own_file(__package__, name)
    if name.endswith(".css"):
        text = base_style() + text
    return Response(text, media_type=media_type, headers=_HEADERS)


def _run(run: Run) -> dict[str, Any]:
    seconds = (run.ended_at - run.began_at).total_seconds() if run.ended_at else math.nan
    return {
        "number": run.number,
        "rule": run.rule,
        "subject": run.subject,
        "worker": run.worker,
        "began_at": _moment(run.began_at),
        "seconds": None if math.isnan(seconds) else round(seconds, 1),
        "reason": run.reason,
        "summary": run.summary,
        "has_report": run.has_report,
    }


def _moment(time: Any) -> str | None:  # noqa: ANN401 - a time, or none
    return None if time is None else f"{time:%Y-%m-%dT%H:%M:%SZ}"
