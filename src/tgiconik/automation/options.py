"""The options of a worker."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import TypeAlias

import attrs

from tgiconik.automation.hooks import Hook
from tgiconik.automation.planning import Patience
from tgiconik.automation.sources import Source
from tgiconik.iconik import IconikClient
from tgiconik.tradinggrid import TradingGridClient

#: Both clients that the rules' functions are called with.
Clients: TypeAlias = tuple[TradingGridClient, IconikClient]
#: Opens them.
OpenClients: TypeAlias = Callable[[], AbstractAsyncContextManager[Clients]]


@attrs.frozen(kw_only=True)
class Options:
    """How a worker works.

    Attributes:
        clients: opens both clients.
        sources: where causes are read.
        patience: how often and how long a run that failed is tried again.
        max_concurrency: how many runs are under way at once.
        drain: how long the end waits for runs that are under way.
        release: names the rules and code.
        keep: how long runs and settled causes are kept.
        now: a clock instead of the database's.
        on_finish: told of every run that ended.
        on_failure: told of every run whose causes were parked.
    """

    clients: OpenClients
    sources: Sequence[Source]
    patience: Patience
    max_concurrency: int
    drain: timedelta
    release: str
    keep: timedelta
    now: Callable[[], datetime] | None = None
    on_finish: Hook | None = None
    on_failure: Hook | None = None
