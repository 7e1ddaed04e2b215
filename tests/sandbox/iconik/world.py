"""A small world: a film in two versions, a poster, a metadata view, and a still clock."""

from datetime import UTC, datetime, timedelta

import attrs

from tgiconik.sandbox import Sandbox, credentials
from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.media import mp4, png

HEADERS = {"App-ID": credentials.APP_ID, "Auth-Token": credentials.AUTH_TOKEN}
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
VIEW = seed.fixed_id("view release")
FILM = seed.fixed_id("asset film")
POSTER = seed.fixed_id("asset poster")


@attrs.define
class Clock:
    """A clock that stands still until it is moved."""

    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **by: float) -> None:
        self.moment += timedelta(**by)


def fill(sandbox: Sandbox) -> None:
    state = sandbox.state
    seed.add_metadata_view(
        state,
        id_=VIEW,
        name="Release",
        fields=[
            {
                "name": "Region",
                "field_type": "drop_down",
                "multi": True,
                "options": [{"label": name, "value": name} for name in ("EMEA", "APAC", "AMER")],
            },
            {"name": "Language", "field_type": "string", "multi": True},
            {"name": "Embargo", "field_type": "datetime"},
            {"name": "Rating", "field_type": "integer"},
            {"name": "Released", "field_type": "boolean"},
        ],
    )
    seed.add_asset(
        state,
        id_=FILM,
        title="Launch film (EMEA)?",
        media=[mp4("film.mp4", "Film, version 1"), mp4("film.mp4", "Film, version 2")],
        values={"Region": ["EMEA"], "Language": ["de", "fr"], "Rating": ["12"]},
    )
    seed.add_asset(
        state,
        id_=POSTER,
        title="Launch poster",
        media=png("poster.png", "Poster"),
        values={"Region": ["APAC", "AMER"], "Rating": ["6"]},
        approval=None,
    )
