"""Metadata: fields, views, and values that are read and written through a view.

A view without values answers 404. Writing through a view keeps the fields of other views; a field
that is sent is replaced unless its `mode` says otherwise.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.responses import Response

from tgiconik.sandbox.iconik import objects
from tgiconik.sandbox.iconik.background import accepted
from tgiconik.sandbox.iconik.history import record
from tgiconik.sandbox.iconik.index import Values, values_key, values_of
from tgiconik.sandbox.iconik.kinds import CONTENTS, FIELDS, VALUES, VIEWS
from tgiconik.sandbox.iconik.request import (
    ApiError,
    ApiRequest,
    is_uuid,
    new_id,
    or_404,
    parse_time,
    stamp,
)
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

#: The type of jobs that write to many objects.
_BULK: Final = "METADATA_UPDATE"


def put_values(
    state: State, type_: str, id_: str, values: Mapping[str, Document], version_id: str = ""
) -> Document:
    """Write metadata values; fields that are not given keep theirs."""
    moment = stamp(state.now())
    key = values_key(type_, id_, version_id)
    before = state.store.get(VALUES, key) or {"metadata_values": {}, "date_created": None}
    kept: Values = before["metadata_values"]
    for name, sent in values.items():
        kept[name] = {
            "field_values": _changed(kept.get(name), sent),
            "date_created": (kept.get(name) or {}).get("date_created") or moment,
        }
    document = {
        "object_type": type_,
        "object_id": id_,
        "version_id": version_id or None,
        "metadata_values": kept,
        "date_created": before["date_created"] or moment,
        "date_modified": moment,
    }
    state.store.put(VALUES, key, document, parent=f"{type_}/{id_}")
    return document


def copy_version(state: State, asset_id: str, source: str, target: str) -> None:
    """Copy the values of one version to another."""
    put_values(state, "assets", asset_id, values_of(state, "assets", asset_id, source), target)


def _changed(before: Document | None, sent: Document) -> list[Document]:
    old: list[Document] = before["field_values"] if before else []
    new: list[Document] = sent.get("field_values") or []
    match sent.get("mode"):
        case "append":
            return [*old, *(value for value in new if value not in old)]
        case "delete":
            return [value for value in old if value not in new]
        case _:
            return new


def read_values(request: ApiRequest) -> Response:
    """Read an object's values in one view."""
    return _in_view(request, *objects.path_object(request))


def read_version_values(request: ApiRequest) -> Response:
    """Read an asset version's values in one view."""
    document = objects.asset(request.state, request.ids["asset_id"])
    version = objects.version(document, request.ids["version_id"])
    return _in_view(request, "assets", document["id"], version["id"])


def read_part_values(request: ApiRequest) -> Response:
    """Read the values of a part of an asset, such as a segment, in one view."""
    return _in_view(request, *_part(request))


def _in_view(request: ApiRequest, type_: str, id_: str, version_id: str = "") -> Response:
    view = _view(request)
    key = values_key(type_, id_, version_id)
    document = request.state.store.get(VALUES, key)
    names = {field["name"] for field in view["view_fields"]}
    values = {
        name: value
        for name, value in values_of(request.state, type_, id_, version_id).items()
        if name in names
    }
    if document is None or not values:
        raise ApiError(404, f"{type_} {id_} has no metadata in view {view['id']}")
    return request.respond(document | {"metadata_values": values})


def write_values(request: ApiRequest) -> Response:
    """Write an object's values through a view."""
    return _written(request, *objects.path_object(request))


def write_part_values(request: ApiRequest) -> Response:
    """Write the values of a part of an asset through a view."""
    return _written(request, *_part(request))


def _written(request: ApiRequest, type_: str, id_: str, version_id: str = "") -> Response:
    view = _view(request)
    sent: Mapping[str, Any] = request.body["metadata_values"]
    check_values(request.state, view, sent)
    names = {field["name"] for field in view["view_fields"]}
    document = put_values(request.state, type_, id_, sent, version_id)
    if type_ == "assets":
        record(request.state, id_, "METADATA", user_id=request.user_id)
    values = {name: value for name, value in document["metadata_values"].items() if name in names}
    return request.respond(document | {"metadata_values": values})


def read_all_values(request: ApiRequest) -> Response:
    """Read all values of an object in all views, each with its field's name and type."""
    type_, id_ = objects.path_object(request)
    or_404(request.state.store.get(VALUES, values_key(type_, id_, "")), f"{type_} {id_}")
    types = {field["name"]: field["field_type"] for field in request.state.store.list(FIELDS)}
    values = values_of(request.state, type_, id_)
    return request.respond(
        {
            name: {"name": name, "type": types.get(name), "values": value["field_values"]}
            for name, value in values.items()
        }
    )


def write_all_values(request: ApiRequest) -> Response:
    """Write values without a view: not validated, and without checking that the object exists."""
    type_, id_ = request.ids["object_type"], request.ids["object_id"]
    if not is_uuid(id_):
        raise ApiError(400, f"{id_} is not a valid uuid.")
    return request.respond(put_values(request.state, type_, id_, request.body["metadata_values"]))


def write_many_values(request: ApiRequest) -> Response:
    """Write the same values to several objects through a view."""
    _write_each(request, request.body["object_ids"], request.body["metadata_values"])
    return accepted(request, _BULK)


def write_mapped_values(request: ApiRequest) -> Response:
    """Write separate values for each of several objects through a view."""
    for each in request.body["metadata_values_object_id_mapping"]:
        _write_each(request, [each["id"]], each["metadata_values"])
    return accepted(request, _BULK)


def write_content_values(request: ApiRequest) -> Response:
    """Write the same values to the contents of collections through a view."""
    wanted = {
        "assets": request.body["include_assets"],
        "collections": request.body["include_collections"],
    }
    for collection_id in request.body["object_ids"]:
        for content in request.state.store.list(CONTENTS, parent=collection_id):
            type_ = content["object_type"]
            if wanted[type_]:
                check_values(request.state, _view(request), request.body["metadata_values"])
                put_values(
                    request.state, type_, content["object_id"], request.body["metadata_values"]
                )
    return accepted(request, _BULK)


def _write_each(request: ApiRequest, ids: Iterable[str], values: Mapping[str, Document]) -> None:
    check_values(request.state, _view(request), values)
    for id_ in ids:
        put_values(request.state, request.ids["object_type"], id_, values)


def _part(request: ApiRequest) -> tuple[str, str, str]:
    """Type, id and version whose values a path below an asset means."""
    document = objects.asset(request.state, request.ids["asset_id"])
    type_, id_ = request.ids["object_type"], request.ids["object_id"]
    if type_ == "versions":
        return "assets", document["id"], objects.version(document, id_)["id"]
    return type_, id_, ""


def check_values(state: State, view: Document, values: Mapping[str, Any]) -> None:
    """Reject with 400 values that the view's fields do not accept."""
    problems = []
    options = {field["name"]: field for field in view["view_fields"]}
    for name, sent in values.items():
        if name not in options:
            problems.append(f"Field {name} is not in view {view['name']}")
            continue
        field = options[name] | (state.store.get(FIELDS, name) or {})
        problems += _problems(field, sent)
    if problems:
        raise ApiError(400, *problems)


def _problems(field: Document, sent: object) -> Iterable[str]:
    name = field["name"]
    field_values = sent.get("field_values") if isinstance(sent, Mapping) else None
    if not isinstance(field_values, list) or not all(
        isinstance(each, Mapping) and "value" in each for each in field_values
    ):
        yield f'Field {name}: field_values must be a list of {{"value": …}}'
        return
    if field.get("required") and not field_values:
        yield f"Field {name} is required"
    if len(field_values) > 1 and field.get("multi") is False:
        yield f"Field {name} takes one value only"
    choices = {option["value"] for option in field.get("options") or ()}
    for each in field_values:
        value = each["value"]
        if field["field_type"] == "drop_down" and choices and value not in choices:
            yield f"Field {name}: {value} is not one of its options"
        elif not _ACCEPTS.get(field["field_type"], _is_text)(value):
            yield f"Field {name}: {value} is not a valid {field['field_type']}"


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object, pattern: str) -> bool:
    # Clients send numbers as strings too; both are accepted.
    return not isinstance(value, bool) and re.fullmatch(pattern, str(value)) is not None


def _is_date(value: object) -> bool:
    return _parses(date.fromisoformat, value)


def _is_time(value: object) -> bool:
    return _parses(parse_time, value)


def _parses(parse: Callable[[str], object], value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse(value)
    except ValueError:
        return False
    return True


#: iconik does not document how booleans and dates are encoded: native and text are accepted.
_ACCEPTS: Mapping[str, Callable[[object], bool]] = {
    "integer": lambda value: _is_number(value, r"-?\d+"),
    "float": lambda value: _is_number(value, r"-?\d+(\.\d+)?([eE][-+]?\d+)?"),
    "boolean": lambda value: str(value).lower() in {"true", "false"},
    "date": _is_date,
    "datetime": _is_time,
    "email": lambda value: _is_text(value) and "@" in str(value),
    "url": lambda value: _is_text(value) and bool(urlsplit(str(value)).scheme),
}


def _view(request: ApiRequest) -> Document:
    id_ = request.ids["view_id"]
    return or_404(request.state.store.get(VIEWS, id_), f"View {id_}")


def make_view(state: State, id_: str, sent: Mapping[str, Any]) -> Document:
    """Store a view. Its fields are copied from their definitions, with the view's overrides."""
    shown = []
    for field in sent["view_fields"]:
        defined = or_404(state.store.get(FIELDS, field["name"]), f"Field {field['name']}")
        changes = {name: value for name, value in field.items() if value is not None}
        shown.append(defined | changes)
    moment = stamp(state.now())
    before = state.store.get(VIEWS, id_) or {"date_created": moment}
    view = before | {
        "id": id_,
        "name": sent["name"],
        "description": sent.get("description"),
        "view_fields": shown,
        "date_modified": moment,
    }
    state.store.put(VIEWS, id_, view)
    return view


def create_view(request: ApiRequest) -> Response:
    """Create a view of existing fields."""
    return request.respond(make_view(request.state, new_id(), request.body))


def change_view(request: ApiRequest) -> Response:
    """Update a view."""
    return request.respond(
        make_view(request.state, _view(request)["id"], _view(request) | request.body)
    )


HANDLERS = {
    "POST metadata/v1/views/": create_view,
    "PUT metadata/v1/views/{view_id}/": change_view,
    "PATCH metadata/v1/views/{view_id}/": change_view,
    "GET metadata/v1/{object_type}/{object_id}/": read_all_values,
    "PUT metadata/v1/{object_type}/{object_id}/": write_all_values,
    "GET metadata/v1/{object_type}/{object_id}/views/{view_id}/": read_values,
    "PUT metadata/v1/{object_type}/{object_id}/views/{view_id}/": write_values,
    "PUT metadata/v1/{object_type}/views/{view_id}/": write_many_values,
    "POST metadata/v1/{object_type}/views/{view_id}/": write_mapped_values,
    "PUT metadata/v1/{object_type}/content/views/{view_id}/": write_content_values,
    "GET metadata/v1/assets/{asset_id}/versions/{version_id}/views/{view_id}/": (
        read_version_values
    ),
    "GET metadata/v1/assets/{asset_id}/{object_type}/{object_id}/views/{view_id}/": (
        read_part_values
    ),
    "PUT metadata/v1/assets/{asset_id}/{object_type}/{object_id}/views/{view_id}/": (
        write_part_values
    ),
}
