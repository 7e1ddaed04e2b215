"""A wire between a client and a server that is cut after some bytes, in whichever direction."""

import asyncio
from typing import Self


class CutWire:
    """Passes what both sides say; the first connection ends after some bytes, later ones do not.

    Args:
        port: the server's port on the loopback.
        after: bytes of both directions that pass before the first connection is cut.
    """

    def __init__(self, port: int, after: int) -> None:
        self._port = port
        self._left: int | None = after
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()
        #: Whether the connection was cut; False if it ended before.
        self.was_cut = False

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for end in self._ends:
            end.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    @property
    def port(self) -> int:
        """The port to connect to."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._ends |= {writer, back}
        is_first = self._left is not None
        ways = [(reader, back), (there, writer)]
        tasks = [asyncio.ensure_future(self._passed(*way, is_first=is_first)) for way in ways]
        self._passing.update(tasks)
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if is_first:
            self._left = None
        for end in (writer, back):
            end.close()

    async def _passed(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_first: bool
    ) -> None:
        try:
            while content := await reader.read(4096):
                if is_first and self._left is not None and len(content) > self._left:
                    writer.write(content[: self._left])
                    await writer.drain()
                    self.was_cut, self._left = True, 0
                    return
                if is_first and self._left is not None:
                    self._left -= len(content)
                writer.write(content)
                await writer.drain()
        except ConnectionError:
            return
