"""What the page is told of: the last calls, and which things each run of calls changed.

Nobody says on the wire where a workflow begins. Calls that follow each other without a pause are
store_file as one run, and what was changed last is what the last run with a change did.
"""

import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from secrets import token_hex
from typing import Final

import attrs
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tgiconik.sandbox.call_log import only_reads
from tgiconik.sandbox.iconik import kinds
from tgiconik.sandbox.state import State

#: Seconds without a call after which the next one begins a new run.
PAUSE: Final = 3.0
_KEPT: Final = 500
_NONE: Final = 0

#: What a path begins with that is not a platform's is a partner's link or a storage.
_PLATFORMS: Final = {
    "/API/": "iconik",
    "/community/": "Trading Grid",
    "/TGCommunityServices/": "Trading Grid",
    "/visibility_transaction_search": "Trading Grid",
    "/v1/oauth2/": "Trading Grid",
    "/share/": "a link",
    "/media/": "storage",
    "/storage/": "storage",
}

#: What the page shows of Trading Grid as rows of their own.
_ROWS: Final = frozenset(
    f"community/{noun}"
    for noun in (
        "activity", "announcements", "deliveries", "documents", "issues", "projects", "receipts",
        "requests", "tasks",
    )
)  # fmt: skip


@attrs.frozen(kw_only=True)
class RecordedCall:
    """One request that was answered.

    Attributes:
        number: counts the calls.
        run: the run that it belongs to.
        at: when it came, by the sandbox's clock.
        milliseconds: how long the answer took, by the real clock.
        platform: whom it was for.
        method: HTTP method.
        path: as it was asked for, without the query.
        status: what it was answered.
        wrote: it was one of those that may change something, and was not refused.
    """

    number: int
    run: int
    at: datetime
    milliseconds: float
    platform: str
    method: str
    path: str
    status: int
    wrote: bool


@attrs.define
class Run:
    """Calls without a pause between them.

    Attributes:
        number: counts the runs; 0 is before the first.
        calls: how many there were.
        writes: how many of them may have changed something.
        seconds: from the first to the end of the last, by the real clock.
    """

    number: int = _NONE
    calls: int = 0
    writes: int = 0
    seconds: float = 0.0


class Recorder:
    """Keeps what the page shows beside the documents themselves.

    Args:
        state: the sandbox; what is in its store by now has been there always.
        clock: seconds that never go back.

    Attributes:
        name: this sandbox and no other one, for pages that outlive it.
        revision: counts what was written to the documents that are shown.
        calls: the last ones, oldest first.
    """

    def __init__(self, state: State, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._state = state
        self._clock = clock
        self._changed: dict[tuple[str, str], int] = {}
        self._run = self._changing = Run()
        self._began = self._ended = 0.0
        self._under_way = 0
        self.name: str = token_hex(8)
        self.revision: int = 0
        self.calls: deque[RecordedCall] = deque(maxlen=_KEPT)
        state.store.subscribe(self._note_change)

    @property
    def run(self) -> Run:
        """The last run that changed something."""
        return self._changing

    def run_of(self, kind: str, key: str) -> int:
        """The run that changed a document last; 0 where none did."""
        return self._changed.get((kind, key), _NONE)

    def begin(self) -> tuple[int, datetime, float]:
        """A call comes."""
        now = self._clock()
        if self._run.number == _NONE or (not self._under_way and now - self._ended >= PAUSE):
            self._run, self._began = Run(self._run.number + 1), now
        self._under_way += 1
        return self._run.number, self._state.now(), now

    def end(self, begun: tuple[int, datetime, float], method: str, path: str, status: int) -> None:
        """A call was answered."""
        run, at, began = begun
        now = self._ended = self._clock()
        self._under_way -= 1
        wrote = status < 400 and not only_reads(method, path)  # noqa: PLR2004 - refusals begin there
        if run == self._run.number:
            self._run.calls += 1
            self._run.writes += wrote
            self._run.seconds = now - self._began
        self.calls.append(
            RecordedCall(
                number=self.calls[-1].number + 1 if self.calls else 1,
                run=run,
                at=at,
                milliseconds=(now - began) * 1000,
                platform=next((p for b, p in _PLATFORMS.items() if path.startswith(b)), "nobody"),
                method=method,
                path=path,
                status=status,
                wrote=wrote,
            )
        )

    def _note_change(self, kind: str, key: str) -> None:
        if not kind:
            # A rollback: what is shown may have been undone.
            self.revision += 1
        elif (shown := _shown_as(kind, key)) is not None:
            self._changing = self._run
            self._changed[shown] = self._run.number
            self.revision += 1


def _shown_as(kind: str, key: str) -> tuple[str, str] | None:
    """Which of the page's rows shows a document; None when none does."""
    parts = key.split("/")
    match kind:
        case kinds.ASSETS | kinds.COLLECTIONS | kinds.SHARES:
            return kind, key
        case kinds.VALUES | kinds.APPROVALS if parts[0] == "assets":
            return kinds.ASSETS, parts[1]
        case kinds.SEGMENTS:
            return kinds.ASSETS, parts[0]
        case kinds.CONTENTS:
            return kinds.COLLECTIONS, parts[0]
        case (
            "community/acknowledgements"
            | "community/comments"
            | "community/confirmations"
            | "community/exceptions"
        ):
            _company, noun, above, *_ = parts
            return f"community/{noun}", above
        case _:
            return (kind, "/".join(parts[1:])) if kind in _ROWS else None


class PageMiddleware:
    """An app whose calls are noted for its page.

    Args:
        app: both platforms.
        page: answers the page and what it asks for; none of that is a call.
        is_page: whether a path is the page's.
        watch: where calls are noted.
    """

    def __init__(
        self, app: ASGIApp, page: ASGIApp, is_page: Callable[[str], bool], recorder: Recorder
    ) -> None:
        self._app = app
        self._page = page
        self._is_page = is_page
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and note it when it was for a platform."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._is_page(scope["path"]):
            await self._page(scope, receive, send)
            return
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        begun = self._recorder.begin()
        try:
            await self._app(scope, receive, noting)
        finally:
            self._recorder.end(begun, scope["method"], scope["path"], status)
