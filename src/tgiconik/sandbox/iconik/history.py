"""The history of an asset: `GET …/assets/{asset_id}/history/`."""

from starlette.responses import Response

from tgiconik.sandbox.iconik.kinds import HISTORY
from tgiconik.sandbox.iconik.objects import asset
from tgiconik.sandbox.iconik.paging import list_response
from tgiconik.sandbox.iconik.request import ApiRequest, new_id, stamp
from tgiconik.sandbox.state import State


def record(
    state: State,
    asset_id: str,
    operation_type: str,
    *,
    user_id: str | None = None,
    version_id: str | None = None,
    share_id: str | None = None,
    share_user_id: str | None = None,
    description: str | None = None,
) -> None:
    """Append an entry; `operation_type` is one of the 31 values that iconik documents."""
    moment = stamp(state.now())
    id_ = new_id()
    entry = {
        "id": id_,
        "asset_id": asset_id,
        "operation_type": operation_type,
        "operation_description": description,
        "user_id": user_id,
        "version_id": version_id,
        "share_id": share_id,
        "share_user_id": share_user_id,
        "date_created": moment,
        "date_modified": moment,
    }
    state.store.put(HISTORY, f"{asset_id}/{id_}", entry, parent=asset_id)


def read_history(request: ApiRequest) -> Response:
    """List the entries, oldest first; `filter` is `field,eq,value;…`."""
    asset_id = asset(request.state, request.ids["asset_id"])["id"]
    entries = request.state.store.list(HISTORY, parent=asset_id)
    for condition in request.query.get("filter", "").split(";"):
        name, _, rest = condition.partition(",")
        if name:
            value = rest.partition(",")[2]
            entries = [entry for entry in entries if str(entry.get(name)) == value]
    return list_response(request, entries)


HANDLERS = {"GET assets/v1/assets/{asset_id}/history/": read_history}
