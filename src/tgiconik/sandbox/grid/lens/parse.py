"""Read the GraphQL text of a Lens query with graphql-core: one operation, one field, literals.

Fragments, aliases, directives, block strings and variables are rejected. OpenText's examples use
none of them, and the input type names that variables need are not published.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs
from graphql import (
    ArgumentNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    GraphQLError,
    ListValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    value_from_ast_untyped,
)
from graphql import parse as parse_document

from tgiconik.community.shapes import Json
from tgiconik.sandbox.grid.lens.errors import LensError

#: Upper limit of lexical tokens in a query; the client's largest queries have a few hundred.
MAX_TOKENS: Final = 10_000


class Enum(str):
    """An enum literal such as `ASC`, which is distinct from the string `"ASC"`."""

    __slots__ = ()


@attrs.frozen
class QueryField:
    """A selected field, with its arguments and its own selection (empty for a leaf)."""

    name: str
    arguments: Mapping[str, Json]
    fields: tuple["QueryField", ...] = ()


def parse(text: str) -> QueryField:
    """The one field that a query selects.

    Raises:
        LensError: the text is not GraphQL, is too large or nested too deeply, or uses a feature
            that Lens does not document.
    """
    try:
        return _only_field(parse_document(text, no_location=True, max_tokens=MAX_TOKENS))
    except GraphQLError as error:
        raise LensError(f"{error.message}{_location(error)}") from error
    except RecursionError as error:
        raise LensError("Syntax Error: The query is nested too deeply") from error


def _location(error: GraphQLError) -> str:
    return "".join(f" (line {at.line}, column {at.column})" for at in (error.locations or ())[:1])


def _only_field(document: DocumentNode) -> QueryField:
    definition, *others = document.definitions
    if not isinstance(definition, OperationDefinitionNode):
        raise LensError("Fragments and type definitions are not supported")
    if definition.operation is not OperationType.QUERY:
        raise LensError("Only queries are supported")
    if definition.variable_definitions or definition.directives:
        raise LensError("Variables and directives are not supported")
    fields = _fields(definition.selection_set)
    if others or len(fields) != 1:
        raise LensError("The query must have one operation that selects one field")
    return fields[0]


def _fields(selected: SelectionSetNode | None) -> tuple[QueryField, ...]:
    return tuple(map(_field, selected.selections)) if selected else ()


def _field(node: SelectionNode) -> QueryField:
    if not isinstance(node, FieldNode):
        raise LensError("Fragments are not supported")
    if node.alias or node.directives:
        raise LensError("Aliases and directives are not supported")
    return QueryField(node.name.value, _values(node.arguments or ()), _fields(node.selection_set))


def _values(pairs: Sequence[ArgumentNode | ObjectFieldNode]) -> dict[str, Json]:
    return {pair.name.value: _value(pair.value) for pair in pairs}


def _value(node: ValueNode) -> Json:
    match node:
        case EnumValueNode():
            return Enum(node.value)
        case ListValueNode():
            return [_value(item) for item in node.values]
        case ObjectValueNode():
            return _values(node.fields)
        case VariableNode():
            raise LensError("Variables are not supported: Lens publishes no input type names")
        case StringValueNode(block=True):
            raise LensError("Block strings are not supported")
        case _:
            return value_from_ast_untyped(node)
