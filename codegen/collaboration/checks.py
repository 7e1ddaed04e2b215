"""Checks of `tgiconik.community.shapes`, as source text, from the document's schemas."""

import re
from collections.abc import Mapping
from typing import Any, Final

from codegen.collaboration.document import Document, Json, target
from codegen.collaboration.text import named
from codegen.schemas import plain_type

#: Texts that many fields have, by their arguments.
_TEXTS: Final = {
    "least=1, most=200": "_SHORT",
    "least=1, most=500": "_LINE",
    "least=1, most=20_000": "_LONG",
    "least=1": "_WORD",
}


def constant(schema: str) -> str:
    """The name of the check for a schema or an operation: `RequestInput` is `REQUEST_INPUT`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", schema).upper()


def named_texts(written: str) -> str:
    """The definitions of the named texts that a module uses."""
    forms = {name: form for form, name in _TEXTS.items()}
    return "\n".join(f"{name}: Final = text({forms[name]})" for name in named(written, forms))


def check(document: Document, schema: Json) -> str:
    """The type of a value, apart from null."""
    name = target(schema)
    if name is not None:
        return f"one_of({name})" if "enum" in document.schemas[name] else constant(name)
    kind = plain_type(schema)
    if kind == "array":
        return f"list_of({check(document, schema['items'])})"
    if kind == "object":
        return "anything"
    if kind == "boolean":
        return "boolean"
    if kind == "integer":
        return f"whole_number({schema['minimum']}, {schema['maximum']})"
    return "time" if schema.get("format") == "date-time" else _text(schema)


def _text(schema: Mapping[str, Any]) -> str:
    limits = {"least": schema.get("minLength"), "most": schema.get("maxLength")}
    parts = [f"{name}={value:_}" for name, value in limits.items() if value is not None]
    if "pattern" in schema:
        pattern = schema["pattern"].removeprefix("^").removesuffix("$")
        parts.append(f'pattern=r"{pattern}"')
    form = ", ".join(parts)
    return _TEXTS.get(form, f"text({form})")
