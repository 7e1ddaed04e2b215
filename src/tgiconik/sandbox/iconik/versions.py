"""Versions of an asset. A new one is at once the current one: `default_version_id` names it.

Whether iconik makes a new version current by itself or on promotion only was not found. The
sandbox takes what is worse for who shares assets: what was just added is what a share shows.
"""

from starlette.responses import Response

from tgiconik.sandbox.iconik import files, metadata
from tgiconik.sandbox.iconik.asked import Asked, Refused, new_id
from tgiconik.sandbox.iconik.assets import new_version, put
from tgiconik.sandbox.iconik.history import record
from tgiconik.sandbox.iconik.kinds import ASSETS
from tgiconik.sandbox.iconik.objects import asset, version, versions
from tgiconik.sandbox.store import Document


def add(asked: Asked) -> Response:
    """Add an empty version; the files come with their uploads."""
    source = asked.body.get("source_version_id")
    document = asset(asked.state, asked.ids["asset_id"])
    if source is not None:
        version(document, source)
    document, added = _with_version(asked, document)
    if source is not None and asked.body.get("copy_metadata"):
        metadata.copy_version(asked.state, document["id"], source, added["id"])
    return _versions(asked, document)


def add_from_asset(asked: Asked) -> Response:
    """Add a version with the files of another asset's current version."""
    source = asset(asked.state, asked.ids["source_asset_id"])
    _copy(asked, source["id"], source["default_version_id"])
    return Response(status_code=202)


def add_from_version(asked: Asked) -> Response:
    """Add a version with the files of a version of any asset."""
    source_id = asked.ids["source_version_id"]
    for source in asked.state.store.list(ASSETS):
        if source["status"] == "ACTIVE" and any(v["id"] == source_id for v in versions(source)):
            _copy(asked, source["id"], source_id)
            return Response(status_code=202)
    raise Refused(404, f"Version {source_id} does not exist")


def _copy(asked: Asked, source_asset_id: str, source_version_id: str) -> None:
    document, added = _with_version(asked, asset(asked.state, asked.ids["asset_id"]))
    files.copy_version(asked.state, source_asset_id, source_version_id, document["id"], added["id"])


def _with_version(asked: Asked, document: Document) -> tuple[Document, Document]:
    number = 1 + max((each["version_number"] for each in versions(document)), default=0)
    added = new_version(number, created=asked.now(), user_id=asked.user_id, id_=new_id())
    document |= {
        "versions": [*document["versions"], added],
        "default_version_id": added["id"],
        "date_modified": asked.now(),
    }
    _recorded(asked, "VERSION_CREATE", added["id"])
    return put(asked.state, document), added


def promote(asked: Asked) -> Response:
    """Make a version the current one."""
    document = asset(asked.state, asked.ids["asset_id"])
    chosen = version(document, asked.ids["version_id"])
    document |= {"default_version_id": chosen["id"], "date_modified": asked.now()}
    _recorded(asked, "VERSION_PROMOTE", chosen["id"])
    return _versions(asked, put(asked.state, document))


def change(asked: Asked) -> Response:
    """Change the fields that were sent, but for what the server decides."""
    document = asset(asked.state, asked.ids["asset_id"])
    chosen = version(document, asked.ids["version_id"])
    ours = {"id", "version_number", "date_created", "created_by_user"}
    chosen |= {name: value for name, value in asked.body.items() if name not in ours}
    _recorded(asked, "VERSION_UPDATE", chosen["id"])
    put(asked.state, document)
    return asked.fit(chosen)


def delete(asked: Asked) -> Response:
    """Delete a version; the last one stays."""
    document = asset(asked.state, asked.ids["asset_id"])
    chosen = version(document, asked.ids["version_id"])
    _keep(asked, document, [each for each in versions(document) if each is not chosen])
    return Response(status_code=204)


def delete_old(asked: Asked) -> Response:
    """Delete all versions but the current one."""
    document = asset(asked.state, asked.ids["asset_id"])
    current = document["default_version_id"]
    _keep(asked, document, [each for each in versions(document) if each["id"] == current])
    return Response(status_code=204)


def _keep(asked: Asked, document: Document, kept: list[Document]) -> None:
    if not kept:
        raise Refused(400, "The only version of an asset cannot be deleted")
    gone = [each["id"] for each in versions(document) if each not in kept]
    document |= {"versions": kept, "date_modified": asked.now()}
    if document["default_version_id"] in gone:
        latest = max(kept, key=lambda each: each["version_number"])
        document["default_version_id"] = latest["id"]
    put(asked.state, document)
    for version_id in gone:
        files.forget_version(asked.state, document["id"], version_id)
        _recorded(asked, "VERSION_DELETE", version_id)


def _recorded(asked: Asked, operation_type: str, version_id: str) -> None:
    record(
        asked.state,
        asked.ids["asset_id"],
        operation_type,
        user_id=asked.user_id,
        version_id=version_id,
    )


def _versions(asked: Asked, document: Document) -> Response:
    answer = {"asset_id": document["id"], "versions": document["versions"]}
    return asked.fit(answer)


HANDLERS = {
    "POST assets/v1/assets/{asset_id}/versions/": add,
    "POST assets/v1/assets/{asset_id}/versions/from/assets/{source_asset_id}/": add_from_asset,
    "POST assets/v1/assets/{asset_id}/versions/from/versions/{source_version_id}/": (
        add_from_version
    ),
    "PUT assets/v1/assets/{asset_id}/versions/{version_id}/promote/": promote,
    "PUT assets/v1/assets/{asset_id}/versions/{version_id}/": change,
    "PATCH assets/v1/assets/{asset_id}/versions/{version_id}/": change,
    "DELETE assets/v1/assets/{asset_id}/versions/old/": delete_old,
    "DELETE assets/v1/assets/{asset_id}/versions/{version_id}/": delete,
}
