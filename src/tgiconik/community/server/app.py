"""The served app: the contract's surface with keys, limits, a health check and a log."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

import attrs
from starlette.types import ASGIApp

from tgiconik._validate import positive
from tgiconik.community.app import application
from tgiconik.community.community import ANSWERS_KEPT_FOR
from tgiconik.community.server.access_log import AccessLogMiddleware
from tgiconik.community.server.authentication import BearerKeys
from tgiconik.community.server.body_limit import BodyLimitMiddleware
from tgiconik.community.server.health import health_route
from tgiconik.community.server.host import HostMiddleware
from tgiconik.community.server.rate import RatePerKey
from tgiconik.community.store.base import BaseStore

MOST_BYTES: Final = 1024 * 1024
CALLS_PER_SECOND: Final = 100.0


@attrs.frozen(kw_only=True)
class Limits:
    """The limits of a caller.

    Attributes:
        body: bytes of a request's body at the most.
        rate: calls per second and key.
    """

    body: int = attrs.field(default=MOST_BYTES)
    rate: float = attrs.field(default=CALLS_PER_SECOND)

    def __attrs_post_init__(self) -> None:
        positive(self.body, "the limit of bodies")
        positive(self.rate, "the rate per key")


def served_app(
    store: BaseStore,
    *,
    names: Collection[str] = (),
    limits: Limits | None = None,
    answers_kept_for: timedelta = ANSWERS_KEPT_FOR,
) -> ASGIApp:
    """The app to put on a socket.

    Args:
        store: the database, with its keys.
        names: names besides this machine's own that the community is called by.
        limits: of bodies and calls.
        answers_kept_for: how long answers are repeated under their idempotency keys.
    """
    limits = limits or Limits()
    keys = BearerKeys(store, RatePerKey(limits.rate))
    app = application(store, keys, answers_kept_for=answers_kept_for)
    app.router.routes.append(health_route(store))
    return AccessLogMiddleware(HostMiddleware(BodyLimitMiddleware(app, limits.body), names))
