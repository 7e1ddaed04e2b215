"""Shares of assets and collections: by e-mail to recipients, or as a URL for whoever has it.

A share always shows the object's current version. The link of a URL share can be read again; links
sent by e-mail cannot. Access is counted per recipient; a URL share has one unnamed recipient.

The shares of a deleted object stay until it is purged: their links do not open, but open again once
it is restored. They can be read and revoked meanwhile, and none can be added. iconik documents none
of this: it is an assumption.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

from starlette.responses import Response

from tgiconik.sandbox.iconik import objects
from tgiconik.sandbox.iconik.history import record
from tgiconik.sandbox.iconik.kinds import MAILS, SHARES
from tgiconik.sandbox.iconik.paging import list_response
from tgiconik.sandbox.iconik.request import (
    ApiError,
    ApiRequest,
    json,
    new_id,
    or_404,
    parse_time,
    stamp,
)
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

#: Lifetime of a share created without `expires`.
DEFAULT_LIFE: Final = timedelta(days=30)
#: Longest lifetime. In iconik an administrator sets it; the sandbox uses the largest value.
LONGEST_LIFE: Final = timedelta(days=5 * 365)

_DEFAULTS: Final = {
    "allow_custom_actions": False,
    "allow_download_proxy": False,
    "allow_upload": False,
    "allow_view_transcriptions": False,
    "allow_view_versions": False,
    "show_existing_comments": False,
    "show_watermark": False,
    "is_approval": False,
    "metadata_views": [],
    "message": None,
}
_OURS: Final = frozenset({
    "id", "object_id", "object_type", "owner_id", "url", "users", "emails", "password",
    "has_password", "date_created", "population_status", "by_url",
})  # fmt: skip


def get(state: State, share_id: str) -> Document | None:
    """A share, expired or not; None if it never existed or was revoked."""
    return state.store.get(SHARES, share_id)


def is_expired(state: State, share: Document) -> bool:
    """Whether a share has expired."""
    return parse_time(share["expires"]) <= state.now()


def count(state: State, share: Document, *, downloaded: bool, user_id: str | None = None) -> None:
    """Count an access by a recipient; `user_id=None` counts for the first one."""
    for user in share["users"]:
        if user_id is None or user["id"] == user_id:
            user["access_count"] += 1
            user["download_count"] += downloaded
            user["last_access_date"] = stamp(state.now())
            if downloaded and share["object_type"] == "assets":
                record(
                    state,
                    share["object_id"],
                    "DOWNLOAD",
                    share_id=share["id"],
                    share_user_id=user["id"],
                )
            break
    _put(state, share)


def make(
    state: State,
    type_: str,
    id_: str,
    fields: Mapping[str, Any],
    *,
    owner_id: str,
    emails: Iterable[str] | None = None,
) -> Document:
    """Create a share, by URL or (with `emails`) by e-mail."""
    share = {
        **_DEFAULTS,
        **_sent(fields),
        "id": new_id(),
        "object_type": type_,
        "object_id": id_,
        "owner_id": owner_id,
        "has_password": bool(fields.get("password")),
        "expires": _expiry(state, fields.get("expires")),
        "title": fields.get("title") or objects.title(state, type_, id_),
        "date_created": stamp(state.now()),
        "population_status": "FINISHED",
        "by_url": emails is None,
        "users": [],
    }
    if emails is None:
        _add_user(state, share, None)
    for email in emails or ():
        _add_user(state, share, email)
    return _put(state, share)


def _add_user(state: State, share: Document, email: str | None) -> Document:
    user = {
        "id": new_id(),
        "share_id": share["id"],
        "object_type": share["object_type"],
        "object_id": share["object_id"],
        "access_count": 0,
        "download_count": 0,
        "last_access_date": None,
    }
    if email is not None:
        user["email"] = email
        mail = {"to": email, "share_id": share["id"], "url": link(state, share, user["id"])}
        state.store.put(MAILS, user["id"], mail, parent=share["id"])
    share["users"].append(user)
    return user


def link(state: State, share: Document, user_id: str | None = None) -> str:
    """The link of a share; with `user_id`, the personal link of that recipient."""
    tail = f"/{user_id}" if user_id else ""
    return f"{state.base_url}/share/{share['id']}{tail}"


def _expiry(state: State, sent: str | None) -> str:
    moment = parse_time(sent) if sent else state.now() + DEFAULT_LIFE
    if moment <= state.now():
        raise ApiError(400, "expires must be in the future")
    if moment > state.now() + LONGEST_LIFE:
        raise ApiError(400, f"expires must be within {LONGEST_LIFE.days} days")
    return stamp(moment)


def _sent(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in _OURS}


def _put(state: State, share: Document) -> Document:
    parent = f"{share['object_type']}/{share['object_id']}"
    state.store.put(SHARES, share["id"], share, parent=parent)
    return share


def _shown(state: State, share: Document) -> Document:
    """A share as it is returned; only URL shares include the link."""
    url = link(state, share) if share["by_url"] else None
    title = objects.title(state, share["object_type"], share["object_id"])
    return share | {"url": url, "object_title": title}


def share_by_url(request: ApiRequest) -> Response:
    """Create a URL share."""
    return _shared(request, emails=None)


def share_by_email(request: ApiRequest) -> Response:
    """Create a share and e-mail each recipient a personal link."""
    return _shared(request, emails=request.body["emails"])


def _shared(request: ApiRequest, emails: list[str] | None) -> Response:
    type_, id_ = objects.path_object(request)
    if emails == []:
        raise ApiError(400, "emails must not be empty")
    share = make(request.state, type_, id_, request.body, owner_id=request.user_id, emails=emails)
    shown = _shown(request.state, share)
    if type_ == "collections":
        # iconik adds the members after it responds; the next read shows them.
        shown["population_status"] = "POPULATING"
    return request.respond(shown)


def share_many(request: ApiRequest) -> Response:
    """Share several objects with the same options; responds with the first share."""
    type_, emails = request.ids["object_type"], request.body.get("emails")
    made = []
    for id_ in request.body["object_ids"]:
        if objects.title(request.state, type_, id_) is None:
            raise ApiError(404, f"{type_} {id_} does not exist")
        made.append(
            make(request.state, type_, id_, request.body, owner_id=request.user_id, emails=emails)
        )
    if not made:
        raise ApiError(400, "object_ids must not be empty")
    return request.respond(_shown(request.state, made[0]))


def list_of_object(request: ApiRequest) -> Response:
    """List the shares of one object, which may have been deleted."""
    type_, id_ = objects.stored_path_object(request)
    shares = request.state.store.list(SHARES, parent=f"{type_}/{id_}")
    return list_response(request, shares, ready=partial(_shown, request.state))


def list_of_asset(request: ApiRequest) -> Response:
    """List the shares of one asset, of all owners."""
    asset_id = objects.asset(request.state, request.ids["asset_id"])["id"]
    return _all_of(request, _of_object(request.state, "assets", asset_id))


def list_of_collection(request: ApiRequest) -> Response:
    """List the shares of one collection, of all owners."""
    id_ = objects.collection(request.state, request.ids["collection_id"])["id"]
    return _all_of(request, _of_object(request.state, "collections", id_))


def _all_of(request: ApiRequest, shares: list[Document]) -> Response:
    return list_response(request, shares, total=len(shares))


def _of_object(state: State, type_: str, id_: str) -> list[Document]:
    return [_shown(state, share) for share in state.store.list(SHARES, parent=f"{type_}/{id_}")]


def list_all(request: ApiRequest) -> Response:
    """List all shares; `object_id`, `object_type` and `title` filter."""
    type_, id_ = request.query.get("object_type"), request.query.get("object_id")
    if type_ and id_:
        return list_response(request, _of_object(request.state, type_, id_))
    return list_response(
        request, [_shown(request.state, share) for share in request.state.store.list(SHARES)]
    )


def read_share(request: ApiRequest) -> Response:
    """Read a share with its recipients and access counts."""
    return request.respond(_shown(request.state, _share(request)), keep=("users",))


def change_share(request: ApiRequest) -> Response:
    """Change a share's permissions, title or expiry; its recipients stay."""
    share = _share(request)
    changes = _sent(request.body)
    if changes.get("expires") is not None:
        changes["expires"] = _expiry(request.state, changes["expires"])
    else:
        changes.pop("expires", None)
    return request.respond(_shown(request.state, _put(request.state, share | changes)))


def revoke(request: ApiRequest) -> Response:
    """Revoke a share: its links stop working at once."""
    request.state.store.delete(SHARES, _share(request)["id"])
    return Response(status_code=204)


def revoke_many(request: ApiRequest) -> Response:
    """Revoke several shares; missing ones are ignored."""
    for share_id in request.body["share_ids"]:
        request.state.store.delete(SHARES, share_id)
    return request.respond_empty()


def reindex(request: ApiRequest) -> Response:
    """Reindex a share. The sandbox's index is always up to date."""
    _share(request)
    return request.respond_empty()


def list_users(request: ApiRequest) -> Response:
    """List the recipients with their access counts; that of a URL share has no `email`."""
    return list_response(request, _share(request)["users"], shape=dict)


def add_user(request: ApiRequest) -> Response:
    """Add a recipient to a share."""
    share = _share(request)
    if share["by_url"]:
        raise ApiError(400, "A share by URL has no named recipients")
    user = _add_user(request.state, share, request.body["email"])
    _put(request.state, share)
    return request.respond(user)


def read_user(request: ApiRequest) -> Response:
    """Read a recipient with the access counts."""
    return json(_user(request, _share(request)))


def change_user(request: ApiRequest) -> Response:
    """Change a recipient's name; the address stays."""
    share = _share(request)
    user = _user(request, share)
    names = ("first_name", "last_name")
    user |= {name: request.body[name] for name in names if name in request.body}
    _put(request.state, share)
    return request.respond(user)


def remove_user(request: ApiRequest) -> Response:
    """Remove a recipient from a share."""
    share = _share(request)
    share["users"].remove(_user(request, share))
    _put(request.state, share)
    return request.respond_empty()


def _share(request: ApiRequest) -> Document:
    share = or_404(get(request.state, request.ids["share_id"]), f"Share {request.ids['share_id']}")
    if (share["object_type"], share["object_id"]) != objects.stored_path_object(request):
        raise ApiError(404, f"Share {share['id']} does not exist")
    return share


def _user(request: ApiRequest, share: Document) -> Document:
    id_ = request.ids["share_user_id"]
    return or_404(next((u for u in share["users"] if u["id"] == id_), None), f"Share user {id_}")


_ONE = "assets/v1/{object_type}/{object_id}/shares/"
HANDLERS = {
    "GET assets/v1/shares/": list_all,
    "GET assets/v1/shares/all/": list_all,
    "POST assets/v1/share/{object_type}/": share_many,
    "DELETE assets/v1/shares/bulk/": revoke_many,
    "DELETE assets/v1/shares/bulk/all/": revoke_many,
    "GET assets/v1/assets/{asset_id}/shares/all/": list_of_asset,
    "GET assets/v1/collections/{collection_id}/shares/all/": list_of_collection,
    f"GET {_ONE}": list_of_object,
    f"POST {_ONE}": share_by_email,
    f"POST {_ONE}url/": share_by_url,
    f"GET {_ONE}{{share_id}}/": read_share,
    f"PUT {_ONE}{{share_id}}/": change_share,
    f"DELETE {_ONE}{{share_id}}/": revoke,
    f"POST {_ONE}{{share_id}}/reindex/": reindex,
    f"GET {_ONE}{{share_id}}/users/": list_users,
    f"POST {_ONE}{{share_id}}/users/": add_user,
    f"GET {_ONE}{{share_id}}/users/{{share_user_id}}/": read_user,
    f"PUT {_ONE}{{share_id}}/users/{{share_user_id}}/": change_user,
    f"PATCH {_ONE}{{share_id}}/users/{{share_user_id}}/": change_user,
    f"DELETE {_ONE}{{share_id}}/users/{{share_user_id}}/": remove_user,
}
