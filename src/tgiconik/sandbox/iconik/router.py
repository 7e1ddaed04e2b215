"""Routes a request to one of iconik's thousand operations, segment by segment."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import unquote

import attrs

from tgiconik.sandbox.facts import Operation
from tgiconik.sandbox.iconik.request import is_uuid


@attrs.define
class _Node:
    literal: dict[str, "_Node"] = attrs.Factory(dict)
    parameter: "_Node | None" = None
    #: By method; several where paths differ only in the name of a parameter.
    operations: dict[str, list[Operation]] = attrs.Factory(dict)


class Router:
    """Operations by method and path. Literal segments take precedence over parameters.

    Of two paths that differ in the name of their last parameter alone, that of an id takes UUIDs,
    and the other takes all else.

    Args:
        operations: all operations of all services.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            node = self._root
            for segment in _segments(operation.service + operation.path):
                if segment.startswith("{"):
                    node.parameter = node.parameter or _Node()
                    node = node.parameter
                else:
                    node = node.literal.setdefault(segment, _Node())
            node.operations.setdefault(operation.method, []).append(operation)

    def find(self, method: str, path: str) -> tuple[Operation, Mapping[str, str]] | None:
        """The operation and its path parameters, or None.

        Args:
            method: in upper case.
            path: the part after `/API/`, still quoted, with or without a trailing slash.
        """
        segments = _segments(path)
        found = _walk(self._root, segments, method)
        if not found:
            return None
        operation = _meant(found, segments)
        template = _segments(operation.service + operation.path)
        return operation, {
            known[1:-1]: unquote(sent)
            for known, sent in zip(template, segments, strict=True)
            if known.startswith("{")
        }

    def methods(self, path: str) -> list[str]:
        """The methods that the path supports; empty if the path is unknown."""
        methods = ("GET", "POST", "PUT", "PATCH", "DELETE")
        return [method for method in methods if self.find(method, path)]


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def by_name(operations: Iterable[Operation]) -> set[str]:
    """Names of the operations that read by name what another reads by id at the same path."""
    alike: dict[str, list[Operation]] = {}
    for each in operations:
        alike.setdefault(_PARAMETER.sub("{}", each.name), []).append(each)
    return {each.name for same in alike.values() if len(same) > 1 for each in same} - {
        each.name for each in operations if _ends_in_id(each)
    }


_PARAMETER: Final = re.compile(r"{\w+}")


def _ends_in_id(operation: Operation) -> bool:
    return operation.path.endswith("_id}/")


def _walk(node: _Node, segments: list[str], method: str) -> list[Operation]:
    if not segments:
        return node.operations.get(method, [])
    head, *rest = segments
    for child in (node.literal.get(head), node.parameter):
        if child is not None and (found := _walk(child, rest, method)):
            return found
    return []


def _meant(operations: Sequence[Operation], segments: Sequence[str]) -> Operation:
    """The operation that a path is for, of several that differ in the name of a parameter only.

    `segments/{segment_id}/` takes a UUID, `segments/{segment_type}/` any other text.
    """

    def misfits(operation: Operation) -> int:
        template = _segments(operation.service + operation.path)
        return sum(
            known.startswith("{") and known.endswith("_id}") is not is_uuid(sent)
            for known, sent in zip(template, segments, strict=True)
        )

    return operations[0] if len(operations) == 1 else min(operations, key=misfits)
