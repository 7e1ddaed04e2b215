"""Signed links to bytes: of originals, proxies and keyframes, as long as these are there."""

from functools import partial
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from tgiconik.sandbox.iconik import objects
from tgiconik.sandbox.iconik.asked import Asked, Refused, found
from tgiconik.sandbox.iconik.history import record
from tgiconik.sandbox.iconik.kinds import PARTS
from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage import signing
from tgiconik.sandbox.storage.refusals import LinkRefusals, xml
from tgiconik.sandbox.store import Document

_LINK_REFUSALS: Final = LinkRefusals(
    expired=partial(xml, 403, "AccessDenied", "Request has expired"),
    wrong=partial(xml, 403, "SignatureDoesNotMatch", "The signature does not match the request"),
)


def signed_link(state: State, kind: str, document: Document) -> str:
    """A link to the bytes that works for a while without credentials."""
    name = quote(document["name"], safe="")
    path = f"/media/{kind}/{document['asset_id']}/{document['id']}/{name}"
    return signing.link(state, "GET", path)


def signed_document(state: State, request: Request) -> Document:
    """What a signed link leads to.

    Raises:
        Refusal: 403, as a storage refuses a link that is not good.
        Refused: 404.
    """
    signing.check(state, request, _LINK_REFUSALS)
    kind, asset_id, id_ = (request.path_params[name] for name in ("kind", "asset_id", "file_id"))
    return found(state.store.get(PARTS[kind], f"{asset_id}/{id_}"), "The file")


def with_link(state: State, kind: str, document: Document) -> Document:
    """A file, proxy or keyframe with a signed link, when its bytes are there."""
    if not is_there(document):
        return document
    return document | {"url": signed_link(state, kind, document)}


def is_there(document: Document) -> bool:
    """Whether there are bytes to fetch: arrived, and the file closed."""
    return bool(document.get("blob")) and document.get("status") == "CLOSED"


def _document(asked: Asked, kind: str, name: str) -> Document:
    objects.asset(asked.state, asked.ids["asset_id"])
    id_ = asked.ids[name]
    return found(asked.state.store.get(PARTS[kind], f"{asked.ids['asset_id']}/{id_}"), id_)


def read_proxy(asked: Asked) -> Response:
    """One proxy with its signed link."""
    return asked.fit(with_link(asked.state, "proxies", _document(asked, "proxies", "proxy_id")))


def read_keyframe(asked: Asked) -> Response:
    """One keyframe with its signed link, which is the only way to its bytes."""
    keyframe = _document(asked, "keyframes", "keyframe_id")
    return asked.fit(with_link(asked.state, "keyframes", keyframe))


def download_file(asked: Asked) -> Response:
    """A signed link to the bytes of a file; recorded as a download."""
    return _downloaded(asked, "files", _document(asked, "files", "file_id"))


def download_proxy(asked: Asked) -> Response:
    """A signed link to the bytes of a proxy; recorded as a download."""
    return _downloaded(asked, "proxies", _document(asked, "proxies", "proxy_id"))


def _downloaded(asked: Asked, kind: str, document: Document) -> Response:
    if not is_there(document):
        raise Refused(404, f"{document['id']} is {document.get('status')}, without bytes to fetch")
    version_id = document.get("version_id")
    record(
        asked.state,
        document["asset_id"],
        "DOWNLOAD",
        user_id=asked.user_id,
        version_id=version_id,
    )
    return asked.fit({"url": signed_link(asked.state, kind, document)})


_ASSET: Final = "files/v1/assets/{asset_id}"
HANDLERS = {
    f"GET {_ASSET}/proxies/{{proxy_id}}/": read_proxy,
    f"GET {_ASSET}/keyframes/{{keyframe_id}}/": read_keyframe,
    f"GET {_ASSET}/files/{{file_id}}/download_url/": download_file,
    f"GET {_ASSET}/proxies/{{proxy_id}}/download_url/": download_proxy,
}
