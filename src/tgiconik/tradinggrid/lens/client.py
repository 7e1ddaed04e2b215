"""Ask Lens, page by page."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import attrs

from tgiconik import errors
from tgiconik._http import Answer, Page, Pages, Session, Surface, build, unreadable
from tgiconik._models import Record, writable
from tgiconik._validate import with_zone
from tgiconik.tradinggrid._decode import read, readable
from tgiconik.tradinggrid.lens.graphql import render
from tgiconik.tradinggrid.lens.query import (
    MOST,
    Filter,
    FilterValue,
    Match,
    Query,
    Range,
    Selection,
    Sort,
)
from tgiconik.tradinggrid.lens.transaction import FIELDS, Transaction

#: Published ranges always have both ends, so an open end is a time that nothing lies beyond.
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_BY_ARRIVAL: Final = Sort("arrivaltime")


@attrs.frozen(kw_only=True)
class TransactionPage(Record):
    """The answer of Lens to one query.

    Attributes:
        transactions: the entries.
        count: how many there are in this answer, as Lens counts.
        total: how many there are in all.
        offset: how many were skipped.
        scrollid: Lens's name for a scroll.
    """

    transactions: tuple[Transaction, ...]
    count: int | None = None
    total: int | None = None
    offset: int | None = None
    scrollid: str | None = None


class Lens(Surface):
    """Transaction visibility. `POST /visibility_transaction_search`.

    Args:
        session: sends the calls.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def transactions(
        self,
        *,
        sender: str | None = None,
        receiver: str | None = None,
        partner: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        correlation_id: str | None = None,
        status: str | None = None,
        search: str | None = None,
        fields: Sequence[str] = FIELDS,
        content_keys: Sequence[str] = (),
        client_values: Sequence[str] = (),
        count: int = MOST,
        scroll: bool = False,
    ) -> Pages[Transaction]:
        """Transactions in the order of their arrival. Everything that is given must hold.

        Args:
            sender: exact address of the sender, such as `ZZ:ACME`.
            receiver: exact address of the receiver.
            partner: address of sender or receiver; `*` and `?` are wildcards.
            since: arrived at this time or later.
            until: arrived at this time or earlier.
            correlation_id: entries of this process alone.
            status: the status in words, such as `Failed`; wildcards as above.
            search: search-box syntax, such as `SYS* AND 850` or `status:F`.
            fields: which transaction fields to read.
            content_keys: which content keys to read, such as `purchase order number`.
            client_values: which client values to read; `["*"]` for all.
            count: entries per call, 1 to 1000.
            scroll: see `pages`.

        Raises:
            ConfigurationError: a field's name is not a GraphQL name, or a time has no time zone.
            GraphQLError: Lens refuses the query.
        """
        addresses = {"senderaddress": sender, "receiveraddress": receiver}
        matches = {"correlationid": correlation_id, "status": status}
        query = Query(
            search=search,
            count=None if scroll else count,
            scroll=scroll,
            sort=_BY_ARRIVAL,
            content_keys=() if content_keys else None,
            filters=[
                Filter(field, [FilterValue(address)])
                for field, address in addresses.items()
                if address is not None
            ],
            must=[Match(field, text) for field, text in matches.items() if text is not None],
            should=[] if partner is None else [Match(field, partner) for field in addresses],
            range=_arrived(since, until),
        )
        selection = Selection(fields=fields, content_keys=content_keys, client_values=client_values)
        return self.pages(query, selection)

    def pages(self, query: Query, selection: Selection | None = None) -> Pages[Transaction]:
        """All that a query finds, by offset or, with `query.scroll`, by scroll.

        By offset a walk can be resumed from its cursor, and a lost answer is asked for again. For a
        scroll Lens itself remembers how far the same query has come, whoever sends it: it is for
        long lists, it cannot be resumed, a lost answer ends it with an error, and one that is left
        in the middle goes on there when the same query is sent again.

        Args:
            query: conditions, order, and how many at once.
            selection: which fields to read; `FIELDS` when left out.
        """
        first = render(query, selection)

        async def by_offset(cursor: str | None) -> Page[Transaction]:
            offset = (query.offset or 0) if cursor is None else _offset(cursor)
            count = query.count or MOST
            page = await self.search(attrs.evolve(query, offset=offset, count=count), selection)
            end = offset + len(page.transactions)
            # A page that is shorter than asked ends nothing: the total does, or an empty page.
            more = bool(page.transactions) and (page.total is None or end < page.total)
            return _page(page, str(end) if more else None)

        async def by_scroll(cursor: str | None) -> Page[Transaction]:
            answer = await self._send(first, repeatable=False)
            page = _read(answer)
            seen = (0 if cursor is None else _offset(cursor)) + len(page.transactions)
            # On to the page that has none: before that, Lens has not finished the scroll.
            return _page(page, str(seen) if page.transactions else None)

        return Pages(by_scroll if query.scroll else by_offset)

    async def search(
        self, query: Query | None = None, selection: Selection | None = None
    ) -> TransactionPage:
        """One query, one answer.

        Args:
            query: conditions, order, and how many; everything when left out.
            selection: which fields to read; `FIELDS` when left out.

        Raises:
            GraphQLError: Lens refuses the query, or could not answer all of it.
            UnreadableResponse: the answer has no transactions in it.
        """
        scrolls = query is not None and query.scroll
        return _read(await self._send(render(query, selection), repeatable=not scrolls))

    async def query(self, graphql: str) -> Mapping[str, Any]:
        """Send GraphQL text as it is and return the answer's `data`.

        The caller answers for what is in the text; `render` escapes values.

        Args:
            graphql: the text.

        Raises:
            GraphQLError: the answer has errors.
        """
        return _data(await self._send(graphql, repeatable=False))

    async def _send(self, graphql: str, *, repeatable: bool) -> Answer:
        call = build(
            "POST", "/visibility_transaction_search", json={"query": graphql}, repeatable=repeatable
        )
        return await self._session.send(call)


def _arrived(since: datetime | None, until: datetime | None) -> Range | None:
    if since is None and until is None:
        return None
    for name, time in (("since", since), ("until", until)):
        if time is not None:
            with_zone(time, name)
    return Range(from_=since or _BEGINNING, to=until or _END)


def _offset(cursor: str) -> int:
    try:
        return int(cursor)
    except ValueError as error:
        raise errors.ConfigurationError(f"{cursor!r} is not a cursor of this list") from error


def _page(page: TransactionPage, cursor: str | None) -> Page[Transaction]:
    return Page(items=list(page.transactions), next=cursor, total=page.total, envelope=page)


def _read(answer: Answer) -> TransactionPage:
    found = _data(answer).get("getTransactions")
    if isinstance(found, Mapping) and found.get("transactions") is None:
        found = {**found, "transactions": []}
    with readable(answer):
        return read(TransactionPage, found, lenient=True, path="data.getTransactions")


def _data(answer: Answer) -> Mapping[str, Any]:
    body = answer.json()
    if not isinstance(body, Mapping):
        raise unreadable(answer, "an object was expected")
    if body.get("errors"):
        raise errors.GraphQLError(
            _messages(body["errors"]),
            method=answer.call.method,
            url=answer.url,
            request_id=answer.request_id,
            mask=answer.mask,
        )
    data = body.get("data")
    if not isinstance(data, Mapping):
        raise unreadable(answer, "neither data nor errors")
    return data


def _messages(said: object) -> list[str]:
    entries = said if isinstance(said, list) else [said]
    return [
        writable(
            str(
                entry.get("message", "an error without a message")
                if isinstance(entry, Mapping)
                else entry
            )
        )
        for entry in entries
    ]
