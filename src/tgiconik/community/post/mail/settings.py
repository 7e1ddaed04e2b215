"""Settings of the mail servers, and the environment variables that they come from."""

import ssl
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, TypeAlias

import attrs

from tgiconik import errors
from tgiconik._secrets import Secret
from tgiconik._validate import known_word
from tgiconik.community.post.mail import authentication

#: The value of `ImapSettings.authserv_id` for systems that write no name. It is safe only if the
#: system writes its own header on top of every mail from outside: any other would be believed.
ABSENT: Final = authentication.ABSENT

#: Gives an OAuth access token that works now; asked before every login.
AccessToken: TypeAlias = Callable[[], str] | Callable[[], Awaitable[str]]

PREFIX: Final = "POST_MAIL_"
_MEGABYTE: Final = 1024 * 1024
_PORTS: Final = 65_535


class Security(StrEnum):
    """How a connection is encrypted."""

    #: Encrypted from the first byte.
    TLS = "tls"
    #: Encrypted before anything is said that matters; a server that refuses is not used.
    STARTTLS = "starttls"
    #: Not encrypted. Only to this machine's own loopback address.
    NONE = "none"


def _known_security(word: str) -> Security:
    return known_word(word, "security", Security)


@attrs.frozen(kw_only=True)
class SmtpSettings:
    """The server that takes the mails to send.

    Attributes:
        host: name of the server; its certificate must have it.
        port: 587 for STARTTLS, 465 for TLS.
        security: how the connection is encrypted.
        username: whom to log in as; empty for a server that asks for no login.
        password: the password, unless there is a token.
        token: gives the access token for a login by XOAUTH2.
        timeout: seconds until an answer must come.
        certificates: which certificates are trusted; the system's if None.
    """

    host: str
    port: int = 587
    security: Security = attrs.field(default=Security.STARTTLS, converter=_known_security)
    username: str = ""
    password: str = attrs.field(default="", converter=Secret)
    token: AccessToken | None = attrs.field(default=None, repr=False)
    timeout: float = 30
    certificates: ssl.SSLContext | None = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        _check_server("SMTP", self)

    @property
    def name(self) -> str:
        """How to name it in messages."""
        return f"{self.host}:{self.port}"


@attrs.frozen(kw_only=True)
class ImapSettings:
    """The mailbox that answers come to.

    Attributes:
        host: name of the server; its certificate must have it.
        authserv_id: the name that the receiving system writes at the beginning of
            `Authentication-Results`, such as `mx.google.com`; `ABSENT` where it writes none, as
            Microsoft 365. No other system's word is taken for who wrote a mail.
        port: 993 for TLS, 143 for STARTTLS.
        security: how the connection is encrypted.
        username: whom to log in as.
        password: the password, unless there is a token.
        token: gives the access token for a login by XOAUTH2.
        folder: the folder that mails are collected from.
        processed: the folder that mails are moved to when they are stored; it is made if it is
            missing. None leaves them in place, with the keyword `$TgiconikCollected`.
        largest: bytes of a mail at the most; of a larger one, the head alone is collected.
        timeout: seconds until an answer must come.
        certificates: which certificates are trusted; the system's if None.
    """

    host: str
    authserv_id: str
    port: int = 993
    security: Security = attrs.field(default=Security.TLS, converter=_known_security)
    username: str
    password: str = attrs.field(default="", converter=Secret)
    token: AccessToken | None = attrs.field(default=None, repr=False)
    folder: str = "INBOX"
    processed: str | None = "Processed"
    largest: int = 10 * _MEGABYTE
    timeout: float = 30
    certificates: ssl.SSLContext | None = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        _check_server("IMAP", self)
        if not self.authserv_id or any(character.isspace() for character in self.authserv_id):
            raise errors.ConfigurationError(
                "authserv_id must be the name that your mail system writes at the beginning of "
                f"Authentication-Results, or {ABSENT!r} if it writes none"
            )
        for folder in (self.folder, self.processed):
            if folder is not None and (not folder or not folder.isprintable()):
                raise errors.ConfigurationError("the name of a mail folder must be printable text")
        if self.folder == self.processed:
            raise errors.ConfigurationError(
                f"mails cannot be moved from {self.folder} to {self.processed}; name another folder"
            )
        if self.largest <= 0:
            raise errors.ConfigurationError("largest must be a positive number of bytes")

    @property
    def name(self) -> str:
        """How to name it in messages."""
        return f"{self.host}:{self.port}"


def _check_server(protocol: str, given: SmtpSettings | ImapSettings) -> None:
    """Check a server's settings.

    Raises:
        ConfigurationError: they cannot work, or would send secrets unencrypted.
    """
    if not given.host or not given.host.isprintable() or " " in given.host:
        raise errors.ConfigurationError(f"the host of the {protocol} server is missing or no name")
    if not 0 < given.port <= _PORTS:
        raise errors.ConfigurationError(f"{given.port} is no port of an {protocol} server")
    if given.timeout <= 0:
        raise errors.ConfigurationError("timeout must be a positive number of seconds")
    if given.security == Security.NONE and not _is_loopback(given.host):
        raise errors.ConfigurationError(
            f"without encryption only a server on this machine may be used, not {given.host}; "
            "use tls or starttls"
        )
    if given.password and given.token is not None:
        raise errors.ConfigurationError(f"give a password or a token for {given.host}, not both")
    if bool(given.username) != (bool(given.password) or given.token is not None):
        raise errors.ConfigurationError(
            f"a login at {given.host} needs a username and a password or a token"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def smtp_from(environ: Mapping[str, str]) -> SmtpSettings:
    """The SMTP server of environment variables.

    Raises:
        ConfigurationError: a variable is missing, or has a value that cannot work.
    """
    return SmtpSettings(
        host=_needed(environ, "SMTP_HOST"),
        **_number(environ, "SMTP_PORT", "port"),
        **_security(environ, "SMTP_SECURITY"),
        **_login(environ, "SMTP"),
    )


def imap_from(environ: Mapping[str, str]) -> ImapSettings:
    """The IMAP server of environment variables.

    Raises:
        ConfigurationError: a variable is missing, or has a value that cannot work.
    """
    given: dict[str, Any] = {}
    if folder := environ.get(f"{PREFIX}IMAP_FOLDER"):
        given["folder"] = folder
    if processed := environ.get(f"{PREFIX}IMAP_PROCESSED"):
        given["processed"] = processed
    return ImapSettings(
        host=_needed(environ, "IMAP_HOST"),
        authserv_id=_needed(environ, "AUTHSERV_ID"),
        **_number(environ, "IMAP_PORT", "port"),
        **_security(environ, "IMAP_SECURITY"),
        **_login(environ, "IMAP"),
        **given,
    )


def text_from(environ: Mapping[str, str], name: str) -> str:
    """A text that must be there.

    Raises:
        ConfigurationError: the variable is missing.
    """
    return _needed(environ, name)


def switch_from(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    """A variable that is `yes` or `no`.

    Raises:
        ConfigurationError: it is neither.
    """
    found = environ.get(f"{PREFIX}{name}", "").strip().lower()
    if found not in {"", "yes", "no"}:
        raise errors.ConfigurationError(f"{PREFIX}{name} must be yes or no")
    return default if not found else found == "yes"


def _needed(environ: Mapping[str, str], name: str) -> str:
    if found := environ.get(f"{PREFIX}{name}", "").strip():
        return found
    raise errors.ConfigurationError(f"set {PREFIX}{name} in the environment")


def _number(environ: Mapping[str, str], name: str, field: str) -> dict[str, Any]:
    found = environ.get(f"{PREFIX}{name}", "").strip()
    if not found:
        return {}
    if not (found.isascii() and found.isdigit()):
        raise errors.ConfigurationError(f"{PREFIX}{name} must be a number")
    return {field: int(found)}


def _security(environ: Mapping[str, str], name: str) -> dict[str, Any]:
    found = environ.get(f"{PREFIX}{name}", "").strip().lower()
    return {"security": known_word(found, f"{PREFIX}{name}", Security)} if found else {}


def _login(environ: Mapping[str, str], protocol: str) -> dict[str, Any]:
    """The login at a server: its own variables, or those that both servers share."""

    def found(name: str) -> str:
        own = environ.get(f"{PREFIX}{protocol}_{name}")
        return own or environ.get(f"{PREFIX}{name}", "")

    login: dict[str, Any] = {"username": found("USERNAME"), "password": found("PASSWORD")}
    if file := found("TOKEN_FILE"):
        login["token"] = partial(_token_in, Path(file))
    return login


def _token_in(file: Path) -> str:
    """The access token in a file that another program keeps fresh.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        return Secret(file.read_text("utf-8").strip())
    except (OSError, ValueError) as error:
        raise errors.ConfigurationError(
            f"the access token for the mail servers cannot be read from {file}"
        ) from error
