"""Add data to the sandbox's Cartographer. What the API would refuse is a ValueError here too."""

from collections.abc import Iterable, Mapping, Sequence

from tgiconik.community.shapes import Document, Json, Shape, Violation
from tgiconik.sandbox.grid.cartographer import prexref, xref
from tgiconik.sandbox.grid.cartographer.kinds import ENTITIES, MAPS, SOLUTIONS, entity_of, id_of
from tgiconik.sandbox.grid.cartographer.refusals import CartographerError
from tgiconik.sandbox.state import State
from tgiconik.tradinggrid.cartographer import EntryValue, PrexrefEntry
from tgiconik.tradinggrid.cartographer._bodies import entry_body, prexref_body


def add_solution(state: State, solution: str) -> None:
    """Add a solution."""
    state.store.put(SOLUTIONS, solution, {"id": solution})


def add_map(
    state: State,
    solution: str,
    map_id: int,
    name: str,
    *,
    partners: Iterable[Mapping[str, str]] = (),
    specifications: Mapping[str, str] | None = None,
    notes: Iterable[str] = (),
    **fields: Json,
) -> None:
    """Add a map.

    Args:
        state: the sandbox.
        solution: its solution.
        map_id: its number.
        name: its name.
        partners: its trading partners: name, sender, receiver.
        specifications: the text of its files by name; their numbers are 1, 2, 3.
        notes: annotations by people, one message each.
        fields: other published fields of the map.
    """
    now = round(state.now().timestamp() * 1000)
    messages = tuple(notes)
    about = {"translator": "OTMaps", "version": "1", "direction": "outbound", **fields}
    state.store.put(
        MAPS,
        id_of(solution, str(map_id)),
        {
            "map": {
                "id": map_id, "name": name, "status": "LIVE", "commentCount": len(messages),
                "modified": now, **about,
            },
            "partners": [
                {"mapName": name, "docType": about.get("docType", ""), **one} for one in partners
            ],
            "specifications": [
                {"id": number, "name": file, "size": str(len(text)), "modified": now, "text": text}
                for number, (file, text) in enumerate((specifications or {}).items(), start=1)
            ],
            "annotations": [
                {
                    "id": number,
                    "type": "COMMENT",
                    "message": [{"action": "ADD", "text": text, "modified": now}],
                    "replies": [],
                    "attachments": [],
                    "additionalInfo": {"mapVersion": about["version"]},
                }
                for number, text in enumerate(messages, start=1)
            ],
        },
        parent=solution,
    )  # fmt: skip


def add_entity(
    state: State,
    solution: str,
    name: str,
    *,
    description: str = "",
    keys: Sequence[str] = ("key",),
    values: Sequence[str] = ("value",),
    key_delimiter: str = "",
    max_rows: int = 10_000,
    read_only: bool = False,
    reserved_by: str | None = None,
    patterns: Mapping[str, str] | None = None,
) -> None:
    """Add a cross-reference entity without entries.

    Args:
        state: the sandbox.
        solution: its solution.
        name: its name.
        description: a description of it.
        keys: names of the parts of a key; each is mandatory.
        values: names of the values; the first is mandatory.
        key_delimiter: what separates the parts of a key.
        max_rows: the most entries that it may have.
        read_only: whether it cannot be changed.
        reserved_by: the user who has reserved it.
        patterns: regular expressions by the name of a part or value.
    """
    now = round(state.now().timestamp() * 1000)

    entity = {
        "id": len(state.store.list(ENTITIES)) + 1,
        "name": name,
        "description": description,
        "numberVersions": 1,
        "createDate": now,
        "availableDate": now,
        "isReadOnly": read_only,
        "isLocked": reserved_by is not None,
        "lockDate": now if reserved_by is not None else None,
        "lockedBy": reserved_by,
        "maxRows": max_rows,
        "keyDelimiter": key_delimiter,
        "valueDelimiter": "",
        "prefix": "",
        "uniqueKey": True,
    }
    config = {
        "keyHeaders": _headers(keys, patterns or {}, mandatory=len(keys)),
        "valueHeaders": _headers(values, patterns or {}, mandatory=1),
        "columnHeaders": [],
    }
    state.store.put(
        ENTITIES, id_of(solution, name), {"entity": entity, "headers": config}, parent=solution
    )


def _headers(
    names: Sequence[str], patterns: Mapping[str, str], *, mandatory: int
) -> list[Document]:
    return [
        {
            "name": name,
            "mandatory": number < mandatory,
            "regularExpressions": patterns.get(name, ""),
            "headerLabel": name,
            "customLabel": name,
            "minLength": 1,
            "maxLength": 200,
        }
        for number, name in enumerate(names)
    ]


def add_entry(state: State, solution: str, entity: str, key: str, *values: str) -> None:
    """Add an entry; its values are numbered from 0.

    Raises:
        ValueError: there is no such entity, or the entity's rules refuse the entry.
    """
    numbered = [EntryValue(index=number, value=one) for number, one in enumerate(values)]
    entry = _checked(xref.ENTRY, entry_body(key, numbered))
    try:
        found = entity_of(state.store, solution, entity)
    except CartographerError as error:
        raise ValueError(str(error)) from error
    if wrong := xref.problems(found, entry):
        raise ValueError("; ".join(wrong))
    xref.put_entry(state.store, solution, entity, entry)


def add_prexref_entry(state: State, solution: str, entry: PrexrefEntry) -> None:
    """Add an entry of the pre-cross-reference.

    Raises:
        ValueError: a field has no value.
    """
    prexref.put(state.store, solution, _checked(prexref.ENTRY, prexref_body(entry)))


def _checked(shape: Shape, value: Mapping[str, Json]) -> Document:
    wrong: list[Violation] = []
    checked: Document = shape(dict(value), "", wrong)
    if wrong:
        raise ValueError("; ".join(f"{one.pointer} {one.detail}" for one in wrong))
    return checked
