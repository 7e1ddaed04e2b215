"""Answers made from the facts: right ones, and such as platforms send on a bad day.

They are text, not values: a number's spelling, a field that is there twice and bytes that are no
text are what readers differ in.
"""

import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from hypothesis import strategies as st

from codegen.build import build
from codegen.schemas import Schema, Schemas, plain_type, reference
from tgiconik._models import Model

#: Deep enough for whatever an asset has, short of what contains itself.
DEEPEST: Final = 4

#: What may stand where something else was promised.
ODD: Final = (
    *("null", "true", "false", "[]", "{}", "[null]", "[[1]]", '{"id": 1}', '""', '"x"', '"null"'),
    *("0", "-0", "-0.0", "7.0", "3.7", "1e2", "1E+2", "1e400", "1e-400", "0.1234567890123456789"),
    *("NaN", "Infinity", "-Infinity", "9007199254740993", "9007199254740993.0", "1e22"),
    *("18446744073709551616", "-9223372036854775809", "1" * 40, "1" * 400),
    *('"7"', '"-7"', '"7.0"', '" 7"', '"+7"', '"1e2"', '"nan"', '"inf"', '"true"', '"٣"'),
    *('"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\/"', '"é"', '"\\u00e9"', '"\x7f"'),
    *(
        f'"{time}"'
        for time in (
            "2021-07-30T15:16:54.406403+00:00",
            "2021-07-30T15:16:54Z",
            "2021-07-30T15:16:54z",
            "2021-07-30T17:16:54+02:00",
            "2021-07-30T17:16:54-23:59",
            "2021-07-30T17:16:54+02:00:30",
            "2021-07-30T15:16:54-00:00",
            "2022-04-29T00:22:10.316685",
            "2022-04-29T00:22:10.3166859",
            "2022-04-29T00:22:10.1",
            "2022-04-29T00:22:10,316",
            "2022-04-29 00:22:10",
            "2022-04-29 00:22",
            "2022-04-29",
            "20220429",
            "2022-W17-5",
            "2022-04-29T24:00:00",
            "2022-04-29T23:59:60",
            "2022-13-01",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59.999999-01:00",
            "1650000000",
        )
    ),
)

#: What is not JSON, or not where it stands.
BROKEN: Final = ("", "01", "1.", ".5", "+1", "-", "1e", "'x'", "tru", '"', '"\\x"', '"\t"', "[1,]")


def answered() -> dict[type[Model], tuple[Schemas, str]]:
    """Every model that is read, and its schema."""
    found = {}
    for one in build():
        module = importlib.import_module(f"tgiconik.iconik.models.{one.service.name}")
        for model in one.models:
            if not model.sent:
                found[getattr(module, model.name)] = (one.types.schemas, model.facts)
    return found


def full(schemas: Schemas, name: str) -> dict[str, Any]:
    """An object with every field that its schema knows."""
    found: dict[str, Any] = _full(schemas, {"$ref": name}, 0)
    return found


def _full(schemas: Schemas, schema: Schema, depth: int) -> Any:  # noqa: ANN401 - JSON
    schema = _resolved(schemas, schema)
    if "properties" in schema:
        return {
            wire: _full(schemas, one, depth + 1)
            for wire, one in schema["properties"].items()
            if depth < DEEPEST
        }
    if plain_type(schema) == "array":
        return [_full(schemas, schema["items"], depth + 1)] * (depth < DEEPEST)
    return json.loads(_plain(schema))


def text(schemas: Schemas, name: str, draw: st.DrawFn) -> str:
    """The JSON text of an object, most of whose values are as the facts say."""
    return _text(schemas, {"$ref": name}, draw, 0)


def _text(schemas: Schemas, schema: Schema, draw: st.DrawFn, depth: int) -> str:
    # One in twenty: else there would be none that is read.
    if draw(st.integers(0, 19)) == 0:
        return draw(st.sampled_from(ODD))
    schema = _resolved(schemas, schema)
    if "properties" in schema:
        fields = schema["properties"] if depth < DEEPEST else {}
        wanted = draw(st.lists(st.sampled_from([*fields, "unheard_of"]), max_size=8))
        values = (_text(schemas, fields.get(one, {}), draw, depth + 1) for one in wanted)
        return _object(zip(wanted, values, strict=True))
    if plain_type(schema) == "array":
        count = draw(st.integers(0, 2)) if depth < DEEPEST else 0
        items = [_text(schemas, schema["items"], draw, depth + 1) for _ in range(count)]
        return f"[{', '.join(items)}]"
    return _plain(schema)


def _object(fields: Iterator[tuple[str, str]]) -> str:
    # Put together by hand: a field may be there twice.
    return f"{{{', '.join(f'{json.dumps(name)}: {value}' for name, value in fields)}}}"


def _resolved(schemas: Schemas, schema: Schema) -> Schema:
    options = schemas.options(schema)
    if name := reference(options[0]):
        return schemas.facts[name]
    return options[0]


def _plain(schema: Schema) -> str:
    if "const" in schema:
        return json.dumps(schema["const"])
    by_type: Mapping[str | None, Callable[[], str]] = {
        "string": lambda: json.dumps(_string(schema)),
        "integer": lambda: "1024",
        "number": lambda: "25.5",
        "boolean": lambda: "true",
    }
    return by_type.get(plain_type(schema), lambda: '{"a": [1, null, {"b": 2.5}]}')()


def _string(schema: Schema) -> str:
    if values := [one for one in schema.get("enum", ()) if one is not None]:
        return str(values[0])
    times = {"date-time": "2022-04-29T00:22:10.316685", "date": "2022-04-29"}
    return times.get(schema.get("format", ""), "Länge")
