"""Assets: created with a first version, deleted into a delete queue, purged from there."""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.responses import Response

from tgiconik.sandbox.iconik import collection, files, index
from tgiconik.sandbox.iconik.history import record
from tgiconik.sandbox.iconik.kinds import ASSETS, CONTENTS, SHARES
from tgiconik.sandbox.iconik.objects import asset
from tgiconik.sandbox.iconik.paging import list_response
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest, empty, new_id, or_404, stamp
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

#: Fields set by the server; values sent by a client are ignored.
_OURS = frozenset({
    "id", "versions", "date_created", "date_modified", "created_by_user", "created_by_user_info",
    "updated_by_user", "updated_by_user_info", "deleted_by_user", "deleted_by_user_info",
    "in_collections", "default_version_id", "status", "collection_id",
})  # fmt: skip


def new_version(
    number: int, *, created: str, user_id: str | None, id_: str | None = None
) -> Document:
    """An empty version of an asset."""
    return {
        "id": id_ or new_id(),
        "version_number": number,
        "status": "ACTIVE",
        "date_created": created,
        "created_by_user": user_id,
        "is_online": True,
        "archive_status": "NOT_ARCHIVED",
        "analyze_status": "N/A",
        "transcribe_status": "N/A",
        "face_recognition_status": "N/A",
        "has_unconfirmed_persons": False,
        "person_ids": [],
        "transcribed_languages": [],
    }


def put(state: State, document: Document) -> Document:
    """Store an asset."""
    state.store.put(ASSETS, document["id"], document)
    return document


def make(
    state: State,
    fields: dict[str, Any],
    *,
    user_id: str | None,
    id_: str | None = None,
    version_id: str | None = None,
    created: str | None = None,
) -> Document:
    """Create an asset with its first version."""
    moment = created or stamp(state.now())
    version = new_version(1, created=moment, user_id=user_id, id_=version_id)
    return put(
        state,
        {
            "type": "ASSET",
            "archive_status": "NOT_ARCHIVED",
            "analyze_status": "N/A",
            "face_recognition_status": "N/A",
            "is_online": True,
            "is_blocked": False,
            "favoured": False,
            "person_ids": [],
            **{name: value for name, value in fields.items() if name not in _OURS},
            "id": id_ or new_id(),
            "status": "ACTIVE",
            "date_created": moment,
            "date_modified": moment,
            "created_by_user": user_id,
            "updated_by_user": user_id,
            "in_collections": [],
            "versions": [version],
            "default_version_id": version["id"],
        },
    )


def create_asset(request: ApiRequest) -> Response:
    """Create an asset; `collection_id` with `assign_to_collection=true` adds it to a collection."""
    collection_id = request.body.get("collection_id")
    document = make(request.state, request.body, user_id=request.user_id)
    if collection_id is not None and request.flag("assign_to_collection"):
        collection.add(request.state, collection_id, "assets", document["id"])
        document = asset(request.state, document["id"])
    return request.respond(document)


def read_asset(request: ApiRequest) -> Response:
    """Read an asset with its versions."""
    document = asset(request.state, request.ids["asset_id"])
    return request.respond(document | index.media_type(request.state, document))


def list_assets(request: ApiRequest) -> Response:
    """List the assets that are not deleted."""
    live = [each for each in request.state.store.list(ASSETS) if each["status"] == "ACTIVE"]
    return list_response(
        request, live, ready=lambda each: each | index.media_type(request.state, each)
    )


def change_asset(request: ApiRequest) -> Response:
    """Update the fields that were sent. PUT and PATCH are the same."""
    document = asset(request.state, request.ids["asset_id"])
    return request.respond(_change(request, document, request.body))


def change_assets(request: ApiRequest) -> Response:
    """Update several assets, each identified by its id in the body."""
    for change in request.body["objects"]:
        _change(request, asset(request.state, change.get("id", "")), change)
    return empty(202)


def _change(request: ApiRequest, document: Document, fields: dict[str, Any]) -> Document:
    sent = {name: value for name, value in fields.items() if name not in _OURS}
    return put(
        request.state,
        document | sent | {"date_modified": request.now(), "updated_by_user": request.user_id},
    )


def delete_asset(request: ApiRequest) -> Response:
    """Move an asset to the delete queue, which hides it everywhere else."""
    _delete(request, asset(request.state, request.ids["asset_id"]))
    return Response(status_code=204)


def restore_asset(request: ApiRequest) -> Response:
    """Restore an asset from the delete queue."""
    _restore(request, _deleted(request.state, request.ids["asset_id"]))
    return Response(status_code=204)


def purge_asset(request: ApiRequest) -> Response:
    """Permanently delete an asset from the delete queue."""
    _purge(request, _deleted(request.state, request.ids["asset_id"]))
    return Response(status_code=204)


def _delete(request: ApiRequest, document: Document) -> None:
    gone = {"status": "DELETED", "date_deleted": request.now(), "deleted_by_user": request.user_id}
    put(request.state, document | gone)
    record(request.state, document["id"], "DELETE", user_id=request.user_id)


def _restore(request: ApiRequest, document: Document) -> None:
    back = {"status": "ACTIVE", "date_deleted": None, "deleted_by_user": None}
    put(request.state, document | back)
    record(request.state, document["id"], "RESTORE", user_id=request.user_id)


def _purge(request: ApiRequest, document: Document) -> None:
    request.state.store.delete(ASSETS, document["id"])
    files.delete_asset_files(request.state, document["id"])
    for content in request.state.store.list(CONTENTS):
        if content["object_id"] == document["id"]:
            collection.remove(request.state, content)
    for share in request.state.store.list(SHARES, parent=f"assets/{document['id']}"):
        request.state.store.delete(SHARES, share["id"])


def _deleted(state: State, id_: str) -> Document:
    document = or_404(state.store.get(ASSETS, id_), f"Asset {id_}")
    if document["status"] != "DELETED":
        raise ApiError(400, f"Asset {id_} is not deleted")
    return document


def list_queue(request: ApiRequest) -> Response:
    """List the assets in the delete queue."""
    return list_response(request, _queue(request.state))


def delete_assets(request: ApiRequest) -> Response:
    """Move several assets to the delete queue."""
    return _each(request, (asset(request.state, id_) for id_ in request.body["ids"]), _delete)


def restore_assets(request: ApiRequest) -> Response:
    """Restore several assets from the delete queue."""
    return _each(request, (_deleted(request.state, id_) for id_ in request.body["ids"]), _restore)


def purge_assets(request: ApiRequest) -> Response:
    """Permanently delete several assets from the delete queue."""
    return _each(request, (_deleted(request.state, id_) for id_ in request.body["ids"]), _purge)


def restore_queue(request: ApiRequest) -> Response:
    """Restore all assets from the delete queue."""
    return _each(request, _queue(request.state), _restore)


def purge_queue(request: ApiRequest) -> Response:
    """Permanently delete all assets in the delete queue."""
    return _each(request, _queue(request.state), _purge)


def _queue(state: State) -> list[Document]:
    return [each for each in state.store.list(ASSETS) if each["status"] == "DELETED"]


def _each(
    request: ApiRequest, documents: Iterable[Document], do: Callable[[ApiRequest, Document], None]
) -> Response:
    for document in documents:
        do(request, document)
    return request.respond_empty()


HANDLERS = {
    "GET assets/v1/assets/": list_assets,
    "POST assets/v1/assets/": create_asset,
    "PUT assets/v1/assets/": change_assets,
    "PATCH assets/v1/assets/": change_assets,
    "GET assets/v1/assets/recent/": list_assets,
    "GET assets/v1/assets/{asset_id}/": read_asset,
    "PUT assets/v1/assets/{asset_id}/": change_asset,
    "PATCH assets/v1/assets/{asset_id}/": change_asset,
    "DELETE assets/v1/assets/{asset_id}/": delete_asset,
    "PUT assets/v1/assets/{asset_id}/restore/": restore_asset,
    "DELETE assets/v1/assets/{asset_id}/purge/": purge_asset,
    "GET assets/v1/delete_queue/assets/": list_queue,
    "POST assets/v1/delete_queue/assets/": delete_assets,
    "DELETE assets/v1/delete_queue/assets/": restore_assets,
    "POST assets/v1/delete_queue/assets/purge/": purge_assets,
    "POST assets/v1/delete_queue/assets/purge/all/": purge_queue,
    "POST assets/v1/delete_queue/assets/restore/all/": restore_queue,
}
