"""Links that work for a while without credentials, for one method and as they were given only."""

import hmac
from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from urllib.parse import unquote, urlencode
from uuid import uuid4

from starlette.requests import Request
from starlette.types import Scope

from tgiconik.sandbox.state import State
from tgiconik.sandbox.storage.errors import LinkErrors

#: How long a signed link lasts; iconik's own time was not found.
LINK_LIFE: Final = timedelta(hours=1)
#: Set in a request's scope, it makes any link of it an expired one.
EXPIRED: Final = "tgiconik.sandbox.expired"
_SECRET: Final = ("storage/secrets", "links")


def link(state: State, method: str, path: str, **query: str) -> str:
    """A URL that may be called.

    Args:
        state: the sandbox.
        method: how it may be called; with GET comes HEAD.
        path: percent-encoded.
        query: what belongs to it.
    """
    pairs = [*query.items(), ("expires", str(_end(state)))]
    signed = [*pairs, ("signature", _sign(state, method, unquote(path), pairs))]
    return f"{state.base_url}{path}?{urlencode(signed)}"


def check(state: State, request: Request, errors: LinkErrors) -> None:
    """Refuse a link that has expired, or is not as it was given."""
    pairs = [each for each in request.query_params.multi_items() if each[0] != "signature"]
    method = "GET" if request.method == "HEAD" else request.method
    _check_time(state, request.scope, request.query_params.get("expires", ""), errors)
    good = _sign(state, method, request.scope["path"], pairs)
    if not hmac.compare_digest(request.query_params.get("signature", ""), good):
        raise errors.wrong()


def token(state: State, path: str) -> str:
    """What proves in a header that a path may be posted to."""
    end = str(_end(state))
    return f"{end}_{_sign(state, 'POST', path, [('expires', end)])}"


def check_token(state: State, request: Request, errors: LinkErrors) -> None:
    """Refuse a request whose `Authorization` is not a token for it."""
    end, _, signature = request.headers.get("authorization", "").partition("_")
    good = _sign(state, "POST", request.scope["path"], [("expires", end)])
    if not hmac.compare_digest(signature.encode(), good.encode()):
        raise errors.wrong()
    _check_time(state, request.scope, end, errors)


def _end(state: State) -> int:
    return int((state.now() + LINK_LIFE).timestamp())


def _check_time(state: State, scope: Scope, end: str, errors: LinkErrors) -> None:
    if not end.isdecimal() or int(end) <= state.now().timestamp() or EXPIRED in scope:
        raise errors.expired()


def _sign(state: State, method: str, path: str, pairs: Iterable[tuple[str, str]]) -> str:
    secret = state.store.get(*_SECRET)
    if secret is None:
        secret = {"key": str(uuid4())}
        state.store.put(*_SECRET, secret)
    # The path is decoded and the pairs in order: how a client quotes a link again changes nothing.
    text = f"{method} {path}?{urlencode(sorted(pairs))}"
    return hmac.new(secret["key"].encode(), text.encode(), "sha256").hexdigest()
