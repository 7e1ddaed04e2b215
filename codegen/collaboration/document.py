"""The contract's OpenAPI document: operations, parameters and schemas, with references followed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

import attrs

from codegen.schemas import reference, references

Json: TypeAlias = Mapping[str, Any]

_VERBS: Final = ("get", "post", "put", "patch", "delete")
_COMPANY: Final = "{companyId}"


class ContractError(Exception):
    """The document leaves out, or contradicts, what the code needs of it."""


@attrs.frozen(kw_only=True, eq=False)
class Operation:
    """One operation of the document.

    Attributes:
        id: its operationId.
        http: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
        path: below the company's address, such as `/groups/{groupId}`.
        facts: what the document says of it.
        parameters: of the path, the query and the headers; the company's id is left out.
        body: name of the schema that it takes; None where it takes none.
        answer: name of the schema that it answers; None where it answers nothing.
    """

    id: str
    http: str
    path: str
    facts: Json
    parameters: Sequence[Json]
    body: str | None
    answer: str | None

    def parameters_in(self, place: str) -> Iterator[Json]:
        """The parameters in the `path`, the `query` or a `header`."""
        return (one for one in self.parameters if one["in"] == place)


@attrs.frozen(slots=False)
class Document:
    """The whole document."""

    facts: Json

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read it from its file."""
        return cls(json.loads(path.read_text("utf-8")))

    @property
    def schemas(self) -> Mapping[str, Json]:
        """The schemas by name, in the document's order."""
        found: Mapping[str, Json] = self.facts["components"]["schemas"]
        return found

    @property
    def protocols(self) -> Mapping[str, Json]:
        """The Protocols by name, in order."""
        found: Mapping[str, Json] = self.facts["x-python-protocols"]
        return found

    @cached_property
    def operations(self) -> Sequence[Operation]:
        """All operations, in the document's order."""
        return [
            self._operation(verb, path, item)
            for path, item in self.facts["paths"].items()
            for verb in _VERBS
            if verb in item
        ]

    def resolved(self, part: Json) -> Json:
        """The target of a part's `$ref`, or the part itself."""
        if "$ref" not in part:
            return part
        found: Any = self.facts
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        resolved: Json = found
        return resolved

    def page_of(self, schema: str) -> str | None:
        """The schema of a page's items; None if the schema is not a page."""
        fields = self.schemas[schema].get("properties", {})
        return reference(fields["items"]["items"]) if "next_cursor" in fields else None

    def _operation(self, verb: str, path: str, item: Json) -> Operation:
        facts = item[verb]
        listed = [*item.get("parameters", ()), *facts.get("parameters", ())]
        parameters = [self.resolved(one) for one in listed]
        good = next(self.resolved(one) for code, one in facts["responses"].items() if code < "3")
        return Operation(
            id=facts["operationId"],
            http=verb.upper(),
            path=path.partition(_COMPANY)[2],
            facts=facts,
            parameters=[one for one in parameters if one["name"] != "companyId"],
            body=_json_of(facts.get("requestBody", {})),
            answer=_json_of(good),
        )


def _json_of(message: Json) -> str | None:
    """The schema of a body's or an answer's JSON."""
    content = message.get("content", {}).get("application/json")
    return None if content is None else reference(content["schema"])


def target(schema: Json) -> str | None:
    """The one schema that a property refers to, null and lists aside."""
    return next(
        iter(references({key: schema.get(key) for key in ("$ref", "anyOf", "allOf")})), None
    )
