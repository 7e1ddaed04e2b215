"""Take in the body of a request: into a file of its own, measured, and only whole ones count."""

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
    """A body that has content whole.

    Attributes:
        path: the file that it is in; gone when the block ends, unless it was moved.
        content: its size and digests.
    """

    path: Path
    content: PartWriter


@asynccontextmanager
async def receive_body(
    state: State, request: Request, *algorithms: str
) -> AsyncIterator[RequestBody]:
    """The body of a request, with digests by `hashlib`'s names.

    Raises:
        ClientDisconnect: it broke off.
    """
    path = state.blobs.arriving(uuid4().hex)
    arriving = PartWriter(path, algorithms)
    try:
        await arriving.write_all(request.stream())
        yield RequestBody(path, arriving)
    finally:
        path.unlink(missing_ok=True)


async def store_file(state: State, pieces: Sequence[Path]) -> Blob:
    """Keep pieces as one file, in a thread: large ones take a while."""
    return await anyio.to_thread.run_sync(state.blobs.take, pieces)
