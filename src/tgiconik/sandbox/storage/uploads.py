"""Multipart and resumable uploads that storages keep between requests.

Each upload is a document, so that a sandbox with a database file can continue it after a restart;
the bytes of its parts are files of `Blobs`.
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
    """An upload that is neither completed nor aborted.

    Attributes:
        kind: GCS, S3 or B2.
        id: the storage's id of the upload.
        asset_id: the asset of the file.
        file_id: the file that is uploaded.
        parts: numbers of the stored parts; a GCS session has a single part, which grows.
    """

    kind: str
    id: str
    asset_id: str
    file_id: str
    parts: tuple[int, ...]


def open_uploads(state: State) -> list[OpenUpload]:
    """All uploads that are neither completed nor aborted, oldest first."""
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
    """Start an upload; `with_part` creates an empty part that grows."""
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
    """An upload, open or completed; None if it does not exist or was aborted."""
    upload = state.store.get(_KIND, id_)
    return upload if upload is not None and upload["kind"] == kind else None


def put(state: State, upload: Document) -> Document:
    """Store a changed upload."""
    state.store.put(_KIND, upload["id"], upload)
    return upload


def piece(state: State, upload: Document, number: int = 1) -> Path:
    """The path of a part's bytes."""
    return state.blobs.part_path(f"{upload['id']}-{number}")


def pieces(state: State, upload: Document, numbers: Sequence[int]) -> list[Path]:
    """The paths of parts, in the order of the numbers; all other parts are deleted."""
    for number in map(int, upload["parts"]):
        if number not in numbers:
            piece(state, upload, number).unlink(missing_ok=True)
    return [piece(state, upload, number) for number in numbers]


def abort(state: State, upload: Document) -> None:
    """Abort an upload and delete its bytes."""
    pieces(state, upload, ())
    state.store.delete(_KIND, upload["id"])
