"""Queries to Lens, as values. `graphql.render` turns them into GraphQL text."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import attrs

from tgiconik import errors
from tgiconik._validate import several, texts, with_zone
from tgiconik.tradinggrid.lens.transaction import FIELDS

#: The most that Lens gives in one answer.
MOST: Final = 1000


class StatusCode(StrEnum):
    """Short status codes of the search box, as in `status:F`."""

    BATCHED = "B"
    COMPLETED = "C"
    DELIVERED = "S"
    DELIVERY_DISABLED = "N"
    DELIVERY_IN_PROGRESS = "D"
    DUPLICATE = "U"
    PROCESSING = "P"
    ON_HOLD = "H"
    READY_FOR_PICKUP = "R"
    VALIDATION_ERROR = "V"
    DELIVERY_FAILED = "F"


class AcknowledgementCode(StrEnum):
    """Short acknowledgement codes of the search box."""

    ACCEPTED = "A"
    RECEIVED = "C"
    ACCEPTED_WITH_ERRORS = "E"
    MANUALLY_ACCEPTED = "M"
    NONE_EXPECTED = "N"
    PARTIALLY_ACCEPTED = "P"
    REJECTED = "R"
    SUPPRESSED = "S"
    TIMED_OUT = "T"
    WAITING = "W"


@attrs.frozen
class Sort:
    """In which order.

    Attributes:
        field: a transaction field.
        descending: newest, or last in the alphabet, first.
    """

    field: str
    descending: bool = attrs.field(default=False, kw_only=True)


@attrs.frozen
class Match:
    """One field against a search text: `*` and `?` are wildcards, `*` alone means any value.

    Attributes:
        field: a transaction field.
        query: what to find in it.
    """

    field: str
    query: str


@attrs.frozen
class FilterValue:
    """A value that a field must have.

    Attributes:
        value: the value.
        negate: the field must not have it (`not` on the wire).
    """

    value: str
    negate: bool = attrs.field(default=False, kw_only=True)


def _filter_values(values: Sequence[FilterValue]) -> Sequence[FilterValue]:
    return several(values, "values", FilterValue, "FilterValues")


def _is_text_or_has_zone(_: object, field: "attrs.Attribute[Any]", value: datetime | str) -> None:
    if not isinstance(value, str):
        with_zone(value, f"Range.{field.name}")


@attrs.frozen
class Filter:
    """One field against exact values.

    Attributes:
        field: a transaction field.
        values: what it must or must not be.

    Raises:
        ConfigurationError: one value instead of a list.
    """

    field: str
    values: Sequence[FilterValue] = attrs.field(converter=_filter_values)


@attrs.frozen
class ContentKeyFilter:
    """A content key against a value; `*` is a wildcard.

    Attributes:
        key: such as `purchase order number`.
        value: such as `CV*`.
    """

    key: str
    value: str


@attrs.frozen(kw_only=True)
class Range:
    """A field between two times.

    Attributes:
        field: a transaction field.
        from_: from this time on; text goes as it is, a time as RFC 3339 in UTC.
        to: up to this time.

    Raises:
        ConfigurationError: a time has no time zone.
    """

    field: str = "arrivaltime"
    from_: datetime | str = attrs.field(validator=_is_text_or_has_zone)
    to: datetime | str = attrs.field(validator=_is_text_or_has_zone)


def _content_key_filters(
    filters: Sequence[ContentKeyFilter] | None,
) -> Sequence[ContentKeyFilter] | None:
    if filters is None:
        return None
    return several(filters, "content_keys", ContentKeyFilter, "ContentKeyFilters")


def _filters(filters: Sequence[Filter]) -> Sequence[Filter]:
    return several(filters, "filters", Filter, "Filters")


def _must(matches: Sequence[Match]) -> Sequence[Match]:
    return several(matches, "must", Match, "Matches")


def _should(matches: Sequence[Match]) -> Sequence[Match]:
    return several(matches, "should", Match, "Matches")


@attrs.frozen(kw_only=True)
class Query:
    """The `query` argument of `getTransactions`. What is None or empty is left out.

    Attributes:
        search: search-box syntax, such as `SYS* AND 850`, `status:F`, `meta.errorcode:*`.
        count: how many at most, 1 to 1000.
        offset: how many to skip.
        scroll: answer the next 1000 each time the same query is sent.
        sort: in which order.
        content_keys: content keys against values. Lens answers content keys only when this is
            given: an empty sequence for that alone, None to leave it out.
        filters: fields against exact values; all must hold.
        must: fields against search texts; all must hold.
        should: fields against search texts; one must hold.
        range: a field between two times.

    Raises:
        ConfigurationError: count or offset is out of range, or one condition stands where a list
            is wanted.
    """

    search: str | None = None
    count: int | None = attrs.field(default=None)
    offset: int | None = attrs.field(default=None)
    scroll: bool = False
    sort: Sort | None = None
    content_keys: Sequence[ContentKeyFilter] | None = attrs.field(
        default=None,
        converter=_content_key_filters,
    )
    filters: Sequence[Filter] = attrs.field(default=(), converter=_filters)
    must: Sequence[Match] = attrs.field(default=(), converter=_must)
    should: Sequence[Match] = attrs.field(default=(), converter=_should)
    range: Range | None = None

    @count.validator
    def _lens_can_give(self, _: object, count: int | None) -> None:
        if count is not None and not 1 <= count <= MOST:
            raise errors.ConfigurationError(f"count must be 1 to {MOST}, not {count}")

    @offset.validator
    def _is_ahead(self, _: object, offset: int | None) -> None:
        if offset is not None and offset < 0:
            raise errors.ConfigurationError(f"offset must not be negative, as {offset} is")


def _fields(names: Sequence[str]) -> Sequence[str]:
    return texts(names, "fields")


def _content_keys(names: Sequence[str]) -> Sequence[str]:
    return texts(names, "content_keys")


def _client_values(names: Sequence[str]) -> tuple[str, ...]:
    return texts(names, "client_values")


def _page(names: Sequence[str]) -> Sequence[str]:
    return texts(names, "page")


@attrs.frozen(kw_only=True)
class Selection:
    """The fields that an answer has.

    Attributes:
        fields: transaction fields; all of them when not said.
        content_keys: names of content keys; the query must give `content_keys` too.
        client_values: names of client values; `*` alone means all.
        page: what to know of the page; `scrollid` is added when scrolling.

    Raises:
        ConfigurationError: one text instead of a list of names.
    """

    fields: Sequence[str] = attrs.field(default=FIELDS, converter=_fields)
    content_keys: Sequence[str] = attrs.field(default=(), converter=_content_keys)
    client_values: Sequence[str] = attrs.field(default=(), converter=_client_values, kw_only=True)
    page: Sequence[str] = attrs.field(default=("count", "total", "offset"), converter=_page)
