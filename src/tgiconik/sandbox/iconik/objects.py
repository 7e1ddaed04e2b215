"""Look up the assets, versions and collections that a path names, or answer 404."""

from collections.abc import Iterator

from tgiconik.sandbox.iconik.kinds import ASSETS, COLLECTIONS
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest, or_404
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

_KINDS = {"assets": ASSETS, "collections": COLLECTIONS}


def asset(state: State, asset_id: str) -> Document:
    """The asset, or a 404 if it is missing or deleted."""
    return _live(state.store.get(ASSETS, asset_id), f"Asset {asset_id}")


def collection(state: State, collection_id: str) -> Document:
    """The collection, or a 404 if it is missing or deleted."""
    return _live(state.store.get(COLLECTIONS, collection_id), f"Collection {collection_id}")


def path_object(request: ApiRequest) -> tuple[str, str]:
    """The `object_type` and `object_id` of the path, or a 404 if the object does not exist.

    Objects of types that the sandbox does not store are not checked.
    """
    type_, id_ = request.ids["object_type"], request.ids["object_id"]
    kind = _KINDS.get(type_)
    if kind is not None:
        _live(request.state.store.get(kind, id_), f"{type_} {id_}")
    return type_, id_


def stored_path_object(request: ApiRequest) -> tuple[str, str]:
    """The same, of an object that may have been deleted; a 404 once it was purged."""
    type_, id_ = request.ids["object_type"], request.ids["object_id"]
    kind = _KINDS.get(type_)
    if kind is not None:
        or_404(request.state.store.get(kind, id_), f"{type_} {id_}")
    return type_, id_


def title(state: State, type_: str, id_: str) -> str | None:
    """The title of an object, or None if it does not exist."""
    document = state.store.get(_KINDS[type_], id_) if type_ in _KINDS else None
    return None if document is None else document["title"]


def version(asset_: Document, version_id: str) -> Document:
    """The asset's version, or a 404."""
    for each in versions(asset_):
        if each["id"] == version_id:
            return each
    raise ApiError(404, f"Version {version_id} does not exist")


def versions(asset_: Document) -> Iterator[Document]:
    """The versions of an asset, oldest first."""
    yield from asset_["versions"]


def _live(document: Document | None, what: str) -> Document:
    document = or_404(document, what)
    if document.get("status") == "DELETED":
        raise ApiError(404, f"{what} does not exist")
    return document
