"""Files on an SFTP server, by asyncssh: every failure is one of the post's typed errors.

asyncssh is imported with the first connection: it takes longer than all of this package.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio
import attrs
import sniffio

from tgiconik import errors
from tgiconik.community.post.legible import line
from tgiconik.community.post.mailbox.settings import SftpSettings

if TYPE_CHECKING:
    import asyncssh

T = TypeVar("T")

#: Bytes of a request for a piece of a file.
_PIECE: Final = 64 * 1024
_PAUSE: Final = 15  # seconds between signs of life on an idle connection


def missing_extra() -> errors.ConfigurationError:
    """The error where asyncssh is not installed."""
    return errors.ConfigurationError(
        'a Trading Grid mailbox needs asyncssh: pip install "tgiconik[mailbox]"'
    )


@attrs.frozen(kw_only=True)
class RemoteFile:
    """A file that a server lists.

    Attributes:
        folder: its folder.
        name: its name.
        size: bytes.
        modified_at: when it was last written, by the server's clock, in UTC.
    """

    folder: str
    name: str
    size: int
    modified_at: datetime

    @property
    def path(self) -> str:
        """Folder and name."""
        return f"{self.folder}/{self.name}"


class RefusedError(Exception):
    """The server refuses what was asked; the connection goes on."""


class Sftp:
    """One connection to an SFTP server, which is made again when it is lost.

    Args:
        settings: the server.

    Raises:
        ConfigurationError: asyncssh is not installed.
    """

    def __init__(self, settings: SftpSettings) -> None:
        if find_spec("asyncssh") is None:
            raise missing_extra()
        self.settings = settings
        self._connecting = anyio.Lock()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    @property
    def where(self) -> str:
        """The server, for errors."""
        return f"the mailbox server {self.settings.host}:{self.settings.port}"

    async def files(self, folder: str) -> list[RemoteFile]:
        """The files in a folder, by name; none if there is no such folder.

        Raises:
            PostUnavailable: the server does not answer, or refuses.
            ConfigurationError: as `connect`.
        """
        import asyncssh  # noqa: PLC0415 - takes longer than the rest together

        async def listed(client: "asyncssh.SFTPClient") -> list[RemoteFile]:
            try:
                return [
                    _file(folder, str(entry.filename), entry.attrs)
                    async for entry in client.scandir(folder)
                    if entry.attrs.type in {asyncssh.FILEXFER_TYPE_REGULAR, None}
                ]
            except asyncssh.SFTPNoSuchFile:
                return []

        found = await self._do(f"listing {folder}", listed)
        return sorted(found, key=lambda one: one.name)

    async def file(self, folder: str, name: str) -> RemoteFile | None:
        """A file as the server lists it now; None if there is none.

        Raises:
            PostUnavailable: the server does not answer, or refuses.
            ConfigurationError: as `connect`.
        """
        import asyncssh  # noqa: PLC0415 - takes longer than the rest together

        async def looked(client: "asyncssh.SFTPClient") -> RemoteFile | None:
            try:
                return _file(folder, name, await client.stat(f"{folder}/{name}"))
            except asyncssh.SFTPNoSuchFile:
                return None

        return await self._do("looking at a file", looked)

    async def size(self, path: str) -> int | None:
        """The size of a file in bytes; None if there is none.

        Raises:
            PostUnavailable: the server does not answer, or refuses.
            ConfigurationError: as `connect`.
        """
        import asyncssh  # noqa: PLC0415 - takes longer than the rest together

        async def looked(client: "asyncssh.SFTPClient") -> int | None:
            try:
                return (await client.stat(path)).size
            except asyncssh.SFTPNoSuchFile:
                return None

        return await self._do("looking at a file", looked)

    async def read(self, path: str, most: int) -> bytes | None:
        """The first bytes of a file; None if there is none any more.

        Args:
            path: the file.
            most: bytes that are read at the most.

        Raises:
            PostUnavailable: the server does not answer, or refuses.
            ConfigurationError: as `connect`.
        """
        import asyncssh  # noqa: PLC0415 - takes longer than the rest together

        async def fetched(client: "asyncssh.SFTPClient") -> bytes | None:
            try:
                async with client.open(path, "rb") as file:
                    found = bytearray()
                    while len(found) < most:
                        piece = await file.read(min(_PIECE, most - len(found)))
                        if not piece:
                            break
                        found += bytes(piece)  # type: ignore[arg-type]  # text only in text mode
                    return bytes(found)
            except asyncssh.SFTPNoSuchFile:
                return None

        return await self._do("reading a file", fetched)

    async def write(self, path: str, content: bytes) -> None:
        """Write a file, instead of one that is there.

        Raises:
            PostUnavailable: the server does not answer or refuses, its disk is full, or there is
                no such folder.
            ConfigurationError: as `connect`.
        """

        async def written(client: "asyncssh.SFTPClient") -> None:
            async with client.open(path, "wb") as file:
                await file.write(content)

        await self._do("writing a file", written)

    async def rename(self, path: str, to: str) -> None:
        """Rename a file.

        Raises:
            RefusedError: the server refuses.
            PostUnavailable: the server does not answer.
            ConfigurationError: as `connect`.
        """
        import asyncssh  # noqa: PLC0415 - takes longer than the rest together

        async def renamed(client: "asyncssh.SFTPClient") -> None:
            try:
                await client.rename(path, to)
            except (asyncssh.SFTPNoConnection, asyncssh.SFTPConnectionLost):
                raise
            except asyncssh.SFTPError as error:
                raise RefusedError(_reason(error)) from error

        await self._do("renaming a file", renamed)

    async def remove(self, path: str) -> None:
        """Remove a file; nothing happens if there is none.

        Raises:
            PostUnavailable: the server does not answer, or refuses.
            ConfigurationError: as `connect`.
        """
        import asyncssh  # noqa: PLC0415 - takes longer than the rest together

        async def removed(client: "asyncssh.SFTPClient") -> None:
            try:
                await client.remove(path)
            except asyncssh.SFTPNoSuchFile:
                return

        await self._do("removing a file", removed)

    async def connect(self) -> None:
        """Connect, if there is no connection.

        Raises:
            ConfigurationError: the server shows another key than the pinned ones, or refuses the
                credentials; or the private key cannot be read.
            PostUnavailable: the server does not answer.
        """
        await self._do("connecting", _nothing)

    async def aclose(self) -> None:
        """Close the connection. Safe to call twice."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()
            with anyio.move_on_after(1, shield=True):
                await connection.wait_closed()

    async def _do(self, what: str, act: "Callable[[asyncssh.SFTPClient], Awaitable[T]]") -> T:
        # An idle connection may be dead without anybody's knowing: then a new one is tried, once.
        if self._client is not None:
            try:
                async with self._typed(what):
                    return await act(self._client)
            except errors.PostUnavailable:
                if self._client is not None:
                    raise
        async with self._typed(what):
            return await act(await self._connected())

    async def _connected(self) -> "asyncssh.SFTPClient":
        if sniffio.current_async_library() != "asyncio":
            raise errors.ConfigurationError(
                "a Trading Grid mailbox runs on asyncio: asyncssh knows no other event loop"
            )
        async with self._connecting:
            if self._client is None:
                self._connection = await _open(self.settings)
                self._client = await self._connection.start_sftp_client()
            return self._client

    @asynccontextmanager
    async def _typed(self, what: str) -> AsyncIterator[None]:
        import asyncssh  # noqa: PLC0415 - takes longer than the rest together

        def failed(reason: str) -> errors.PostUnavailable:
            return errors.PostUnavailable(f"{self.where}: {what} failed: {reason}")

        try:
            with anyio.fail_after(self.settings.timeout):
                yield
        except asyncssh.HostKeyNotVerifiable as error:
            await self.aclose()
            raise errors.ConfigurationError(
                f"{self.where} shows another key than the pinned ones: {_reason(error)}. "
                "Talk to whoever runs the server before you change host_keys: "
                "somebody else may be answering"
            ) from None
        except asyncssh.PermissionDenied as error:
            await self.aclose()
            raise errors.ConfigurationError(
                f"{self.where} refuses the credentials of {self.settings.username}"
            ) from error
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            await self.aclose()
            raise errors.ConfigurationError(
                "client_key cannot be read: it is no private key, or client_key_password is wrong"
            ) from error
        except FileNotFoundError as error:
            await self.aclose()
            raise errors.ConfigurationError(
                f"client_key: there is no file {error.filename}"
            ) from error
        except (asyncssh.SFTPNoConnection, asyncssh.SFTPConnectionLost) as error:
            await self.aclose()
            raise failed("the connection was lost") from error
        except asyncssh.SFTPError as error:
            raise failed(_reason(error)) from error
        except TimeoutError as error:
            await self.aclose()
            raise failed(f"no answer in {self.settings.timeout:g} seconds") from error
        except (asyncssh.Error, OSError) as error:
            await self.aclose()
            raise failed(_reason(error)) from error


async def _nothing(_: object) -> None:
    pass


async def _open(settings: SftpSettings) -> "asyncssh.SSHClientConnection":
    import asyncssh  # noqa: PLC0415 - takes longer than the rest together

    class Pinning(asyncssh.SSHClient):
        def validate_host_public_key(
            self, host: str, addr: str, port: int, key: "asyncssh.SSHKey"
        ) -> bool:
            _ = host, addr, port
            shown = key.get_fingerprint()
            if shown not in settings.host_keys:
                # asyncssh puts the text of a ValueError into its own error.
                raise ValueError(f"it shows {shown}, pinned is {' or '.join(settings.host_keys)}")
            return True

    return await asyncssh.connect(
        settings.host,
        settings.port,
        username=settings.username,
        password=settings.password,
        client_keys=None if settings.client_key is None else [str(settings.client_key)],
        passphrase=settings.client_key_password,
        client_factory=Pinning,
        # Nothing of the machine decides here: no file of known hosts, no agent, no other keys.
        known_hosts=([], [], []),
        x509_trusted_certs=None,
        agent_path=None,
        config=[],
        gss_host=None,
        keepalive_interval=_PAUSE,
        connect_timeout=settings.timeout,
        login_timeout=settings.timeout,
    )


def _file(folder: str, name: str, attributes: Any) -> RemoteFile:  # noqa: ANN401 - untyped
    return RemoteFile(
        folder=folder,
        name=name,
        size=attributes.size or 0,
        modified_at=datetime.fromtimestamp(attributes.mtime or 0, UTC),
    )


def _reason(error: Exception) -> str:
    """The server's words, in one line; never a path, which may name a partner."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return line(str(reason)) or type(error).__name__
