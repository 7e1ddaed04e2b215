"""Take in the body of a request: into a file of its own, measured, and only whole ones count."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import anyio.to_thread
import attrs
from starlette.requests import Request

from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage.blobs import Arriving, Blob


@attrs.frozen
class Received:
    """A body that has arrived whole.

    Attributes:
        path: the file that it is in; gone when the block ends, unless it was moved.
        arrived: its size and digests.
    """

    path: Path
    arrived: Arriving


@asynccontextmanager
async def received(state: State, request: Request, *algorithms: str) -> AsyncIterator[Received]:
    """The body of a request, with digests by `hashlib`'s names.

    Raises:
        ClientDisconnect: it broke off.
    """
    path = state.blobs.arriving(uuid4().hex)
    arriving = Arriving(path, algorithms)
    try:
        await arriving.write_all(request.stream())
        yield Received(path, arriving)
    finally:
        path.unlink(missing_ok=True)


async def taken(state: State, pieces: Sequence[Path]) -> Blob:
    """Keep pieces as one file, in a thread: large ones take a while."""
    return await anyio.to_thread.run_sync(state.blobs.take, pieces)
