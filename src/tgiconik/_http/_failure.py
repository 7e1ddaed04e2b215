"""Why there was no connection, in words that say where to look."""

import socket
import ssl
from collections.abc import Iterator

import httpx

from tgiconik._http._certificates import why_not_trusted
from tgiconik._http._redact import reason


def why_not_connected(
    error: httpx.RequestError,
    url: httpx.URL,
    *,
    proxy: str | None = None,
    authorities: str = "the package certifi",
    began: bool = False,
) -> str:
    """Why a request got no answer, or not all of it.

    Args:
        error: as the engine raised it.
        url: where the request went.
        proxy: the proxy that it went through, as it may be shown.
        authorities: where the trusted certificate authorities come from.
        began: whether an answer had begun.
    """
    host = url.host
    target = f"the proxy {proxy}" if proxy else host
    if isinstance(error, httpx.ProxyError):
        return f"the proxy {proxy} refused to connect to {host}: {reason(error)}"
    for cause in _causes(error):
        match cause:
            # aiohttp has errors of both classes without the message; the real ones are behind them.
            case ssl.SSLCertVerificationError(verify_message=str()):
                return why_not_trusted(cause, host, authorities)
            case ssl.SSLError(reason=why) if not isinstance(cause, ssl.SSLCertVerificationError):
                return f"{target} does not speak TLS as we do: {why or cause}"
            case socket.gaierror():
                return f"the name of {target} cannot be resolved (DNS): {cause.strerror or cause}"
            case ConnectionRefusedError():
                return f"{target} refused the connection: nothing listens there"
            case _:
                continue
    through = f" (by {target})" if proxy else ""
    cut = isinstance(error, httpx.ReadError | httpx.RemoteProtocolError) and not began
    encrypted = "; the server may expect https" if cut and url.scheme == "http" else ""
    return f"{reason(error)}{through}{encrypted}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that it was raised from; of a group of attempts, each."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__, getattr(cause, "os_error", None)]
        waiting += [getattr(cause, "certificate_error", None)]
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions
