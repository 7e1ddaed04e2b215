"""Why there was no connection, in words that say where to look."""

import os
import socket
import ssl
from collections.abc import Iterator, Mapping

import httpx

from tgiconik._http._redact import reason


def why_not_connected(
    error: httpx.RequestError,
    host: str,
    *,
    proxy: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> str:
    """Why a request got no answer.

    Args:
        error: as the engine raised it.
        host: where the request went.
        proxy: the proxy that it went through, as it may be shown.
        environ: says which certificates are trusted.
    """
    target = f"the proxy {proxy}" if proxy else host
    if isinstance(error, httpx.ProxyError):
        return f"the proxy {proxy} refused to connect to {host}: {reason(error)}"
    for cause in _causes(error):
        match cause:
            # aiohttp has errors of both classes without the message; the real ones are behind them.
            case ssl.SSLCertVerificationError(verify_message=str(why)):
                return (
                    f"the certificate of {host} is not trusted: {why}. "
                    f"Trusted are the authorities in {_authorities(environ)}; where a proxy of "
                    "your company opens TLS, name its authority with SSL_CERT_FILE"
                )
            case ssl.SSLError(reason=why) if not isinstance(cause, ssl.SSLCertVerificationError):
                return f"{target} does not speak TLS as we do: {why or cause}"
            case socket.gaierror():
                return f"the name of {target} cannot be resolved (DNS): {cause.strerror or cause}"
            case ConnectionRefusedError():
                return f"{target} refused the connection: nothing listens there"
            case _:
                continue
    through = f" (by {target})" if proxy else ""
    return f"{reason(error)}{through}"


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


def _authorities(environ: Mapping[str, str]) -> str:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if environ.get(name):
            return f"{name}={environ[name]}"
    return "the package certifi"
