"""Settings of a mailbox: the server, its key, and where files are."""

import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

import attrs

from tgiconik import errors
from tgiconik._secrets import Secret
from tgiconik._validate import filled, known_word, not_blank, positive, texts
from tgiconik.community.post.mailbox.message import LARGEST
from tgiconik.community.post.mailbox.paths import PathTemplate

PREFIX: Final = "TRADING_GRID_MAILBOX_"
_FINGERPRINT: Final = "SHA256:"
_MOST_PORT: Final = 65_535


def fingerprint(host_key: str) -> str:
    """The fingerprint of a host key, `SHA256:…` as OpenSSH writes it.

    Args:
        host_key: a fingerprint, or a public key such as `ssh-ed25519 AAAA…`; a line of
            `known_hosts` begins with the host's name, which is not taken.

    Raises:
        ConfigurationError: it is neither.
    """
    text = host_key.strip()
    if text.startswith(_FINGERPRINT):
        digest = text.removeprefix(_FINGERPRINT).rstrip("=")
        if len(_decoded(digest, host_key)) == sha256().digest_size:
            return f"{_FINGERPRINT}{digest}"
    elif len(parts := text.split()) > 1:
        return _fingerprint_of(_decoded(parts[1], host_key))
    raise _no_key(host_key)


def _fingerprint_of(blob: bytes) -> str:
    return f"{_FINGERPRINT}{b64encode(sha256(blob).digest()).decode().rstrip('=')}"


def _decoded(text: str, host_key: str) -> bytes:
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise _no_key(host_key) from error


def _no_key(host_key: str) -> errors.ConfigurationError:
    return errors.ConfigurationError(
        f"host_keys: {host_key!r} is no fingerprint such as SHA256:… and no public key such as "
        "ssh-ed25519 AAAA…; ask whoever runs the server for it"
    )


def _fingerprints(host_keys: "tuple[str, ...] | list[str]") -> tuple[str, ...]:
    return tuple(dict.fromkeys(fingerprint(key) for key in texts(host_keys, "host_keys")))


def _secret(value: str | None) -> Secret | None:
    return None if value is None else Secret(value)


@attrs.frozen(kw_only=True)
class SftpSettings:
    """An SFTP server, and how to log in.

    Attributes:
        host: name or address of the server.
        port: its port.
        username: the user.
        host_keys: keys that the server may show, as fingerprints `SHA256:…`; public keys are taken
            as well. A server with any other key is never talked to.
        password: the user's password.
        client_key: path of the user's private key.
        client_key_password: what the private key is encrypted with.
        timeout: seconds to wait for a connection, and for one file at the most.

    Raises:
        ConfigurationError: neither password nor key, no key of the server, or one that is none.
    """

    host: str = attrs.field(validator=filled)
    port: int = 22
    username: str = attrs.field(validator=filled)
    host_keys: tuple[str, ...] = attrs.field(converter=_fingerprints)
    password: str | None = attrs.field(default=None, converter=_secret, repr=False)
    client_key: str | Path | None = None
    client_key_password: str | None = attrs.field(default=None, converter=_secret, repr=False)
    timeout: float = 60.0

    @host_keys.validator
    def _is_pinned(self, _: object, keys: tuple[str, ...]) -> None:
        if not keys:
            raise errors.ConfigurationError(
                "host_keys must have the server's key: without it, anybody could be the server"
            )

    def __attrs_post_init__(self) -> None:
        if not 0 < self.port <= _MOST_PORT:
            raise errors.ConfigurationError(f"port must be 1 to {_MOST_PORT}, not {self.port!r}")
        if self.password is None and self.client_key is None:
            raise errors.ConfigurationError("SftpSettings needs a password or a client_key")
        positive(self.timeout, "timeout")

    @classmethod
    def from_env(
        cls, *, environ: Mapping[str, str] = os.environ, prefix: str = f"{PREFIX}SFTP_"
    ) -> Self:
        """The settings in environment variables.

        `TRADING_GRID_MAILBOX_SFTP_HOST`, `…_USERNAME`, `…_HOST_KEYS` (several separated by commas),
        and `…_PASSWORD` or `…_CLIENT_KEY`; if need be `…_PORT` and `…_CLIENT_KEY_PASSWORD`.

        Args:
            environ: where to look.
            prefix: what their names begin with.

        Raises:
            ConfigurationError: a variable is missing or wrong; the message names it.
        """
        variables = Variables(environ, prefix)
        return cls(
            host=variables.required("HOST"),
            port=variables.number("PORT", 22),
            username=variables.required("USERNAME"),
            host_keys=tuple(variables.required("HOST_KEYS").split(",")),
            password=variables.get("PASSWORD"),
            client_key=variables.get("CLIENT_KEY"),
            client_key_password=variables.get("CLIENT_KEY_PASSWORD"),
        )


class Publish(StrEnum):
    """How a file is written, so that nobody reads half of it.

    Value-added networks refuse to rename, or answer with an error after it worked: `direct` is
    what they expect.
    """

    DIRECT = "direct"
    RENAME = "rename"
    MARKER = "marker"


class Acknowledge(StrEnum):
    """The end of a file whose content is stored."""

    DELETE = "delete"
    MOVE = "move"
    KEEP = "keep"


def _publish(word: str) -> Publish:
    return known_word(word, "publish", Publish)


def _acknowledge(word: str) -> Acknowledge:
    return known_word(word, "acknowledge", Acknowledge)


def _template(text: str | PathTemplate) -> PathTemplate:
    return text if isinstance(text, PathTemplate) else PathTemplate(text)


@attrs.frozen(kw_only=True)
class MailboxFolders:
    """Where files are in a mailbox, and what may be done with them.

    The defaults are those that public descriptions of Trading Grid's mailboxes show; settle them
    with your OpenText contact.

    Attributes:
        publish_as: path of a file that is sent, such as `TO/{receiver}/{name}.json`; see
            `PathTemplate`. It has no default: how the network finds the receiver of a file that is
            not EDI is agreed for each mailbox.
        publish: how a file is written.
        collect_from: folder of files that wait.
        look_into: folder to which the network moves files that were read; None for none. Files
            that were moved there before they were stored are found in it.
        look_back: how old files in it may be.
        acknowledge: what becomes of a file once it is stored.
        move_to: folder for `acknowledge="move"`.
        settle: seconds between two looks at a file that is not complete: if it has not grown, it
            is taken as it is.
        most: files that are collected at once.
        largest: bytes of a file at the most; of a larger one, only the beginning is read.
    """

    publish_as: PathTemplate = attrs.field(converter=_template)
    publish: Publish = attrs.field(default=Publish.DIRECT, converter=_publish)
    collect_from: str = attrs.field(default="POLLABLE", validator=filled)
    look_into: str | None = "ACCEPTED"
    look_back: timedelta = timedelta(days=30)
    acknowledge: Acknowledge = attrs.field(default=Acknowledge.DELETE, converter=_acknowledge)
    move_to: str | None = None
    settle: float = 5.0
    most: int = 1000
    largest: int = LARGEST

    def __attrs_post_init__(self) -> None:
        if (self.acknowledge is Acknowledge.MOVE) is not (self.move_to is not None):
            raise errors.ConfigurationError('move_to belongs to acknowledge="move"')

    @classmethod
    def from_env(cls, *, environ: Mapping[str, str] = os.environ, prefix: str = PREFIX) -> Self:
        """The settings in environment variables.

        `TRADING_GRID_MAILBOX_PUBLISH_AS`; if need be `…_PUBLISH`, `…_COLLECT_FROM`, `…_LOOK_INTO`
        (empty for none), `…_ACKNOWLEDGE` and `…_MOVE_TO`.

        Args:
            environ: where to look.
            prefix: what their names begin with.

        Raises:
            ConfigurationError: a variable is missing or wrong; the message names it.
        """
        variables = Variables(environ, prefix)
        return cls(
            publish_as=_template(variables.required("PUBLISH_AS")),
            publish=variables.one_of("PUBLISH", Publish, Publish.DIRECT),
            collect_from=variables.get("COLLECT_FROM") or "POLLABLE",
            look_into=environ.get(f"{prefix}LOOK_INTO", "ACCEPTED").strip() or None,
            acknowledge=variables.one_of("ACKNOWLEDGE", Acknowledge, Acknowledge.DELETE),
            move_to=variables.get("MOVE_TO"),
        )


@attrs.frozen
class Variables:
    """Environment variables with a common prefix; an empty one is not set."""

    environ: Mapping[str, str] = attrs.field(repr=False)
    prefix: str

    def get(self, name: str) -> str | None:
        """The value, or None."""
        return self.environ.get(f"{self.prefix}{name}", "").strip() or None

    def required(self, name: str) -> str:
        """The value.

        Raises:
            ConfigurationError: it is not set.
        """
        value = self.get(name)
        if value is None:
            raise errors.ConfigurationError(f"{self.prefix}{name} is not set")
        return not_blank(value, name)

    def number(self, name: str, default: int) -> int:
        """A whole number.

        Raises:
            ConfigurationError: it is none.
        """
        value = self.get(name)
        try:
            return default if value is None else int(value)
        except ValueError as error:
            raise errors.ConfigurationError(
                f"{self.prefix}{name} must be a whole number"
            ) from error

    def one_of(self, name: str, words: type[StrEnum], default: str) -> str:
        """One of some words.

        Raises:
            ConfigurationError: it is none of them.
        """
        return known_word(self.get(name) or default, f"{self.prefix}{name}", words)
