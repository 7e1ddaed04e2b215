"""The base class of all generated services: single calls and lists, over the HTTP core."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypedDict, TypeVar, Unpack, overload
from uuid import uuid4

from tgiconik import errors
from tgiconik._http import Answer, Call, Listed, Page, Pages, QueryValue, Session, build, unreadable
from tgiconik._models import DecodeError, Json, Model, check, decode, unstructure
from tgiconik.iconik import _paging

T = TypeVar("T")

#: A request body: a model, or the JSON object itself.
Body = Model | Mapping[str, Any] | None

_NO_BODY = frozenset({202, 204})
_REDIRECT = 300


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


class Service(Listed):
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
        return None if into is None else _decoded(answer, into)

    async def _call_maybe(
        self, method: str, path: str, *ids: str, into: type[T], **options: Unpack[Options]
    ) -> T | None:
        """Send a call that may answer with something; None when it did not."""
        answer = await self._send(self._build(method, path, ids, options), options)
        nothing = answer.status in _NO_BODY or answer.status >= _REDIRECT or not answer.content
        return None if nothing else _decoded(answer, into)

    async def _call_any(
        self, method: str, path: str, *ids: str, **options: Unpack[Options]
    ) -> Json:
        """Send a call whose answer is not described: JSON parsed, other text as it is."""
        answer = await self._send(self._build(method, path, ids, options), options)
        if answer.status >= _REDIRECT:
            return answer.headers.get("location")
        if "json" in answer.headers.get("content-type", ""):
            return answer.json()
        return answer.text or None

    async def _call_location(
        self, method: str, path: str, *ids: str, **options: Unpack[Options]
    ) -> str:
        """Send a call that answers with a redirect; the URL it leads to, not followed."""
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
            envelope = None if answer.status in _NO_BODY else _decoded(answer, into)
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
                raise unreadable(answer, str(error)) from error
            total = getattr(envelope, "total", None)
            return Page(items=items, next=following, total=total, envelope=envelope)

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


def _decoded(answer: Answer, into: type[T]) -> T:
    try:
        return decode(answer.content, into, parse=answer.json)
    except DecodeError as error:
        raise unreadable(answer, str(error)) from error


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
