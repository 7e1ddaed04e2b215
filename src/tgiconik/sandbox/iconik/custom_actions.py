"""Custom actions: made below a context such as ASSET, and listed together."""

from typing import Final

from starlette.responses import Response

from tgiconik.sandbox.iconik.kinds import kind
from tgiconik.sandbox.iconik.paging import list_response
from tgiconik.sandbox.iconik.request import ApiRequest

_ACTIONS: Final = kind("assets", "/v1/custom_actions/{context}/")


def list_all(request: ApiRequest) -> Response:
    """List the custom actions of all contexts."""
    return list_response(request, request.state.store.list(_ACTIONS))


HANDLERS = {"GET assets/v1/custom_actions/": list_all}
