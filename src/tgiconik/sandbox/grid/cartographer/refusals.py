"""Refusals of Cartographer: `{status, message, error-code}`, as published.

The published collection has the statuses 400, 401, 403, 404 and 500, and no words for `status` and
`error-code`: those here are the sandbox's.
"""

from http import HTTPStatus

from starlette.responses import JSONResponse, Response


class CartographerError(Exception):
    """A refused request."""

    def __init__(self, status: int, message: str, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self, *, allow: str | None = None) -> Response:
        """The response; `allow` has the methods of the path."""
        body = {
            "status": HTTPStatus(self.status).name,
            "message": str(self),
            "error-code": self.code,
        }
        return JSONResponse(body, self.status, headers={"Allow": allow} if allow else None)


def bad_request(message: str) -> CartographerError:
    """The request is not as published, or an entity's rules refuse it."""
    return CartographerError(400, message, "sandbox.BadRequest")


def forbidden(message: str) -> CartographerError:
    """The caller may not do that."""
    return CartographerError(403, message, "sandbox.Forbidden")


def not_found(subject: str) -> CartographerError:
    """There is no such thing."""
    return CartographerError(404, f"There is no {subject}", "sandbox.NotFound")
