"""Relations between assets, each of a type, in one direction."""

from typing import Final

from starlette.responses import Response

from tgiconik.sandbox.iconik import index
from tgiconik.sandbox.iconik.asked import Asked, found, new_id
from tgiconik.sandbox.iconik.kinds import ASSETS
from tgiconik.sandbox.iconik.objects import asset
from tgiconik.sandbox.iconik.paging import listed
from tgiconik.sandbox.store import Document

RELATIONS: Final = "iconik/relations"


def relate(asked: Asked) -> Response:
    """Relate an asset to another one; the same relation again is the one that is there."""
    type_ = asked.ids.get("relation_type") or asked.body["relation_type"]
    related = asked.ids.get("related_to_asset_id") or asked.body["related_to_asset_id"]
    return asked.fit(_put(asked, asked.ids["asset_id"], type_, related))


def relate_back(asked: Asked) -> Response:
    """Make the relation in the other direction."""
    related = asked.ids["related_to_asset_id"]
    return asked.fit(_put(asked, related, asked.ids["relation_type"], asked.ids["asset_id"]))


def _put(asked: Asked, asset_id: str, type_: str, related: str) -> Document:
    for id_ in (asset_id, related):
        asset(asked.state, id_)
    key = f"{asset_id}/{type_}/{related}"
    document = asked.state.store.get(RELATIONS, key)
    if document is None:
        sent = asked.body if isinstance(asked.body, dict) else {}
        document = {
            "id": new_id(),
            "asset_id": asset_id,
            "relation_type": type_,
            "related_to_asset_id": related,
            "description": sent.get("description"),
            "date_created": asked.now(),
            "date_modified": asked.now(),
        }
        asked.state.store.put(RELATIONS, key, document, parent=asset_id)
    return document


def list_related(asked: Asked) -> Response:
    """The assets that an asset is related to, in one way or in any."""
    asset_id = asset(asked.state, asked.ids["asset_id"])["id"]
    related = []
    for relation in asked.state.store.list(RELATIONS, parent=asset_id):
        other = asked.state.store.get(ASSETS, relation["related_to_asset_id"])
        is_wanted = asked.ids.get("relation_type") in {None, relation["relation_type"]}
        if is_wanted and other is not None and other["status"] == "ACTIVE":
            related.append(index.document(asked.state, "assets", other))
    return listed(asked, related)


def part(asked: Asked) -> Response:
    """End a relation."""
    key = "/".join(asked.ids.values())
    found(asked.state.store.get(RELATIONS, key), "The relation")
    asked.state.store.delete(RELATIONS, key)
    return Response(status_code=204)


_ALL: Final = "assets/v1/assets/{asset_id}/relations"
_ONE: Final = f"{_ALL}/{{relation_type}}/{{related_to_asset_id}}"
HANDLERS = {
    f"GET {_ALL}/": list_related,
    f"POST {_ALL}/": relate,
    f"GET {_ALL}/{{relation_type}}/": list_related,
    f"POST {_ONE}/": relate,
    f"DELETE {_ONE}/": part,
    f"POST {_ONE}/reverse/": relate_back,
}
