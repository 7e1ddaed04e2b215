"""Receive the body of a request into a temporary file, with its size and digests."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import anyio.to_thread
import attrs
from starlette.requests import Request

from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage.blobs import Blob, PartWriter


@attrs.frozen
class RequestBody:
    """A completely received body.

    Attributes:
        path: the temporary file; deleted when the block ends, unless it was moved.
        written: its size and digests.
    """

    path: Path
    written: PartWriter


@asynccontextmanager
async def receive_body(
    state: State, request: Request, *algorithms: str
) -> AsyncIterator[RequestBody]:
    """The body of a request, with digests by `hashlib`'s names.

    Raises:
        ClientDisconnect: the client disconnected before the end.
    """
    path = state.blobs.part_path(uuid4().hex)
    arriving = PartWriter(path, algorithms)
    try:
        await arriving.write_all(request.stream())
        yield RequestBody(path, arriving)
    finally:
        path.unlink(missing_ok=True)


async def store_file(state: State, pieces: Sequence[Path]) -> Blob:
    """Store parts as one file, in a thread, since large files take long."""
    return await anyio.to_thread.run_sync(state.blobs.concatenate, pieces)
