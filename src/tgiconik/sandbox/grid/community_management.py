"""Community Management Services: companies, partner directory, users, roles, entitlements.

Source of paths, parameters and bodies: OpenText's repository BN-Trading-Grid. Responses are not
published. In the sandbox, lists are JSON arrays, entries have the field names that requests use,
searches match substrings, and a new user needs only a loginId and a password.
"""

from collections.abc import Awaitable, Callable, Mapping
from secrets import token_hex
from typing import Final, TypeAlias

import attrs
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from tgiconik.community import json_body
from tgiconik.community.routing import routes_by_path
from tgiconik.community.shapes import (
    Check,
    Document,
    Field,
    Json,
    Shape,
    Violation,
    list_of,
    one_of,
    some_of,
    text,
)
from tgiconik.sandbox.grid import errors, oauth
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Store

#: Kinds of the documents in the store. Partners and users have their company as parent.
COMPANIES: Final = "grid/companies"
DIRECTORY: Final = "grid/directory"
USERS: Final = "grid/users"

_LISTED: Final = ("userId", "loginId", "email", "lastName", "firstName")
#: Fields of a user that are accepted but not stored.
_SECRETS: Final = frozenset({"loginPassword", "userPasswordHint"})


def _details(*names: str) -> Shape:
    return some_of({name: text() for name in names})


_CHANGEABLE: Final[Mapping[str, Check]] = {
    "firstName": text(),
    "lastName": text(),
    "address": _details(
        "addressLine1", "addressLine2", "city", "state", "postalCode", "countryCode"
    ),
    "contactInformation": _details(
        "email", "faxNumber", "mobile", "phoneNumber", "phoneNumberExtention"
    ),
}
_YES_OR_NO: Final = one_of(("Yes", "No"))
_GIVEN_ONCE: Final[Mapping[str, Check]] = {
    "loginId": text(least=1),
    "loginPassword": text(least=1),
    "isConsentClause": _YES_OR_NO,
    "isDayLightSavingsTimeObserved": _YES_OR_NO,
    "isRequiredOpenTextMarketingMaterials": _YES_OR_NO,
    "preferredDateFormat": text(),
    "preferredLanguage": text(),
    "preferredTimezone": text(),
    "type": text(),
    "userPasswordHint": some_of(
        {f"pwdHintQuestionAnswer{number}": _details("question", "answer") for number in range(1, 7)}
    ),
}
#: The bodies as published; none of their fields is documented as required.
_USER_UPDATE: Final = some_of(_CHANGEABLE)
_USER_CREATE: Final = some_of({**_CHANGEABLE, **_GIVEN_ONCE})
#: Role names are a company's own: OpenText's collection sends several that end in "custom".
_ROLES: Final = list_of(Shape({"roleName": Field(text(least=1, most=200, pattern=r".*\S.*"))}))


@attrs.frozen
class _Request:
    """The input of a handler."""

    store: Store
    ids: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes

    @property
    def company_id(self) -> str:
        return self.ids["company_id"]

    def body(self, check: Check) -> Json:
        wrong: list[Violation] = []
        try:
            body = check(json_body.parse(self.content), "", wrong)
        except ValueError as error:
            raise errors.bad_request(f"The body is not JSON: {error}") from error
        if wrong:
            raise errors.bad_request("; ".join(f"{one.pointer} {one.detail}" for one in wrong))
        return body


_Handler: TypeAlias = Callable[[_Request], Response]


def routes(state: State) -> list[BaseRoute]:
    """The routes of all published operations."""
    base = "/TGCommunityServices/v1"
    company = base + "/companies/{company_id}"
    table: list[tuple[str, str, _Handler]] = [
        ("GET", company, _get_company),
        ("GET", company + "/partnerDirectory", _list_partners),
        ("GET", company + "/entitlements", _list_company_entitlements),
        ("GET", company + "/users", _list_users),
        ("POST", company + "/users", _create_user),
        ("GET", company + "/users/{user_id}", _get_user),
        ("PUT", company + "/users/{user_id}", _update_user),
        ("DELETE", company + "/users/{user_id}", _delete_user),
        ("GET", company + "/users/{login_id}/roles", _list_roles),
        ("PUT", company + "/users/{login_id}/roles", _change_roles),
        ("GET", base + "/users/{login_id}/entitlements", _list_user_entitlements),
    ]
    return routes_by_path((method, path, _endpoint(state, act)) for method, path, act in table)


def _endpoint(state: State, handler: _Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        content = await request.body()
        try:
            oauth.check_operator(state, request)
            return handler(
                _Request(state.store, request.path_params, request.query_params, content)
            )
        except errors.GatewayError as error:
            return error.response()

    return answer


def _get_company(call: _Request) -> Response:
    company = _company(call)
    return JSONResponse({name: company[name] for name in ("companyId", "companyName")})


def _list_partners(call: _Request) -> Response:
    _company(call)
    wanted = {
        name: call.query.get(name, "").casefold()
        for name in ("partnerCompanyName", "partnerCompanyId", "tradingAddress")
    }
    return JSONResponse(
        [
            partner
            for partner in call.store.list(DIRECTORY, parent=call.company_id)
            if all(text in partner[name].casefold() for name, text in wanted.items())
        ]
    )


def _list_company_entitlements(call: _Request) -> Response:
    return JSONResponse(_company(call)["entitlements"])


def _list_user_entitlements(call: _Request) -> Response:
    users = call.store.list(USERS)
    user = next((user for user in users if user["loginId"] == call.ids["login_id"]), None)
    company = call.store.get(COMPANIES, user["companyId"]) if user else None
    if company is None:
        raise errors.not_found(f"user {call.ids['login_id']}")
    return JSONResponse(company["entitlements"])


def _list_users(call: _Request) -> Response:
    wanted = call.query.get("loginId", "").casefold()
    return JSONResponse(
        [
            {name: shown[name] for name in _LISTED if name in shown}
            for shown in map(_shown, _users(call))
            if wanted in shown["loginId"].casefold()
        ]
    )


def _create_user(call: _Request) -> Response:
    _company(call)
    body = call.body(_USER_CREATE)
    if missing := [name for name in ("loginId", "loginPassword") if name not in body]:
        raise errors.bad_request(f"{' and '.join(missing)} must be given")
    if any(user["loginId"] == body["loginId"] for user in call.store.list(USERS)):
        raise errors.conflict(f"The loginId {body['loginId']} is taken")
    user_id = f"GCP{token_hex(5).upper()}"
    known = {name: value for name, value in body.items() if name not in _SECRETS}
    _put(call, {**known, "userId": user_id, "companyId": call.company_id, "roles": []})
    return JSONResponse({"uniqueId": user_id})


def _get_user(call: _Request) -> Response:
    return JSONResponse(_shown(_user(call, "userId", "loginId")))


def _update_user(call: _Request) -> Response:
    user = _user(call, "userId")
    for name, value in call.body(_USER_UPDATE).items():
        user[name] = {**user.get(name, {}), **value} if isinstance(value, dict) else value
    _put(call, user)
    return Response()


def _delete_user(call: _Request) -> Response:
    call.store.delete(USERS, _user(call, "userId")["userId"])
    return Response()


def _list_roles(call: _Request) -> Response:
    return JSONResponse([{"roleName": name} for name in _user(call, "loginId")["roles"]])


def _change_roles(call: _Request) -> Response:
    user = _user(call, "loginId")
    named = [role["roleName"] for role in call.body(_ROLES)]
    match call.query.get("action"):
        case "Add":
            user["roles"] = list(dict.fromkeys([*user["roles"], *named]))
        case "Remove":
            user["roles"] = [role for role in user["roles"] if role not in named]
        case other:
            raise errors.bad_request(f"The action is Add or Remove, not {other}")
    _put(call, user)
    return Response()


def _company(call: _Request) -> Document:
    company = call.store.get(COMPANIES, call.company_id)
    if company is None:
        raise errors.not_found(f"company {call.company_id}")
    return company


def _users(call: _Request) -> list[Document]:
    _company(call)
    return call.store.list(USERS, parent=call.company_id)


def _user(call: _Request, *ids: str) -> Document:
    """The user with one of the ids in the path."""
    named = call.ids.get("user_id", call.ids.get("login_id"))
    for user in _users(call):
        if named in {user[name] for name in ids}:
            return user
    raise errors.not_found(f"user {named}, by {' or '.join(ids)}")


def _shown(user: Document) -> Document:
    shown = {name: value for name, value in user.items() if name != "roles"}
    if "email" in user.get("contactInformation", {}):
        shown["email"] = user["contactInformation"]["email"]
    return shown


def _put(call: _Request, user: Document) -> None:
    call.store.put(USERS, user["userId"], user, parent=call.company_id)
