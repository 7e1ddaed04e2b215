"""A session that sends nothing: it remembers the calls and gives the answers it was told to."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import attrs

from tgiconik._http import Answer, Call, Session
from tgiconik.iconik._service import Service

S = TypeVar("S", bound=Service)

JSON = {"content-type": "application/json"}


@attrs.define
class Recorder:
    """Gives the same answer to every call."""

    status: int = 200
    content: bytes = b"{}"
    headers: Mapping[str, str] = JSON
    base_url: str = "https://iconik.test"
    calls: list[Call] = attrs.field(factory=list)

    async def send(self, call: Call) -> Answer:
        self.calls.append(call)
        return Answer(
            call=call,
            url=call.path,
            status=self.status,
            headers=self.headers,
            content=self.answer(),
        )

    def answer(self) -> bytes:
        return self.content

    @property
    def call(self) -> Call:
        """The one call there was."""
        (call,) = self.calls
        return call

    @property
    def queries(self) -> list[dict[str, str]]:
        return [dict(call.query) for call in self.calls]


@attrs.define
class Listing(Recorder):
    """Gives one page after the other."""

    pages: Sequence[Mapping[str, Any]] = ()

    def answer(self) -> bytes:
        return json.dumps(self.pages[len(self.calls) - 1]).encode()


def on(service: type[S], session: Recorder) -> S:
    """A service on a session that is one as far as services go."""
    return service(cast("Session", session))
