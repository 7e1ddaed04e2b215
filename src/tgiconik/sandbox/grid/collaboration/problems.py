"""What the collaboration surface answers when it refuses: RFC 9457 problems, as exceptions."""

import json
from collections.abc import Iterable
from typing import Final

import attrs
from starlette.responses import Response

from tgiconik.sandbox.grid.shapes import Document, Violation

_TYPE: Final = "urn:tgiconik:problem:"

# RFC 9457: the title is the same for every problem of one type.
_TITLES: Final = {
    "illegal-move": "The status cannot move there",
    "claimed": "Somebody else holds the claim",
    "claim-lost": "The claim is not held any more",
    "stale": "It has changed since it was read",
    "precondition-required": "A precondition is needed",
    "idempotency-key-reused": "The idempotency key belongs to another call",
    "invalid": "The content is rejected",
    "not-found": "There is no such thing",
}


class ProblemError(Exception):
    """A call that is refused. Nothing that it did stays done."""

    def __init__(self, status: int, kind: str, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.members: dict[str, object] = {"detail": detail, **members}

    def response(self, instance: str) -> Response:
        """The answer, as `application/problem+json`."""
        known = self.kind in _TITLES
        body: Document = {
            "type": f"{_TYPE}{self.kind}" if known else "about:blank",
            "title": _TITLES[self.kind] if known else self.kind,
            "status": self.status,
            "instance": instance,
            **self.members,
        }
        return Response(json.dumps(body), self.status, media_type="application/problem+json")


def bad_request(detail: str) -> ProblemError:
    """A call that cannot be read at all."""
    return ProblemError(400, "Bad Request", detail)


def bad_parameters(violations: Iterable[Violation]) -> ProblemError:
    """Headers or query parameters that are not of the form asked for."""
    return _invalid(400, violations)


def invalid(violations: Iterable[Violation]) -> ProblemError:
    """A body that can be read but not accepted."""
    return _invalid(422, violations)


def _invalid(status: int, violations: Iterable[Violation]) -> ProblemError:
    errors = [attrs.asdict(violation) for violation in violations]
    detail = "; ".join(f"{error['pointer'] or 'the body'} {error['detail']}" for error in errors)
    return ProblemError(status, "invalid", detail, errors=errors)


def unauthorised() -> ProblemError:
    """No token, or one that is wrong or has run out."""
    return ProblemError(401, "Unauthorized", "the token is missing, wrong or expired")


def unsupported() -> ProblemError:
    """A body of another kind."""
    return ProblemError(415, "Unsupported Media Type", "the body must be application/json")


def not_found(what: str) -> ProblemError:
    """Something that is not there."""
    return ProblemError(404, "not-found", f"there is no {what}")


def stale(detail: str) -> ProblemError:
    """A precondition that does not hold."""
    return ProblemError(412, "stale", detail)


def precondition_required(*headers: str) -> ProblemError:
    """A write that must say what it was decided on."""
    return ProblemError(428, "precondition-required", f"{' or '.join(headers)} is needed")


def claimed(holder: str, expires_at: str) -> ProblemError:
    """A lease of somebody else's that has not run out."""
    return ProblemError(
        409,
        "claimed",
        f"{holder} holds it until {expires_at}",
        holder=holder,
        expires_at=expires_at,
    )


def claim_lost(holder: str) -> ProblemError:
    """A lease that has run out, was given back, or was never store_file."""
    return ProblemError(412, "claim-lost", f"{holder} does not hold the claim")


def key_reused(key: str) -> ProblemError:
    """An idempotency key that was used for something else."""
    return ProblemError(422, "idempotency-key-reused", f"{key} was used for another call")


def illegal_move(status: str, to: str, allowed: Iterable[str]) -> ProblemError:
    """A move that is not in the status machine."""
    return ProblemError(
        409,
        "illegal-move",
        f"{status} does not become {to}",
        **{"from": status, "to": to, "allowed": sorted(allowed)},
    )
