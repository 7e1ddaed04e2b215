"""From the document's operations to methods of Protocols: what each takes, sends and answers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import attrs

from codegen.collaboration.classes import about, annotation, field, field_about
from codegen.collaboration.document import ContractError, Document, Json, Operation
from codegen.words import snake

#: How a method reaches its operation: a list, one thing, a write that answers, one that does not.
How: TypeAlias = Literal["pages", "get", "write", "send"]

#: Query parameters that `Pages` gives by itself.
PAGING: Final = frozenset({"limit", "cursor"})


@attrs.frozen(kw_only=True)
class Argument:
    """The parameters of a method.

    Attributes:
        name: in Python.
        annotation: its type.
        about: what it is, in words.
        default: source text of its default; None where it must be given.
    """

    name: str
    annotation: str
    about: str
    default: str | None = None


@attrs.frozen(kw_only=True)
class Method:
    """A method of a Protocol.

    Attributes:
        protocol: the Protocol.
        name: of the method.
        operations: ids of the operations that it calls: one for each noun that shares it.
        http: the HTTP method.
        path: below the company's address, or below the noun's where nouns share it; `{}` for ids.
        route: the same for a reader, such as `GET /groups/{groupId}`.
        how: how it reaches the operation.
        answer: the class that it answers, or that its pages hold.
        ids: arguments for the ids in the path.
        filters: arguments for the query.
        body: argument for the body.
        fields: arguments for the body's fields, where the method takes those.
        positional: names of the fields that need no keyword.
        headers: arguments for the headers: `if_match`, `holder`, `idempotency_key`.
        summary: what it does.
        about: what else there is to say; may be empty.
        raises: errors to the reasons for them.
    """

    protocol: str
    name: str
    operations: tuple[str, ...]
    http: str
    path: str
    route: str
    how: How
    answer: str | None
    ids: tuple[Argument, ...]
    filters: tuple[Argument, ...]
    body: Argument | None
    fields: tuple[Argument, ...]
    positional: frozenset[str]
    headers: Mapping[str, Argument]
    summary: str
    about: str
    raises: Mapping[str, str]

    @property
    def plain(self) -> list[Argument]:
        """The arguments that need no keyword."""
        body = [] if self.body is None else [self.body]
        return [*self.ids, *body, *(one for one in self.fields if one.name in self.positional)]

    @property
    def keywords(self) -> list[Argument]:
        """The arguments by keyword: those that must be given first, those of every write last."""
        fields = [one for one in self.fields if one.name not in self.positional]
        match = [self.headers["if_match"]] if "if_match" in self.headers else []
        return [
            *(one for one in fields if one.default is None),
            *match,
            *(one for one in fields if one.default is not None),
            *self.filters,
            *(one for name, one in self.headers.items() if name != "if_match"),
        ]


def methods(document: Document) -> list[Method]:
    """All methods, in the order of their operations; one where several nouns share it."""
    found: dict[str, Method] = {}
    for operation in document.operations:
        method = _method(document, operation)
        key = f"{method.protocol}.{method.name}"
        found[key] = _shared(found[key], method) if key in found else method
    return list(found.values())


def _method(document: Document, operation: Operation) -> Method:
    facts = operation.facts
    protocol, _, name = facts["x-python-name"].partition(".")
    subject = document.protocols[protocol].get("subject")
    body, fields, positional = _body(document, operation)
    items = document.page_of(operation.answer) if operation.answer else None
    ids = tuple(_ids(operation, subject))
    return Method(
        protocol=protocol,
        name=name,
        operations=(operation.id,),
        http=operation.http,
        path=_path(operation, shared=subject is not None),
        route=_route(operation, shared=subject is not None),
        how=_how(operation, lists=items is not None),
        answer=items or operation.answer,
        ids=ids,
        filters=tuple(_filters(document, operation)),
        body=body,
        fields=fields,
        positional=positional,
        headers=_headers(operation),
        summary=f"{facts['summary']}.",
        about=about(facts) if "description" in facts or "x-python-description" in facts else "",
        raises=facts.get("x-python-raises", {}),
    )


def _shared(first: Method, other: Method) -> Method:
    """One method for the operations of several nouns; it takes a header that any of them takes.

    Raises:
        ContractError: the document describes them differently.
    """
    alone: Mapping[str, Any] = {"operations": (), "headers": {}}
    if attrs.evolve(first, **alone) != attrs.evolve(other, **alone):
        raise ContractError(f"{first.operations[0]} and {other.operations[0]} are not alike")
    return attrs.evolve(
        first,
        operations=(*first.operations, *other.operations),
        headers={**first.headers, **other.headers},
    )


def _path(operation: Operation, *, shared: bool) -> str:
    path = re.sub(r"{\w+}", "{}", operation.path)
    return path[path.index("/{}") :] if shared else path


def _route(operation: Operation, *, shared: bool) -> str:
    shown = re.sub(r"^/\w+/{\w+}", "…/{id}", operation.path) if shared else operation.path
    return f"{operation.http} {shown}"


def _how(operation: Operation, *, lists: bool) -> How:
    if operation.http == "GET":
        return "pages" if lists else "get"
    return "write" if operation.answer else "send"


def _ids(operation: Operation, subject: str | None) -> Iterator[Argument]:
    for number, one in enumerate(operation.parameters_in("path")):
        if subject is not None and number == 0:
            yield Argument(name="id_", annotation="str", about=subject)
        else:
            name = re.sub(r"(?=[A-Z])", "_", one["name"]).lower()
            yield Argument(name=name, annotation="str", about=about(one))


def _filters(document: Document, operation: Operation) -> Iterator[Argument]:
    for one in operation.parameters_in("query"):
        if one["name"] not in PAGING:
            kind = annotation(document, one["schema"], "sent")
            several = kind.startswith("Sequence[")
            yield Argument(
                name=snake(one["name"]),
                annotation=kind if several else f"{kind} | None",
                about=about(one),
                default="()" if several else "None",
            )


def _body(
    document: Document, operation: Operation
) -> tuple[Argument | None, tuple[Argument, ...], frozenset[str]]:
    """The argument for the body, or those for its fields and which of them need no keyword."""
    if operation.body is None:
        return None, (), frozenset()
    schema = document.schemas[operation.body]
    if "x-python-positional" in schema:
        fields = tuple(_fields(document, schema))
        return None, fields, frozenset(schema["x-python-positional"])
    said = operation.facts["requestBody"]
    return (
        Argument(name=said["x-python-name"], annotation=operation.body, about=about(said)),
        (),
        frozenset(),
    )


def _fields(document: Document, schema: Json) -> Iterator[Argument]:
    for wire, one in schema["properties"].items():
        made = field(document, wire, one, "sent", required=wire in schema["required"])
        yield Argument(
            name=made.name,
            annotation=made.annotation,
            about=field_about(document, wire, one, "sent"),
            default=made.default,
        )


def _headers(operation: Operation) -> Mapping[str, Argument]:
    """`If-None-Match` is `if_match=None`. A write without a body may be repeated without a key."""
    found: dict[str, Argument] = {}
    for one in operation.parameters_in("header"):
        name = one.get("x-python-name") or snake(one["name"])
        if name == "if_match":
            kind = "str" if one.get("required") else "str | None"
            found[name] = Argument(name=name, annotation=kind, about=about(one))
        elif name != "if_none_match" and not (name == "idempotency_key" and operation.body is None):
            found[name] = Argument(
                name=name, annotation="str | None", about=about(one), default="None"
            )
    order: Sequence[str] = ("if_match", "holder", "idempotency_key")
    return {name: found[name] for name in order if name in found}
