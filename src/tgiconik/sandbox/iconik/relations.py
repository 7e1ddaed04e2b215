"""Relations between assets: typed and directed."""

from typing import Final

from starlette.responses import Response

from tgiconik.sandbox.iconik import index
from tgiconik.sandbox.iconik.kinds import ASSETS
from tgiconik.sandbox.iconik.objects import asset
from tgiconik.sandbox.iconik.paging import list_response
from tgiconik.sandbox.iconik.request import ApiRequest, new_id, or_404
from tgiconik.sandbox.store import Document

RELATIONS: Final = "iconik/relations"


def relate(request: ApiRequest) -> Response:
    """Relate an asset to another; idempotent."""
    type_ = request.ids.get("relation_type") or request.body["relation_type"]
    related = request.ids.get("related_to_asset_id") or request.body["related_to_asset_id"]
    return request.respond(_put(request, request.ids["asset_id"], type_, related))


def relate_back(request: ApiRequest) -> Response:
    """Create the relation in the other direction."""
    related = request.ids["related_to_asset_id"]
    return request.respond(
        _put(request, related, request.ids["relation_type"], request.ids["asset_id"])
    )


def _put(request: ApiRequest, asset_id: str, type_: str, related: str) -> Document:
    for id_ in (asset_id, related):
        asset(request.state, id_)
    key = f"{asset_id}/{type_}/{related}"
    document = request.state.store.get(RELATIONS, key)
    if document is None:
        sent = request.body if isinstance(request.body, dict) else {}
        document = {
            "id": new_id(),
            "asset_id": asset_id,
            "relation_type": type_,
            "related_to_asset_id": related,
            "description": sent.get("description"),
            "date_created": request.now(),
            "date_modified": request.now(),
        }
        request.state.store.put(RELATIONS, key, document, parent=asset_id)
    return document


def list_related(request: ApiRequest) -> Response:
    """List the assets that an asset is related to, by one relation type or by any."""
    asset_id = asset(request.state, request.ids["asset_id"])["id"]
    related = []
    for relation in request.state.store.list(RELATIONS, parent=asset_id):
        other = request.state.store.get(ASSETS, relation["related_to_asset_id"])
        is_wanted = request.ids.get("relation_type") in {None, relation["relation_type"]}
        if is_wanted and other is not None and other["status"] == "ACTIVE":
            related.append(index.document(request.state, "assets", other))
    return list_response(request, related)


def unrelate(request: ApiRequest) -> Response:
    """Delete a relation."""
    key = "/".join(request.ids.values())
    or_404(request.state.store.get(RELATIONS, key), "The relation")
    request.state.store.delete(RELATIONS, key)
    return Response(status_code=204)


_ALL: Final = "assets/v1/assets/{asset_id}/relations"
_ONE: Final = f"{_ALL}/{{relation_type}}/{{related_to_asset_id}}"
HANDLERS = {
    f"GET {_ALL}/": list_related,
    f"POST {_ALL}/": relate,
    f"GET {_ALL}/{{relation_type}}/": list_related,
    f"POST {_ONE}/": relate,
    f"DELETE {_ONE}/": unrelate,
    f"POST {_ONE}/reverse/": relate_back,
}
