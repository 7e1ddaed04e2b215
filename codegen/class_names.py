"""The names of classes: the facts' name without `Schema`, with `Input` if it is sent.

Where the facts have `X` and `XSchema`, they are one class if one repeats the other; if not, the
second keeps its suffix, unless `names.toml` knows better. Enumerated texts of the same field name
with the same values are one StrEnum.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from codegen.schemas import Schemas, references
from codegen.words import camel

#: Schemas that the facts describe where they are used; they are called after the method.
_INLINE: Final = re.compile(r"^(Get|Post|Put|Patch|Delete)[A-Z].*(Body|Response\d+)$")


def class_names(
    schemas: Schemas,
    read: set[str],
    sent: set[str],
    methods: Mapping[str, str],
    exceptions: Mapping[str, str],
) -> dict[str, str]:
    """`read Schema`, `sent Schema` and `values Schema` to the name of the class.

    Args:
        schemas: the schemas of the service.
        read: names of those that answers hold.
        sent: names of those that bodies hold.
        methods: schema of an answer or a body to the method it belongs to.
        exceptions: names that `names.toml` fixes.
    """
    names = dict(exceptions)
    taken = set(exceptions.values())

    def take(key: str, *candidates: str) -> None:
        if key not in names:
            names[key] = next(one for one in candidates if one not in taken)
            taken.add(names[key])

    # A schema that is called so itself goes first: CollectionInputSchema is CollectionInput.
    originals = {schemas.original(name) for name in sent if schemas.is_class(name)}
    for name in sorted(originals, key=lambda name: (not _is_input(_tidy(name)), name)):
        stem = camel(methods[name]) if _INLINE.match(name) else _stem(schemas, name)
        own = [stem] if _is_input(stem) else []
        take(f"sent {name}", *own, f"{stem}Input", f"{name}Input")
    for name in sorted({schemas.original(name) for name in read if schemas.is_class(name)}):
        stem = f"{camel(methods[name])}Answer" if _INLINE.match(name) else _stem(schemas, name)
        take(f"read {name}", stem, name)
    for side, reached in (("read", read), ("sent", sent)):
        for name in filter(schemas.is_class, reached):
            names[f"{side} {name}"] = names[f"{side} {schemas.original(name)}"]
    return names | _enumerations(schemas, read | sent, taken, exceptions)


def _enumerations(
    schemas: Schemas, used: set[str], taken: set[str], exceptions: Mapping[str, str]
) -> dict[str, str]:
    field_of: dict[str, str] = {}
    for owner in sorted(used):
        for wire, schema in schemas.fields(owner).items():
            for name in references(schema):
                if len(schemas.values(name)) > 1:
                    field_of.setdefault(name, wire)
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, wire in sorted(field_of.items()):
        groups.setdefault((wire, schemas.values(name)), []).append(name)
    names: dict[str, str] = {}
    for members in groups.values():
        keys = [f"values {name}" for name in members]
        short = min(map(_tidy, members), key=lambda name: (len(name), name))
        free = next(one for one in (short, f"{short}Values") if one not in taken)
        called = next((exceptions[key] for key in keys if key in exceptions), free)
        taken.add(called)
        names |= dict.fromkeys(keys, called)
    return names


def _stem(schemas: Schemas, name: str) -> str:
    """Without `Schema`, unless there is another schema of that name."""
    stem = name.removesuffix("Schema")
    return name if stem != name and stem in schemas.facts else _tidy(name)


def _tidy(name: str) -> str:
    """Without what only generators need: `…SchemaStatusesType0Item` ends in `…Statuses`."""
    short = re.sub(r"Schema|Type\d+(Item)?$|(?<=s)Item$", "", name)
    return re.sub(r"([A-Z][a-z]+)\1(?![a-z])", r"\1", short) or name


def _is_input(name: str) -> bool:
    return name.endswith("Input") and name != "Input"


def sides(names: Iterable[str]) -> list[tuple[str, str]]:
    """`read` or `sent`, and the schema, of the keys that are classes and no enumerations."""
    pairs = (key.partition(" ")[::2] for key in names)
    return [(side, schema) for side, schema in pairs if side in {"read", "sent"}]
