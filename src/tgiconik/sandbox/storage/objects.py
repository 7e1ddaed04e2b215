"""Links iconik's file documents to stored bytes."""

from typing import Final

from tgiconik.sandbox.iconik.kinds import FILES, KEYFRAMES, PROXIES
from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage.blobs import Blob
from tgiconik.sandbox.storage.errors import ErrorFactory
from tgiconik.sandbox.store import Document

_WITH_BYTES: Final = (FILES, PROXIES, KEYFRAMES)


def attach(state: State, place: tuple[str, str], blob: Blob, *, gone: ErrorFactory) -> None:
    """Attach uploaded bytes to a file. iconik uses them once the file is closed.

    Args:
        state: the sandbox.
        place: asset id and file id.
        blob: the bytes.
        gone: the error to raise if the file was deleted.
    """
    key = "/".join(place)
    found = find(state, place)
    if found is None:
        delete_if_unreferenced(state, blob.sha256)
        raise gone()
    kind, file = found
    held = {"blob": blob.sha256, "md5": blob.md5}
    state.store.put(kind, key, file | held, parent=place[0])
    if file.get("blob") not in {None, blob.sha256}:
        delete_if_unreferenced(state, file["blob"])


def find(state: State, place: tuple[str, str]) -> tuple[str, Document] | None:
    """The kind and document of a file, proxy or keyframe by asset id and its own id."""
    for kind in _WITH_BYTES:
        document = state.store.get(kind, "/".join(place))
        if document is not None:
            return kind, document
    return None


def delete_with_bytes(state: State, kind: str, document: Document) -> None:
    """Delete a file, proxy or keyframe, with its bytes if it has any."""
    state.store.delete(kind, f"{document['asset_id']}/{document['id']}")
    if document.get("blob"):
        delete_if_unreferenced(state, document["blob"])


def delete_if_unreferenced(state: State, sha256: str) -> None:
    """Delete bytes that no document refers to any more: equal bytes are stored once."""
    for kind in _WITH_BYTES:
        if any(each.get("blob") == sha256 for each in state.store.list(kind)):
            return
    state.blobs.delete(sha256)
