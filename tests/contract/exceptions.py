"""What is not as the published documents have it, on purpose, and why."""

from collections.abc import Mapping
from typing import Final

_NO_ADDRESS: Final = (
    "the facts demand an address of every recipient; who comes by a link has none, as iconik's "
    "tutorials show"
)
_VERSION: Final = (
    "the documents mark the version of a request for approval, and of an answer to one, as "
    "read-only, and there is no other way to name one that is not current; the client checks in "
    "the answer which version iconik took"
)

#: By what `facts.deviations` says.
EXCEPTIONS: Final[Mapping[str, str]] = {
    "GET assets/v1/{object_type}/{object_id}/shares/{share_id}/: answer users/*: "
    "'email' is a required property": _NO_ADDRESS,
    "GET assets/v1/{object_type}/{object_id}/shares/{share_id}/users/: answer objects/*: "
    "'email' is a required property": _NO_ADDRESS,
    "POST assets/v1/{object_type}/{object_id}/approvals/request/: body version_id: "
    "is the other side's to give": _VERSION,
    "PUT assets/v1/{object_type}/{object_id}/approvals/: body version_id: "
    "is the other side's to give": _VERSION,
}
