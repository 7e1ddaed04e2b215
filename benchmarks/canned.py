"""A server with canned responses in a separate process, for all clients.

`canned.c` is compiled when it is needed, so that the server is not the bottleneck. Without a
compiler, this module serves instead, and the report says so:
`python -m benchmarks.canned GET POST DELAY`.
"""

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self, cast

from benchmarks import bodies, machine

_SOURCE: Final = Path(__file__).with_name("canned.c")
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_MARK: Final = b"counter-"
_DIGITS: Final = 8


class Canned:
    """Canned responses and their servers. A context manager.

    Attributes:
        server: the language of the server: `C` or `Python`.
    """

    server: str

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory()
        folder = Path(self._folder.name)
        self._bodies = [folder / "get.json", folder / "post.json"]
        self._bodies[0].write_bytes(bodies.asset())
        self._bodies[1].write_bytes(bodies.hits())
        program = folder / "canned-answers"
        compiled = _compiled(program)
        self._command = [str(program)] if compiled else [sys.executable, "-m", "benchmarks.canned"]
        self.server = "C" if compiled else "Python"
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    @contextmanager
    def serve(self, delay: float = 0) -> Iterator[str]:
        """Run a server on a separate core; yields its origin.

        Args:
            delay: the delay of every response, in seconds.
        """
        command = [*self._command, *map(str, self._bodies), str(delay * 1000)]
        with subprocess.Popen(  # noqa: S603 - ours
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            machine.for_servers(process.pid)
            if process.stdout is None or process.stdin is None:
                raise AssertionError
            port = process.stdout.readline().strip()
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                process.stdin.close()  # which ends it
                if process.wait() != 0:
                    raise RuntimeError(f"the canned server ended with {process.returncode}")


def _compiled(program: Path) -> bool:
    compiler = shutil.which("cc")
    if compiler is None:
        return False
    command = [compiler, "-O2", "-o", str(program), str(_SOURCE)]
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False)  # noqa: S603 - ours
    return done.returncode == 0


class _Answering(asyncio.Protocol):
    """One connection."""

    def __init__(self, get: bytes, post: bytes, delay: float, counter: Iterator[int]) -> None:
        self._bodies = get, post
        self._delay = delay
        self._counter = counter
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._received[:end])
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._received) < whole:
                return
            del self._received[:whole]
            answer = self._answer(self._bodies[head.startswith(b"P")])
            if self._delay:
                loop = asyncio.get_running_loop()
                loop.call_later(self._delay, self._transport.write, answer)
            else:
                self._transport.write(answer)

    def _answer(self, body: bytes) -> bytes:
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()
        at = body.find(_MARK) + len(_MARK)
        if at < len(_MARK):
            return head + body
        digits = f"{next(self._counter):0{_DIGITS}}".encode()
        return head + body[:at] + digits + body[at + _DIGITS :]


async def _serve(get: bytes, post: bytes, delay: float) -> None:
    loop = asyncio.get_running_loop()
    counter = count()
    server = await loop.create_server(
        lambda: _Answering(get, post, delay, counter), "127.0.0.1", 0, backlog=1024
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    # It ends at the end of its input, so that it does not outlive its parent process.
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    _get, _post, _delay = sys.argv[1:]
    asyncio.run(_serve(Path(_get).read_bytes(), Path(_post).read_bytes(), float(_delay) / 1000))
