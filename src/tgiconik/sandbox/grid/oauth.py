"""Trading Grid's OAuth2 token endpoint: client credentials, tokens valid for ten hours.

Source: OpenText's repository BN-Trading-Grid. That each partner has credentials of its own is the
sandbox's addition.
"""

from base64 import b64decode
from datetime import timedelta
from secrets import compare_digest, token_urlsafe
from typing import Final

import attrs
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tgiconik.community import times
from tgiconik.sandbox import credentials
from tgiconik.sandbox.grid import errors
from tgiconik.sandbox.state import State

#: Lifetime of a token.
LIFETIME: Final = timedelta(hours=10)
_TOKENS: Final = "grid/tokens"


def routes(state: State) -> list[BaseRoute]:
    """The route of `POST /v1/oauth2/tokens?grant_type=client_credentials`."""

    async def create_token(request: Request) -> Response:
        client_id = _valid_client_id(request)
        if client_id is None:
            return errors.wrong_key().response()
        if request.query_params.get("grant_type") != "client_credentials":
            return errors.wrong_grant().response()
        token = token_urlsafe(24)
        state.store.put(
            _TOKENS,
            token,
            {
                "expires_at": times.stamp(state.now() + LIFETIME),
                "partner_id": credentials.partner_of(client_id),
            },
        )
        return JSONResponse(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": int(LIFETIME.total_seconds()),
            }
        )

    return [Route("/v1/oauth2/tokens", create_token, methods=["POST"])]


@attrs.frozen
class Token:
    """An access token: an operator's, or that of a partner."""

    partner_id: str | None


def token_of(state: State, request: Request) -> Token | None:
    """The valid access token of a request, or None."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    known = state.store.get(_TOKENS, token) if scheme.lower() == "bearer" else None
    if known is None or known["expires_at"] <= times.stamp(state.now()):
        return None
    return Token(known.get("partner_id"))


def check_operator(state: State, request: Request) -> None:
    """Check that an operator calls: the surfaces that OpenText publishes are not for partners.

    Raises:
        GatewayError: 401, no valid token; 403, a partner's token.
    """
    token = token_of(state, request)
    if token is None:
        raise errors.wrong_token()
    if token.partner_id is not None:
        raise errors.forbidden()


def _valid_client_id(request: Request) -> str | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        client_id, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    known = credentials.secret_of(client_id)
    if scheme.lower() != "basic" or known is None:
        return None
    return client_id if compare_digest(secret.encode(), known.encode()) else None
