"""Cross-reference entities and their entries.

Not published, and the sandbox's own: a key stands for one entry, an entry is checked by the rules
of the entity's header configuration, and who has not reserved an entity that somebody else has
cannot change it.
"""

import csv
import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from starlette.responses import JSONResponse, Response

from tgiconik.community.shapes import (
    Document,
    Field,
    Json,
    Shape,
    Violation,
    list_of,
    required,
    text,
    whole_number,
)
from tgiconik.sandbox import credentials
from tgiconik.sandbox.grid.cartographer import offsets, refusals
from tgiconik.sandbox.grid.cartographer.call import Call, Handler
from tgiconik.sandbox.grid.cartographer.kinds import (
    ENTITIES,
    ENTRIES,
    check_solution,
    entity_of,
    id_of,
)
from tgiconik.sandbox.store import Store
from tgiconik.tradinggrid.cartographer import EntityAction

_ENTITIES: Final = "/cartographer/xref/v1/solutions/{solution}/entities"
_ENTITY: Final = _ENTITIES + "/{entity}"
_ENTRY: Final = _ENTITY + "/entries/{key}"
_VALUE: Final = Shape(
    {"index": required(whole_number(0, 2**31 - 1)), "value": required(text(most=4000))}
)


def _values(value: Json, pointer: str, violations: list[Violation]) -> Json:
    """At least one value, each with a number of its own."""
    checked = list_of(_VALUE)(value, pointer, violations)
    if violations:
        return checked
    numbers = [one["index"] for one in checked]
    if not numbers or len(set(numbers)) < len(numbers):
        violations.append(Violation(pointer, "must have values with different numbers"))
    return sorted(checked, key=lambda one: int(one["index"]))


#: An entry as published; all of it is demanded.
ENTRY: Final = Shape({"key": Field(text(least=1, most=1000)), "values": Field(_values)})
_STATE: Final = Shape({"action": required(text(least=1))})


def operations() -> list[tuple[str, str, Handler]]:
    """Method, path and handler of each operation."""
    return [
        ("GET", _ENTITIES, _list_entities),
        ("GET", _ENTITY + "/header-config", _header_config),
        ("GET", _ENTITY + "/export", _export),
        ("GET", _ENTITY + "/content", _list_entries),
        ("GET", _ENTITY + "/content-search", _search),
        ("PATCH", _ENTITY + "/state", _set_state),
        ("POST", _ENTITY + "/entries", _add_entry),
        ("GET", _ENTRY, _get_entry),
        ("PUT", _ENTRY, _update_entry),
        ("DELETE", _ENTRY, _delete_entry),
    ]


def put_entry(store: Store, solution: str, name: str, entry: Document) -> None:
    """Store an entry."""
    parent = id_of(solution, name)
    store.put(ENTRIES, id_of(solution, name, entry["key"]), entry, parent=parent)


def problems(entity: Document, entry: Document) -> list[str]:
    """Violations of the rules in an entity's header configuration, one sentence each."""
    headers, delimiter = entity["headers"], entity["entity"]["keyDelimiter"]
    key = entry["key"]
    parts = key.split(delimiter) if delimiter else [key]
    texts = {one["index"]: one["value"] for one in entry["values"]}
    found = _unfit("key", parts, headers["keyHeaders"])
    values = [texts.get(number, "") for number in range(max(texts) + 1)] if texts else []
    return [*found, *_unfit("value", values, headers["valueHeaders"])]


def _unfit(kind: str, texts: Sequence[str], headers: Sequence[Document]) -> list[str]:
    if not headers:
        return []
    if len(texts) > len(headers):
        return [f"{kind}: {len(headers)} parts at the most"]
    padded = [*texts, *[""] * (len(headers) - len(texts))]
    return [
        f"{kind} {header['name']}: {problem}"
        for header, given in zip(headers, padded, strict=True)
        if (problem := _problem(given, header))
    ]


def _problem(given: str, header: Document) -> str | None:
    if not given:
        return "is mandatory" if header["mandatory"] else None
    if not header["minLength"] <= len(given) <= header["maxLength"]:
        return f"must have {header['minLength']} to {header['maxLength']} characters"
    pattern = header["regularExpressions"]
    return f"must match {pattern}" if pattern and not re.fullmatch(pattern, given) else None


def _list_entities(call: Call) -> Response:
    store = call.state.store
    check_solution(store, call.solution)
    found = store.list(ENTITIES, parent=call.solution)
    shown = [
        {**one["entity"], "numberRows": len(_entries(store, call.solution, one["entity"]["name"]))}
        for one in found
    ]
    return offsets.page(call, "entities", shown)


def _header_config(call: Call) -> Response:
    return JSONResponse(_entity(call)["headers"])


def _export(call: Call) -> Response:
    _entity(call)
    lines = io.StringIO()
    writer = csv.writer(lines)
    for entry in _all(call):
        writer.writerow([entry["key"], *(one["value"] for one in entry["values"])])
    return Response(lines.getvalue().encode(), media_type="application/octet-stream")


def _list_entries(call: Call) -> Response:
    _entity(call)
    return offsets.page(call, "entries", [{**one, "type": "ENTRY"} for one in _all(call)])


def _search(call: Call) -> Response:
    _entity(call)
    return offsets.search(call, _all(call))


def _set_state(call: Call) -> Response:
    found = _entity(call)
    entity, wanted = found["entity"], call.body(_STATE)["action"].casefold()
    if wanted not in list(EntityAction):
        raise refusals.bad_request(f"action must be {' or '.join(EntityAction)}")
    _check_free(entity)
    if wanted == EntityAction.UNRESERVE:
        _put(call, found, {**entity, "isLocked": False, "lockDate": None, "lockedBy": None})
        return Response(status_code=204)
    since = entity["lockDate"] if entity["isLocked"] else _milliseconds(call.state.now())
    changed = {"isLocked": True, "lockDate": since, "lockedBy": credentials.CLIENT_ID}
    _put(call, found, {**entity, **changed})
    own = {"userName": credentials.CLIENT_ID, "userId": credentials.CLIENT_ID}
    return JSONResponse({**own, "timestamp": since})


def _get_entry(call: Call) -> Response:
    return JSONResponse(_entry(call))


def _add_entry(call: Call) -> Response:
    found, entry = _changeable(call), call.body(ENTRY)
    _check_rules(found, entry)
    store, name = call.state.store, call.ids["entity"]
    if store.get(ENTRIES, id_of(call.solution, name, entry["key"])) is not None:
        raise refusals.bad_request(f"The key {entry['key']} is there already")
    most = found["entity"]["maxRows"]
    if len(_all(call)) >= most:
        raise refusals.bad_request(f"The entity has {most} entries, the most that it may have")
    put_entry(store, call.solution, name, entry)
    return JSONResponse(entry, 201)


def _update_entry(call: Call) -> Response:
    found, before, entry = _changeable(call), _entry(call), call.body(ENTRY)
    if entry["key"] != before["key"]:
        raise refusals.bad_request("The key of the body must be that of the path")
    _check_rules(found, entry)
    put_entry(call.state.store, call.solution, call.ids["entity"], entry)
    return JSONResponse(entry)


def _delete_entry(call: Call) -> Response:
    _changeable(call)
    key = _entry(call)["key"]
    call.state.store.delete(ENTRIES, id_of(call.solution, call.ids["entity"], key))
    return Response(status_code=204)


def _entity(call: Call) -> Document:
    return entity_of(call.state.store, call.solution, call.ids["entity"])


def _changeable(call: Call) -> Document:
    found = _entity(call)
    if found["entity"]["isReadOnly"]:
        raise refusals.forbidden("The entity is read-only")
    _check_free(found["entity"])
    return found


def _check_free(entity: Document) -> None:
    if entity["isLocked"] and entity["lockedBy"] != credentials.CLIENT_ID:
        raise refusals.forbidden(f"The entity is reserved by {entity['lockedBy']}")


def _check_rules(found: Document, entry: Document) -> None:
    if wrong := problems(found, entry):
        raise refusals.bad_request("; ".join(wrong))


def _entry(call: Call) -> Document:
    _entity(call)
    id_ = id_of(call.solution, call.ids["entity"], call.ids["key"])
    entry = call.state.store.get(ENTRIES, id_)
    if entry is None:
        raise refusals.not_found(f"entry {call.ids['key']} in {call.ids['entity']}")
    return entry


def _all(call: Call) -> list[Document]:
    return _entries(call.state.store, call.solution, call.ids["entity"])


def _entries(store: Store, solution: str, name: str) -> list[Document]:
    return store.list(ENTRIES, parent=id_of(solution, name))


def _put(call: Call, found: Document, entity: Document) -> None:
    id_ = id_of(call.solution, call.ids["entity"])
    call.state.store.put(ENTITIES, id_, {**found, "entity": entity}, parent=call.solution)


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
