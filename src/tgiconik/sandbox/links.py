"""Links for people and programs without credentials: shares, and signed links to bytes.

`GET /share/{share_id}` returns the bytes of the asset's current original, or for a collection a
page of links; `?download=1` counts as a download and is rejected unless the share allows downloads.
`GET /media/…` serves signed links.
"""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tgiconik.sandbox.iconik import collection, downloads, files, objects, shares
from tgiconik.sandbox.iconik.request import ApiError
from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage.errors import StorageError
from tgiconik.sandbox.storage.file_response import INERT, file_response
from tgiconik.sandbox.storage.routes import record_leak
from tgiconik.sandbox.store import Document


def routes(state: State) -> list[BaseRoute]:
    """The routes of share links and signed links."""

    async def open_share(request: Request) -> Response:
        try:
            return _open(state, request)
        except ApiError as error:
            return PlainTextResponse("\n".join(error.messages), status_code=error.status)

    async def fetch(request: Request) -> Response:
        record_leak(state, request)
        try:
            file = downloads.signed_document(state, request)
            query = request.query_params
            inline = query.get(downloads.DISPOSITION) == "inline"
            if downloads.CONTENT_TYPE in query:
                file = file | {"media_type": query[downloads.CONTENT_TYPE]}
            return _bytes(state, file, request, as_attachment=not inline)
        except StorageError as error:
            return error.response
        except ApiError as error:
            return PlainTextResponse("\n".join(error.messages), status_code=error.status)

    return [
        Route("/share/{share_id}", open_share),
        Route("/share/{share_id}/{user_id}", open_share),
        Route("/media/{kind}/{asset_id}/{file_id}/{name:path}", fetch),
    ]


def _open(state: State, request: Request) -> Response:
    share_id, user_id = request.path_params["share_id"], request.path_params.get("user_id")
    share = shares.get(state, share_id)
    if share is None or (user_id is None) is not share["by_url"]:
        raise ApiError(404, "There is no such share")
    if user_id is not None and all(user["id"] != user_id for user in share["users"]):
        raise ApiError(404, "There is no such share")
    if shares.is_expired(state, share):
        raise ApiError(410, "This share has expired")
    download = request.query_params.get("download") == "1"
    if download and not share["allow_download"]:
        raise ApiError(403, "This share does not allow downloads")
    asset_id = request.query_params.get("asset", share["object_id"])
    if share["object_type"] == "collections" and asset_id == share["object_id"]:
        answer: Response = _page(state, share, request.url.path)
    else:
        _check_is_shared(state, share, asset_id)
        answer = _bytes(state, _original(state, asset_id), request, as_attachment=download)
    if request.method == "GET":
        with state.store.transaction():
            shares.count(state, share, downloaded=download, user_id=user_id)
    return answer


def _check_is_shared(state: State, share: Document, asset_id: str) -> None:
    """Reject an asset that is not part of the share."""
    if share["object_type"] == "assets" and asset_id == share["object_id"]:
        return
    members = collection.members(state, share["object_id"])
    if all(member["id"] != asset_id for type_, member in members if type_ == "assets"):
        raise ApiError(404, "This asset is not part of the share")


def _original(state: State, asset_id: str) -> Document:
    asset = objects.asset(state, asset_id)
    original = files.original(state, asset_id, asset["default_version_id"])
    if original is None:
        raise ApiError(404, "The asset's current version has no file")
    return original


def _bytes(state: State, file: Document, request: Request, *, as_attachment: bool) -> Response:
    answer = file_response(state, file, request, as_attachment=as_attachment)
    if answer is None:
        raise ApiError(404, "The file has no bytes")
    return answer


def _page(state: State, share: Document, path: str) -> Response:
    """An HTML page that links the assets of a shared collection."""
    title = escape(share["title"] or "Shared collection")
    items = "".join(
        f'<li><a href="{escape(path)}?asset={escape(member["id"])}">'
        f"{escape(member['title'])}</a></li>"
        for type_, member in collection.members(state, share["object_id"])
        if type_ == "assets"
    )
    objects.collection(state, share["object_id"])
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1><ul>{items}</ul></html>",
        headers=INERT,
    )
