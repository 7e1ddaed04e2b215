"""Signed links: they need no credentials, expire, and are valid for one method and URL."""

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

#: Lifetime of a signed link; iconik's own is not documented.
LINK_LIFE: Final = timedelta(hours=1)
#: A key in a request's scope that makes its link count as expired.
EXPIRED: Final = "tgiconik.sandbox.expired"
_SECRET: Final = ("storage/secrets", "links")


def link(state: State, method: str, path: str, **query: str) -> str:
    """A signed URL.

    Args:
        state: the sandbox.
        method: the allowed method; GET includes HEAD.
        path: percent-encoded.
        query: further query parameters, which are signed too.
    """
    pairs = [*query.items(), ("expires", str(_end(state)))]
    signed = [*pairs, ("signature", _sign(state, method, unquote(path), pairs))]
    return f"{state.base_url}{path}?{urlencode(signed)}"


def check(state: State, request: Request, errors: LinkErrors) -> None:
    """Reject a link that is expired or was modified."""
    pairs = [each for each in request.query_params.multi_items() if each[0] != "signature"]
    method = "GET" if request.method == "HEAD" else request.method
    _check_time(state, request.scope, request.query_params.get("expires", ""), errors)
    good = _sign(state, method, request.scope["path"], pairs)
    if not hmac.compare_digest(request.query_params.get("signature", ""), good):
        raise errors.wrong()


def token(state: State, path: str) -> str:
    """A token that authorises a POST to a path, for the `Authorization` header."""
    end = str(_end(state))
    return f"{end}_{_sign(state, 'POST', path, [('expires', end)])}"


def check_token(state: State, request: Request, errors: LinkErrors) -> None:
    """Reject a request without a valid token in `Authorization`."""
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
    # The path is decoded and the pairs are sorted, so that requoting by a client does not matter.
    text = f"{method} {path}?{urlencode(sorted(pairs))}"
    return hmac.new(secret["key"].encode(), text.encode(), "sha256").hexdigest()
