"""Properties of transcriptions: their language and speakers. The texts are segments."""

from typing import Any, Final

from starlette.responses import Response

from tgiconik.sandbox.iconik import objects
from tgiconik.sandbox.iconik.kinds import TRANSCRIPTIONS
from tgiconik.sandbox.iconik.paging import list_response
from tgiconik.sandbox.iconik.request import SYSTEM_DOMAIN_ID, ApiRequest, new_id, or_404
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

_OURS: Final = frozenset({"id", "asset_id", "version_id", "system_domain_id"})


def add(
    state: State, asset_id: str, version_id: str, fields: dict[str, Any], *, id_: str | None = None
) -> Document:
    """Add the properties of a version's transcription.

    Args:
        state: the sandbox.
        asset_id: the asset.
        version_id: the version.
        fields: such as `{"language": "en-US"}`.
        id_: the transcription's id; default: a new one.
    """
    document = {name: value for name, value in fields.items() if name not in _OURS} | {
        "id": id_ or new_id(),
        "asset_id": asset_id,
        "version_id": version_id,
        "system_domain_id": SYSTEM_DOMAIN_ID,
    }
    return _put(state, document)


def _put(state: State, document: Document) -> Document:
    place = f"{document['asset_id']}/{document['version_id']}"
    state.store.put(TRANSCRIPTIONS, f"{place}/{document['id']}", document, parent=place)
    return document


def create(request: ApiRequest) -> Response:
    """Add the properties of a transcription to a version."""
    return request.respond(add(request.state, *_version(request), request.body))


def list_properties(request: ApiRequest) -> Response:
    """List the properties of a version's transcriptions."""
    found = request.state.store.list(TRANSCRIPTIONS, parent="/".join(_version(request)))
    return list_response(request, found)


def read(request: ApiRequest) -> Response:
    """Read the properties of a transcription."""
    return request.respond(_one(request))


def change(request: ApiRequest) -> Response:
    """Change the properties that are sent."""
    sent = {name: value for name, value in request.body.items() if name not in _OURS}
    return request.respond(_put(request.state, _one(request) | sent))


def delete(request: ApiRequest) -> Response:
    """Delete the properties of a transcription."""
    document = _one(request)
    place = f"{document['asset_id']}/{document['version_id']}"
    request.state.store.delete(TRANSCRIPTIONS, f"{place}/{document['id']}")
    return request.respond_empty()


def _version(request: ApiRequest) -> tuple[str, str]:
    asset = objects.asset(request.state, request.ids["asset_id"])
    return asset["id"], objects.version(asset, request.ids["version_id"])["id"]


def _one(request: ApiRequest) -> Document:
    id_ = request.ids["transcription_id"]
    key = "/".join((*_version(request), id_))
    return or_404(request.state.store.get(TRANSCRIPTIONS, key), f"Transcription {id_}")


_ALL: Final = "assets/v1/assets/{asset_id}/versions/{version_id}/transcriptions"
_ONE: Final = f"{_ALL}/{{transcription_id}}/properties/"
HANDLERS = {
    f"GET {_ALL}/properties/": list_properties,
    f"POST {_ALL}/properties/": create,
    f"GET {_ONE}": read,
    f"PUT {_ONE}": change,
    f"PATCH {_ONE}": change,
    f"DELETE {_ONE}": delete,
}
