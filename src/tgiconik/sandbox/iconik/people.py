"""Who the credentials stand for, their roles, and the tokens that log-ins answer."""

from starlette.responses import Response

from tgiconik.sandbox import credentials, facts
from tgiconik.sandbox.iconik.asked import Asked, Refused, found, stamp
from tgiconik.sandbox.iconik.kinds import USERS
from tgiconik.sandbox.storage.signing import LINK_LIFE
from tgiconik.sandbox.store import Document


def read_current(asked: Asked) -> Response:
    """The person that the credentials stand for."""
    return asked.fit(_current(asked))


def change_current(asked: Asked) -> Response:
    """Change one's own record."""
    document = _current(asked) | asked.body | {"id": asked.user_id, "date_modified": asked.now()}
    asked.state.store.put(USERS, asked.user_id, document)
    return asked.fit(document)


def _current(asked: Asked) -> Document:
    return found(asked.state.store.get(USERS, asked.user_id), "The current user")


def read_roles(asked: Asked) -> Response:
    """The roles of a user: the sandbox's own user has all that the facts know."""
    id_ = asked.ids.get("user_id", asked.user_id)
    user = found(asked.state.store.get(USERS, id_), f"User {id_}")
    return asked.fit({"objects": roles_of(user)})


def roles_of(user: Document) -> list[str]:
    """The roles that a user has: all, unless the record lists some."""
    roles: list[str] = user.get("roles", facts.load().roles)
    return list(roles)


def check_role(asked: Asked) -> Response:
    """Whether a user has a role; 404 when not."""
    id_ = asked.ids["user_id"]
    user = found(asked.state.store.get(USERS, id_), f"User {id_}")
    if asked.ids["role"] not in roles_of(user):
        raise Refused(404, f"User {id_} does not have the role {asked.ids['role']}")
    return Response(status_code=200)


def give_token(asked: Asked) -> Response:
    """Log in: the sandbox has one token, which everybody gets."""
    seconds = int(asked.query.get("expires_in", LINK_LIFE.total_seconds()))
    return asked.fit(
        {
            "id": credentials.APP_ID,
            "app_id": credentials.APP_ID,
            "token": credentials.AUTH_TOKEN,
            "user_id": asked.user_id,
            "expires": stamp(asked.state.now() + LINK_LIFE * (seconds / 3600)),
            "date_created": asked.now(),
        }
    )


def forget_token(asked: Asked) -> Response:
    """Log out: nothing changes, for everybody has the one token."""
    return asked.empty()


HANDLERS = {
    "DELETE auth/v1/auth/token/": forget_token,
    "DELETE auth/v1/auth/token/{token_id}/": forget_token,
    "GET users/v1/users/current/": read_current,
    "PUT users/v1/users/current/": change_current,
    "PATCH users/v1/users/current/": change_current,
    "GET users/v1/users/current/roles/": read_roles,
    "GET users/v1/users/{user_id}/roles/": read_roles,
    "GET users/v1/users/{user_id}/roles/{role}/": check_role,
    "POST auth/v1/oauth/token/": give_token,
    "POST auth/v1/auth/token/": give_token,
    "PUT auth/v1/auth/token/": give_token,
    "POST auth/v1/apps/{app_id}/token/": give_token,
    "POST auth/v1/auth/simple/login/": give_token,
}
