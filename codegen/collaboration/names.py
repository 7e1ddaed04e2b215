"""Every public name that follows from the document, for the lock."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from codegen.collaboration.classes import Classes, member
from codegen.collaboration.methods import Method

LOCK: Final = Path(__file__).with_name("names.lock")


def names(classes: Classes, methods: Sequence[Method]) -> dict[str, str]:
    """The names of the document to those in Python."""
    return dict([*_of_classes(classes), *_of_methods(methods)])


def _of_classes(classes: Classes) -> Iterator[tuple[str, str]]:
    for enumeration in classes.enumerations:
        yield f"schema {enumeration.name}", enumeration.name
        for value in enumeration.values:
            yield f"schema {enumeration.name} {value}", member(value)
    for one in (*classes.values, *classes.models, *classes.inputs):
        yield f"schema {one.name}", one.name
        for field in one.fields:
            yield f"schema {one.name} {field.wire}", field.name
        if one.has_author:
            yield f"schema {one.name} is_operators", "is_operators"


def _of_methods(methods: Sequence[Method]) -> Iterator[tuple[str, str]]:
    """Arguments that need no keyword have their place for a key, the others their name."""
    for one in methods:
        places = [(str(place), argument.name) for place, argument in enumerate(one.plain, 1)]
        keywords = [(argument.name, argument.name) for argument in one.keywords]
        for operation in one.operations:
            yield f"operation {operation}", f"{one.protocol}.{one.name}"
            for key, name in (*places, *keywords):
                yield f"operation {operation} {key}", name
