"""The sandbox's world: what both platforms hold when it starts."""

from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.media import mp4
from tgiconik.sandbox.state import State


def build(state: State) -> None:
    """Fill both sides of an empty sandbox."""
    seed.add_asset(
        state,
        id_=seed.fixed_id("asset launch film"),
        title="Launch film",
        media=mp4("launch-film.mp4", "Launch film, version 1"),
    )
