"""What is not as the published documents have it, on purpose, and why."""

from collections.abc import Mapping
from typing import Final

_NO_ADDRESS: Final = (
    "the facts demand an address of every recipient; who comes by a link has none, as iconik's "
    "tutorials show"
)

#: By what `facts.deviations` says.
EXCEPTIONS: Final[Mapping[str, str]] = {
    "GET assets/v1/{object_type}/{object_id}/shares/{share_id}/: answer users/*: "
    "'email' is a required property": _NO_ADDRESS,
    "GET assets/v1/{object_type}/{object_id}/shares/{share_id}/users/: answer objects/*: "
    "'email' is a required property": _NO_ADDRESS,
}
