"""Access control lists: permissions of users, groups and shares on objects.

`PUT` overwrites a subject's permissions unless the body has `mode=APPEND`. The sandbox stores the
lists and returns them, but does not enforce them: its credentials may do everything.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from tgiconik.sandbox.iconik import collection, index
from tgiconik.sandbox.iconik.kinds import ASSETS, COLLECTIONS, CONTENTS, SHARES
from tgiconik.sandbox.iconik.paging import by_number, list_response, per_page
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest, empty, json, or_404
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

#: One document per object and subject.
ACLS: Final = "iconik/acls"
_PERMISSIONS: Final = ("read", "write", "delete", "change-acl")
_KINDS: Final = {"assets": ASSETS, "collections": COLLECTIONS}
_SUBJECTS: Final = {"user_id": "user_ids", "group_id": "group_ids"}


def _subject(request: ApiRequest) -> tuple[str, str]:
    """The subject named in the path, such as `("user_id", …)`."""
    name = next(name for name in ("user_id", "group_id", "share_id") if name in request.ids)
    return name, request.ids[name]


def _object(request: ApiRequest) -> str:
    return f"{request.ids['object_type']}/{request.ids['object_key']}"


def _grant(
    request: ApiRequest,
    key: str,
    subject: tuple[str, str],
    permissions: Iterable[str],
    *,
    append: bool = False,
) -> Document:
    name, id_ = subject
    before = request.state.store.get(ACLS, f"{key}/{name}/{id_}") or {"date_created": request.now()}
    kept = before.get("permissions", []) if append else []
    document = before | {
        name: id_,
        "object_type": key.partition("/")[0],
        "object_key": key.partition("/")[2],
        "permissions": [*kept, *(each for each in permissions if each not in kept)],
        "date_modified": request.now(),
    }
    request.state.store.put(ACLS, f"{key}/{name}/{id_}", document, parent=key)
    return document


def read_object(request: ApiRequest) -> Response:
    """Read an object's access control list."""
    entries = request.state.store.list(ACLS, parent=_object(request))
    return request.respond(
        {
            "users_acl": [each for each in entries if "user_id" in each],
            "groups_acl": [each for each in entries if "group_id" in each],
        }
    )


def read_permissions(request: ApiRequest) -> Response:
    """Read the caller's permissions on an object, which are all permissions."""
    return request.respond({"permissions": list(_PERMISSIONS)})


def check_permission(request: ApiRequest) -> Response:
    """Check that a subject, or the caller, has a permission; 403 if not."""
    if "user_id" in request.ids or "group_id" in request.ids or "share_id" in request.ids:
        entry = _entry(request)
        if request.ids["permission"] not in entry["permissions"]:
            raise ApiError(403, f"The permission {request.ids['permission']} is missing")
        return request.respond(entry)
    if request.ids["permission"] not in _PERMISSIONS:
        raise ApiError(404, f"There is no permission {request.ids['permission']}")
    return empty(200)


def check_many(request: ApiRequest) -> Response:
    """Read the caller's permissions on several objects, which are all permissions."""
    keys = request.body.get("object_keys") or [
        key for each in request.body.get("objects", ()) for key in each.get("object_keys") or ()
    ]
    return request.respond({"access_granted": keys, "access_denied": []})


def read_entry(request: ApiRequest) -> Response:
    """Read one subject's permissions on an object."""
    return request.respond(_entry(request))


def _entry(request: ApiRequest) -> Document:
    name, id_ = _subject(request)
    document = request.state.store.get(ACLS, f"{_object(request)}/{name}/{id_}")
    return or_404(document, f"An ACL of {id_}")


def write_entry(request: ApiRequest) -> Response:
    """Set one subject's permissions on an object."""
    permissions = request.body.get("permissions") or ()
    return request.respond(_grant(request, _object(request), _subject(request), permissions))


def delete_entry(request: ApiRequest) -> Response:
    """Remove all of one subject's permissions on an object."""
    name, id_ = _subject(request)
    request.state.store.delete(ACLS, f"{_object(request)}/{name}/{id_}")
    return Response(status_code=204)


def list_shares(request: ApiRequest) -> Response:
    """List the permissions that shares have on an object.

    Public clients read what a share shows below `shares/{share_id}/assets/`, which has the same
    form; `collections` likewise.
    """
    share = request.state.store.get(SHARES, request.ids["object_type"])
    if share is not None:
        type_ = request.ids["object_key"]
        shown = _shared(request.state, share, type_) if type_ in _KINDS else []
        return _page(request, shown)
    entries = request.state.store.list(ACLS, parent=_object(request))
    return list_response(request, [each for each in entries if "share_id" in each])


def _page(request: ApiRequest, shown: list[Document]) -> Response:
    # The documents know this path as another list, which has no pages.
    page, envelope = by_number(request.path, request.query, shown, per_page(request))
    return json(envelope | {"objects": page})


def _shared(state: State, share: Document, type_: str) -> list[Document]:
    """The objects of a type that a share shows: itself, or what is in its collection."""
    members: list[tuple[str, Document]] = []
    if share["object_type"] == type_:
        found = state.store.get(_KINDS[type_], share["object_id"])
        members = [] if found is None or found["status"] != "ACTIVE" else [(type_, found)]
    if share["object_type"] == "collections":
        members += collection.members(state, share["object_id"])
    return [index.document(state, each, found) for each, found in members if each == type_]


def write_many(request: ApiRequest) -> Response:
    """Set the permissions of subjects on several objects."""
    keys = request.body.get("object_keys") or []
    _write(request, request.body, keys)
    return request.respond({"updated_object_keys": keys})


def write_different(request: ApiRequest) -> Response:
    """Like `write_many`, for several sets of objects, each with its own permissions."""
    for each in request.body["objects"]:
        _write(request, each, each["object_keys"])
    return JSONResponse(
        [{"updated_object_keys": each["object_keys"]} for each in request.body["objects"]]
    )


def write_contents(request: ApiRequest) -> Response:
    """Set the permissions of subjects on the contents of collections."""
    for type_, key in _contents(request):
        _write(request, request.body | {"object_type": type_}, [key])
    return empty(202)


def _write(request: ApiRequest, body: Mapping[str, Any], keys: Iterable[str]) -> None:
    type_ = body.get("object_type") or request.ids["object_type"]
    for key in keys:
        for subject in _subjects(request, body):
            append = body.get("mode") == "APPEND"
            _grant(request, f"{type_}/{key}", subject, body["permissions"], append=append)


def _subjects(request: ApiRequest, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    if "share_id" in request.ids:
        return [("share_id", request.ids["share_id"])]
    return [(name, id_) for name, many in _SUBJECTS.items() for id_ in body.get(many) or ()]


def delete_many(request: ApiRequest) -> Response:
    """Remove all permissions of subjects on several objects."""
    for key in request.body.get("object_keys") or ():
        _delete(request, f"{request.ids['object_type']}/{key}")
    return request.respond_empty()


def delete_contents(request: ApiRequest) -> Response:
    """Remove all permissions of subjects on the contents of collections."""
    for type_, key in _contents(request):
        _delete(request, f"{type_}/{key}")
    return request.respond_empty()


def _delete(request: ApiRequest, key: str) -> None:
    for name, id_ in _subjects(request, request.body):
        request.state.store.delete(ACLS, f"{key}/{name}/{id_}")


def _contents(request: ApiRequest) -> list[tuple[str, str]]:
    wanted = {
        "assets": request.body["include_assets"],
        "collections": request.body["include_collections"],
    }
    return [
        (content["object_type"], content["object_id"])
        for collection_id in request.body.get("object_ids") or ()
        for content in request.state.store.list(CONTENTS, parent=collection_id)
        if wanted[content["object_type"]]
    ]


_ALL: Final = "acls/v1/acl/{object_type}"
_ONE: Final = "acl/{object_type}/{object_key}/"
HANDLERS = {
    "POST acls/v1/acl/": check_many,
    f"PUT {_ALL}/": write_many,
    f"DELETE {_ALL}/": delete_many,
    f"PUT {_ALL}/bulk/": write_different,
    f"PUT {_ALL}/content/": write_contents,
    f"DELETE {_ALL}/content/": delete_contents,
    f"POST {_ALL}/{{permission}}/": check_many,
    f"GET {_ALL}/{{object_key}}/": read_object,
    f"GET {_ALL}/{{object_key}}/permissions/": read_permissions,
    f"GET {_ALL}/{{object_key}}/{{permission}}/": check_permission,
    "GET acls/v1/shares/{object_type}/{object_key}/": list_shares,
    "PUT acls/v1/shares/{share_id}/acl/{object_type}/": write_many,
    f"POST acls/v1/shares/{{share_id}}/{_ONE}": write_entry,
    **{
        f"{method} acls/v1/{subject}/{_ONE}": handler
        for subject in ("groups/{group_id}", "shares/{share_id}", "users/{user_id}")
        for method, handler in (
            ("GET", read_entry),
            ("PUT", write_entry),
            ("DELETE", delete_entry),
        )
    },
    **{
        f"GET acls/v1/{subject}/{_ONE}{{permission}}/": check_permission
        for subject in ("groups/{group_id}", "shares/{share_id}", "users/{user_id}")
    },
}
