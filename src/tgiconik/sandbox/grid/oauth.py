"""Trading Grid's OAuth2 token endpoint: client credentials, tokens valid for ten hours.

Source: OpenText's repository BN-Trading-Grid.
"""

from base64 import b64decode
from datetime import timedelta
from secrets import compare_digest, token_urlsafe
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tgiconik.sandbox.credentials import CLIENT_ID, CLIENT_SECRET
from tgiconik.sandbox.grid import errors, times
from tgiconik.sandbox.state import State

#: Lifetime of a token.
LIFETIME: Final = timedelta(hours=10)
_TOKENS: Final = "grid/tokens"


def routes(state: State) -> list[BaseRoute]:
    """The route of `POST /v1/oauth2/tokens?grant_type=client_credentials`."""

    async def create_token(request: Request) -> Response:
        if not _has_valid_secret(request):
            return errors.wrong_key().response()
        if request.query_params.get("grant_type") != "client_credentials":
            return errors.wrong_grant().response()
        token = token_urlsafe(24)
        state.store.put(_TOKENS, token, {"expires_at": times.stamp(state.now() + LIFETIME)})
        return JSONResponse(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": int(LIFETIME.total_seconds()),
            }
        )

    return [Route("/v1/oauth2/tokens", create_token, methods=["POST"])]


def is_authorised(state: State, request: Request) -> bool:
    """Whether a request has a valid access token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    known = state.store.get(_TOKENS, token) if scheme.lower() == "bearer" else None
    return known is not None and times.stamp(state.now()) < known["expires_at"]


def _has_valid_secret(request: Request) -> bool:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        given = b64decode(encoded, validate=True)
    except ValueError:
        return False
    return scheme.lower() == "basic" and compare_digest(
        given, f"{CLIENT_ID}:{CLIENT_SECRET}".encode()
    )
