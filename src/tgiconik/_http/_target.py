"""Where a signed link leads, and whether media may travel there: decided before anything is sent.

A link comes from a server, so it may be anything. Whatever cannot be used is one error.
"""

import ipaddress
import re
import socket
from collections.abc import Collection
from contextlib import suppress
from string import punctuation
from typing import Final
from urllib.parse import quote, unquote, unquote_to_bytes, urljoin, urlsplit, urlunsplit

import anyio
import attrs
import httpx

from tgiconik import errors
from tgiconik._http._message import basic
from tgiconik._http._origin import may_be_plain
from tgiconik._secrets import Secret, secrets_in_links

_HTTPS_ONLY: Final = (
    "media travel over https only, except to this machine and to hosts named in plain_http="
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_LONGEST_HOST: Final = 253
#: IPv6 addresses that stand for IPv4 ones (RFC 6052).
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class SignedLink(Secret):
    """A link whose query is a credential; its repr, as tracebacks show it, has none."""

    __slots__ = ()

    @property
    def shown(self) -> str:
        """The link without user, query and fragment."""
        return shown_link(self)

    def __repr__(self) -> str:
        return f"<link to {self.shown}>"


def shown_link(url: str) -> str:
    """A link as errors and logs may show it: without user, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a link that is no URL"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".encode(
        errors="replace"
    ).decode()


def link_template(shown: str) -> str:
    """A link's origin, with a placeholder for the object: a path can be a credential too.

    Args:
        shown: the link without user, query and fragment.
    """
    scheme, _, rest = shown.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{{object}}"


@attrs.frozen(kw_only=True)
class Target:
    """A link that media may travel over.

    Attributes:
        link: the link as it came.
        url: what is requested: the host in ASCII, the rest as it was signed.
        host: its host, in ASCII and lower case.
        encrypted: whether it is https.
        authorization: the `Authorization` that the link's user part means, if it has one.
        shown: the link as errors and logs may show it.
        path: the path alone.
    """

    link: SignedLink
    url: SignedLink
    host: str
    encrypted: bool
    authorization: str | None = attrs.field(repr=False)
    shown: str
    path: str

    @property
    def template(self) -> str:
        """The link as logs and traces count it: see `link_template`."""
        return link_template(self.shown)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts to mask where a storage repeats them: the link, its password and its query."""
        parts = urlsplit(self.link)
        values = [pair.partition("=")[2] for pair in parts.query.split("&")]
        texts = [text for value in values for text in (value, unquote(value))]
        return (*secrets_in_links(self.link), parts.password or "", *texts)

    @classmethod
    def of(cls, link: str, plain_http: Collection[str]) -> "Target":
        """Parse a link.

        Args:
            link: an absolute URL.
            plain_http: hosts that may be called without encryption.

        Raises:
            ConfigurationError: it is no URL, or not one that media may travel over.
        """
        shown = shown_link(link)
        try:
            target = _parsed(SignedLink(link), shown)
        # Not chained: the errors of parsers repeat the link.
        except (ValueError, httpx.InvalidURL):
            target = None
        if target is None or not (target.encrypted or may_be_plain(target.host, plain_http)):
            raise errors.ConfigurationError(f"{shown}: {_HTTPS_ONLY}")
        return target

    def redirected(self, location: str, plain_http: Collection[str]) -> "Target":
        """Where a redirect leads from here.

        Raises:
            ConfigurationError: it is no URL, or leads from https to anything else.
        """
        try:
            joined = SignedLink(urljoin(self.link, location))
        except ValueError:
            joined = SignedLink(location)
        target = Target.of(joined, plain_http)
        if self.encrypted and not target.encrypted:
            raise errors.ConfigurationError(
                f"{self.shown} redirects to {target.shown}: media travel over https only, also "
                "after a redirect"
            )
        return target


def _parsed(link: SignedLink, shown: str) -> Target | None:
    if _CONTROL.search(link):
        return None
    parts = urlsplit(link)
    host = _ascii_host(parts.hostname or "")
    if not host or parts.scheme not in {"http", "https"} or ("[" in parts.netloc) != (":" in host):
        return None
    port = "" if parts.port is None else f":{parts.port}"
    netloc = f"[{host}]{port}" if ":" in host else f"{host}{port}"
    user = parts.netloc.rpartition("@")[0]
    # Signed as it is: only what no URL has is quoted.
    url = quote(urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, "")), punctuation)
    return Target(
        link=link,
        url=SignedLink(url),
        host=host,
        encrypted=parts.scheme == "https",
        # As a header: that is what it means, and engines differ in whether they know.
        authorization=basic(unquote_to_bytes(user)) if user else None,
        shown=shown,
        path=parts.path,
    )


def _ascii_host(host: str) -> str:
    """A host as it is looked up; empty when it can be none.

    Raises:
        ValueError: a label is empty or too long.
        httpx.InvalidURL: it has characters that no host has.
    """
    if ":" in host:
        return str(ipaddress.IPv6Address(host)) if "%" not in host else ""
    if not host.isascii():
        host = httpx.URL(f"https://{host}").raw_host.decode()
    host.encode("idna")
    return host.lower() if _HOST_NAME.fullmatch(host) and len(host) <= _LONGEST_HOST else ""


async def refuse_inward_redirect(source: Target, target: Target, *, resolve: bool) -> None:
    """Refuse a redirect that leads from a public address to this machine or into its network.

    Args:
        source: the link that was followed.
        target: where it leads.
        resolve: whether names are looked up; not where a proxy or a transport does that.

    Raises:
        ConfigurationError: it does.
    """
    if target.host == source.host or not await _is_inward(target.host, resolve=resolve):
        return
    if not await _is_inward(source.host, resolve=resolve):
        raise errors.ConfigurationError(
            f"{source.shown} redirects to {target.shown}, which is this machine or in a private "
            "network: not followed"
        )


async def _is_inward(host: str, *, resolve: bool) -> bool:
    known = _literal_address(host)
    if known is not None:
        return _is_private(known)
    if host == "localhost" or host.endswith(".localhost"):
        return True
    if not resolve:
        return False
    # A name that cannot be looked up here fails when it is called, or a proxy knows it.
    with suppress(OSError):
        found = await anyio.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return any(_is_private(str(address[0])) for *_, address in found)
    return False


def _literal_address(host: str) -> str | None:
    """The address that a host is written as, also in the older spellings of IPv4."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def _is_private(address: str) -> bool:
    known = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped is not None:
            known = known.ipv4_mapped
        elif known in _NAT64:
            known = ipaddress.IPv4Address(int(known) & 0xFFFFFFFF)
    return not known.is_global
