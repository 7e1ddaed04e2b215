"""A Lens query is valid GraphQL whatever goes in, and says exactly what was meant."""

from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import (
    EnumValueNode,
    FieldNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    StringValueNode,
    ValueNode,
    parse,
)
from graphql.language.ast import BooleanValueNode
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import errors
from tgiconik.tradinggrid.lens import (
    ContentKeyFilter,
    Filter,
    FilterValue,
    Match,
    Query,
    Range,
    Selection,
    Sort,
    StatusCode,
    Transaction,
    render,
)
from tgiconik.tradinggrid.lens.graphql import EnumLiteral, literal
from tgiconik.tradinggrid.lens.transaction import FIELDS

from .forms import FORMS, query_from

#: Every text that Unicode allows; halves of surrogate pairs are tried on their own.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def value_of(node: ValueNode) -> Any:  # noqa: ANN401 - any literal
    """A literal as JSON, an enum literal as `{"enum": NAME}`, as the published forms have it."""
    match node:
        case ObjectValueNode(fields=fields):
            return {field.name.value: value_of(field.value) for field in fields}
        case ListValueNode(values=values):
            return [value_of(value) for value in values]
        case EnumValueNode(value=name):
            return {"enum": name}
        case IntValueNode(value=digits):
            return int(digits)
        case StringValueNode(value=text) | BooleanValueNode(value=text):
            return text
    raise AssertionError(node)


def field_of(text: str) -> FieldNode:
    """The one field that a rendered query asks for."""
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    (field,) = operation.selection_set.selections
    assert isinstance(field, FieldNode)
    return field


def arguments_of(text: str) -> dict[str, Any]:
    return {one.name.value: value_of(one.value) for one in field_of(text).arguments or ()}


def names_in(field: FieldNode) -> list[str]:
    assert field.selection_set is not None
    return [one.name.value for one in field.selection_set.selections if isinstance(one, FieldNode)]


def transactions_in(text: str) -> FieldNode:
    selections = field_of(text).selection_set
    assert selections is not None
    (found,) = [
        one
        for one in selections.selections
        if isinstance(one, FieldNode) and one.name.value == "transactions"
    ]
    return found


def test_all_published_forms_are_here() -> None:
    assert len(FORMS) == 25


@pytest.mark.parametrize("form", FORMS)
def test_a_published_form_can_be_said_exactly(form: dict[str, Any]) -> None:
    page = [name for name in form["page_fields"] if name not in {"transactions", "scrollid"}]
    # The published number counts the content keys as one field.
    wanted = FIELDS[: form["transaction_fields"] - bool(form["content_keys"])]
    selection = Selection(fields=wanted, content_keys=form["content_keys"], page=page)

    text = render(query_from(form["arguments"]), selection)

    assert arguments_of(text) == form["arguments"]
    assert sorted(names_in(field_of(text))) == sorted(form["page_fields"])
    found = transactions_in(text)
    assert names_in(found)[: len(wanted)] == list(wanted)
    assert found.selection_set is not None
    keys = [
        value_of(names.value)
        for one in found.selection_set.selections
        if isinstance(one, FieldNode)
        for names in one.arguments or ()
    ]
    assert keys == ([form["content_keys"]] if form["content_keys"] else [])


@given(TEXT)
def test_text_comes_back_from_a_graphql_parser_as_it_went_in(text: str) -> None:
    query = Query(
        search=text,
        content_keys=[ContentKeyFilter(text, text)],
        filters=[Filter("senderaddress", [FilterValue(text, negate=True)])],
        must=[Match("status", text)],
        should=[Match("errorcode", text)],
        range=Range(from_=text, to=text),
    )
    selection = Selection(content_keys=[text], fields=["status"])
    assert arguments_of(render(query, selection))["query"] == {
        "query": text,
        "contentKeyFilters": [{"key": text, "value": text}],
        "filters": [{"field": {"enum": "senderaddress"}, "values": [{"not": True, "value": text}]}],
        "fields": {
            "must": [{"field": {"enum": "status"}, "query": text}],
            "should": [{"field": {"enum": "errorcode"}, "query": text}],
        },
        "ranges": {"field": {"enum": "arrivaltime"}, "from": text, "to": text},
    }
    assert transactions_in(render(query, selection)) is not None


@given(st.text())
def test_a_field_name_is_a_graphql_name_or_refused(name: str) -> None:
    try:
        text = render(Query(sort=Sort(name)), Selection(fields=[name]))
    except errors.ConfigurationError:
        return
    assert names_in(transactions_in(text)) == [name]
    assert arguments_of(text)["query"]["sortby"]["field"] == {"enum": name}


@pytest.mark.parametrize(
    "name",
    ["", "true", "false", "null", "1st", "a b", "a}", 'a"', "a\n", "ä", "status # ", "a{b}"],
)
def test_a_name_that_would_change_the_query_is_refused(name: str) -> None:
    for query, selection in [
        (Query(sort=Sort(name)), Selection()),
        (Query(filters=[Filter(name, [])]), Selection()),
        (Query(must=[Match(name, "x")]), Selection()),
        (Query(range=Range(field=name, from_="x", to="y")), Selection()),
        (Query(), Selection(fields=[name])),
        (Query(), Selection(page=[name])),
    ]:
        with pytest.raises(errors.ConfigurationError):
            render(query, selection)


@pytest.mark.parametrize("text", ["\ud800", "x\udfff", "\udc00\ud800"])
def test_half_a_surrogate_pair_is_refused(text: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="Unicode"):
        render(Query(search=text))


@given(
    st.recursive(
        TEXT | st.integers() | st.booleans() | st.sampled_from(FIELDS).map(EnumLiteral),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.from_regex(r"[a-z]+", fullmatch=True), inner)
        ),
        max_leaves=10,
    )
)
def test_any_literal_comes_back_as_it_went_in(value: Any) -> None:  # noqa: ANN401 - any literal
    def expected(one: Any) -> Any:  # noqa: ANN401 - any literal
        if isinstance(one, EnumLiteral):
            return {"enum": str(one)}
        if isinstance(one, dict):
            return {name: expected(inner) for name, inner in one.items()}
        return [expected(inner) for inner in one] if isinstance(one, list) else one

    text = f"{{ field(argument: {literal(value)}) }}"
    assert arguments_of(text) == {"argument": expected(value)}


def test_times_are_rfc_3339_in_utc() -> None:
    text = render(
        Query(
            range=Range(
                from_=datetime.fromisoformat("2025-01-01T01:00:00+01:00"),
                to=datetime(2025, 2, 1, tzinfo=UTC),
            )
        )
    )
    assert arguments_of(text)["query"]["ranges"] == {
        "field": {"enum": "arrivaltime"},
        "from": "2025-01-01T00:00:00Z",
        "to": "2025-02-01T00:00:00Z",
    }


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_a_count_that_lens_cannot_give_is_refused(count: int) -> None:
    with pytest.raises(errors.ConfigurationError, match="count"):
        Query(count=count)


def test_an_offset_is_ahead() -> None:
    with pytest.raises(errors.ConfigurationError, match="offset"):
        Query(offset=-1)


def test_a_selection_without_a_field_is_refused() -> None:
    with pytest.raises(errors.ConfigurationError, match="at least one"):
        render(selection=Selection(fields=[]))


def test_content_keys_alone_are_enough() -> None:
    text = render(Query(content_keys=()), Selection(fields=[], content_keys=["reference id"]))
    assert names_in(transactions_in(text)) == ["contentkeys"]
    assert arguments_of(text) == {"query": {"contentKeyFilters": []}}


def test_a_name_said_twice_is_asked_for_once() -> None:
    text = render(Query(scroll=True), Selection(fields=["status"] * 2, page=["scrollid", "total"]))
    assert names_in(field_of(text)) == ["scrollid", "total", "transactions"]
    assert names_in(transactions_in(text)) == ["status"]


def test_every_published_field_has_its_place_in_the_model() -> None:
    assert len(FIELDS) == 64
    assert Transaction().details_url is None
    assert (
        Transaction(transactionid="a/b").details_url
        == "https://tradinggrid.opentext.com/lens/app/transactions/a%2Fb/details"
    )


def test_short_codes_fit_the_search_box() -> None:
    assert f"status:{StatusCode.DELIVERY_FAILED}" == "status:F"
