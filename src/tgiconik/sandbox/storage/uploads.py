"""Uploads in several requests: what storages remember between begin and end.

Each is a document, so that a sandbox with a file of its own goes on with them after a restart; the
bytes of its parts are pieces that are arriving.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import uuid4

import attrs

from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

_KIND: Final = "storage/uploads"


@attrs.frozen
class OpenUpload:
    """An upload that was begun, and neither ended nor given up.

    Attributes:
        kind: GCS, S3 or B2.
        id: what the storage calls it.
        asset_id: the asset of the file.
        file_id: the file that it is for.
        parts: numbers of the parts that are there; a session has one, which grows.
    """

    kind: str
    id: str
    asset_id: str
    file_id: str
    parts: tuple[int, ...]


def open_uploads(state: State) -> list[OpenUpload]:
    """The uploads that were begun, and neither ended nor given up, oldest first."""
    return [
        OpenUpload(
            kind=each["kind"],
            id=each["id"],
            asset_id=each["asset_id"],
            file_id=each["file_id"],
            parts=tuple(sorted(int(number) for number in each["parts"])),
        )
        for each in state.store.list(_KIND)
        if not each["ended"]
    ]


def begin(
    state: State, kind: str, asset_id: str, file_id: str, *, with_part: int | None = None
) -> Document:
    """Begin an upload; with an empty part, where it has one that grows."""
    upload: Document = {
        "id": uuid4().hex,
        "kind": kind,
        "asset_id": asset_id,
        "file_id": file_id,
        "parts": {},
        "ended": None,
    }
    if with_part is not None:
        upload["parts"][str(with_part)] = {}
        piece(state, upload, with_part).touch()
    return put(state, upload)


def get(state: State, kind: str, id_: str) -> Document | None:
    """An upload of a kind, open or ended; None when there is none, or it was given up."""
    upload = state.store.get(_KIND, id_)
    return upload if upload is not None and upload["kind"] == kind else None


def put(state: State, upload: Document) -> Document:
    """Remember a change to an upload."""
    state.store.put(_KIND, upload["id"], upload)
    return upload


def piece(state: State, upload: Document, number: int = 1) -> Path:
    """Where the bytes of a part are."""
    return state.blobs.arriving(f"{upload['id']}-{number}")


def pieces(state: State, upload: Document, numbers: Sequence[int]) -> list[Path]:
    """Where the bytes of parts are, in the order of the numbers; parts that are not named go."""
    for number in map(int, upload["parts"]):
        if number not in numbers:
            piece(state, upload, number).unlink(missing_ok=True)
    return [piece(state, upload, number) for number in numbers]


def give_up(state: State, upload: Document) -> None:
    """Forget an upload and its bytes."""
    pieces(state, upload, ())
    state.store.delete(_KIND, upload["id"])
