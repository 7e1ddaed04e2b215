"""Error responses of the collaboration contract: RFC 9457 problems, as exceptions."""

import json
from collections.abc import Iterable
from typing import Final

import attrs
from starlette.responses import Response

from tgiconik import errors
from tgiconik.community.shapes import Document, Violation

_TYPE: Final = "urn:tgiconik:problem:"
_UNAVAILABLE: Final = 503

# RFC 9457: the title is the same for all problems of a type.
_TITLES: Final = {
    "illegal-move": "The status cannot move there",
    "claimed": "Somebody else holds the claim",
    "claim-lost": "The claim is not held any more",
    "stale": "It has changed since it was read",
    "precondition-required": "A precondition is required",
    "idempotency-key-reused": "The idempotency key belongs to another call",
    "invalid": "The content is rejected",
    "not-found": "There is no such thing",
    "forbidden": "The caller may not do this",
    "store": "The database did not do it",
}


class ProblemError(Exception):
    """An error response. All writes of the call are rolled back."""

    def __init__(self, status: int, kind: str, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.members: dict[str, object] = {"detail": detail, **members}
        self.headers: dict[str, str] = {}

    def response(self, instance: str) -> Response:
        """The response, as `application/problem+json`."""
        known = self.kind in _TITLES
        body: Document = {
            "type": f"{_TYPE}{self.kind}" if known else "about:blank",
            "title": _TITLES[self.kind] if known else self.kind,
            "status": self.status,
            "instance": instance,
            **self.members,
        }
        return Response(
            json.dumps(body), self.status, self.headers, media_type="application/problem+json"
        )


def of_store(error: errors.StoreError) -> ProblemError:
    """The database failed, and nothing was changed unless the call had been made before."""
    match error:
        case errors.StoreUnavailable():
            status = _UNAVAILABLE
        case errors.StoreNotWritable():
            status = 507
        case _:
            status = 500
    return ProblemError(status, "store", str(error), retryable=status == _UNAVAILABLE)


def bad_request(detail: str) -> ProblemError:
    """The call cannot be parsed."""
    return ProblemError(400, "Bad Request", detail)


def bad_parameters(violations: Iterable[Violation]) -> ProblemError:
    """Headers or query parameters are invalid."""
    return _invalid(400, violations)


def invalid(violations: Iterable[Violation]) -> ProblemError:
    """The body is parseable but invalid."""
    return _invalid(422, violations)


def _invalid(status: int, violations: Iterable[Violation]) -> ProblemError:
    errors = [attrs.asdict(violation) for violation in violations]
    detail = "; ".join(f"{error['pointer'] or 'the body'} {error['detail']}" for error in errors)
    return ProblemError(status, "invalid", detail, errors=errors)


def unauthorised(detail: str = "the token is missing, wrong or expired") -> ProblemError:
    """The access token is missing, wrong or expired."""
    problem = ProblemError(401, "Unauthorized", detail)
    # RFC 9110 and RFC 6750: it names the way to say who calls.
    problem.headers["WWW-Authenticate"] = "Bearer"
    return problem


def too_large(most: int) -> ProblemError:
    """The body is longer than the server reads."""
    problem = ProblemError(
        413, "Content Too Large", f"the body has more than {most} bytes; send less at a time"
    )
    # What is left of the body is not read.
    problem.headers["Connection"] = "close"
    return problem


def too_many(seconds: int) -> ProblemError:
    """The caller has made its calls of this moment already."""
    problem = ProblemError(
        429, "Too Many Requests", f"too many calls with this key; go on in {seconds} s"
    )
    problem.headers["Retry-After"] = str(seconds)
    return problem


def misdirected() -> ProblemError:
    """The request names a host that the community is not served as."""
    return ProblemError(
        421,
        "Misdirected Request",
        "this community is not served by that name; --allow-host adds a name",
    )


def forbidden(detail: str) -> ProblemError:
    """The caller is a partner, and this is for operators of the company."""
    return ProblemError(403, "forbidden", detail)


def unsupported() -> ProblemError:
    """The body has another content type than JSON."""
    return ProblemError(415, "Unsupported Media Type", "the body must be application/json")


def not_found(what: str) -> ProblemError:
    """The resource does not exist."""
    return ProblemError(404, "not-found", f"there is no {what}")


def stale(detail: str) -> ProblemError:
    """A precondition failed."""
    return ProblemError(412, "stale", detail)


def precondition_required(*headers: str) -> ProblemError:
    """A precondition header is required."""
    return ProblemError(428, "precondition-required", f"{' or '.join(headers)} is required")


def claimed(holder: str, expires_at: str) -> ProblemError:
    """Somebody else holds an unexpired lease."""
    return ProblemError(
        409,
        "claimed",
        f"{holder} holds it until {expires_at}",
        holder=holder,
        expires_at=expires_at,
    )


def claim_lost(holder: str) -> ProblemError:
    """The caller's lease has expired, was released, or was never taken."""
    return ProblemError(412, "claim-lost", f"{holder} does not hold the claim")


def key_reused(key: str) -> ProblemError:
    """The idempotency key was used for another call."""
    return ProblemError(422, "idempotency-key-reused", f"{key} was used for another call")


def illegal_move(status: str, to: str, allowed: Iterable[str]) -> ProblemError:
    """The status machine does not allow this transition."""
    return ProblemError(
        409,
        "illegal-move",
        f"{status} does not become {to}",
        **{"from": status, "to": to, "allowed": sorted(allowed)},
    )
