"""`GET /healthz`: whether the database answers, for whatever watches the server."""

from typing import Final

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tgiconik import errors
from tgiconik.community.store.base import BaseStore

PATH: Final = "/healthz"
#: Seconds to wait for the database.
_PATIENCE: Final = 3.0


def health_route(store: BaseStore, *, patience: float = _PATIENCE) -> Route:
    """The route of the health check; it needs no key.

    Args:
        store: the database.
        patience: seconds to wait for it.
    """
    # One check at a time: those of a database that hangs do not take all threads.
    limiter = anyio.CapacityLimiter(1)

    def ask() -> None:
        with store.transaction("", write=False):
            pass

    async def answer(_: Request) -> Response:
        try:
            with anyio.fail_after(patience):
                await anyio.to_thread.run_sync(ask, limiter=limiter, abandon_on_cancel=True)
        except (errors.StoreError, TimeoutError):
            return JSONResponse({"status": "unavailable"}, 503)
        return JSONResponse({"status": "ok"})

    return Route(PATH, answer, methods=["GET"])
