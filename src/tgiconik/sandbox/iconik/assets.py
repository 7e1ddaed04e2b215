"""Assets: made with a first version at once, deleted into a queue, purged from there."""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.responses import Response

from tgiconik.sandbox.iconik import collection, files
from tgiconik.sandbox.iconik.asked import Asked, Refused, found, new_id, stamp
from tgiconik.sandbox.iconik.history import record
from tgiconik.sandbox.iconik.kinds import ASSETS, CONTENTS, SHARES
from tgiconik.sandbox.iconik.objects import asset
from tgiconik.sandbox.iconik.paging import listed
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

#: What a client may send and the server decides.
_OURS = frozenset({
    "id", "versions", "date_created", "date_modified", "created_by_user", "in_collections",
    "default_version_id", "status", "collection_id",
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
    """Write an asset."""
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
    """Make an asset with its first version."""
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


def create_asset(asked: Asked) -> Response:
    """Make an asset; in a collection with `collection_id` and `assign_to_collection=true`."""
    collection_id = asked.body.get("collection_id")
    document = make(asked.state, asked.body, user_id=asked.user_id)
    if collection_id is not None and asked.flag("assign_to_collection"):
        collection.add(asked.state, collection_id, "assets", document["id"])
        document = asset(asked.state, document["id"])
    return asked.fit(document)


def read_asset(asked: Asked) -> Response:
    """One asset with its versions."""
    return asked.fit(asset(asked.state, asked.ids["asset_id"]))


def list_assets(asked: Asked) -> Response:
    """The assets that are not deleted."""
    live = [each for each in asked.state.store.list(ASSETS) if each["status"] == "ACTIVE"]
    return listed(asked, live)


def change_asset(asked: Asked) -> Response:
    """Change the fields that were sent: PUT and PATCH do the same for the server's own fields."""
    document = asset(asked.state, asked.ids["asset_id"])
    return asked.fit(_change(asked, document, asked.body))


def change_assets(asked: Asked) -> Response:
    """Change several assets, each by its id in the body."""
    for change in asked.body["objects"]:
        _change(asked, asset(asked.state, change.get("id", "")), change)
    return Response(status_code=202)


def _change(asked: Asked, document: Document, fields: dict[str, Any]) -> Document:
    sent = {name: value for name, value in fields.items() if name not in _OURS}
    return put(
        asked.state,
        document | sent | {"date_modified": asked.now(), "updated_by_user": asked.user_id},
    )


def delete_asset(asked: Asked) -> Response:
    """Move an asset to the delete queue; nobody finds it elsewhere any more."""
    _delete(asked, asset(asked.state, asked.ids["asset_id"]))
    return Response(status_code=204)


def restore_asset(asked: Asked) -> Response:
    """Bring an asset back from the delete queue."""
    _restore(asked, _deleted(asked.state, asked.ids["asset_id"]))
    return Response(status_code=204)


def purge_asset(asked: Asked) -> Response:
    """Forget a deleted asset for good."""
    _purge(asked, _deleted(asked.state, asked.ids["asset_id"]))
    return Response(status_code=204)


def _delete(asked: Asked, document: Document) -> None:
    gone = {"status": "DELETED", "date_deleted": asked.now(), "deleted_by_user": asked.user_id}
    put(asked.state, document | gone)
    record(asked.state, document["id"], "DELETE", user_id=asked.user_id)


def _restore(asked: Asked, document: Document) -> None:
    back = {"status": "ACTIVE", "date_deleted": None, "deleted_by_user": None}
    put(asked.state, document | back)
    record(asked.state, document["id"], "RESTORE", user_id=asked.user_id)


def _purge(asked: Asked, document: Document) -> None:
    asked.state.store.delete(ASSETS, document["id"])
    files.forget_asset(asked.state, document["id"])
    for content in asked.state.store.list(CONTENTS):
        if content["object_id"] == document["id"]:
            collection.remove(asked.state, content)
    for share in asked.state.store.list(SHARES, parent=f"assets/{document['id']}"):
        asked.state.store.delete(SHARES, share["id"])


def _deleted(state: State, id_: str) -> Document:
    document = found(state.store.get(ASSETS, id_), f"Asset {id_}")
    if document["status"] != "DELETED":
        raise Refused(400, f"Asset {id_} is not deleted")
    return document


def list_queue(asked: Asked) -> Response:
    """The deleted assets that wait to be purged."""
    return listed(asked, _queue(asked.state))


def delete_assets(asked: Asked) -> Response:
    """Move several assets to the delete queue."""
    return _each(asked, (asset(asked.state, id_) for id_ in asked.body["ids"]), _delete)


def restore_assets(asked: Asked) -> Response:
    """Bring several assets back from the delete queue."""
    return _each(asked, (_deleted(asked.state, id_) for id_ in asked.body["ids"]), _restore)


def purge_assets(asked: Asked) -> Response:
    """Forget several deleted assets for good."""
    return _each(asked, (_deleted(asked.state, id_) for id_ in asked.body["ids"]), _purge)


def restore_queue(asked: Asked) -> Response:
    """Bring all deleted assets back."""
    return _each(asked, _queue(asked.state), _restore)


def purge_queue(asked: Asked) -> Response:
    """Forget all deleted assets for good."""
    return _each(asked, _queue(asked.state), _purge)


def _queue(state: State) -> list[Document]:
    return [each for each in state.store.list(ASSETS) if each["status"] == "DELETED"]


def _each(
    asked: Asked, documents: Iterable[Document], do: Callable[[Asked, Document], None]
) -> Response:
    for document in documents:
        do(asked, document)
    return asked.empty()


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
