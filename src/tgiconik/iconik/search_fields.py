"""The fields that searches, filters, sorting and facets know.

One table: the documentation shows it, and the sandbox's index searches the text fields in it. A
tenant's index may know more fields; any name can be passed to `tgiconik.iconik.search`.
"""

from typing import Final, Literal, TypeAlias

import attrs

#: The type of a field's values.
FieldType: TypeAlias = Literal["text", "number", "flag", "time", "list", "any"]

_EVERY: Final = ("assets", "collections", "segments")
_OBJECTS: Final = ("assets", "collections")
_ASSETS: Final = ("assets",)
_SEGMENTS: Final = ("segments",)


@attrs.frozen
class SearchField:
    """A field of the search index.

    Attributes:
        name: the name in conditions, `sort=`, `facets=` and `search_fields=`. `metadata.*` stands
            for the metadata fields of the account.
        type: `text`, `number`, `flag`, `time` (UTC), `list` (of objects, for `nested`), or `any`.
        doc_types: the document types that have the field.
        description: the value.
        example: a condition in Python.
        is_full_text: whether a search without `search_fields=` looks for its words in this field.
    """

    name: str
    type: FieldType
    doc_types: tuple[str, ...]
    description: str
    example: str
    is_full_text: bool = attrs.field(default=False, kw_only=True)


#: All known fields, full-text fields first.
SEARCH_FIELDS: Final = (
    SearchField(
        "title",
        "text",
        _OBJECTS,
        "Title",
        'term("title", "Spring launch film")',
        is_full_text=True,
    ),
    SearchField(
        "description",
        "text",
        _EVERY,
        "Description",
        'exists("description")',
        is_full_text=True,
    ),
    SearchField(
        "external_id",
        "text",
        _EVERY,
        "Identifier in another system",
        'term("external_id", "DAM-4711")',
        is_full_text=True,
    ),
    SearchField(
        "segment_text",
        "text",
        _SEGMENTS,
        "Text of a comment, marker or transcription segment",
        'term("segment_text", "music")',
        is_full_text=True,
    ),
    SearchField(
        "transcription_text",
        "text",
        _ASSETS,
        "Transcription of the asset",
        'term("transcription_text", "spring")',
        is_full_text=True,
    ),
    SearchField(
        "metadata.*",
        "any",
        _OBJECTS,
        "A metadata field by name; several values match when one does",
        'term("metadata.Regions", "DE")',
        is_full_text=True,
    ),
    SearchField("id", "text", _EVERY, "Identifier", 'one_of("id", ids)'),
    SearchField(
        "object_type",
        "text",
        _EVERY,
        "`assets`, `collections` or `segments`",
        'term("object_type", "assets")',
    ),
    SearchField(
        "status",
        "text",
        _EVERY,
        "`ACTIVE` or `DELETED`; the sandbox indexes active documents",
        'term("status", "ACTIVE")',
    ),
    SearchField(
        "date_created",
        "time",
        _EVERY,
        "Time of creation",
        'between("date_created", start=since)',
    ),
    SearchField(
        "date_modified",
        "time",
        _EVERY,
        "Time of the last change",
        'between("date_modified", start=since)',
    ),
    SearchField(
        "created_by_user",
        "text",
        _EVERY,
        "User ID of the creator",
        'term("created_by_user", user_id)',
    ),
    SearchField(
        "updated_by_user",
        "text",
        _OBJECTS,
        "User ID of the last editor",
        'term("updated_by_user", user_id)',
    ),
    SearchField(
        "type",
        "text",
        _ASSETS,
        "Type of the asset, such as `ASSET`, `SEQUENCE` or `LINK`",
        'term("type", "ASSET")',
    ),
    SearchField(
        "media_type",
        "text",
        _ASSETS,
        "`video`, `image`, `audio`, `text` or another media type",
        'one_of("media_type", ["video", "image"])',
    ),
    SearchField(
        "category",
        "text",
        _OBJECTS,
        "Category",
        'term("category", "Campaign")',
    ),
    SearchField(
        "archive_status",
        "text",
        _ASSETS,
        "Archive status, such as `NOT_ARCHIVED`",
        'term("archive_status", "NOT_ARCHIVED")',
    ),
    SearchField(
        "is_online", "flag", _ASSETS, "Whether the files are online", 'term("is_online", True)'
    ),
    SearchField(
        "is_blocked", "flag", _ASSETS, "Whether the asset is blocked", 'term("is_blocked", False)'
    ),
    SearchField(
        "approval.status",
        "text",
        _OBJECTS,
        "Approval status, such as `APPROVED`, when the index last read it",
        'term("approval.status", "APPROVED")',
    ),
    SearchField(
        "default_version_id",
        "text",
        _ASSETS,
        "ID of the current version",
        'term("default_version_id", version_id)',
    ),
    SearchField(
        "versions_number",
        "number",
        _ASSETS,
        "Number of versions",
        'between("versions_number", start=2)',
    ),
    SearchField(
        "versions",
        "list",
        _ASSETS,
        "Versions, as `get_asset` answers them",
        'nested("versions", term("versions.version_number", 2))',
    ),
    SearchField(
        "duration_milliseconds",
        "number",
        _ASSETS,
        "Duration in milliseconds",
        'between("duration_milliseconds", end=30_000)',
    ),
    SearchField(
        "in_collections",
        "text",
        _OBJECTS,
        "IDs of the collections that contain it directly",
        'term("in_collections", collection_id)',
    ),
    SearchField(
        "ancestor_collections",
        "text",
        _OBJECTS,
        "IDs of all collections above it, at any depth",
        'term("ancestor_collections", collection_id)',
    ),
    SearchField(
        "file_names",
        "text",
        _ASSETS,
        "Names of the files of the current version",
        'term("file_names", "film.mp4")',
    ),
    SearchField(
        "files",
        "list",
        _ASSETS,
        "Files of the current version",
        'nested("files", term("files.name", "film.mp4"))',
    ),
    SearchField(
        "formats",
        "list",
        _ASSETS,
        "Formats of the current version",
        'nested("formats", term("formats.name", "ORIGINAL"))',
    ),
    SearchField(
        "proxies", "list", _ASSETS, "Proxies of the current version", 'exists("proxies.id")'
    ),
    SearchField(
        "keyframes", "list", _ASSETS, "Keyframes of the current version", 'exists("keyframes.id")'
    ),
    SearchField("asset_id", "text", _SEGMENTS, "ID of the asset", 'term("asset_id", asset_id)'),
    SearchField(
        "segment_type",
        "text",
        _SEGMENTS,
        "Kind of segment, such as `COMMENT` or `TRANSCRIPTION`",
        'term("segment_type", "COMMENT")',
    ),
    SearchField(
        "time_start_milliseconds",
        "number",
        _SEGMENTS,
        "Start, in milliseconds from the beginning",
        'between("time_start_milliseconds", end=5_000)',
    ),
    SearchField(
        "time_end_milliseconds",
        "number",
        _SEGMENTS,
        "End, in milliseconds from the beginning",
        'between("time_end_milliseconds", end=5_000)',
    ),
)
