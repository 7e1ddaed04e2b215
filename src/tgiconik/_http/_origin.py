"""Where calls may go: encrypted anywhere, unencrypted to this machine and to hosts by name."""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from tgiconik import errors
from tgiconik._validate import texts


def checked_url(url: str, plain_http: Collection[str] = (), *, called: str = "url") -> str:
    """An origin that credentials may be sent to, without a trailing slash.

    Args:
        url: such as `https://app.iconik.io`; a path prefix is kept.
        plain_http: hosts that may be called unencrypted.
        called: its parameter, and the variable that has it, for errors.

    Raises:
        ConfigurationError: no http(s) URL, or plain http to another machine that is not named.
    """
    if not isinstance(url, str):
        raise errors.ConfigurationError(f"{called} is text, not {type(url).__name__}")
    # What comes before an @ may be a password.
    shown = repr(url.rpartition("@")[2])
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise errors.ConfigurationError(f"{called}: {shown} is not a URL: {error}") from error
    if any(character.isspace() or not character.isprintable() for character in url):
        raise errors.ConfigurationError(f"{called}: {shown} is not a URL: it has blanks")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise errors.ConfigurationError(
            f"{called}: {shown} is not a URL such as https://app.iconik.io"
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise errors.ConfigurationError(
            f"{called}: {parts.hostname}: a platform's URL has no user, query or fragment"
        )
    if parts.scheme == "http" and not may_be_plain(parts.hostname, plain_http):
        raise errors.ConfigurationError(
            f"{called}: {shown} would send credentials unencrypted; use https, or name the host in "
            "plain_http= if nobody else can read what travels to it"
        )
    return url.rstrip("/")


def hosts(plain_http: Collection[str]) -> frozenset[str]:
    """Host names as they are compared.

    Raises:
        ConfigurationError: one text instead of a collection, whose letters would be the hosts.
    """
    return frozenset(host.lower() for host in texts(plain_http, "plain_http takes several hosts"))


def may_be_plain(host: str, plain_http: Collection[str]) -> bool:
    """Whether a host may be called unencrypted: this machine, or one that is named."""
    return host in plain_http or is_this_machine(host)


def is_this_machine(host: str) -> bool:
    """Whether a host, by name or address, is the machine that this runs on."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
