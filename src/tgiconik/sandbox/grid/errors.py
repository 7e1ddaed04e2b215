"""Errors of Trading Grid itself, in the shape of OpenText's API gateway.

Error bodies are not published for this host; the shape, and the code for a wrong key, were seen in
OpenText's developer forum. The other codes are the sandbox's own words.
"""

from starlette.responses import JSONResponse, Response


class GatewayError(Exception):
    """A call that is refused."""

    def __init__(self, status: int, text: str, code: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code

    def response(self) -> Response:
        """The answer."""
        return JSONResponse(
            {"fault": {"faultstring": str(self), "detail": {"errorcode": self.code}}}, self.status
        )


def wrong_key() -> GatewayError:
    """Credentials that nobody has."""
    return GatewayError(401, "Invalid client credentials", "oauth.v2.InvalidApiKey")


def wrong_grant() -> GatewayError:
    """Another way to get a token than client credentials."""
    return GatewayError(400, "Unsupported grant type", "oauth.v2.UnsupportedGrantType")


def wrong_token() -> GatewayError:
    """No token, or one that is wrong or has run out."""
    return GatewayError(401, "Invalid access token", "oauth.v2.InvalidAccessToken")


def not_found(what: str) -> GatewayError:
    """Something that is not there."""
    return GatewayError(404, f"There is no {what}", "sandbox.NotFound")


def conflict(text: str) -> GatewayError:
    """Something that is there already."""
    return GatewayError(409, text, "sandbox.Conflict")


def bad_request(text: str) -> GatewayError:
    """A call that is not as published."""
    return GatewayError(400, text, "sandbox.BadRequest")
