"""iconik's eventually consistent operations: the answers that `Late` delays."""

from collections.abc import Mapping
from typing import Final

from tgiconik.sandbox.facts import Operation
from tgiconik.sandbox.iconik.kinds import (
    APPROVALS,
    ASSETS,
    COLLECTIONS,
    CONTENTS,
    FORMATS,
    PARTS,
    SEGMENTS,
    SHARES,
    VALUES,
)
from tgiconik.sandbox.late import Kind, as_read
from tgiconik.sandbox.state import State

#: The documents that an answer shows late. Documents that its path names are not among them, so
#: that a new collection has a list of contents at once.
_DOCUMENTS: Final[Mapping[Kind, frozenset[str]]] = {
    "contents": frozenset({CONTENTS, ASSETS, VALUES, APPROVALS, FORMATS}),
    "metadata": frozenset({VALUES}),
    "search": frozenset(
        {ASSETS, COLLECTIONS, CONTENTS, VALUES, APPROVALS, SEGMENTS, *PARTS.values()}
    ),
    "shares": frozenset({SHARES}),
}
_OPERATIONS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "contents": (
        "GET assets/v1/collections/{collection_id}/content/info/",
        "GET assets/v1/collections/{collection_id}/contents/",
    ),
    "metadata": (
        "GET metadata/v1/{object_type}/{object_id}/",
        "GET metadata/v1/{object_type}/{object_id}/views/{view_id}/",
        "GET metadata/v1/assets/{asset_id}/versions/{version_id}/views/{view_id}/",
        "GET metadata/v1/assets/{asset_id}/{object_type}/{object_id}/views/{view_id}/",
    ),
    "search": (
        "POST search/v1/search/",
        "POST search/v2/search/",
        "GET search/v1/search/history/{search_history_id}/",
        "GET search/v1/search/saved/{search_id}/",
    ),
    "shares": (
        "GET assets/v1/shares/",
        "GET assets/v1/shares/all/",
        "GET assets/v1/assets/{asset_id}/shares/all/",
        "GET assets/v1/collections/{collection_id}/shares/all/",
        "GET assets/v1/{object_type}/{object_id}/shares/",
    ),
}
_KIND_OF: Final[Mapping[str, Kind]] = {
    name: kind for kind, names in _OPERATIONS.items() for name in names
}


def as_read_by(state: State, operation: Operation) -> State:
    """The state that an operation reads: late if its answers are."""
    kind = _KIND_OF.get(operation.name)
    return state if kind is None else as_read(state, kind, _DOCUMENTS[kind])
