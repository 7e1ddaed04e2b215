"""What a storage holds for a file of iconik's: its bytes, once they have arrived."""

from typing import Final

from tgiconik.sandbox.iconik.kinds import FILES, KEYFRAMES, PROXIES
from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage.blobs import Blob
from tgiconik.sandbox.storage.errors import ErrorFactory
from tgiconik.sandbox.store import Document

_WITH_BYTES: Final = (FILES, PROXIES, KEYFRAMES)


def hold(state: State, place: tuple[str, str], blob: Blob, *, gone: ErrorFactory) -> None:
    """Hold bytes for a file. iconik takes notice when the file is closed, not before.

    Args:
        state: the sandbox.
        place: asset id and file id.
        blob: the bytes.
        gone: raised when there is no such file any more.
    """
    key = "/".join(place)
    file = state.store.get(FILES, key)
    if file is None:
        release(state, blob.sha256)
        raise gone()
    held = {"blob": blob.sha256, "md5": blob.md5}
    state.store.put(FILES, key, file | held, parent=place[0])
    if file.get("blob") not in {None, blob.sha256}:
        release(state, file["blob"])


def forget(state: State, kind: str, document: Document) -> None:
    """Forget a file, proxy or keyframe (or what has no bytes) with its bytes."""
    state.store.delete(kind, f"{document['asset_id']}/{document['id']}")
    if document.get("blob"):
        release(state, document["blob"])


def release(state: State, sha256: str) -> None:
    """Remove bytes unless something still has them: the same bytes are kept once."""
    for kind in _WITH_BYTES:
        if any(each.get("blob") == sha256 for each in state.store.list(kind)):
            return
    state.blobs.discard(sha256)
