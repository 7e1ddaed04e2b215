"""The base class of all generated services: single calls and lists, over the HTTP core."""

import json
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, TypedDict, TypeVar, Unpack, overload
from uuid import uuid4

from tgiconik import errors
from tgiconik._http import (
    Answer,
    Call,
    Page,
    Pages,
    QueryValue,
    Session,
    Surface,
    build,
    unreadable,
)
from tgiconik._models import Json, Model, check, unstructure
from tgiconik.iconik import _paging
from tgiconik.iconik._answers import JobStarted, check_done, decoded, is_empty, job_started
from tgiconik.iconik._bodies import UntypedBody

T = TypeVar("T")
J = TypeVar("J")

#: A request body: a model, or the JSON object itself.
Body = Model | Mapping[str, Any] | UntypedBody | None

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Options(TypedDict, total=False):
    """The options of a call besides its method, path and ids.

    Attributes:
        query: query names and values; None is left out.
        headers: headers of this call alone; None is left out.
        body: sent as JSON; None for no body.
        takes: the model that a body is, or is to be written as.
        form: sent as `application/x-www-form-urlencoded`.
        multipart: sent as `multipart/form-data`.
        content: sent as it is.
        repeatable: the call only reads, whatever its method.
        authenticated: sent with the session's credentials, which is the rule.
        roles: what the platform's documents ask for, said when it refuses.
        accepts: statuses besides 2xx that they promise, such as a redirect.
    """

    query: Mapping[str, QueryValue]
    headers: Mapping[str, str | None]
    body: Body
    takes: type[Model]
    form: Body
    multipart: Body
    content: bytes
    repeatable: bool
    authenticated: bool
    roles: Sequence[str]
    accepts: Collection[int]


class Service(Surface):
    """One of iconik's services. Methods named after the endpoints; see `docs/operations.md`.

    Every method raises the errors of `tgiconik.errors`: a `StatusError` when iconik says no, an
    `UnreadableResponse` when its answer is not what its documents promise, `ConnectionFailed` or
    `TimedOut` when there is none.
    """

    #: Path that the service's own paths are below.
    _base: ClassVar[str]

    def __init__(self, session: Session) -> None:
        self._session = session

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._session.base_url}{self._base}>"

    @overload
    async def _call(
        self, method: str, path: str, *ids: str, **options: Unpack[Options]
    ) -> None: ...

    @overload
    async def _call(
        self, method: str, path: str, *ids: str, into: type[T], **options: Unpack[Options]
    ) -> T: ...

    async def _call(
        self,
        method: str,
        path: str,
        *ids: str,
        into: type[T] | None = None,
        **options: Unpack[Options],
    ) -> T | None:
        """Send a call, and decode its answer if `into` says as what."""
        answer = await self._send(self._build(method, path, ids, options), options)
        if into is not None:
            return decoded(answer, into)
        check_done(answer)
        return None

    async def _call_maybe(
        self, method: str, path: str, *ids: str, into: type[T], **options: Unpack[Options]
    ) -> T | None:
        """Send a call that may answer with something; None when it did not."""
        answer = await self._send(self._build(method, path, ids, options), options)
        nothing = is_empty(answer) or answer.status in _REDIRECTS
        return None if nothing else decoded(answer, into)

    async def _call_either(
        self,
        method: str,
        path: str,
        *ids: str,
        into: type[T],
        job: type[J],
        **options: Unpack[Options],
    ) -> T | J:
        """Send a call that is done at once, or by a job (202): each has an answer of its own."""
        answer = await self._send(self._build(method, path, ids, options), options)
        if answer.status == HTTPStatus.ACCEPTED:
            # It is a job even where it is not named.
            return job() if is_empty(answer) else decoded(answer, job)
        return decoded(answer, into)

    async def _call_job(
        self, method: str, path: str, *ids: str, **options: Unpack[Options]
    ) -> JobStarted:
        """Send a call that starts a job."""
        return job_started(await self._send(self._build(method, path, ids, options), options))

    async def _call_maybe_job(
        self, method: str, path: str, *ids: str, **options: Unpack[Options]
    ) -> JobStarted | None:
        """Send a call that starts a job; None when it was done at once."""
        answer = await self._send(self._build(method, path, ids, options), options)
        at_once = answer.status != HTTPStatus.ACCEPTED and is_empty(answer)
        return None if at_once else job_started(answer)

    async def _call_any(
        self, method: str, path: str, *ids: str, **options: Unpack[Options]
    ) -> Json:
        """Send a call whose answer is not described: JSON parsed, other text as it is."""
        answer = await self._send(self._build(method, path, ids, options), options)
        if answer.status in _REDIRECTS:
            return answer.headers.get("location")
        if "json" in answer.headers.get("content-type", ""):
            return answer.json()
        return answer.text or None

    async def _call_location(
        self, method: str, path: str, *ids: str, **options: Unpack[Options]
    ) -> str:
        """Send a call that answers with a redirect; the URL it leads to, not followed."""
        options["accepts"] = _REDIRECTS
        answer = await self._send(self._build(method, path, ids, options), options)
        location = answer.headers.get("location")
        if location is None:
            raise unreadable(answer, "a redirect was expected")
        return location

    def _pages(
        self,
        method: str,
        path: str,
        *ids: str,
        into: type[Any],
        by: _paging.Style = _paging.by_url,
        key: str = "id",
        **options: Unpack[Options],
    ) -> Pages[Any]:
        """The list at a path, page by page. Nothing is sent before iteration."""
        query = options.get("query", {})
        per_page = query.get("per_page")
        # What is wrong with it is said where it is asked for, not where it is iterated over.
        first = self._build(method, path, ids, options)

        async def fetch(cursor: str | None) -> Page[Any]:
            later = cursor is not None
            call = self._build(method, path, ids, _at(options, cursor)) if later else first
            answer = await self._send(call, options)
            envelope = None if is_empty(answer) else decoded(answer, into)
            items = getattr(envelope, "objects", None) or []
            read = _paging.ReadPage(
                path=call.path,
                cursor=cursor,
                per_page=per_page if isinstance(per_page, int) else None,
                envelope=envelope,
                items=items,
                key=key,
            )
            if by is _paging.by_scroll and _paging.too_long(read):
                return await fetch(_paging.SCROLL)
            try:
                following = by(read)
            except _paging.LostTrackError as error:
                # It is about what came: only our own error is masked.
                raise unreadable(answer, str(error)) from None
            total = getattr(envelope, "total", None)
            asked = f"{method} {answer.url}"
            return Page(items=items, next=following, total=total, envelope=envelope, asked=asked)

        return Pages(fetch)

    def _build(self, method: str, path: str, ids: Sequence[str], options: Options) -> Call:
        _check_bodies(options)
        content, content_type = options.get("content"), "application/octet-stream"
        if (parts := options.get("multipart")) is not None:
            content, content_type = _multipart(unstructure(parts))
        body, form = options.get("body"), options.get("form")
        return build(
            method,
            self._base + path,
            *ids,
            query=options.get("query"),
            **({} if body is None else {"json": unstructure(body)}),
            form=None if form is None else _texts(unstructure(form)),
            content=content,
            content_type=content_type,
            headers=options.get("headers"),
            repeatable=options.get("repeatable", False),
            authenticated=options.get("authenticated", True),
            accepts=options.get("accepts", ()),
        )

    async def _send(self, call: Call, options: Options) -> Answer:
        try:
            return await self._session.send(call)
        except errors.Forbidden as error:
            error.roles = tuple(options.get("roles", ()))
            raise


def _check_bodies(options: Options) -> None:
    takes = options.get("takes")
    for body in (options.get("body"), options.get("form"), options.get("multipart")):
        if takes is not None and body is not None:
            check(body, takes)


def _at(options: Options, cursor: str | None) -> Options:
    """The options that read the page at a cursor."""
    if cursor is None:
        return options
    body = options.get("body")
    if body is not None and _paging.searching_after(cursor):
        return {**options, "body": {**unstructure(body), "search_after": _paging.values_at(cursor)}}
    return {**options, "query": _paging.query_at(options.get("query", {}), cursor)}


def _texts(body: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in body.items()
        if value is not None
    }


def _multipart(body: Mapping[str, Any]) -> tuple[bytes, str]:
    """A body of named texts, and its content type (RFC 7578)."""
    boundary = uuid4().hex
    parts = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in _texts(body).items()
    )
    return f"{parts}--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
