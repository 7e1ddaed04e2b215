"""The sandbox's Trading Grid: OAuth2, Community Management, Lens, Cartographer, collaboration."""

from starlette.routing import BaseRoute

from tgiconik.sandbox.grid import cartographer, collaboration, community_management, lens, oauth
from tgiconik.sandbox.state import State


def routes(state: State) -> list[BaseRoute]:
    """The routes of Trading Grid."""
    return [
        *oauth.routes(state),
        *community_management.routes(state),
        *lens.routes(state),
        *cartographer.routes(state),
        *collaboration.routes(state),
    ]
