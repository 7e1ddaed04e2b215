"""Approvals: one approval request per asset version, with a status from each reviewer.

The overall status is derived from the reviewers': APPROVED with enough approvals, MIXED with
approvals and rejections, NOT_APPROVED with rejections only, otherwise REQUESTED.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import Response

from tgiconik.sandbox.iconik import objects
from tgiconik.sandbox.iconik.history import record
from tgiconik.sandbox.iconik.kinds import APPROVALS
from tgiconik.sandbox.iconik.paging import list_response
from tgiconik.sandbox.iconik.request import ApiRequest, empty, new_id, or_404, stamp
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document


def overall(statuses: Iterable[str], min_number: int) -> str:
    """The overall status that follows from the reviewers' statuses."""
    given = list(statuses)
    approved, refused = given.count("APPROVED"), given.count("NOT_APPROVED")
    if approved and refused:
        return "MIXED"
    if refused:
        return "NOT_APPROVED"
    return "APPROVED" if approved >= min_number else "REQUESTED"


def of(state: State, type_: str, id_: str, version_id: str | None) -> Document | None:
    """The approval request of an object or asset version, or None."""
    return state.store.get(APPROVALS, _key(type_, id_, version_id))


def current_version(state: State, type_: str, id_: str) -> str | None:
    """The version to approve: an asset's current version, None for other objects."""
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
    """Create an approval request; it replaces an earlier one of the same version."""
    moment = stamp(state.now())
    approval = {
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
    return _put(state, approval)


def answer(
    state: State,
    approval: Document,
    status: str,
    *,
    user: str | None = None,
    external: str | None = None,
) -> Document:
    """Record a reviewer's status, which replaces that reviewer's earlier one.

    Returns:
        The stored answer of the reviewer.
    """
    row = {
        "object_type": approval["object_type"],
        "object_id": approval["object_id"],
        "version_id": approval["version_id"],
        "user": user,
        "external": external,
        "status": status,
        "change_date": stamp(state.now()),
    }
    others = [
        each
        for each in approval["approvals_by"]
        if (each["user"], each["external"]) != (user, external)
    ]
    _put(state, approval | {"approvals_by": [*others, row]})
    if approval["object_type"] == "assets" and status in _OPERATIONS:
        record(
            state,
            approval["object_id"],
            _OPERATIONS[status],
            user_id=user,
            version_id=approval["version_id"],
        )
    return row


_OPERATIONS = {"APPROVED": "APPROVE", "NOT_APPROVED": "REJECT"}


def _put(state: State, approval: Document) -> Document:
    statuses = (row["status"] for row in approval["approvals_by"])
    approval["status"] = overall(statuses, approval["min_number"])
    approval["change_date"] = stamp(state.now())
    type_, id_ = approval["object_type"], approval["object_id"]
    state.store.put(
        APPROVALS, _key(type_, id_, approval["version_id"]), approval, parent=f"{type_}/{id_}"
    )
    return approval


def _key(type_: str, id_: str, version_id: str | None) -> str:
    return f"{type_}/{id_}/{version_id or ''}"


def request_approval(request: ApiRequest) -> Response:
    """Request approval; for a collection the response is 202, as for a job."""
    type_, id_ = objects.path_object(request)
    body: Mapping[str, Any] = request.body
    version_id = body.get("version_id") or current_version(request.state, type_, id_)
    approval = make(request.state, type_, id_, version_id, body, user_id=request.user_id)
    if type_ == "collections":
        return request.respond({"job_id": new_id()}, status=202)
    return request.respond(_with_user_status(request, approval), status=201)


def read_request(request: ApiRequest) -> Response:
    """Read the approval request and its status."""
    return request.respond(_with_user_status(request, _request(request)))


def change_request(request: ApiRequest) -> Response:
    """Change the reviewers or the number of approvals needed."""
    names = ("users", "groups", "externals", "min_number")
    changes = {name: request.body[name] for name in names if request.body.get(name) is not None}
    return request.respond(
        _with_user_status(request, _put(request.state, _request(request) | changes))
    )


def withdraw(request: ApiRequest) -> Response:
    """Delete the approval request and its answers."""
    approval = _request(request)
    key = _key(approval["object_type"], approval["object_id"], approval["version_id"])
    request.state.store.delete(APPROVALS, key)
    return request.respond_empty()


def list_answers(request: ApiRequest) -> Response:
    """List the reviewers' statuses; empty if no approval was requested."""
    type_, id_, version_id = _place(request)
    approval = of(request.state, type_, id_, version_id)
    return list_response(request, [] if approval is None else approval["approvals_by"])


def set_answer(request: ApiRequest) -> Response:
    """Record a reviewer's status: the caller's unless the body names another reviewer."""
    body: Mapping[str, Any] = request.body
    external = body.get("external")
    user = body.get("user") or (None if external else request.user_id)
    approval = _request(request)
    status = body.get("status") or "REQUESTED"
    row = answer(request.state, approval, status, user=user, external=external)
    return request.respond(row)


def withdraw_answers(request: ApiRequest) -> Response:
    """Delete all reviewers' answers, or only those of the reviewer in the path."""
    approval = _request(request)
    user, external = request.ids.get("user_id"), request.ids.get("email")
    kept = [
        row
        for row in approval["approvals_by"]
        if (user or external) and (row["user"], row["external"]) != (user, external)
    ]
    _put(request.state, approval | {"approvals_by": kept})
    return request.respond_empty()


def answer_many(request: ApiRequest) -> Response:
    """Record the caller's status for several objects, with or without an approval request."""
    type_ = request.body["object_type"]
    for id_ in request.body["object_ids"]:
        version_id = current_version(request.state, type_, id_)
        approval = of(request.state, type_, id_, version_id) or make(
            request.state, type_, id_, version_id, {}, user_id=request.user_id
        )
        answer(request.state, approval, request.body["status"], user=request.user_id)
    return empty(200)


def delete_many(request: ApiRequest) -> Response:
    """Delete the approval requests of several objects."""
    type_ = request.body["object_type"]
    for id_ in request.body["object_ids"]:
        version_id = current_version(request.state, type_, id_)
        request.state.store.delete(APPROVALS, _key(type_, id_, version_id))
    return empty(200)


def _place(request: ApiRequest) -> tuple[str, str, str | None]:
    type_, id_ = objects.path_object(request)
    if "version_id" in request.ids:
        if type_ == "assets":
            objects.version(objects.asset(request.state, id_), request.ids["version_id"])
        return type_, id_, request.ids["version_id"]
    sent = request.body.get("version_id") if isinstance(request.body, Mapping) else None
    return type_, id_, sent or current_version(request.state, type_, id_)


def _request(request: ApiRequest) -> Document:
    type_, id_, version_id = _place(request)
    return or_404(
        of(request.state, type_, id_, version_id), f"An approval request of {type_} {id_}"
    )


def _with_user_status(request: ApiRequest, approval: Document) -> Document:
    """The approval request with the caller's own status."""
    own = (r["status"] for r in approval["approvals_by"] if r["user"] == request.user_id)
    return approval | {"user_status": next(own, approval["status"])}


_ONE = "{object_type}/{object_id}"
HANDLERS = {
    "POST assets/v1/approvals/bulk/": answer_many,
    "POST assets/v1/approvals/bulk_remove/": delete_many,
    f"GET assets/v1/{_ONE}/approvals/": list_answers,
    f"PUT assets/v1/{_ONE}/approvals/": set_answer,
    f"DELETE assets/v1/{_ONE}/approvals/": withdraw_answers,
    f"DELETE assets/v1/{_ONE}/approvals/external/{{email}}/": withdraw_answers,
    f"DELETE assets/v1/{_ONE}/approvals/user/{{user_id}}/": withdraw_answers,
    f"POST assets/v1/{_ONE}/approvals/request/": request_approval,
    f"GET assets/v1/{_ONE}/approvals/request/": read_request,
    f"PUT assets/v1/{_ONE}/approvals/request/": change_request,
    f"PATCH assets/v1/{_ONE}/approvals/request/": change_request,
    f"DELETE assets/v1/{_ONE}/approvals/request/": withdraw,
    f"GET assets/v1/{_ONE}/versions/{{version_id}}/approvals/": list_answers,
    f"GET assets/v1/{_ONE}/versions/{{version_id}}/approvals/request/": read_request,
}
