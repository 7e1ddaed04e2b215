"""Kinds of iconik documents in the store: the first half of a document's key."""

import re
from typing import Final

_PARAMETER: Final = re.compile(r"\{\w+\}")


def kind(service: str, collection: str) -> str:
    """The store's name for the documents of a collection path.

    `kind("assets", "/v1/assets/{asset_id}/segments/")` is `iconik/assets/v1/assets/*/segments/`.
    """
    return f"iconik/{service}{_PARAMETER.sub('*', collection)}"


ASSETS: Final = kind("assets", "/v1/assets/")
COLLECTIONS: Final = kind("assets", "/v1/collections/")
SEGMENTS: Final = kind("assets", "/v1/assets/{asset_id}/segments/")
TRANSCRIPTIONS: Final = kind(
    "assets", "/v1/assets/{asset_id}/versions/{version_id}/transcriptions/"
)
HISTORY: Final = kind("assets", "/v1/assets/{asset_id}/history/")
#: Members of collections, by collection, type and id.
CONTENTS: Final = "iconik/contents"
#: Requests for approval with their reviewers' answers, by type, id and version.
APPROVALS: Final = "iconik/approvals"
SHARES: Final = "iconik/shares"
#: E-mails that iconik would send.
MAILS: Final = "iconik/mails"

FIELDS: Final = kind("metadata", "/v1/fields/")
VIEWS: Final = kind("metadata", "/v1/views/")
#: Metadata values, by type, id and version ("" for the object itself).
VALUES: Final = "iconik/metadata"

FORMATS: Final = kind("files", "/v1/assets/{asset_id}/formats/")
FILE_SETS: Final = kind("files", "/v1/assets/{asset_id}/file_sets/")
FILES: Final = kind("files", "/v1/assets/{asset_id}/files/")
PROXIES: Final = kind("files", "/v1/assets/{asset_id}/proxies/")
KEYFRAMES: Final = kind("files", "/v1/assets/{asset_id}/keyframes/")
#: Kinds of file resources of a version, by their name in paths.
PARTS: Final = {
    "formats": FORMATS,
    "file_sets": FILE_SETS,
    "files": FILES,
    "proxies": PROXIES,
    "keyframes": KEYFRAMES,
}
COMPONENTS: Final = kind("files", "/v1/assets/{asset_id}/formats/{format_id}/components/")
STORAGES: Final = kind("files", "/v1/storages/")
#: Files that a gateway found on a storage, which belong to no asset.
STORAGE_FILES: Final = kind("files", "/v1/storages/{storage_id}/files/")

SEARCH_HISTORY: Final = kind("search", "/v1/search/history/")
SAVED_SEARCHES: Final = kind("search", "/v1/search/saved/")

JOBS: Final = kind("jobs", "/v1/jobs/")
USERS: Final = kind("users", "/v1/users/")
GROUPS: Final = kind("users", "/v1/groups/")
