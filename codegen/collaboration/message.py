"""The JSON Schema of partners' messages: an envelope around the bodies of the contract."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from codegen.collaboration.document import Document, Json
from codegen.schemas import references

NAME: Final = "partner-message.schema.json"
#: By kind: the nouns that a message may be about, with the schema of the body for each.
_KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "request": {"": "RequestInput"},
    "issue": {"": "IssueInput"},
    "comment": {
        "requests": "CommentInput",
        "issues": "CommentInput",
        "projects": "CommentInput",
    },
    "move": {"requests": "RequestStatusInput", "issues": "IssueStatusInput"},
    "confirm": {"projects": "ConfirmationInput"},
    "acknowledge": {"announcements": "ConfirmationInput"},
    "receipt": {"documents": "ReceiptInput"},
    "task": {"projects": "TaskUpdate"},
    "exception": {"projects": "ProjectExceptionInput"},
}
_WITH_PART: Final = "task"
_HINT: Final = "x-python"


def text(document: Document) -> str:
    """The schema, as JSON."""
    bodies = {name for nouns in _KINDS.values() for name in nouns.values()}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://tgiconik.readthedocs.io/{NAME}",
        "title": "Message of a partner",
        "description": (
            "One act of a partner, in one JSON file: exactly one call of the collaboration "
            "contract. Order and repetition do not matter: a message has the same `id` whenever "
            "it is sent again. Readers ignore fields that they do not know, except in `body`."
        ),
        "type": "object",
        "required": ["format", "version", "id", "company_id", "partner_id", "at", "kind", "body"],
        "properties": {
            "format": {"const": "tgiconik-message"},
            "version": {
                "type": "string",
                "pattern": r"^1\.[0-9]{1,6}$",
                "description": "A higher first number means a message that readers of this "
                "schema cannot read.",
            },
            "id": {
                "type": "string",
                "pattern": "^MSG-[0-9a-f]{32}$",
                "description": "32 random hexadecimal digits; becomes the `external_id` of what "
                "is new.",
            },
            "company_id": _short("BUID of the company that is written to."),
            "partner_id": _short("BUID of the partner that writes."),
            "at": {
                "type": "string",
                "format": "date-time",
                "description": "When it was written, RFC 3339. A message that is older than 30 "
                "days is not carried out.",
            },
            "kind": {"enum": list(_KINDS)},
            "about": {
                "description": "The record that it is about; null or left out for a new request "
                "or issue.",
                "oneOf": [{"$ref": "#/$defs/about"}, {"type": "null"}],
            },
            "body": {"type": "object", "description": "The body of the call."},
        },
        "oneOf": list(_cases()),
        "$defs": {"about": _ABOUT, **_definitions(document, bodies)},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _short(description: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": 200, "description": description}


_ABOUT: Final = {
    "type": "object",
    "required": ["noun", "id"],
    "properties": {
        "noun": _short("Collection of the record, such as `requests`."),
        "id": _short("Id of the record."),
        "part_id": {
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": 200,
            "description": "Id of the task, for a message of the kind `task`.",
        },
    },
}


def _cases() -> Iterator[dict[str, Any]]:
    for kind, nouns in _KINDS.items():
        for noun, body in nouns.items():
            case: dict[str, Any] = {
                "properties": {
                    "kind": {"const": kind},
                    "body": {"$ref": f"#/$defs/{body}"},
                    "about": _about(kind, noun),
                }
            }
            if noun:
                case["required"] = ["about"]
            yield case


def _about(kind: str, noun: str) -> dict[str, Any]:
    if not noun:
        return {"type": "null"}
    part: dict[str, Any] = {"type": "string" if kind == _WITH_PART else "null"}
    about: dict[str, Any] = {
        "type": "object",
        "properties": {"noun": {"const": noun}, "part_id": part},
    }
    if kind == _WITH_PART:
        about["required"] = ["part_id"]
    return about


def _definitions(document: Document, names: set[str]) -> dict[str, Any]:
    """The schemas of these names, and all that they refer to, in the document's order."""
    ahead, found = sorted(names), set[str]()
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += references(document.schemas[name])
    return {name: _plain(schema) for name, schema in document.schemas.items() if name in found}


def _plain(node: Json | object) -> Any:  # noqa: ANN401 - JSON
    """A piece of the document as plain JSON Schema."""
    if isinstance(node, Mapping):
        return {
            name: value.replace("#/components/schemas/", "#/$defs/")
            if name == "$ref"
            else _plain(value)
            for name, value in node.items()
            if not name.startswith(_HINT)
        }
    if isinstance(node, list):
        return [_plain(one) for one in node]
    return node
