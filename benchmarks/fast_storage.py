"""A storage with minimal overhead, and the parts of iconik that uploads need.

Uploaded bytes are counted and discarded; downloaded bytes are zeros. It runs in a separate process,
so that the benchmark measures the client.
"""

import asyncio
import json
import multiprocessing
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Final, cast

_CHUNK: Final = bytes(1024 * 1024)
_LINKS: Final = "/multipart_url/s3/part/"
_SIZE: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_RANGE: Final = re.compile(rb"range: bytes=(\d+)-", re.IGNORECASE)
_SPAN: Final = re.compile(rb"content-range: bytes \d+-(\d+)/(\d+)", re.IGNORECASE)
ASSET: Final = "10000000-0000-4000-8000-000000000001"
VERSION: Final = "10000000-0000-4000-8000-000000000002"


class FastStorage(asyncio.Protocol):
    """One connection.

    Args:
        method: the upload method, `S3` or `GCS`.
        size: the size of the downloadable file, in bytes.
    """

    def __init__(self, method: str, size: int) -> None:
        self._method = method
        self._size = size
        self._received = bytearray()
        self._to_come = 0
        self._request = b""
        self._asks_for_links = False
        self._asked = bytearray()
        self._can_write = asyncio.Event()
        self._can_write.set()
        self._sending: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _: Exception | None) -> None:
        """The client disconnected."""
        self._can_write.set()
        if self._sending is not None:
            self._sending.cancel()

    def pause_writing(self) -> None:
        """The client reads too slowly."""
        self._can_write.clear()

    def resume_writing(self) -> None:
        """The client can receive more."""
        self._can_write.set()

    def data_received(self, data: bytes) -> None:
        """Request headers, or bytes to count."""
        if self._to_come:
            self._count(data)
            return
        self._received += data
        head, end, rest = bytes(self._received).partition(b"\r\n\r\n")
        if not end:
            return
        self._received.clear()
        size = _SIZE.search(head)
        self._request = head
        self._asks_for_links = _LINKS.encode() in head
        self._to_come = int(size[1]) if size else 0
        self._count(rest)

    def _count(self, data: bytes) -> None:
        self._to_come -= len(data)
        if self._asks_for_links:
            self._asked += data
        if self._to_come == 0:
            self._answer()
            self._asked.clear()

    def _answer(self) -> None:
        line, _, head = self._request.partition(b"\r\n")
        method, target, _ = line.decode().split(" ")
        path = target.partition("?")[0]
        if path == "/storage/file":
            self._sending = asyncio.ensure_future(self._send_file(head))
            return
        status, headers, body = self._said(method, path)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._transport.write(
            f"HTTP/1.1 {status} OK\r\n{lines}content-length: {len(body)}\r\n\r\n".encode() + body
        )

    def _said(self, method: str, path: str) -> tuple[int, Mapping[str, str], bytes]:
        here = self._transport.get_extra_info("sockname")
        origin = f"http://{here[0]}:{here[1]}"
        match method, path:
            case "POST", "/storage/begin":
                if self._method == "GCS":
                    return 201, {"location": f"{origin}/storage/session"}, b""
                return 200, {}, b"<R><UploadId>1</UploadId></R>"
            case "PUT", "/storage/session":
                return self._session()
            case "POST", "/storage/complete":
                return 200, {}, b"<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"
            case _, _ if path.startswith("/storage/"):
                # An ETag that is not an MD5, as with some kinds of encryption.
                return 200, {"etag": '"part"'}, b""
        return (
            200,
            {"content-type": "application/json"},
            json.dumps(self._iconik(path, origin)).encode(),
        )

    def _session(self) -> tuple[int, Mapping[str, str], bytes]:
        ((last, size),) = _SPAN.findall(self._request)
        if int(last) + 1 == int(size):
            return 200, {}, b""
        return 308, {"range": f"bytes=0-{last.decode()}"}, b""

    def _iconik(self, path: str, origin: str) -> dict[str, Any]:
        storage = f"{origin}/storage"
        if path.endswith(_LINKS):
            parts = [part | {"url": f"{storage}/part"} for part in json.loads(self._asked)["parts"]]
            return {"upload_id": "1", "parts": parts}
        if path.endswith("/multipart_url/"):
            return {"complete_url": f"{storage}/complete", "abort_url": f"{storage}/abort"}
        if path.endswith("/download_url/"):
            return {"url": f"{storage}/file"}
        if path.endswith(f"/versions/{VERSION}/formats/"):
            return {"objects": [{"id": "f", "name": "ORIGINAL"}], "total": 1}
        if path.endswith(f"/versions/{VERSION}/files/"):
            file = {"id": "x", "format_id": "f", "name": "x.mp4", "status": "CLOSED"}
            return {"objects": [file | {"size": self._size}], "total": 1}
        begin = "upload_url" if self._method == "GCS" else "multipart_upload_url"
        return {
            "id": ASSET,
            "method": self._method,
            "versions": [{"id": VERSION}],
            "default_version_id": VERSION,
            begin: f"{storage}/begin",
        }

    async def _send_file(self, head: bytes) -> None:
        span = _RANGE.search(head)
        left = self._size - (int(span[1]) if span else 0)
        self._transport.write(f"HTTP/1.1 200 OK\r\ncontent-length: {left}\r\n\r\n".encode())
        while left and not self._transport.is_closing():
            await self._can_write.wait()
            self._transport.write(_CHUNK[:left])
            left -= min(left, len(_CHUNK))


@contextmanager
def fast_storage(method: str, size: int) -> Iterator[str]:
    """Run a storage in a separate process.

    Yields:
        Its origin, which serves as iconik's too.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, method, size), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def _serve(parent: Connection, method: str, size: int) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: FastStorage(method, size), "127.0.0.1", 0)
        parent.send("http://{}:{}".format(*server.sockets[0].getsockname()))
        await server.serve_forever()

    asyncio.run(serve())
