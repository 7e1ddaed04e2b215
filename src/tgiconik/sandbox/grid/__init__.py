"""Trading Grid as the sandbox has it: OAuth2, Community Management, Lens and the collaboration."""

from starlette.routing import BaseRoute

from tgiconik.sandbox.grid import collaboration, community_management, lens, oauth
from tgiconik.sandbox.state import State


def routes(state: State) -> list[BaseRoute]:
    """Everything that answers below Trading Grid's paths."""
    return [
        *oauth.routes(state),
        *community_management.routes(state),
        *lens.routes(state),
        *collaboration.routes(state),
    ]
