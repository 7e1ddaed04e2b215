"""Lens queries are read as the GraphQL specification says, and hostile ones end with an error."""

import pytest
from graphql import FieldNode, OperationDefinitionNode, SelectionNode
from graphql import parse as parse_graphql
from graphql.utilities import value_from_ast_untyped
from hypothesis import given
from hypothesis import strategies as st

from tgiconik.sandbox.grid.lens.errors import LensError
from tgiconik.sandbox.grid.lens.parse import MAX_TOKENS, Enum, QueryField, parse
from tgiconik.tradinggrid.lens import (
    ContentKeyFilter,
    Filter,
    FilterValue,
    Match,
    Query,
    Range,
    Sort,
    render,
)
from tgiconik.tradinggrid.lens.graphql import arguments

texts = st.text(st.characters(codec="utf-8"), max_size=12)
fields = st.sampled_from(["status", "editype", "arrivaltime"])
queries = st.builds(
    Query,
    search=st.none() | texts,
    count=st.none() | st.integers(1, 1000),
    scroll=st.booleans(),
    sort=st.none() | st.builds(Sort, fields, descending=st.booleans()),
    content_keys=st.none() | st.lists(st.builds(ContentKeyFilter, texts, texts), max_size=2),
    filters=st.lists(
        st.builds(Filter, fields, st.lists(st.builds(FilterValue, texts), max_size=2)), max_size=2
    ),
    must=st.lists(st.builds(Match, fields, texts), max_size=2),
    should=st.lists(st.builds(Match, fields, texts), max_size=2),
    range=st.none() | st.builds(Range, from_=texts, to=texts),
)
pieces = st.sampled_from(
    (
        *("{", "}", "(", ")", "[", "]", ":", "$", "...", "@"),
        *("a", "query", "true", "null", "é", "1", "-1.5e3", "01", "1a"),
        *('"x"', r'"\u00e9\n"', r'"\x"', '"', ",", " ", "\n", "# note\n"),
        *('""', '"""x"""', '"\x07"', '"\t"', "\f"),
    )
)


@given(query=queries)
def test_what_the_client_writes_is_read_as_it_was_meant(query: Query) -> None:
    field = parse(render(query))
    assert field.name == "getTransactions"
    assert field.arguments.get("query", {}) == arguments(query)
    assert [one.name for one in field.fields][-1] == "transactions"


@given(parts=st.lists(pieces, max_size=14))
def test_what_graphql_refuses_is_refused(parts: list[str]) -> None:
    text = "{a" + "".join(parts) + "}"
    try:
        field = parse(text)
    except LensError:
        return
    (definition,) = parse_graphql(text).definitions
    assert isinstance(definition, OperationDefinitionNode)
    (node,) = definition.selection_set.selections
    assert as_read_by_graphql(node) == field


def as_read_by_graphql(node: SelectionNode) -> QueryField:
    assert isinstance(node, FieldNode)
    return QueryField(
        node.name.value,
        {one.name.value: value_from_ast_untyped(one.value) for one in node.arguments or ()},
        tuple(map(as_read_by_graphql, node.selection_set.selections if node.selection_set else ())),
    )


@pytest.mark.parametrize(
    "text",
    [
        *("{ a: b }", "{ ...on }", "{ a @b }", "{ a b }", "{ a(b: ) }", "{a}{b}", "a", ""),
        *("mutation { a }", "query Q($b: Int) { a(b: $b) }", "{ a(b: $b) }", "query Q @b { a }"),
        *('{ a(b: """x""") }', "fragment F on T { a }", "{ ...F }", "{ ... on T { a } }"),
    ],
)
def test_forms_that_lens_does_not_publish_are_refused(text: str) -> None:
    with pytest.raises(LensError):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "{a" * 100_000,
        "{a(b: " + "[" * 4_000 + "]" * 4_000 + ")}",
        "{a(b: " + "{c: " * 3_000,
        "{" + "a " * MAX_TOKENS + "}",
        '{a(b: "' + "x" * 1_000_000,
        '{a(b: """' + "x" * 1_000_000,
        '{a(b: "\\ud800")}',
        "#" * 1_000_000,
    ],
    ids=["fields", "lists", "objects", "tokens", "text", "block", "surrogate", "comment"],
)
def test_a_hostile_query_ends_with_an_error(text: str) -> None:
    with pytest.raises(LensError, match="Syntax Error"):
        parse(text)


def test_a_number_of_any_length_is_read() -> None:
    assert parse("{ a(b: 5) }").arguments == {"b": 5}
    parse("{ a(b: " + "9" * 10_000 + ") }")


def test_a_name_is_not_text() -> None:
    (value, text) = parse('{ a(b: [ASC "ASC"]) }').arguments["b"]
    assert isinstance(value, Enum)
    assert not isinstance(text, Enum)
