"""The current user, roles of users, and the tokens that a login returns."""

from starlette.responses import Response

from tgiconik.sandbox import credentials, facts
from tgiconik.sandbox.iconik.kinds import USERS, kind
from tgiconik.sandbox.iconik.paging import matching
from tgiconik.sandbox.iconik.request import (
    SYSTEM_DOMAIN_ID,
    ApiError,
    ApiRequest,
    empty,
    json,
    or_404,
    stamp,
)
from tgiconik.sandbox.iconik.seed import CURRENT_USER
from tgiconik.sandbox.storage.signing import LINK_LIFE
from tgiconik.sandbox.store import Document


def read_current(request: ApiRequest) -> Response:
    """Read the current user."""
    return request.respond(_current(request))


def change_current(request: ApiRequest) -> Response:
    """Update the current user."""
    document = (
        _current(request) | request.body | {"id": request.user_id, "date_modified": request.now()}
    )
    request.state.store.put(USERS, request.user_id, document)
    return request.respond(document)


def _current(request: ApiRequest) -> Document:
    return or_404(request.state.store.get(USERS, request.user_id), "The current user")


def read_roles(request: ApiRequest) -> Response:
    """List the roles of a user."""
    id_ = request.ids.get("user_id", request.user_id)
    user = or_404(request.state.store.get(USERS, id_), f"User {id_}")
    matching(request, [])  # refuses filters: a role has no fields
    return request.respond({"objects": roles_of(user)})


def roles_of(user: Document) -> list[str]:
    """The roles of a user: all roles unless the user's document lists some."""
    roles: list[str] = user.get("roles", facts.load().roles)
    return list(roles)


def check_role(request: ApiRequest) -> Response:
    """Check that a user has a role; 404 if not."""
    id_ = request.ids["user_id"]
    user = or_404(request.state.store.get(USERS, id_), f"User {id_}")
    if request.ids["role"] not in roles_of(user):
        raise ApiError(404, f"User {id_} does not have the role {request.ids['role']}")
    return empty(200)


def issue_token(request: ApiRequest) -> Response:
    """Log in. Each user has a single token, which every login returns."""
    is_main = request.user_id == CURRENT_USER
    token = credentials.AUTH_TOKEN if is_main else credentials.user_token(request.user_id)
    seconds = int(request.query.get("expires_in", LINK_LIFE.total_seconds()))
    return request.respond(
        {
            "id": credentials.APP_ID,
            "app_id": credentials.APP_ID,
            "token": token,
            "user_id": request.user_id,
            "expires": stamp(request.state.now() + LINK_LIFE * (seconds / 3600)),
            "date_created": request.now(),
        }
    )


def read_token(request: ApiRequest) -> Response:
    """Check a token: whose it is. The token itself is not repeated."""
    return json(
        {
            "app_id": credentials.APP_ID,
            "user_id": request.user_id,
            "system_domain_id": SYSTEM_DOMAIN_ID,
        }
    )


def read_system_settings(request: ApiRequest) -> Response:
    """Read the account's settings; those that nobody changed are left out."""
    stored = request.state.store.get(kind("settings", "/v1/system/current/"), "") or {}
    return request.respond(stored | {"system_domain_id": SYSTEM_DOMAIN_ID})


def revoke_token(request: ApiRequest) -> Response:
    """Log out. The token stays valid, since all clients of the user share it."""
    return request.respond_empty()


HANDLERS = {
    "GET auth/v1/auth/token/": read_token,
    "GET settings/v1/system/current/": read_system_settings,
    "DELETE auth/v1/auth/token/": revoke_token,
    "DELETE auth/v1/auth/token/{token_id}/": revoke_token,
    "GET users/v1/users/current/": read_current,
    "PUT users/v1/users/current/": change_current,
    "PATCH users/v1/users/current/": change_current,
    "GET users/v1/users/current/roles/": read_roles,
    "GET users/v1/users/{user_id}/roles/": read_roles,
    "GET users/v1/users/{user_id}/roles/{role}/": check_role,
    "POST auth/v1/oauth/token/": issue_token,
    "POST auth/v1/auth/token/": issue_token,
    "PUT auth/v1/auth/token/": issue_token,
    "POST auth/v1/apps/{app_id}/token/": issue_token,
    "POST auth/v1/auth/simple/login/": issue_token,
}
