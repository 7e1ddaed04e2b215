"""Signed download links of originals, proxies and keyframes."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from tgiconik.sandbox.iconik import objects
from tgiconik.sandbox.iconik.history import record
from tgiconik.sandbox.iconik.kinds import PARTS
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest, or_404
from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage import signing
from tgiconik.sandbox.storage.errors import LinkErrors, xml
from tgiconik.sandbox.store import Document

_LINK_ERRORS: Final = LinkErrors(
    expired=partial(xml, 403, "AccessDenied", "Request has expired"),
    wrong=partial(xml, 403, "SignatureDoesNotMatch", "The signature does not match the request"),
)


#: Query parameters of signed links that change how the bytes are answered, as Amazon's do.
DISPOSITION: Final = "response-content-disposition"
CONTENT_TYPE: Final = "response-content-type"
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]+/[\w.+-]+")


def signed_link(state: State, kind: str, document: Document, **query: str) -> str:
    """A signed, expiring link to the bytes, which needs no credentials."""
    name = quote(document["name"], safe="")
    path = f"/media/{kind}/{document['asset_id']}/{document['id']}/{name}"
    return signing.link(state, "GET", path, **query)


def signed_document(state: State, request: Request) -> Document:
    """The document that a signed link refers to.

    Raises:
        StorageError: 403, the link is invalid or expired.
        ApiError: 404, the file does not exist.
    """
    signing.check(state, request, _LINK_ERRORS)
    kind, asset_id, id_ = (request.path_params[name] for name in ("kind", "asset_id", "file_id"))
    return or_404(state.store.get(PARTS[kind], f"{asset_id}/{id_}"), "The file")


def with_link(request: ApiRequest, kind: str, document: Document) -> Document:
    """The document of a file, proxy or keyframe, with a signed link if its bytes are available.

    Behind the link, browsers display the bytes, unless `content_disposition` is `attachment`.

    Raises:
        ApiError: 400, `content_type` is none.
    """
    if not is_available(document):
        return document
    query = _answered_as(request.query)
    return document | {"url": signed_link(request.state, kind, document, **query)}


def _answered_as(query: Mapping[str, str]) -> dict[str, str]:
    """How a link is to be answered, from the query of the request for it."""
    asked = query.get("content_disposition", "inline").partition(";")[0].strip().lower()
    found = {DISPOSITION: "attachment" if asked == "attachment" else "inline"}
    media_type = query.get("content_type")
    if media_type is None:
        return found
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise ApiError(400, f"content_type={media_type} is not a valid content type.")
    return found | {CONTENT_TYPE: media_type}


def is_available(document: Document) -> bool:
    """Whether the bytes can be downloaded: they were uploaded and the file is closed."""
    return bool(document.get("blob")) and document.get("status") == "CLOSED"


def of_path(request: ApiRequest, kind: str, name: str) -> Document:
    """The file, proxy or keyframe of the path, or a 404."""
    objects.asset(request.state, request.ids["asset_id"])
    id_ = request.ids[name]
    document = or_404(request.state.store.get(PARTS[kind], f"{request.ids['asset_id']}/{id_}"), id_)
    return or_404(None if document.get("file_set_status") == "DELETED" else document, id_)


def download_file(request: ApiRequest) -> Response:
    """Get a signed link to a file's bytes; recorded as a download."""
    return _downloaded(request, "files", of_path(request, "files", "file_id"))


def download_proxy(request: ApiRequest) -> Response:
    """Get a signed link to a proxy's bytes; recorded as a download."""
    return _downloaded(request, "proxies", of_path(request, "proxies", "proxy_id"))


def _downloaded(request: ApiRequest, kind: str, document: Document) -> Response:
    if not is_available(document):
        raise ApiError(
            404, f"{document['id']} is {document.get('status')}, without bytes to download"
        )
    version_id = document.get("version_id")
    record(
        request.state,
        document["asset_id"],
        "DOWNLOAD",
        user_id=request.user_id,
        version_id=version_id,
    )
    return request.respond({"url": signed_link(request.state, kind, document)})


_ASSET: Final = "files/v1/assets/{asset_id}"
HANDLERS = {
    f"GET {_ASSET}/files/{{file_id}}/download_url/": download_file,
    f"GET {_ASSET}/proxies/{{proxy_id}}/download_url/": download_proxy,
}
