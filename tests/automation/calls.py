"""Calls a webhook receiver over sockets, as iconik and others would."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from tgiconik.automation import Cause

SECRET: Final = "a-secret-of-32-visible-characters"
HEADER: Final = "X-Webhook-Secret"
SYSTEM: Final = "system-1"
_CONNECTIONS: Final = 200


def event(asset_id: str, **fields: object) -> dict[str, Any]:
    """An event of an approval, in the shape that the sandbox sends."""
    return {
        "system_domain_id": SYSTEM,
        "event_type": "assets",
        "object_id": asset_id,
        "user_id": "user-1",
        "realm": "approvals",
        "operation": "update",
        "data": {"object_type": "assets", "object_id": asset_id, "status": "APPROVED"},
        "request_id": "request-1",
        **fields,
    }


class Kept:
    """Stores causes in a list, as slowly as a disk, where it is not told to wait or to fail."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []
        self.calls = 0
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, *causes: Cause) -> None:
        await self.gate.wait()
        await asyncio.sleep(0.005)
        self.calls += 1
        if self.error is not None:
            raise self.error
        self.causes += causes

    @property
    def ids(self) -> list[str]:
        return [cause.id for cause in self.causes]


@attrs.frozen
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


def request(
    body: bytes, headers: Mapping[str, str] | None = None, *, method: str = "POST"
) -> bytes:
    """A request as it is sent; with the secret where no headers are given."""
    sent = {HEADER: SECRET} if headers is None else headers
    lines = [f"{method} / HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in sent.items()]
    if "Transfer-Encoding" not in sent and "Content-Length" not in sent:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {
        name.lower(): value
        for name, _, value in (line.partition(": ") for line in head[1:] if line)
    }
    text = await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(int(head[0].split()[1]), headers, text.decode())


async def call(
    url: str, body: object, headers: Mapping[str, str] | None = None, *, method: str = "POST"
) -> Answer:
    """One call over a connection of its own."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    reader, writer = await connect(url)
    try:
        writer.write(request(raw, headers, method=method))
        return await answer(reader)
    finally:
        writer.close()
        await writer.wait_closed()


async def call_many(url: str, bodies: Iterable[object]) -> list[int]:
    """All calls at once, over many connections; returns their statuses."""
    sent = [request(json.dumps(body).encode()) for body in bodies]

    async def over_one(requests: list[bytes]) -> list[int]:
        if not requests:
            return []
        reader, writer = await connect(url)
        writer.write(b"".join(requests))
        found = [(await answer(reader)).status for _ in requests]
        writer.close()
        return found

    parts = [sent[n::_CONNECTIONS] for n in range(_CONNECTIONS)]
    return [status for found in await asyncio.gather(*map(over_one, parts)) for status in found]
