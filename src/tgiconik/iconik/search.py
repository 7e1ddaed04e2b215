"""Search, as values: conditions that are built, not concatenated, and hits as `async for`.

    hits = iconik.search.assets(
        "spring launch",
        where=[term("metadata.Regions", "EMEA"), between("date_created", start=since)],
        sort=["-date_created"],
    )

iconik reads query text and term values as Lucene: what a caller passes is escaped here, so that a
title with `?` or `(` is found as it is written. Source: `POST /API/search/v1/search/`.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final, TypeAlias

import attrs

from tgiconik._http import Pages, rfc3339
from tgiconik.errors import ConfigurationError
from tgiconik.iconik.models import search as m
from tgiconik.iconik.services.search import SearchService

#: What a field can be compared with.
Value: TypeAlias = str | int | float | bool | datetime | date

#: A hit, as the index has it. What decides is read by id.
Hit: TypeAlias = m.SearchDocument

_SPECIAL: Final = re.compile(r'([+\-&|!(){}\[\]^"~*?:\\/\s])')


def escaped(text: str) -> str:
    """Text with everything escaped that Lucene would read as more than text."""
    return _SPECIAL.sub(r"\\\1", text)


@attrs.frozen
class Condition:
    """One condition, or several under an operator. Made by the functions of this module."""

    operator: str
    terms: tuple[m.CriteriaTermInput, ...] = ()
    conditions: tuple["Condition", ...] = ()

    def to_filter(self) -> m.CriteriaFilterInput:
        """The condition as iconik takes it."""
        return m.CriteriaFilterInput(
            operator=self.operator,
            terms=list(self.terms),
            filters=[condition.to_filter() for condition in self.conditions],
        )


def term(field: str, value: Value) -> Condition:
    """The field has exactly this value. Metadata fields are called `metadata.{name}`."""
    return _one(m.CriteriaTermInput(name=field, value=escaped(_text(value))))


def one_of(field: str, values: Iterable[Value]) -> Condition:
    """The field has one of these values."""
    return _one(m.CriteriaTermInput(name=field, value_in=[_text(value) for value in values]))


def between(field: str, start: Value | None = None, end: Value | None = None) -> Condition:
    """The field is not below `start` and not above `end`; times are sent in UTC.

    Raises:
        ConfigurationError: neither end is given.
    """
    if start is None and end is None:
        raise ConfigurationError(f"between({field!r}) needs a start or an end")
    bounds = m.CriteriaRangeFilterInput()
    if start is not None:
        bounds.min = _text(start)
    if end is not None:
        bounds.max = _text(end)
    return _one(m.CriteriaTermInput(name=field, range=bounds))


def exists(field: str) -> Condition:
    """The field has a value."""
    return _one(m.CriteriaTermInput(name=field, exists=True))


def missing(field: str) -> Condition:
    """The field has no value."""
    return _one(m.CriteriaTermInput(name=field, missing=True))


def all_of(*conditions: Condition) -> Condition:
    """Every one of them holds."""
    return Condition("AND", conditions=conditions)


def any_of(*conditions: Condition) -> Condition:
    """At least one of them holds."""
    return Condition("OR", conditions=conditions)


def none_of(*conditions: Condition) -> Condition:
    """None of them holds."""
    return Condition("NOT", conditions=conditions)


class Search(SearchService):
    """iconik's search service, with hits of any number as `async for`."""

    def assets(
        self,
        text: str | None = None,
        *,
        query: str | None = None,
        where: Sequence[Condition] = (),
        sort: Sequence[str] = (),
        facets: Sequence[str] = (),
        include_fields: Sequence[str] = (),
        exclude_fields: Sequence[str] = (),
        metadata_view_id: str | None = None,
        per_page: int = 100,
    ) -> Pages[Hit]:
        """Assets, in constant memory, however many.

        `POST /API/search/v1/search/`, role `can_search`.

        Args:
            text: words of a person; everything special in them is escaped.
            query: a query in Lucene's own syntax instead.
            where: conditions that must all hold.
            sort: field names, with a leading `-` from the largest down.
            facets: fields to count values of; the counts are in each page's envelope.
            include_fields: fields that hits have; all of them when empty.
            exclude_fields: fields that hits do not have.
            metadata_view_id: the view whose metadata hits have.
            per_page: hits read at once; 100 is safe.
        """
        return self.documents(
            ["assets"],
            text,
            query=query,
            where=where,
            sort=sort,
            facets=facets,
            include_fields=include_fields,
            exclude_fields=exclude_fields,
            metadata_view_id=metadata_view_id,
            per_page=per_page,
        )

    def documents(
        self,
        doc_types: Sequence[str],
        text: str | None = None,
        *,
        query: str | None = None,
        where: Sequence[Condition] = (),
        sort: Sequence[str] = (),
        facets: Sequence[str] = (),
        include_fields: Sequence[str] = (),
        exclude_fields: Sequence[str] = (),
        metadata_view_id: str | None = None,
        per_page: int = 100,
    ) -> Pages[Hit]:
        """Documents of given types, such as `assets`, `collections` or `segments`.

        `POST /API/search/v1/search/`, role `can_search`. Arguments as for `assets`.

        Raises:
            ConfigurationError: both `text` and `query` are given.
        """
        if text is not None and query is not None:
            raise ConfigurationError("give text or query, not both")
        body = m.SearchCriteriaInput(doc_types=list(doc_types), sort=_sorted(sort))
        if words := (query or " ".join(escaped(word) for word in (text or "").split())):
            body.query = words
        if where:
            body.filter = all_of(*where).to_filter()
        if facets:
            body.facets = list(facets)
        if include_fields:
            body.include_fields = list(include_fields)
        if exclude_fields:
            body.exclude_fields = list(exclude_fields)
        if metadata_view_id is not None:
            body.metadata_view_id = metadata_view_id
        # A machine's searches are nobody's history; iconik would keep them by default.
        return self.search(body=body, per_page=per_page, save_search_history=False)


def _one(condition: m.CriteriaTermInput) -> Condition:
    return Condition("AND", terms=(condition,))


def _text(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return rfc3339(value)
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _sorted(fields: Sequence[str]) -> list[m.CriteriaSortInput]:
    """The order, always down to the id: equal hits would otherwise be skipped or doubled."""
    order = [
        m.CriteriaSortInput(name=field.lstrip("-"), order="desc" if field[0] == "-" else "asc")
        for field in fields
        if field
    ]
    return [*order, m.CriteriaSortInput(name="id", order="asc")]
