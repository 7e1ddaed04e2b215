"""Authentication and validation of requests, before a handler runs."""

from collections.abc import Mapping
from secrets import compare_digest
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import QueryParams
from starlette.requests import Request

from tgiconik.community import json_body
from tgiconik.sandbox import credentials
from tgiconik.sandbox.facts import Body, Operation
from tgiconik.sandbox.iconik.kinds import USERS
from tgiconik.sandbox.iconik.request import SERVER_FIELDS, ApiError
from tgiconik.sandbox.iconik.seed import CURRENT_USER
from tgiconik.sandbox.schema import Schemas
from tgiconik.sandbox.store import Store

_FORM = "application/x-www-form-urlencoded"
_FILE = "files/v1/assets/{asset_id}/files/{file_id}"
#: Public clients call these without a body, though the documents require one.
_BODY_IS_OPTIONAL = frozenset({
    f"POST {_FILE}/keyframes/",
    f"POST {_FILE}/mediainfo/",
    "POST files/v1/assets/{asset_id}/proxies/{proxy_id}/keyframes/",
})  # fmt: skip


def authenticate(store: Store, operation: Operation, headers: Mapping[str, str]) -> str:
    """The id of the user whose credentials were sent.

    Operations that need no credentials act as the user of the sandbox's own ones. Credentials that
    are missing or unknown are rejected with 401.
    """
    sent = headers.get("Auth-Token", "")
    user_id = credentials.user_of(sent)
    if user_id is not None and store.get(USERS, user_id) is None:
        user_id = None
    token = credentials.AUTH_TOKEN if user_id is None else sent
    expected = {"App-ID": credentials.APP_ID, "Auth-Token": token}
    for name in sorted(operation.credentials):
        if not compare_digest(headers.get(name, "").encode(), expected[name].encode()):
            raise ApiError(401, f"Invalid or missing {name} header")
    return CURRENT_USER if user_id is None else user_id


def check_query(operation: Operation, query: QueryParams) -> list[str]:
    """Reject with 400 a missing or malformed query parameter.

    Returns:
        Names of unknown query parameters. iconik ignores them; tests check for them.
    """
    problems = [
        f"{name} is a required query parameter."
        for name in sorted(operation.required_query)
        if name not in query
    ]
    problems += [
        f"{name}={value} is not a valid {operation.query[name]['type']}."
        for name, value in query.multi_items()
        if name in operation.query and not _has_type(value, operation.query[name].get("type"))
    ]
    if problems:
        raise ApiError(400, *problems)
    # A placeholder stands for all names with its prefix: `metadata.<field>`.
    prefixes = tuple(name.partition("<")[0] for name in operation.query if "<" in name)
    return [name for name in query if name not in operation.query and not name.startswith(prefixes)]


async def read_body(operation: Operation, schemas: Schemas, request: Request) -> Any:  # noqa: ANN401 - JSON
    """The decoded body; rejected with 400 if it is missing or does not match its schema."""
    if operation.body is None:
        return None
    content = await request.body()
    kind = next(iter(operation.body.schemas))
    if kind not in {"application/json", _FORM}:
        return _raw(operation.body, content)
    if not content:
        if operation.body.required and operation.name not in _BODY_IS_OPTIONAL:
            raise ApiError(400, "The request has no body")
        return None
    value = (
        dict(parse_qsl(content.decode(errors="replace"))) if kind == _FORM else _decoded(content)
    )
    schema = operation.body.schemas[kind]
    problems = list(
        schemas.problems(
            schema,
            value,
            partial=operation.method == "PATCH",
            sent=True,
            unchecked=SERVER_FIELDS,
        )
    )
    if problems:
        raise ApiError(400, *problems)
    # Which version is to be approved is sent, though the documents mark it as read-only.
    keep = {"version_id"} if "/approvals/" in operation.path else ()
    return schemas.as_taken(schema, value, keep=keep)


def _raw(body: Body, content: bytes) -> bytes | None:
    if body.required and not content:
        raise ApiError(400, "The request has no body")
    return content or None


def _decoded(content: bytes) -> object:
    try:
        return json_body.parse(content)
    except ValueError as error:
        raise ApiError(400, "The request's body is not JSON") from error


def _has_type(value: str, type_: object) -> bool:
    if type_ == "integer":
        return value.lstrip("-").isdecimal()
    if type_ == "boolean":
        return value.lower() in {"true", "false"}
    return True
