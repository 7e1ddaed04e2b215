"""The sandbox's credentials. They are public, since they give access to nothing else.

Besides the fixed ones, each partner has credentials for Trading Grid, and each iconik user an
application token, both derived from the id.
"""

from typing import Final

APP_ID = "5a4d0000-0000-4000-8000-00000000a991"
AUTH_TOKEN = "sandbox-auth-token"  # noqa: S105 - opens nothing but the sandbox
CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - opens nothing but the sandbox
COMPANY_ID = "GC22698817YV"

_PARTNER_CLIENT: Final = "sandbox-partner-"


def partner_client(partner_id: str) -> tuple[str, str]:
    """Client id and client secret of a partner, by its company id (BUID)."""
    client_id = f"{_PARTNER_CLIENT}{partner_id}"
    return client_id, f"{client_id}-secret"


def partner_of(client_id: str) -> str | None:
    """The partner whose client id this is, or None."""
    partner_id = client_id.removeprefix(_PARTNER_CLIENT)
    return None if partner_id == client_id else partner_id


def secret_of(client_id: str) -> str | None:
    """The client secret that belongs to a client id; None for an unknown client."""
    if client_id == CLIENT_ID:
        return CLIENT_SECRET
    partner_id = partner_of(client_id)
    return partner_client(partner_id)[1] if partner_id else None


def user_token(user_id: str) -> str:
    """The `Auth-Token` of an iconik user other than that of `AUTH_TOKEN`."""
    return f"{AUTH_TOKEN}-{user_id}"


def user_of(auth_token: str) -> str | None:
    """The iconik user whose own `Auth-Token` this is, or None."""
    user_id = auth_token.removeprefix(f"{AUTH_TOKEN}-")
    return None if user_id == auth_token else user_id
