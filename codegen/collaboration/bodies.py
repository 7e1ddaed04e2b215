"""The community's module `bodies`: the checks that the document's schemas ask for."""

from collections.abc import Iterator, Mapping
from typing import Final

from codegen.collaboration.checks import check, constant, named_texts
from codegen.collaboration.classes import member
from codegen.collaboration.document import ContractError, Document, Json, target
from codegen.collaboration.text import HEADER, PACKAGE, imported
from codegen.schemas import nullable, plain_type, references

_ABOUT: Final = (
    '"""The bodies of the collaboration contract, as checks: what its document refuses."""\n\n'
)

_SHAPES: Final = (
    "Field",
    "Shape",
    "anything",
    "boolean",
    "many",
    "nullable",
    "one_of",
    "part",
    "required",
    "text",
    "time",
    "whole_number",
)


def bodies_module(document: Document) -> str:
    """The module's text."""
    taken = [one.body for one in document.operations if one.body]
    names = list(dict.fromkeys(name for body in taken for name in _needed(document, body)))
    changed = {one.body for one in document.operations if one.http == "PATCH"}
    shapes = "\n".join(_shape(document, name, change=name in changed) for name in names)
    written = f"{named_texts(shapes)}\n\n{shapes}"
    enums = [name for name, schema in document.schemas.items() if "enum" in schema]
    return "".join(
        [
            HEADER,
            _ABOUT,
            "from typing import Final\n\n",
            imported("tgiconik.community.shapes", written, _SHAPES),
            imported(f"{PACKAGE}.values", written, enums),
            "\n",
            written,
        ]
    )


def _needed(document: Document, name: str) -> Iterator[str]:
    """A schema after those of the objects that it holds."""
    properties = document.schemas[name]["properties"]
    for other in references(properties):
        if "properties" in document.schemas[other]:
            yield from _needed(document, other)
    yield name


def _shape(document: Document, name: str, *, change: bool) -> str:
    schema = document.schemas[name]
    fields = schema["properties"]
    if change:
        return f"{constant(name)}: Final = {_change(document, name, fields)}\n"
    required = schema.get("required", ())
    given = ", ".join(
        f"{wire}={_field(document, one, required=wire in required)}" for wire, one in fields.items()
    )
    closed = schema.get("additionalProperties") is False
    kind = "Shape.strict" if closed else "Shape.lenient"
    return f"{constant(name)}: Final = {kind}({given})\n"


def _change(document: Document, name: str, fields: Mapping[str, Json]) -> str:
    """A change has fields of the full body, as they are there.

    Raises:
        ContractError: a field has another form than in the full body.
    """
    full = f"{name.removesuffix('Update')}Input"
    whole = document.schemas[full]["properties"]
    for wire, one in fields.items():
        alike = nullable(one) == nullable(whole[wire])
        if not alike or check(document, one) != check(document, whole[wire]):
            raise ContractError(f"{name}.{wire} has another form than {full}.{wire}")
    kept = ", ".join(f'"{wire}"' for wire in fields)
    return f"{constant(full)}.update({kept})"


def _field(document: Document, schema: Json, *, required: bool) -> str:
    checked = check(document, schema)
    if required:
        return f"required({checked})"
    if nullable(schema):
        return f"nullable({checked})"
    if plain_type(schema) == "array":
        return f"many({check(document, schema['items'])})"
    name = target(schema)
    if name is not None and "properties" in document.schemas[name]:
        return f"part({checked})"
    return f"Field({checked}, {_default(schema, name)})"


def _default(schema: Json, enumeration: str | None) -> str:
    """A field that is left out, as it is kept: a value of an enumeration by its name."""
    if plain_type(schema) == "object":
        return "{}"
    default = schema.get("default")
    if enumeration is not None and default is not None:
        return f"{enumeration}.{member(default)}"
    return f"default={default}"
