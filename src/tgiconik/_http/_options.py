"""The options that both clients take for how calls are sent."""

from collections.abc import Collection
from typing import TypedDict

from tgiconik._http._engine import Engine, StrPath, Transport
from tgiconik._http._hooks import Hook
from tgiconik._http._retry import Retry


class SessionOptions(TypedDict, total=False):
    """How calls are sent; `IconikClient` and `TradingGridClient` document each option."""

    timeout: float
    deadline: float
    retry: Retry | None
    rate: float | None
    engine: Engine | None
    transport: Transport | None
    user_agent: str | None
    plain_http: Collection[str]
    on_request: Hook | None
    on_response: Hook | None
    proxy: str | None
    ca_file: StrPath | None
