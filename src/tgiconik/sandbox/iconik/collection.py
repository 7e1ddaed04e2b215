"""Collections and their contents."""

from functools import partial
from typing import Any, Final

from starlette.responses import Response

from tgiconik.sandbox.iconik import index as indexed
from tgiconik.sandbox.iconik.kinds import ASSETS, COLLECTIONS, CONTENTS
from tgiconik.sandbox.iconik.objects import asset, collection
from tgiconik.sandbox.iconik.paging import list_response
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest, json, new_id, or_404, stamp
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

_MEMBERS = {"assets": ASSETS, "collections": COLLECTIONS}
#: Fields set by the server; values sent by a client are ignored.
_OURS: Final = frozenset(
    {"id", "object_type", "date_created", "date_modified", "created_by_user", "deleted_by_user"}
)


def make(
    state: State, fields: dict[str, Any], *, user_id: str | None, id_: str | None = None
) -> Document:
    """Create a collection, below its `parent_id` if it has one."""
    moment = stamp(state.now())
    parent_id = fields.get("parent_id")
    if parent_id is not None:
        collection(state, parent_id)
    document: Document = {
        "category": None,
        "favoured": False,
        **{name: value for name, value in fields.items() if name not in _OURS},
        "id": id_ or new_id(),
        "object_type": "collections",
        "status": "ACTIVE",
        "is_root": parent_id is None,
        "parent_id": parent_id,
        "parents": [],
        "in_collections": [],
        "date_created": moment,
        "date_modified": moment,
        "created_by_user": user_id,
        "custom_order_status": "DISABLED",
    }
    state.store.put(COLLECTIONS, document["id"], document)
    if parent_id is not None:
        add(state, parent_id, "collections", document["id"])
    return collection(state, document["id"])


def add(state: State, collection_id: str, object_type: str, object_id: str) -> bool:
    """Add an object to a collection.

    Returns:
        Whether it was added; False if it was already there.
    """
    collection(state, collection_id)
    if object_type not in _MEMBERS:
        raise ApiError(400, f"object_type {object_type} cannot be in a collection")
    member = asset(state, object_id) if object_type == "assets" else collection(state, object_id)
    key = f"{collection_id}/{object_type}/{object_id}"
    if state.store.get(CONTENTS, key) is not None:
        return False
    content = {
        "collection_id": collection_id,
        "object_id": object_id,
        "object_type": object_type,
        "date_created": stamp(state.now()),
    }
    state.store.put(CONTENTS, key, content, parent=collection_id)
    inside = [*member["in_collections"], collection_id]
    state.store.put(_MEMBERS[object_type], object_id, member | {"in_collections": inside})
    return True


def remove(state: State, content: Document) -> None:
    """Remove an object from a collection."""
    collection_id, type_, id_ = (
        content["collection_id"],
        content["object_type"],
        content["object_id"],
    )
    state.store.delete(CONTENTS, f"{collection_id}/{type_}/{id_}")
    member = state.store.get(_MEMBERS[type_], id_)
    if member is not None:
        inside = [each for each in member["in_collections"] if each != collection_id]
        state.store.put(_MEMBERS[type_], id_, member | {"in_collections": inside})


def members(state: State, collection_id: str) -> list[tuple[str, Document]]:
    """The type and document of each object in a collection that is not deleted."""
    found_ = []
    for content in state.store.list(CONTENTS, parent=collection_id):
        member = state.store.get(_MEMBERS[content["object_type"]], content["object_id"])
        if member is not None and member["status"] == "ACTIVE":
            found_.append((content["object_type"], member))
    return found_


def create_collection(request: ApiRequest) -> Response:
    """Create a collection."""
    document = make(request.state, request.body, user_id=request.user_id)
    return request.respond(_shown(request.state, document))


def list_collections(request: ApiRequest) -> Response:
    """List the collections that are not deleted."""
    live = [each for each in request.state.store.list(COLLECTIONS) if each["status"] == "ACTIVE"]
    return list_response(request, live, ready=partial(_shown, request.state))


def read_collection(request: ApiRequest) -> Response:
    """Read a collection."""
    document = collection(request.state, request.ids["collection_id"])
    return request.respond(_shown(request.state, document))


def _shown(state: State, document: Document) -> Document:
    """A collection with the ids of all collections above it."""
    return document | {"parents": indexed.ancestors(state, document)}


def change_collection(request: ApiRequest) -> Response:
    """Update the fields that were sent."""
    document = collection(request.state, request.ids["collection_id"])
    sent = {name: value for name, value in request.body.items() if name not in _OURS}
    document |= sent | {"date_modified": request.now()}
    request.state.store.put(COLLECTIONS, document["id"], document)
    return request.respond(_shown(request.state, document))


def delete_collection(request: ApiRequest) -> Response:
    """Move a collection to the delete queue; its assets stay."""
    document = collection(request.state, request.ids["collection_id"])
    gone = {"status": "DELETED", "date_deleted": request.now(), "deleted_by_user": request.user_id}
    request.state.store.put(COLLECTIONS, document["id"], document | gone)
    return request.respond_empty()


def restore_collection(request: ApiRequest) -> Response:
    """Restore a collection from the delete queue."""
    document = _deleted(request)
    request.state.store.put(
        COLLECTIONS, document["id"], document | {"status": "ACTIVE", "date_deleted": None}
    )
    return request.respond({"job_id": new_id()})


def purge_collection(request: ApiRequest) -> Response:
    """Permanently delete a collection from the delete queue."""
    document = _deleted(request)
    for content in request.state.store.list(CONTENTS, parent=document["id"]):
        remove(request.state, content)
    request.state.store.delete(COLLECTIONS, document["id"])
    return request.respond_empty()


def _deleted(request: ApiRequest) -> Document:
    id_ = request.ids["collection_id"]
    document = or_404(request.state.store.get(COLLECTIONS, id_), f"Collection {id_}")
    if document["status"] != "DELETED":
        raise ApiError(400, f"Collection {id_} is not deleted")
    return document


def list_queue(request: ApiRequest) -> Response:
    """List the collections in the delete queue."""
    every = request.state.store.list(COLLECTIONS)
    return list_response(request, [each for each in every if each["status"] == "DELETED"])


def list_contents(request: ApiRequest) -> Response:
    """List the contents; `object_types=assets,collections` filters by type."""
    document = collection(request.state, request.ids["collection_id"])
    types = request.query.get("object_types", "assets,collections").split(",")
    ids = request.query.get("object_ids")
    chosen = [
        indexed.document(request.state, type_, member)
        for type_, member in members(request.state, document["id"])
        if type_ in types and (ids is None or member["id"] in ids.split(","))
    ]
    return list_response(request, chosen)


def add_content(request: ApiRequest) -> Response:
    """Add an object to a collection; idempotent."""
    id_ = request.ids["collection_id"]
    type_, object_id = request.body["object_type"], request.body["object_id"]
    add(request.state, id_, type_, object_id)
    content = request.state.store.get(CONTENTS, f"{id_}/{type_}/{object_id}")
    return json(or_404(content, "The content"), 201)


def remove_content(request: ApiRequest) -> Response:
    """Remove an object from a collection."""
    key = "/".join(request.ids.values())
    remove(request.state, or_404(request.state.store.get(CONTENTS, key), "The content"))
    return Response(status_code=204)


def count_contents(request: ApiRequest) -> Response:
    """Count the contents of a collection."""
    document = collection(request.state, request.ids["collection_id"])
    types = [type_ for type_, _ in members(request.state, document["id"])]
    return request.respond(
        {
            "title": document["title"],
            "assets_count": types.count("assets"),
            "collections_count": types.count("collections"),
        }
    )


def list_ancestors(request: ApiRequest) -> Response:
    """List the parent collections of a collection, nearest first."""
    above = []
    parent_id = collection(request.state, request.ids["collection_id"])["parent_id"]
    while parent_id is not None:
        above.append(collection(request.state, parent_id))
        parent_id = above[-1]["parent_id"]
    return list_response(request, above)


HANDLERS = {
    "GET assets/v1/collections/": list_collections,
    "POST assets/v1/collections/": create_collection,
    "GET assets/v1/collections/recent/": list_collections,
    "GET assets/v1/collections/{collection_id}/": read_collection,
    "PUT assets/v1/collections/{collection_id}/": change_collection,
    "PATCH assets/v1/collections/{collection_id}/": change_collection,
    "DELETE assets/v1/collections/{collection_id}/": delete_collection,
    "PUT assets/v1/collections/{collection_id}/restore/": restore_collection,
    "DELETE assets/v1/collections/{collection_id}/purge/": purge_collection,
    "GET assets/v1/collections/{collection_id}/ancestors/": list_ancestors,
    "GET assets/v1/collections/{collection_id}/content/info/": count_contents,
    "GET assets/v1/collections/{collection_id}/contents/": list_contents,
    "POST assets/v1/collections/{collection_id}/contents/": add_content,
    "DELETE assets/v1/collections/{collection_id}/contents/{object_type}/{object_id}/": (
        remove_content
    ),
    "GET assets/v1/delete_queue/collections/": list_queue,
}
