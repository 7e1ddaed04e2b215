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
from typing import Final, TypeAlias, TypedDict, Unpack

import attrs

from tgiconik._http import Pages
from tgiconik._models import rfc3339
from tgiconik._validate import several, texts
from tgiconik.errors import ConfigurationError
from tgiconik.iconik import _paging
from tgiconik.iconik.models import search as m
from tgiconik.iconik.services.search import SearchService

#: A value that a field can be compared with.
Value: TypeAlias = str | int | float | bool | datetime | date

#: A hit, as the index has it. What decides is read by id.
Hit: TypeAlias = m.SearchDocument

#: Characters that Lucene reads as more than text, and the words that are operators where a term
#: begins.
_SPECIAL: Final = re.compile(r'(^(?=(?:AND|OR|NOT)\b)|[+\-&|!(){}\[\]^"~*?:\\/\s])')


def escaped(text: str) -> str:
    """Text as one Lucene term, with everything escaped that would be read as more than text.

    Args:
        text: words of a person.
    """
    return _SPECIAL.sub(r"\\\1", text)


@attrs.frozen
class Condition:
    """One condition, or several under an operator. Made by the functions of this module.

    Attributes:
        operator: `AND`, `OR`, `NOT` or `NESTED`.
        terms: conditions on one field each, as iconik takes them.
        conditions: further ones below the operator.
        path: the list for whose entries they all hold; None for the document itself.
    """

    operator: str
    terms: tuple[m.CriteriaTermInput, ...] = ()
    conditions: tuple["Condition", ...] = ()
    path: str | None = None

    @property
    def is_term(self) -> bool:
        """Whether it is a single condition, that needs no operator of its own."""
        return len(self.terms) == 1 and self.operator == "AND" and not self.conditions

    def to_filter(self) -> m.CriteriaFilterInput:
        """The condition as iconik takes it."""
        rendered = m.CriteriaFilterInput(operator=self.operator)
        if self.terms:
            rendered.terms = list(self.terms)
        if self.conditions:
            rendered.filters = [condition.to_filter() for condition in self.conditions]
        if self.path is not None:
            rendered.path = self.path
        return rendered


def term(field: str, value: Value) -> Condition:
    """The field has this value. Metadata fields are called `metadata.{name}`.

    Args:
        field: name of the field, such as `media_type` or `metadata.Regions`.
        value: text, number, flag or time.

    Raises:
        ConfigurationError: the value is an empty text; say `missing` instead.
    """
    if value == "":
        raise ConfigurationError(f"term({field!r}) needs a value; for none there is missing()")
    return _one(m.CriteriaTermInput(name=field, value=escaped(_text(_checked(value)))))


def one_of(field: str, values: Iterable[Value]) -> Condition:
    """The field has one of these values; of no values, nothing has one.

    Args:
        field: name of the field, such as `media_type` or `metadata.Regions`.
        values: text, numbers, flags or times.

    Raises:
        ConfigurationError: one value instead of several; say `term` instead.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigurationError(f"one_of({field!r}) takes several values; for one there is term()")
    # Unescaped: these are compared as they are, like the values that facets answer.
    return _one(m.CriteriaTermInput(name=field, value_in=[_text(value) for value in values]))


def between(field: str, start: Value | None = None, end: Value | None = None) -> Condition:
    """The field is not below `start` and not above `end`.

    Times are sent in UTC; one without a time zone is refused.

    Args:
        field: name of the field, such as `media_type` or `metadata.Regions`.
        start: the least; open when left out.
        end: the most; open when left out.

    Raises:
        ConfigurationError: neither end is given.
    """
    if start is None and end is None:
        raise ConfigurationError(f"between({field!r}) needs a start or an end")
    bounds = m.CriteriaRangeFilterInput()
    if start is not None:
        bounds.min = _text(_checked(start))
    if end is not None:
        bounds.max = _text(_checked(end))
    return _one(m.CriteriaTermInput(name=field, range=bounds))


def exists(field: str) -> Condition:
    """The field has a value.

    Args:
        field: name of the field, such as `media_type` or `metadata.Regions`.
    """
    return _one(m.CriteriaTermInput(name=field, exists=True))


def missing(field: str) -> Condition:
    """The field has no value.

    Args:
        field: name of the field, such as `media_type` or `metadata.Regions`.
    """
    return _one(m.CriteriaTermInput(name=field, missing=True))


def all_of(*conditions: Condition) -> Condition:
    """Every one of them holds.

    Args:
        conditions: such as `term` and `between` make.
    """
    return _joined("AND", conditions)


def any_of(*conditions: Condition) -> Condition:
    """At least one of them holds.

    Args:
        conditions: such as `term` and `between` make.

    Raises:
        ConfigurationError: there is none; what iconik makes of that is not known.
    """
    if not conditions:
        raise ConfigurationError("any_of() needs a condition")
    return _joined("OR", conditions)


def none_of(*conditions: Condition) -> Condition:
    """None of them holds.

    Args:
        conditions: such as `term` and `between` make.
    """
    return _joined("NOT", conditions)


def nested(path: str, *conditions: Condition) -> Condition:
    """All of them hold for one and the same entry of a list, such as one of `files`.

    Args:
        path: the list's field.
        conditions: such as `term` and `between` make.

    Raises:
        ConfigurationError: there is none; what iconik makes of that is not known.
    """
    if not conditions:
        raise ConfigurationError(f"nested({path!r}) needs a condition")
    return attrs.evolve(_joined("NESTED", conditions), path=path)


class SearchOptions(TypedDict, total=False):
    """The options of a search besides its text; `Search.documents` documents each."""

    query: str | None
    search_fields: Sequence[str]
    where: Sequence[Condition]
    sort: Sequence[str]
    facets: Sequence[str]
    include_fields: Sequence[str]
    exclude_fields: Sequence[str]
    metadata_view_id: str | None
    per_page: int


class Search(SearchService):
    """iconik's search service, with hits of any number as `async for`."""

    def assets(self, text: str | None = None, **options: Unpack[SearchOptions]) -> Pages[Hit]:
        """Assets, in constant memory, however many: `documents` of that type.

        `POST /API/search/v1/search/`, role `can_search`.

        Args:
            text: words of a person; everything special in them is escaped. Everything, when left
                out.
            options: as for `documents`: query, search_fields, where, sort, facets, include_fields,
                exclude_fields, metadata_view_id, per_page.
        """
        return self.documents(["assets"], text, **options)

    def collections(self, text: str | None = None, **options: Unpack[SearchOptions]) -> Pages[Hit]:
        """Collections, in constant memory, however many: `documents` of that type.

        `POST /API/search/v1/search/`, role `can_search`.

        Args:
            text: words of a person; everything special in them is escaped. Everything, when left
                out.
            options: as for `documents`: query, search_fields, where, sort, facets, include_fields,
                exclude_fields, metadata_view_id, per_page.
        """
        return self.documents(["collections"], text, **options)

    def documents(
        self,
        doc_types: Sequence[str],
        text: str | None = None,
        *,
        query: str | None = None,
        search_fields: Sequence[str] = (),
        where: Sequence[Condition] = (),
        sort: Sequence[str] = (),
        facets: Sequence[str] = (),
        include_fields: Sequence[str] = (),
        exclude_fields: Sequence[str] = (),
        metadata_view_id: str | None = None,
        per_page: int = 100,
    ) -> Pages[Hit]:
        """Documents of some types, in constant memory, however many.

        Walks by `search_after`, which reaches further than page numbers and is not thrown by what
        is indexed meanwhile. The index may lag behind the database: what decides is read by id.
        `POST /API/search/v1/search/`, role `can_search`.

        Args:
            doc_types: such as `assets`, `collections` or `segments`.
            text: words of a person; everything special in them is escaped.
            query: a query in Lucene's own syntax instead.
            search_fields: fields that the text is looked for in; all of them when empty.
            where: conditions that must all hold.
            sort: field names, with a leading `-` from the largest down, then by id. Relevance is no
                order that a long walk can rely on.
            facets: fields to count values of: `facets` of each of `hits.pages()`.
            include_fields: fields that hits have; all of them when empty.
            exclude_fields: fields that hits do not have.
            metadata_view_id: the view whose metadata hits have.
            per_page: hits read at once; 100 is safe.

        Raises:
            ConfigurationError: `text` and `query` are both given, or a text instead of a list.
        """
        return self._pages(
            "POST",
            "/v1/search/",
            into=m.SearchDocuments,
            # The order always ends with the id, so that there is no need for page numbers.
            by=_paging.by_sort_values,
            body=_criteria(
                doc_types=doc_types,
                query=_query(text, query),
                search_fields=search_fields,
                where=where,
                sort=sort,
                facets=facets,
                include_fields=include_fields,
                exclude_fields=exclude_fields,
                metadata_view_id=metadata_view_id,
            ),
            # A machine's searches are nobody's history; iconik would keep them by default.
            query={"per_page": per_page, "save_search_history": False},
            repeatable=True,
            roles=("can_search",),
        )


def _query(text: str | None, query: str | None) -> str:
    if text is not None and query is not None:
        raise ConfigurationError("give text or query, not both")
    return query or " ".join(escaped(word) for word in (text or "").split())


def _criteria(
    *,
    doc_types: Sequence[str],
    query: str,
    search_fields: Sequence[str],
    where: Sequence[Condition],
    sort: Sequence[str],
    facets: Sequence[str],
    include_fields: Sequence[str],
    exclude_fields: Sequence[str],
    metadata_view_id: str | None,
) -> m.SearchCriteriaInput:
    """The body of a search. What is empty is left out."""
    body = m.SearchCriteriaInput(
        doc_types=list(texts(doc_types, "doc_types")), sort=_sorted(texts(sort, "sort"))
    )
    if query:
        body.query = query
    if fields := texts(search_fields, "search_fields"):
        body.search_fields = list(fields)
    if conditions := several(where, "where", Condition, "conditions"):
        body.filter = all_of(*conditions).to_filter()
    if fields := texts(facets, "facets"):
        body.facets = list(fields)
    if fields := texts(include_fields, "include_fields"):
        body.include_fields = list(fields)
    if fields := texts(exclude_fields, "exclude_fields"):
        body.exclude_fields = list(fields)
    if metadata_view_id is not None:
        body.metadata_view_id = metadata_view_id
    return body


def _one(condition: m.CriteriaTermInput) -> Condition:
    return Condition("AND", terms=(condition,))


def _joined(operator: str, conditions: Sequence[Condition]) -> Condition:
    for each in conditions:
        if not isinstance(each, Condition):
            raise ConfigurationError(
                f"{each!r} is no condition; several are given one by one, as in all_of(*conditions)"
            )
    return Condition(
        operator,
        terms=tuple(term for each in conditions if each.is_term for term in each.terms),
        conditions=tuple(each for each in conditions if not each.is_term),
    )


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


def _checked(value: Value) -> Value:
    """A single value; of several, such as a partner's words, an odd one only finds nothing."""
    kinds: tuple[type, ...] = (str, int, float, date)
    if not isinstance(value, kinds):
        raise ConfigurationError(f"{value!r} cannot be compared with a field; give text")
    return value


def _sorted(fields: Sequence[str]) -> list[m.CriteriaSortInput]:
    """The order, always down to the id: equal hits would otherwise be skipped or doubled."""
    names = [field.removeprefix("-") for field in fields]
    order = [
        m.CriteriaSortInput(name=name, order="desc" if field.startswith("-") else "asc")
        for name, field in zip(names, fields, strict=True)
    ]
    return order if "id" in names else [*order, m.CriteriaSortInput(name="id", order="asc")]
