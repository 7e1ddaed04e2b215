"""Error responses of Trading Grid's own APIs, in the format of OpenText's API gateway.

OpenText does not publish error bodies for this host. The format, and the code of a wrong key, are
from its developer forum; the other codes are the sandbox's.
"""

from starlette.responses import JSONResponse, Response


class GatewayError(Exception):
    """An error response."""

    def __init__(self, status: int, text: str, code: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code

    def response(self) -> Response:
        """The response."""
        return JSONResponse(
            {"fault": {"faultstring": str(self), "detail": {"errorcode": self.code}}}, self.status
        )


def wrong_key() -> GatewayError:
    """The client credentials are unknown."""
    return GatewayError(401, "Invalid client credentials", "oauth.v2.InvalidApiKey")


def wrong_grant() -> GatewayError:
    """The grant type is not client credentials."""
    return GatewayError(400, "Unsupported grant type", "oauth.v2.UnsupportedGrantType")


def wrong_token() -> GatewayError:
    """The access token is missing, wrong or expired."""
    return GatewayError(401, "Invalid access token", "oauth.v2.InvalidAccessToken")


def forbidden() -> GatewayError:
    """The access token is a partner's."""
    return GatewayError(403, "Not allowed with a partner's access token", "sandbox.Forbidden")


def not_found(what: str) -> GatewayError:
    """The resource does not exist."""
    return GatewayError(404, f"There is no {what}", "sandbox.NotFound")


def conflict(text: str) -> GatewayError:
    """The resource exists already."""
    return GatewayError(409, text, "sandbox.Conflict")


def bad_request(text: str) -> GatewayError:
    """The request is not as documented."""
    return GatewayError(400, text, "sandbox.BadRequest")
