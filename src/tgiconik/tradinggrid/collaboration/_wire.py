"""How the collaboration contract's calls are spelled in HTTP: paths, pages, preconditions, keys."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar
from uuid import uuid4

import attrs

from tgiconik._http import Answer, Call, Page, Pages, QueryValue, Session, Surface, build
from tgiconik.tradinggrid._decode import Record, decode, read, read_list, readable, write

T = TypeVar("T")

_BASE: Final = "/community/v1/companies/{}"
#: The most that the contract allows in one page.
_LIMIT: Final = 1_000


def matching(if_match: str | None) -> Mapping[str, str]:
    """The precondition that it is as it was read, or, for None, that it is not there yet."""
    return {"If-None-Match": "*"} if if_match is None else {"If-Match": if_match}


@attrs.frozen(kw_only=True)
class _PageBody(Record):
    """A page as it comes: `{"items": […], "next_cursor": …}`."""

    items: tuple[Any, ...]
    next_cursor: str | None = None


@attrs.frozen(repr=False)
class Wire:
    """One company's collaboration surface over HTTP.

    Attributes:
        session: sends the calls.
        base: origin of the collaboration surface; None for the session's own.
        company_id: BUID of the company.
    """

    session: Session
    base: str | None
    company_id: str

    async def get(self, into: type[T], path: str, *ids: str) -> T:
        """Read one thing."""
        call = build("GET", _BASE + path, self.company_id, *ids, base=self.base)
        return decode(into, await self.session.send(call))

    def pages(self, into: type[T], path: str, *ids: str, **query: QueryValue) -> Pages[T]:
        """Read a list, page by page."""

        def page_at(cursor: str | None) -> Call:
            return build(
                "GET",
                _BASE + path,
                self.company_id,
                *ids,
                query={**query, "limit": _LIMIT, "cursor": cursor},
                base=self.base,
            )

        # What is wrong with it is said where it is asked for, not where it is iterated over.
        first = page_at(None)

        async def fetch(cursor: str | None) -> Page[T]:
            answer = await self.session.send(first if cursor is None else page_at(cursor))
            with readable(answer):
                listed = read(_PageBody, answer.json())
                items = read_list(into, list(listed.items), path="$.items")
            return Page(items=items, next=listed.next_cursor)

        return Pages(fetch)

    async def write(
        self,
        into: type[T],
        method: str,
        path: str,
        *ids: str,
        body: object = None,
        preconditions: Mapping[str, str] | None = None,
        holder: str | None = None,
        idempotency_key: str | None = None,
    ) -> T:
        """Write something and read what it became."""
        answer = await self.send(
            method,
            path,
            *ids,
            body=body,
            headers={**(preconditions or {}), "Claim-Holder": holder},
            idempotency_key=idempotency_key,
        )
        return decode(into, answer)

    async def send(
        self,
        method: str,
        path: str,
        *ids: str,
        body: object = None,
        headers: Mapping[str, str | None] | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Send a write; it carries a key, so that it may be sent again after a lost answer."""
        key = idempotency_key or uuid4().hex
        content = {} if body is None else {"json": write(body)}
        call = build(
            method,
            _BASE + path,
            self.company_id,
            *ids,
            headers={**(headers or {}), "Idempotency-Key": key},
            repeatable=True,
            base=self.base,
            **content,
        )
        return await self.session.send(call)


class Noun(Surface):
    """A noun that is reached over HTTP."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
