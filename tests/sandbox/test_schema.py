"""The sandbox's little JSON Schema agrees with a whole one on the schemas that the facts have."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik.sandbox import facts
from tgiconik.sandbox.schema import Schemas

FACTS = facts.load()
SERVICES = sorted(FACTS.schemas)
Known: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Any]]]
NAMES = [(service, name) for service in SERVICES for name in sorted(FACTS.schemas[service])]


def answered(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of an answer: what is write-only is not there."""
    fields = schema.get("properties", {})
    hidden = {name for name, field in fields.items() if field.get("writeOnly")}
    found = dict(schema)
    if hidden:
        found["properties"] = {name: each for name, each in fields.items() if name not in hidden}
        found["required"] = [name for name in schema.get("required", ()) if name not in hidden]
    return found


ANSWERED = {
    service: {name: answered(schema) for name, schema in schemas.items()}
    for service, schemas in FACTS.schemas.items()
}

#: JSON with the names and values that the facts know, so that it hits them often.
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(-5, 5, allow_nan=False).filter(lambda each: not each.is_integer())
    | st.sampled_from(["", "ACTIVE", "title", "2026-01-01", "2026-01-01T00:00:00Z"])
    | st.uuids().map(str)
)


def validator(
    service: str, schema: Mapping[str, Any], *, known: Known = FACTS.schemas
) -> jsonschema.Draft202012Validator:
    whole = {**schema, "components": {"schemas": known[service]}}
    return jsonschema.Draft202012Validator(whole)


@st.composite
def candidates(draw: st.DrawFn, known: Known = FACTS.schemas) -> tuple[str, Mapping[str, Any], Any]:
    """A schema of the facts and a value that is nearly right for it."""
    service, name = draw(st.sampled_from(NAMES))
    schema = known[service][name]
    value: Any = Schemas(known[service]).sample(schema)
    properties = schema.get("properties")
    if properties:
        changed = draw(st.lists(st.sampled_from(sorted(properties)), max_size=3))
        value = value | {each: draw(SCALARS | st.lists(SCALARS, max_size=2)) for each in changed}
        for each in draw(st.lists(st.sampled_from(sorted(value)), max_size=1)) if value else ():
            del value[each]
    else:
        value = draw(SCALARS)
    return service, schema, value


@pytest.mark.parametrize("service", SERVICES)
def test_every_schema_has_a_sample_that_is_right(service: str) -> None:
    schemas = Schemas(FACTS.schemas[service])

    for schema in FACTS.schemas[service].values():
        sample = schemas.sample(schema)
        validator(service, schema).validate(sample)
        assert schemas.sample(schema) == sample


@given(candidates())
def test_what_is_found_right_is_right(candidate: tuple[str, Mapping[str, Any], Any]) -> None:
    service, schema, value = candidate

    if not any(Schemas(FACTS.schemas[service]).problems(schema, value)):
        validator(service, schema).validate(value)


@given(candidates(ANSWERED))
def test_whatever_is_fitted_is_right(candidate: tuple[str, Mapping[str, Any], Any]) -> None:
    service, schema, value = candidate
    schemas = Schemas(ANSWERED[service])

    fitted = schemas.fit(schema, value)

    validator(service, schema, known=ANSWERED).validate(fitted)
    assert not any(schemas.problems(schema, fitted))


@given(candidates(ANSWERED))
def test_what_is_right_already_stays_as_it_is(
    candidate: tuple[str, Mapping[str, Any], Any],
) -> None:
    service, schema, value = candidate
    schemas = Schemas(ANSWERED[service])

    if not any(schemas.problems(schema, value)):
        assert schemas.fit(schema, value) == value


def test_numbers_as_text_are_taken_and_become_numbers() -> None:
    schemas = Schemas({})
    schema = {"type": "object", "properties": {"size": {"type": ["integer", "null"]}}}

    assert not list(schemas.problems(schema, {"size": "17"}))
    assert schemas.fit(schema, {"size": "17"}) == {"size": 17}


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "array", "items": {}, "minItems": 1}, [1], []),
        ({"type": "array", "items": {}, "maxItems": 1}, [1], [1, 2]),
        ({"type": "integer", "minimum": 1}, 1, 0),
        ({"type": "integer", "minimum": 1}, "1", "0"),
        ({"type": "number", "maximum": 1.5}, 1.5, 1.6),
        ({"type": "string", "minLength": 1}, "a", ""),
        ({"type": "string", "maxLength": 2}, "12", "123"),
    ],
)
def test_a_value_is_within_the_published_limits(
    schema: Mapping[str, Any], right: object, wrong: object
) -> None:
    schemas = Schemas({})

    assert list(schemas.problems(schema, right)) == []
    (said,) = schemas.problems(schema, wrong)
    assert said.startswith("The body is not within its limit: m")


def test_a_problem_says_where_it_is() -> None:
    schemas = Schemas({"Inner": {"type": "object", "required": ["id"], "properties": {}}})
    items = {"type": "array", "items": {"$ref": "#/components/schemas/Inner"}}
    schema = {"type": "object", "properties": {"parts": items}}

    assert list(schemas.problems(schema, {"parts": [{"id": 1}, {}]})) == [
        "parts[1].id is a required field."
    ]


def test_only_the_top_of_a_partial_value_may_lack_fields() -> None:
    inner = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    schema = {"type": "object", "required": ["name"], "properties": {"part": inner}}
    schemas = Schemas({})

    assert not list(schemas.problems(schema, {}, partial=True))
    assert list(schemas.problems(schema, {"part": {}}, partial=True)) == [
        "part.id is a required field."
    ]


@pytest.mark.parametrize(("service", "name"), NAMES)
def test_nothing_write_only_is_answered(service: str, name: str) -> None:
    schema = FACTS.schemas[service][name]
    schemas = Schemas(FACTS.schemas[service])

    fitted = schemas.fit(schema, schemas.sample(schema))

    fields = schema.get("properties", {})
    if fields:
        assert not any(fields[each].get("writeOnly") for each in fitted)
