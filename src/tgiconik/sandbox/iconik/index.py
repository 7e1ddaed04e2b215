"""The search index: one flat document per asset, collection and segment, kept in memory.

The store reports each change, so that a search flattens only documents that changed since the last
one. iconik's index follows its database with a delay; this one has none.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs

from tgiconik.iconik.search_fields import SEARCH_FIELDS
from tgiconik.sandbox.iconik.kinds import (
    APPROVALS,
    ASSETS,
    COLLECTIONS,
    CONTENTS,
    FORMATS,
    PARTS,
    SEGMENTS,
    VALUES,
)
from tgiconik.sandbox.schema import PRIVATE
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

_TYPE_OF: Final = {ASSETS: "assets", COLLECTIONS: "collections", SEGMENTS: "segments"}
_KIND_OF: Final = {type_: kind for kind, type_ in _TYPE_OF.items()}
_METADATA: Final = "metadata."
#: Fields that a query without a field name searches, in addition to all metadata.
_TEXT: Final = tuple(
    each.name for each in SEARCH_FIELDS if each.is_full_text and not each.name.startswith(_METADATA)
)
#: The sub-field of a text in lower case. All comparisons are in lower case here.
LOWER: Final = ".lower"
#: Kinds of files whose documents a hit shows, by their field.
_PARTS: Final = ("files", "formats", "proxies", "keyframes")
_ASSET_PARTS: Final = frozenset(PARTS.values())
#: What the sandbox alone keeps of a file.
#: Media types that do not say by their first part what they are.
_MEDIA_TYPES: Final = {"application/x-subrip": "text"}


#: Metadata values of an object by field name.
Values = dict[str, Document]


def values_key(type_: str, id_: str, version_id: str) -> str:
    """The store key of an object's metadata values; `version_id` is "" for the object itself."""
    return f"{type_}/{id_}/{version_id}"


def values_of(state: State, type_: str, id_: str, version_id: str = "") -> Values:
    """All metadata values of an object: `{"Region": {"field_values": [{"value": "EMEA"}]}}`."""
    document = state.store.get(VALUES, values_key(type_, id_, version_id))
    return {} if document is None else document["metadata_values"]


@attrs.define
class Entry:
    """An indexed document.

    Attributes:
        document: the document that a search hit returns.
    """

    document: Document
    _known: dict[str, Sequence[str]] = attrs.field(init=False, factory=dict)

    def values(self, name: str) -> Sequence[str]:
        """The values of a field as lower-case text, computed once.

        Args:
            name: `title`, `approval.status`, a metadata field with or without the prefix
                `metadata.`; "" for all fields that a query without a field name searches.
        """
        known = self._known.get(name)
        if known is None:
            known = [value.lower() for value in _values(self.document, name)]
            self._known[name] = known
        return known


class SearchIndex:
    """The index of all searchable documents, updated from the changes in the store.

    Args:
        state: the sandbox.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._entries: dict[tuple[str, str], Entry | None] = {}
        self._stale: set[tuple[str, str]] = set()
        #: Collections that were put into others or taken out: what is below them is stale.
        self._moved: set[str] = set()
        self._is_complete = False

    def entries(self, types: Sequence[str]) -> Iterator[Entry]:
        """The searchable documents of some types, oldest first."""
        self._refresh()
        for (type_, _), entry in self._entries.items():
            if entry is not None and type_ in types:
                yield entry

    def note_change(self, kind: str, id_: str) -> None:
        """Mark the entries of a changed document as stale; a `ChangeListener` of the store."""
        if not kind:
            self._is_complete = False
        elif kind in _TYPE_OF:
            self._stale.add((_TYPE_OF[kind], id_))
        elif kind in {VALUES, APPROVALS}:
            type_, object_id, *_ = id_.split("/")
            self._stale.add((type_, object_id))
        elif kind in _ASSET_PARTS:
            self._stale.add(("assets", id_.partition("/")[0]))
        elif kind == CONTENTS:
            _, type_, object_id = id_.split("/")
            if type_ == "collections":
                self._moved.add(object_id)

    def _refresh(self) -> None:
        if not self._is_complete:
            self._entries.clear()
            self._stale = {
                (type_, f"{each['asset_id']}/{each['id']}" if kind == SEGMENTS else each["id"])
                for kind, type_ in _TYPE_OF.items()
                for each in self._state.store.list(kind)
            }
            self._is_complete = True
        self._stale |= _below(self._state, self._moved)
        self._moved.clear()
        store = self._state.store
        for type_, id_ in self._stale:
            kind = _KIND_OF.get(type_)
            found = store.get(kind, id_) if kind else None
            is_live = found is not None and found.get("status") == "ACTIVE"
            self._entries[type_, id_] = (
                Entry(_searchable(self._state, type_, found)) if found and is_live else None
            )
        self._stale.clear()


def document(state: State, type_: str, found: Document) -> Document:
    """An asset or collection as lists and searches return it, with metadata and approval."""
    id_ = found["id"]
    shown = found | {
        "object_type": type_,
        "metadata": {
            name: [each.get("value") for each in value.get("field_values") or ()]
            for name, value in values_of(state, type_, id_).items()
        },
    }
    version_id = found.get("default_version_id")
    approval = state.store.get(APPROVALS, f"{type_}/{id_}/{version_id or ''}")
    if approval is not None:
        shown["approval"] = approval
    if type_ == "assets":
        shown["versions_number"] = len(found["versions"])
        shown |= media_type(state, found)
    return shown


def media_type(state: State, asset: Document) -> Document:
    """`{"media_type": …}`: `video`, `image`, `audio`, …, by the original's media type.

    Empty where the current version has no original; the asset may have a type of its own then.
    """
    for format_ in state.store.list(FORMATS, parent=asset["id"]):
        is_current = format_.get("version_id") == asset.get("default_version_id")
        if is_current and format_.get("metadata"):
            internet: str = format_["metadata"][0].get("internet_media_type") or ""
            found = _MEDIA_TYPES.get(internet, internet.partition("/")[0])
            return {"media_type": found} if found else {}
    return {}


def _searchable(state: State, type_: str, found: Document) -> Document:
    """A document as searches return it: also with its ancestors, and with an asset's files."""
    if type_ == "segments":
        # iconik documents a title for every hit; segments have none of their own.
        return {"title": ""} | found | {"object_type": type_, "metadata": {}}
    shown = document(state, type_, found)
    shown["ancestor_collections"] = ancestors(state, found)
    if type_ == "assets":
        for part in _PARTS:
            shown[part] = [
                {name: value for name, value in each.items() if name not in PRIVATE}
                for each in state.store.list(PARTS[part], parent=found["id"])
                if each.get("version_id") == found.get("default_version_id")
                and "DELETED" not in {each.get("status"), each.get("file_set_status")}
            ]
        shown["file_names"] = [each["name"] for each in shown["files"] if each.get("name")]
    return shown


def ancestors(state: State, found: Document) -> list[str]:
    """The ids of all collections above an asset or collection, nearest first, each once."""
    above: dict[str, None] = {}
    waiting = list(found.get("in_collections") or ())
    while waiting:
        id_ = waiting.pop(0)
        collection = state.store.get(COLLECTIONS, id_)
        if id_ not in above and collection is not None:
            above[id_] = None
            waiting += collection.get("in_collections") or ()
    return list(above)


def _below(state: State, collection_ids: Iterable[str]) -> set[tuple[str, str]]:
    """All that is in some collections, at any depth."""
    found: set[tuple[str, str]] = set()
    waiting = list(collection_ids)
    while waiting:
        for content in state.store.list(CONTENTS, parent=waiting.pop()):
            place = content["object_type"], content["object_id"]
            if place[0] == "collections" and place not in found:
                waiting.append(place[1])
            found.add(place)
    return found


def _values(document: Document, name: str) -> Iterator[str]:
    metadata: Document = document["metadata"]
    name = name.removesuffix(LOWER)
    if not name:
        for field in _TEXT:
            yield from _texts(document.get(field))
        yield from _texts(list(metadata.values()))
    elif name.startswith(_METADATA):
        yield from _texts(metadata.get(name.removeprefix(_METADATA)))
    else:
        yield from _texts(metadata.get(name))
        yield from _texts(_at(document, name.split(".")))


def _at(value: object, path: Sequence[str]) -> object:
    """The value at a dotted path; for a list, the values at that path in each item."""
    if not path:
        return value
    if isinstance(value, list):
        return [_at(item, path) for item in value]
    return _at(value.get(path[0]), path[1:]) if isinstance(value, dict) else None


def _texts(value: object) -> Iterator[str]:
    """The scalar values as text, lists flattened; objects and nulls are left out."""
    match value:
        case list():
            for item in value:
                yield from _texts(item)
        case bool():
            yield str(value).lower()
        case str() | int() | float():
            yield str(value)
