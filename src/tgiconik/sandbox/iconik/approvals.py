"""Approvals: a request first, then each reviewer's status. Each version has its own.

The overall status follows from the reviewers' ones: enough approvals are APPROVED, approvals and
refusals together are MIXED, refusals alone are NOT_APPROVED, anything else is still REQUESTED.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import Response

from tgiconik.sandbox.iconik import objects
from tgiconik.sandbox.iconik.asked import Asked, found, new_id, stamp
from tgiconik.sandbox.iconik.history import record
from tgiconik.sandbox.iconik.kinds import APPROVALS
from tgiconik.sandbox.iconik.paging import listed
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document


def overall(statuses: Iterable[str], min_number: int) -> str:
    """What the reviewers say together."""
    given = list(statuses)
    approved, refused = given.count("APPROVED"), given.count("NOT_APPROVED")
    if approved and refused:
        return "MIXED"
    if refused:
        return "NOT_APPROVED"
    return "APPROVED" if approved >= min_number else "REQUESTED"


def of(state: State, type_: str, id_: str, version_id: str | None) -> Document | None:
    """The request for approval of an object, or of a version of an asset."""
    return state.store.get(APPROVALS, _key(type_, id_, version_id))


def current_version(state: State, type_: str, id_: str) -> str | None:
    """What an approval of the object is about: an asset's current version, else the whole."""
    return objects.asset(state, id_)["default_version_id"] if type_ == "assets" else None


def make(
    state: State,
    type_: str,
    id_: str,
    version_id: str | None,
    fields: Mapping[str, Any],
    *,
    user_id: str | None,
) -> Document:
    """Ask for approval; an older request of the same version is replaced."""
    moment = stamp(state.now())
    request = {
        "object_type": type_,
        "object_id": id_,
        "version_id": version_id,
        "users": fields.get("users") or [],
        "groups": fields.get("groups") or [],
        "externals": fields.get("externals") or [],
        "min_number": int(fields.get("min_number") or 1),
        "share_id": fields.get("share_id"),
        "requested_by": user_id,
        "request_date": moment,
        "change_date": moment,
        "status": "REQUESTED",
        "approvals_by": [],
    }
    return _put(state, request)


def answer(
    state: State,
    request: Document,
    status: str,
    *,
    user: str | None = None,
    external: str | None = None,
) -> Document:
    """Note one reviewer's status; a later one replaces it.

    Returns:
        The reviewer's row.
    """
    row = {
        "object_type": request["object_type"],
        "object_id": request["object_id"],
        "version_id": request["version_id"],
        "user": user,
        "external": external,
        "status": status,
        "change_date": stamp(state.now()),
    }
    others = [
        each
        for each in request["approvals_by"]
        if (each["user"], each["external"]) != (user, external)
    ]
    _put(state, request | {"approvals_by": [*others, row]})
    if request["object_type"] == "assets" and status in _OPERATIONS:
        record(
            state,
            request["object_id"],
            _OPERATIONS[status],
            user_id=user,
            version_id=request["version_id"],
        )
    return row


_OPERATIONS = {"APPROVED": "APPROVE", "NOT_APPROVED": "REJECT"}


def _put(state: State, request: Document) -> Document:
    statuses = (row["status"] for row in request["approvals_by"])
    request["status"] = overall(statuses, request["min_number"])
    request["change_date"] = stamp(state.now())
    type_, id_ = request["object_type"], request["object_id"]
    state.store.put(
        APPROVALS, _key(type_, id_, request["version_id"]), request, parent=f"{type_}/{id_}"
    )
    return request


def _key(type_: str, id_: str, version_id: str | None) -> str:
    return f"{type_}/{id_}/{version_id or ''}"


def ask(asked: Asked) -> Response:
    """Ask reviewers; for a collection it becomes a job (202)."""
    type_, id_ = objects.check(asked)
    body: Mapping[str, Any] = asked.body
    version_id = body.get("version_id") or current_version(asked.state, type_, id_)
    request = make(asked.state, type_, id_, version_id, body, user_id=asked.user_id)
    if type_ == "collections":
        return asked.fit({"job_id": new_id()}, status=202)
    return asked.fit(_seen(asked, request), status=201)


def read_request(asked: Asked) -> Response:
    """The request and how it stands."""
    return asked.fit(_seen(asked, _request(asked)))


def change_request(asked: Asked) -> Response:
    """Change reviewers or how many must approve."""
    names = ("users", "groups", "externals", "min_number")
    changes = {name: asked.body[name] for name in names if asked.body.get(name) is not None}
    return asked.fit(_seen(asked, _put(asked.state, _request(asked) | changes)))


def withdraw(asked: Asked) -> Response:
    """Forget the request and what was answered."""
    request = _request(asked)
    key = _key(request["object_type"], request["object_id"], request["version_id"])
    asked.state.store.delete(APPROVALS, key)
    return asked.empty()


def list_answers(asked: Asked) -> Response:
    """Each reviewer's status; empty where nobody was asked."""
    type_, id_, version_id = _place(asked)
    request = of(asked.state, type_, id_, version_id)
    return listed(asked, [] if request is None else request["approvals_by"])


def give_answer(asked: Asked) -> Response:
    """Note a reviewer's status; the caller's, unless the body names another one."""
    body: Mapping[str, Any] = asked.body
    external = body.get("external")
    user = body.get("user") or (None if external else asked.user_id)
    request = _request(asked)
    status = body.get("status") or "REQUESTED"
    row = answer(asked.state, request, status, user=user, external=external)
    return asked.fit(row)


def take_answers_back(asked: Asked) -> Response:
    """Forget the answers of all reviewers, or of the one that the path names."""
    request = _request(asked)
    user, external = asked.ids.get("user_id"), asked.ids.get("email")
    kept = [
        row
        for row in request["approvals_by"]
        if (user or external) and (row["user"], row["external"]) != (user, external)
    ]
    _put(asked.state, request | {"approvals_by": kept})
    return asked.empty()


def answer_many(asked: Asked) -> Response:
    """Note the caller's status for several objects, asked for or not."""
    type_ = asked.body["object_type"]
    for id_ in asked.body["object_ids"]:
        version_id = current_version(asked.state, type_, id_)
        request = of(asked.state, type_, id_, version_id) or make(
            asked.state, type_, id_, version_id, {}, user_id=asked.user_id
        )
        answer(asked.state, request, asked.body["status"], user=asked.user_id)
    return Response(status_code=200)


def forget_many(asked: Asked) -> Response:
    """Forget the requests of several objects."""
    type_ = asked.body["object_type"]
    for id_ in asked.body["object_ids"]:
        version_id = current_version(asked.state, type_, id_)
        asked.state.store.delete(APPROVALS, _key(type_, id_, version_id))
    return Response(status_code=200)


def _place(asked: Asked) -> tuple[str, str, str | None]:
    type_, id_ = objects.check(asked)
    if "version_id" in asked.ids:
        if type_ == "assets":
            objects.version(objects.asset(asked.state, id_), asked.ids["version_id"])
        return type_, id_, asked.ids["version_id"]
    sent = asked.body.get("version_id") if isinstance(asked.body, Mapping) else None
    return type_, id_, sent or current_version(asked.state, type_, id_)


def _request(asked: Asked) -> Document:
    type_, id_, version_id = _place(asked)
    return found(of(asked.state, type_, id_, version_id), f"An approval request of {type_} {id_}")


def _seen(asked: Asked, request: Document) -> Document:
    """The request with the caller's own status."""
    own = (r["status"] for r in request["approvals_by"] if r["user"] == asked.user_id)
    return request | {"user_status": next(own, request["status"])}


_ONE = "{object_type}/{object_id}"
HANDLERS = {
    "POST assets/v1/approvals/bulk/": answer_many,
    "POST assets/v1/approvals/bulk_remove/": forget_many,
    f"GET assets/v1/{_ONE}/approvals/": list_answers,
    f"PUT assets/v1/{_ONE}/approvals/": give_answer,
    f"DELETE assets/v1/{_ONE}/approvals/": take_answers_back,
    f"DELETE assets/v1/{_ONE}/approvals/external/{{email}}/": take_answers_back,
    f"DELETE assets/v1/{_ONE}/approvals/user/{{user_id}}/": take_answers_back,
    f"POST assets/v1/{_ONE}/approvals/request/": ask,
    f"GET assets/v1/{_ONE}/approvals/request/": read_request,
    f"PUT assets/v1/{_ONE}/approvals/request/": change_request,
    f"PATCH assets/v1/{_ONE}/approvals/request/": change_request,
    f"DELETE assets/v1/{_ONE}/approvals/request/": withdraw,
    f"GET assets/v1/{_ONE}/versions/{{version_id}}/approvals/": list_answers,
    f"GET assets/v1/{_ONE}/versions/{{version_id}}/approvals/request/": read_request,
}
