"""Certificates: the authorities that are trusted, and what was wrong with one that was shown."""

import os
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from tgiconik import errors

#: What `getpeercert` says of a certificate.
_Certificate = Mapping[str, Any]
#: OpenSSL's X509_V_ERR_… codes.
_NOT_YET: Final = 9
_EXPIRED: Final = 10
_OTHER_HOST: Final = frozenset({62, 64})
#: A name in a certificate, which anybody may have written, as an error may show it.
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9*._:-]{1,253}")
_MOST_NAMES: Final = 3


def trusted_certificates(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """The authorities that are trusted: those of `SSL_CERT_FILE` or `SSL_CERT_DIR`, else certifi's.

    Args:
        environ: where those variables are looked up.

    Raises:
        ConfigurationError: a variable names something that holds no certificates.
    """
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file:
        return _context(file, f"SSL_CERT_FILE={file!r}")
    if not folder:
        return _remembering(httpx.create_ssl_context(trust_env=False))
    if not Path(folder).is_dir():
        raise errors.ConfigurationError(f"SSL_CERT_DIR={folder!r} is no folder")
    return _remembering(ssl.create_default_context(capath=folder))


def certificates_in(ca_file: str | os.PathLike[str]) -> ssl.SSLContext:
    """The authorities that a PEM file names; no others are trusted.

    Args:
        ca_file: its path.

    Raises:
        ConfigurationError: it cannot be read as certificates.
    """
    return _context(ca_file, f"ca_file {str(ca_file)!r}")


def authorities(
    ca_file: str | os.PathLike[str] | None, environ: Mapping[str, str] = os.environ
) -> str:
    """Where the authorities come from, for an error.

    Args:
        ca_file: the file that a client was given.
        environ: where the variables are looked up without one.
    """
    if ca_file is not None:
        return f"ca_file={os.fspath(ca_file)} alone"
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if environ.get(name):
            return f"{name}={environ[name]}"
    return "the package certifi"


def why_not_trusted(error: ssl.SSLCertVerificationError, host: str, known: str) -> str:
    """Why a certificate was refused, and who can help.

    Args:
        error: as the handshake raised it.
        host: whose certificate was expected.
        known: where the trusted authorities come from, see `authorities`.
    """
    chain: Sequence[_Certificate] = getattr(error, "chain", ())
    match error.verify_code:
        case code if code in _OTHER_HOST:
            names = ", ".join(_names(chain)) or "another host"
            return f"the server at {host} shows the certificate of {names}: check the URL"
        case code if code == _EXPIRED:
            when = _first(chain, "notAfter", is_past=True)
            return (
                f"the certificate of {host} has expired{when and f' on {when}'}: whoever runs the "
                "server must renew it, unless the clock of this machine is wrong"
            )
        case code if code == _NOT_YET:
            when = _first(chain, "notBefore", is_past=False)
            return (
                f"the certificate of {host} is not valid yet{when and f', but from {when} on'}: "
                "check the clock of this machine"
            )
    return (
        f"the certificate of {host} is not trusted: {error.verify_message.rstrip('.')}. "
        f"Trusted are the authorities in {known}; where a proxy of your company opens TLS, name "
        "its authority with ca_file or SSL_CERT_FILE"
    )


def _names(chain: Sequence[_Certificate]) -> Iterator[str]:
    names = [name for kind, name in chain[0].get("subjectAltName", ())] if chain else []
    shown = [name for name in names if _HOST_NAME.fullmatch(name)]
    yield from shown[:_MOST_NAMES]
    if len(shown) > _MOST_NAMES:
        yield "…"


def _first(chain: Sequence[_Certificate], field: str, *, is_past: bool) -> str:
    """The time of the certificate in a chain that is at fault; empty if none of it seems to be."""
    now = datetime.now(UTC)
    for each in chain:
        with suppress(KeyError, ValueError, OverflowError, OSError):
            time = datetime.fromtimestamp(ssl.cert_time_to_seconds(each[field]), UTC)
            if (time <= now) == is_past:
                return f"{time:%Y-%m-%d %H:%M} UTC"
    return ""


def _context(file: str | os.PathLike[str], source: str) -> ssl.SSLContext:
    try:
        return _remembering(ssl.create_default_context(cafile=file))
    # SSLError, for a file without certificates, is one of them.
    except OSError as error:
        raise errors.ConfigurationError(
            f"{source} cannot be read as certificates: {error.strerror or error}"
        ) from error


def _remembering(context: ssl.SSLContext) -> ssl.SSLContext:
    context.sslobject_class = _Handshake
    return context


class _Handshake(ssl.SSLObject):
    """A handshake whose error has the certificates that were refused, as `chain`."""

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except ssl.SSLCertVerificationError as error:
            # Python has no public way to them before 3.13, and there not in words.
            with suppress(Exception):
                own: Any = vars(self).get("_sslobj")
                error.chain = [each.get_info() for each in own.get_unverified_chain()]  # type: ignore[attr-defined]
            raise
