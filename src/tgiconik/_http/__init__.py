"""How calls reach a platform: the only package that knows httpx.

`build` makes a `Call`, a `Session` sends it, an `Answer` comes back or one of `tgiconik.errors` is
raised. `Pages` walks lists. Private: clients build on it, users see its effects.
"""

from tgiconik._http._closing import Closeable, NotPicklable
from tgiconik._http._diagnosis import CHECK_DEADLINE, diagnosis, is_misconfigured
from tgiconik._http._engine import Engine, StrPath, Transport, chosen_engine
from tgiconik._http._hooks import Attempt, Hook
from tgiconik._http._links import CHUNK, Links, Stream, StreamedBody
from tgiconik._http._local import local_transport
from tgiconik._http._message import (
    Answer,
    Call,
    QueryValue,
    basic,
    build,
    build_literal,
    secret_id,
    unreadable,
)
from tgiconik._http._network import Network
from tgiconik._http._observe import retried
from tgiconik._http._options import SessionOptions
from tgiconik._http._origin import checked_url, hosts, is_this_machine
from tgiconik._http._pages import Page, Pages
from tgiconik._http._per_loop import PerLoop, SharedClock
from tgiconik._http._rate import RateLimit
from tgiconik._http._retry import Retry, may_repeat, requested_wait
from tgiconik._http._session import (
    Auth,
    HeaderAuth,
    Session,
    asgi_transport,
)
from tgiconik._http._surface import Surface
from tgiconik._http._target import SignedLink, link_template
from tgiconik._http._traffic import Traffic
from tgiconik._secrets import Hidden, Secret

__all__ = [
    "CHECK_DEADLINE",
    "CHUNK",
    "Answer",
    "Attempt",
    "Auth",
    "Call",
    "Closeable",
    "Engine",
    "HeaderAuth",
    "Hidden",
    "Hook",
    "Links",
    "Network",
    "NotPicklable",
    "Page",
    "Pages",
    "PerLoop",
    "QueryValue",
    "RateLimit",
    "Retry",
    "Secret",
    "Session",
    "SessionOptions",
    "SharedClock",
    "SignedLink",
    "StrPath",
    "Stream",
    "StreamedBody",
    "Surface",
    "Traffic",
    "Transport",
    "asgi_transport",
    "basic",
    "build",
    "build_literal",
    "checked_url",
    "chosen_engine",
    "diagnosis",
    "hosts",
    "is_misconfigured",
    "is_this_machine",
    "link_template",
    "local_transport",
    "may_repeat",
    "requested_wait",
    "retried",
    "secret_id",
    "unreadable",
]
