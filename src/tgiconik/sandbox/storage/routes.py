"""Routes of the storages, below `/storage/`; they take no credentials of iconik."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage import azure, b2, gcs, s3
from tgiconik.sandbox.storage.errors import StorageError

Storage = Callable[[State, Request], Awaitable[Response]]

_METHODS: Final = ["GET", "POST", "PUT", "DELETE"]
_FILE: Final = "{asset_id}/{file_id}/{name:path}"
_STORAGES: Final[Mapping[str, Storage]] = {
    f"/storage/s3/{_FILE}": s3.answer,
    f"/storage/gcs/{_FILE}": gcs.answer,
    f"/storage/azure/{_FILE}": azure.answer,
    "/storage/b2/b2_upload_file/{asset_id}/{file_id}/{pod}": b2.upload_file,
    "/storage/b2/b2_upload_part/{upload_id}/{pod}": b2.upload_part,
}
#: iconik's credential headers, which must not be sent to a storage.
_ICONIKS_OWN: Final = ("App-ID", "Auth-Token")
#: nginx's status for a client that disconnected; nobody receives it.
_GONE: Final = 499


def routes(state: State) -> list[BaseRoute]:
    """The routes of all storages."""
    return [
        Route(path, _endpoint(state, storage), methods=_METHODS)
        for path, storage in _STORAGES.items()
    ]


def record_leak(state: State, request: Request) -> bool:
    """Record a request to a storage that carries iconik's credentials; returns whether it does."""
    leaked = [name for name in _ICONIKS_OWN if request.headers.get(name)]
    if leaked:
        state.leaks.append(f"{request.method} {request.url.path}: {', '.join(leaked)}")
    return bool(leaked)


def _endpoint(state: State, storage: Storage) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if record_leak(state, request):
            return PlainTextResponse("A storage accepts no credentials of iconik", status_code=400)
        try:
            return await storage(state, request)
        except StorageError as error:
            return error.response
        except ClientDisconnect:
            return Response(status_code=_GONE)

    return endpoint
