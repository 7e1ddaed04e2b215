"""Listens to what this project's clients say to the sandbox, and to what it answers."""

import json
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .facts import Exchange, deviations, find

#: Everything that was not as the documents have it, in this process.
FOUND: set[str] = set()
_SEEN: set[str] = set()
_LONGEST = 4 * 1024 * 1024


class Recorded:
    """An app whose exchanges with this project's clients are held against the documents."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and look at it afterwards."""
        if scope["type"] != "http" or not _is_ours(scope):
            await self._app(scope, receive, send)
            return
        sent, answered, status = bytearray(), bytearray(), 0

        async def hear() -> Message:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def tell(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            answered.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, hear, tell)
        if max(len(sent), len(answered)) <= _LONGEST:
            note(
                Exchange(
                    method=scope["method"],
                    path=scope["path"],
                    query=scope["query_string"].decode("latin-1"),
                    body=_decoded(sent),
                    status=status,
                    answer=_decoded(answered),
                )
            )


def note(exchange: Exchange) -> None:
    """Hold one exchange against the documents, unless one of the same shape was."""
    # What was refused is no answer to go by, and asking for it was a test's own idea.
    if not 200 <= exchange.status < 400:
        return
    shape = json.dumps(
        [
            exchange.method,
            operation.name
            if (operation := find(exchange.method, exchange.path))
            else exchange.path,
            sorted(part.partition("=")[0] for part in exchange.query.split("&")),
            exchange.status,
            _shape(exchange.body),
            _shape(exchange.answer),
        ]
    )
    if shape not in _SEEN:
        _SEEN.add(shape)
        FOUND.update(deviations(exchange))


def _shape(value: object) -> Any:  # noqa: ANN401 - JSON
    """A value without its texts and numbers; of a list, each shape once."""
    if isinstance(value, dict):
        return {name: _shape(inner) for name, inner in sorted(value.items())}
    if isinstance(value, list):
        return sorted({json.dumps(_shape(item)) for item in value})
    return type(value).__name__


def _is_ours(scope: Scope) -> bool:
    agent = dict(scope["headers"]).get(b"user-agent", b"")
    return scope["path"].startswith("/API/") and b"tgiconik/" in agent


def _decoded(content: bytearray) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(content)
    except ValueError:
        return None
