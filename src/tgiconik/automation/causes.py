"""Causes: something happened to a subject, so a rule's function is to run for it.

A cause carries an id and never an instruction: the function finds out on the platforms what is to
be done. So a cause may come twice, late, or in another order.
"""

from enum import StrEnum
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._validate import known_word, not_blank
from tgiconik.telemetry import current_traceparent

#: Longer than any id of either platform.
_LONGEST_ID: Final = 200


class CauseKind(StrEnum):
    """The kind of a cause."""

    ASSET_APPROVED = "asset_approved"
    REQUEST = "request"
    ISSUE = "issue"
    TASK_DONE = "task_done"
    RECEIPT = "receipt"
    TIME = "time"


_COLLECTIONS: Final = {
    CauseKind.ASSET_APPROVED: "assets",
    CauseKind.REQUEST: "requests",
    CauseKind.ISSUE: "issues",
    CauseKind.TASK_DONE: "projects",
    CauseKind.RECEIPT: "documents",
    CauseKind.TIME: "timetable",
}


def _kind(value: str) -> CauseKind:
    return known_word(value, "the kind of a cause", CauseKind)


def _is_an_id(_: object, field: "attrs.Attribute[str]", value: str) -> None:
    not_blank(value, field.name)
    if len(value) > _LONGEST_ID or not value.isprintable():
        raise errors.ConfigurationError(
            f"{field.name} must be at most {_LONGEST_ID} printable characters"
        )


@attrs.frozen
class Cause:
    """Something that happened to one subject.

    Attributes:
        kind: what happened.
        id: passed to the rule's function: the id of the asset, request or issue; for `TASK_DONE`
            the id of the project, for `RECEIPT` the id of the document, for `TIME` the name of the
            rule.
        request_kind: the kind of the request, for `REQUEST`; such as `media_request`.
        traceparent: the trace that the run continues, as W3C Trace Context writes it; default: the
            current one. Causes that differ in it alone are equal.

    Raises:
        ConfigurationError: an unknown kind, an id that is blank, not printable or longer than 200
            characters, or a request without its kind.
    """

    kind: CauseKind = attrs.field(converter=_kind)
    id: str = attrs.field(validator=_is_an_id)
    request_kind: str | None = None
    traceparent: str | None = attrs.field(
        factory=current_traceparent, eq=False, repr=False, kw_only=True
    )

    def __attrs_post_init__(self) -> None:
        if (self.kind is CauseKind.REQUEST) != (self.request_kind is not None):
            raise errors.ConfigurationError(
                "request_kind is given for causes of the kind request, and for no others"
            )

    @property
    def subject(self) -> str:
        """Collection and id, such as `requests/REQ-1042`. Runs of one subject never overlap."""
        return f"{_COLLECTIONS[self.kind]}/{self.id}"
