"""Records the last calls, and which documents each run of calls changed, for the page.

HTTP does not show where a workflow begins: calls without a pause between them are one run.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from secrets import token_hex
from typing import Final

import attrs
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tgiconik.community.store.interface import Change
from tgiconik.sandbox.call_log import only_reads
from tgiconik.sandbox.iconik import kinds
from tgiconik.sandbox.state import State

#: Seconds without a call after which the next call begins a new run.
PAUSE: Final = 3.0
_KEPT: Final = 500
_NONE: Final = 0
#: The kind of rows of files in mailboxes, by correlation id.
PASSED: Final = "mailboxes/files"
#: The kind of rows of mails, by number.
MAILS: Final = "mails"

#: Platforms by path prefix; all other paths belong to no platform.
_PLATFORMS: Final = {
    "/API/": "iconik",
    "/cartographer/": "Trading Grid",
    "/community/": "Trading Grid",
    "/TGCommunityServices/": "Trading Grid",
    "/visibility_transaction_search": "Trading Grid",
    "/v1/oauth2/": "Trading Grid",
    "/share/": "a link",
    "/media/": "storage",
    "/storage/": "storage",
}

#: Kinds of Trading Grid documents with rows of their own.
_ROWS: Final = frozenset(
    f"community/{noun}"
    for noun in (
        "activity", "announcements", "deliveries", "documents", "issues", "projects", "receipts",
        "requests", "tasks",
    )
)  # fmt: skip


@attrs.frozen(kw_only=True)
class RecordedCall:
    """An answered request.

    Attributes:
        number: sequence number.
        run: number of its run.
        at: time of the request, by the sandbox's clock.
        milliseconds: duration, in real time.
        platform: the platform called.
        method: HTTP method.
        path: without the query.
        status: status of the response.
        wrote: whether it may have changed something: a write that was not rejected.
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
        number: sequence number; 0 before the first run.
        calls: number of calls.
        writes: number of calls that may have changed something.
        seconds: time from the first call to the end of the last, in real time.
    """

    number: int = _NONE
    calls: int = 0
    writes: int = 0
    seconds: float = 0.0


class Recorder:
    """Records calls and changes of documents.

    Args:
        state: the sandbox; documents that exist already do not count as changed.
        clock: monotonic clock, in seconds.

    Attributes:
        name: random name of this sandbox, by which a page notices a restart.
        revision: number of changes of displayed documents.
        calls: the last calls, oldest first.
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
        state.community.subscribe(self._note_community)
        state.passed.subscribe(partial(self._note_change, PASSED))
        state.mails.subscribe(lambda number: self._note_change(MAILS, str(number)))

    @property
    def run(self) -> Run:
        """The last run that changed something."""
        return self._changing

    def run_of(self, kind: str, key: str) -> int:
        """The run that last changed a document; 0 if none did."""
        return self._changed.get((kind, key), _NONE)

    def begin(self) -> tuple[int, datetime, float]:
        """Record the begin of a call."""
        now = self._clock()
        if self._run.number == _NONE or (not self._under_way and now - self._ended >= PAUSE):
            self._run, self._began = Run(self._run.number + 1), now
        self._under_way += 1
        return self._run.number, self._state.now(), now

    def end(self, begun: tuple[int, datetime, float], method: str, path: str, status: int) -> None:
        """Record the end of a call."""
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

    def _note_community(self, changes: Sequence[Change]) -> None:
        for change in changes:
            above = f"{change.place.above}/" if change.place.above else ""
            key = f"{change.company_id}/{above}{change.id}"
            self._note_change(f"community/{change.place.noun}", key)

    def _note_change(self, kind: str, key: str) -> None:
        if not kind:
            # After a rollback, any change may have been undone.
            self.revision += 1
        elif (shown := _shown_as(kind, key)) is not None:
            self._changing = self._run
            self._changed[shown] = self._run.number
            self.revision += 1


def _shown_as(kind: str, key: str) -> tuple[str, str] | None:
    """Kind and key of the row that displays a document, or None."""
    parts = key.split("/")
    match kind:
        case kinds.ASSETS | kinds.COLLECTIONS | kinds.SHARES | "mailboxes/files" | "mails":
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
    """Middleware that records calls, and answers the page's own requests.

    Args:
        app: both platforms.
        page: the page's app; its requests are not recorded.
        is_page: whether a path belongs to the page.
        recorder: records the calls.
    """

    def __init__(
        self, app: ASGIApp, page: ASGIApp, is_page: Callable[[str], bool], recorder: Recorder
    ) -> None:
        self._app = app
        self._page = page
        self._is_page = is_page
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and record it if it is for a platform."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._is_page(scope["path"]):
            await self._page(scope, receive, send)
            return
        status = 0

        async def send_recorded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        begun = self._recorder.begin()
        try:
            await self._app(scope, receive, send_recorded)
        finally:
            self._recorder.end(begun, scope["method"], scope["path"], status)
