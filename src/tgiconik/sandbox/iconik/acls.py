"""Access control lists: which permissions users, groups and shares have on an object.

`PUT` overwrites what a subject had, unless the body says `mode=APPEND`. The sandbox keeps the lists
and answers from them; it does not enforce them: its credentials may do everything.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from tgiconik.sandbox.iconik.asked import Asked, Refused, found
from tgiconik.sandbox.iconik.kinds import CONTENTS
from tgiconik.sandbox.iconik.paging import listed
from tgiconik.sandbox.store import Document

#: One document per object and subject.
ACLS: Final = "iconik/acls"
_PERMISSIONS: Final = ("read", "write", "delete", "change-acl")
_SUBJECTS: Final = {"user_id": "user_ids", "group_id": "group_ids"}


def _subject(asked: Asked) -> tuple[str, str]:
    """Who the path is about: `("user_id", …)`."""
    name = next(name for name in ("user_id", "group_id", "share_id") if name in asked.ids)
    return name, asked.ids[name]


def _object(asked: Asked) -> str:
    return f"{asked.ids['object_type']}/{asked.ids['object_key']}"


def _grant(
    asked: Asked,
    key: str,
    subject: tuple[str, str],
    permissions: Iterable[str],
    *,
    append: bool = False,
) -> Document:
    name, id_ = subject
    before = asked.state.store.get(ACLS, f"{key}/{name}/{id_}") or {"date_created": asked.now()}
    kept = before.get("permissions", []) if append else []
    document = before | {
        name: id_,
        "object_type": key.partition("/")[0],
        "object_key": key.partition("/")[2],
        "permissions": [*kept, *(each for each in permissions if each not in kept)],
        "date_modified": asked.now(),
    }
    asked.state.store.put(ACLS, f"{key}/{name}/{id_}", document, parent=key)
    return document


def read_object(asked: Asked) -> Response:
    """Who may do what with an object."""
    entries = asked.state.store.list(ACLS, parent=_object(asked))
    return asked.fit(
        {
            "users_acl": [each for each in entries if "user_id" in each],
            "groups_acl": [each for each in entries if "group_id" in each],
        }
    )


def read_permissions(asked: Asked) -> Response:
    """What the caller may do with an object: everything."""
    return asked.fit({"permissions": list(_PERMISSIONS)})


def check_permission(asked: Asked) -> Response:
    """Whether a subject, or the caller, has a permission; 403 when not."""
    if "user_id" in asked.ids or "group_id" in asked.ids or "share_id" in asked.ids:
        entry = _entry(asked)
        if asked.ids["permission"] not in entry["permissions"]:
            raise Refused(403, f"The permission {asked.ids['permission']} is missing")
        return asked.fit(entry)
    if asked.ids["permission"] not in _PERMISSIONS:
        raise Refused(404, f"There is no permission {asked.ids['permission']}")
    return Response(status_code=200)


def check_many(asked: Asked) -> Response:
    """Which of several objects the caller may use: all of them."""
    keys = asked.body.get("object_keys") or [
        key for each in asked.body.get("objects", ()) for key in each.get("object_keys") or ()
    ]
    return asked.fit({"access_granted": keys, "access_denied": []})


def read_entry(asked: Asked) -> Response:
    """What one subject may do with an object."""
    return asked.fit(_entry(asked))


def _entry(asked: Asked) -> Document:
    name, id_ = _subject(asked)
    document = asked.state.store.get(ACLS, f"{_object(asked)}/{name}/{id_}")
    return found(document, f"An ACL of {id_}")


def write_entry(asked: Asked) -> Response:
    """Say what one subject may do with an object."""
    permissions = asked.body.get("permissions") or ()
    return asked.fit(_grant(asked, _object(asked), _subject(asked), permissions))


def delete_entry(asked: Asked) -> Response:
    """Take everything on an object from one subject."""
    name, id_ = _subject(asked)
    asked.state.store.delete(ACLS, f"{_object(asked)}/{name}/{id_}")
    return Response(status_code=204)


def list_shares(asked: Asked) -> Response:
    """What shares may do with an object."""
    entries = asked.state.store.list(ACLS, parent=_object(asked))
    return listed(asked, [each for each in entries if "share_id" in each])


def write_many(asked: Asked) -> Response:
    """Say what subjects may do with several objects."""
    keys = asked.body.get("object_keys") or []
    _write(asked, asked.body, keys)
    return asked.fit({"updated_object_keys": keys})


def write_different(asked: Asked) -> Response:
    """The same as `write_many` several times, each with its own permissions."""
    for each in asked.body["objects"]:
        _write(asked, each, each["object_keys"])
    return JSONResponse(
        [{"updated_object_keys": each["object_keys"]} for each in asked.body["objects"]]
    )


def write_contents(asked: Asked) -> Response:
    """Say what subjects may do with what is in collections."""
    for type_, key in _contents(asked):
        _write(asked, asked.body | {"object_type": type_}, [key])
    return Response(status_code=202)


def _write(asked: Asked, body: Mapping[str, Any], keys: Iterable[str]) -> None:
    type_ = body.get("object_type") or asked.ids["object_type"]
    for key in keys:
        for subject in _subjects(asked, body):
            append = body.get("mode") == "APPEND"
            _grant(asked, f"{type_}/{key}", subject, body["permissions"], append=append)


def _subjects(asked: Asked, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    if "share_id" in asked.ids:
        return [("share_id", asked.ids["share_id"])]
    return [(name, id_) for name, many in _SUBJECTS.items() for id_ in body.get(many) or ()]


def delete_many(asked: Asked) -> Response:
    """Take everything on several objects from subjects."""
    for key in asked.body.get("object_keys") or ():
        _delete(asked, f"{asked.ids['object_type']}/{key}")
    return asked.empty()


def delete_contents(asked: Asked) -> Response:
    """Take everything on what is in collections from subjects."""
    for type_, key in _contents(asked):
        _delete(asked, f"{type_}/{key}")
    return asked.empty()


def _delete(asked: Asked, key: str) -> None:
    for name, id_ in _subjects(asked, asked.body):
        asked.state.store.delete(ACLS, f"{key}/{name}/{id_}")


def _contents(asked: Asked) -> list[tuple[str, str]]:
    wanted = {
        "assets": asked.body["include_assets"],
        "collections": asked.body["include_collections"],
    }
    return [
        (content["object_type"], content["object_id"])
        for collection_id in asked.body.get("object_ids") or ()
        for content in asked.state.store.list(CONTENTS, parent=collection_id)
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
