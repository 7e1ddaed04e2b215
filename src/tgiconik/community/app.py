"""The HTTP surface of a community, as an ASGI app. Needs the extra `community`."""

from datetime import timedelta

from starlette.applications import Starlette

from tgiconik.community.rules.endpoint import Authenticate, Surface
from tgiconik.community.rules.operations import routes
from tgiconik.community.store.interface import Store


def application(
    store: Store, authenticate: Authenticate, *, answers_kept_for: timedelta
) -> Starlette:
    """The contract's operations below `/community/v1/companies/`, without any redirect.

    Args:
        store: the database.
        authenticate: decides who makes a request.
        answers_kept_for: how long answers are repeated under their idempotency keys.
    """
    app = Starlette(
        routes=routes(
            Surface(store=store, authenticate=authenticate, answers_kept_for=answers_kept_for)
        )
    )
    app.router.redirect_slashes = False
    return app
