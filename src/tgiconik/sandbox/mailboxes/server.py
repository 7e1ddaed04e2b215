"""The SFTP server of the network, in a thread of its own."""

import posixpath
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Final

import asyncssh
import attrs

from tgiconik.community.post.mailbox import MailboxFolders, SftpSettings
from tgiconik.sandbox.channel_faults import FaultKind, Faults
from tgiconik.sandbox.in_thread import in_thread
from tgiconik.sandbox.mailboxes.network import SENDING, MailboxNetwork, StoredFile

_PUBLISH_AS: Final = f"{SENDING}/{{receiver}}/{{name}}.json"
_FOLDER: Final = 0o40755
_FILE: Final = 0o100644


@attrs.frozen(kw_only=True)
class MailboxServer:
    """A running network of mailboxes.

    Attributes:
        network: what is in the mailboxes, and the faults.
        host: address that is listened on.
        port: its port.
        host_key: fingerprint of the server's key.
    """

    network: MailboxNetwork
    host: str
    port: int
    host_key: str

    def settings(self, company_id: str) -> SftpSettings:
        """How a company logs in to its mailbox.

        Args:
            company_id: its BUID.
        """
        return SftpSettings(
            host=self.host,
            port=self.port,
            username=company_id,
            password=password_of(company_id),
            host_keys=(self.host_key,),
            timeout=10,
        )

    def environment(self, company_id: str) -> dict[str, str]:
        """Environment variables from which a company's mailbox channel configures itself.

        Args:
            company_id: its BUID.
        """
        settings, addresses = self.settings(company_id), self.network.addresses
        others = [f"{id_}={address}" for id_, address in addresses.items() if id_ != company_id]
        return {
            "TRADING_GRID_MAILBOX_SFTP_HOST": settings.host,
            "TRADING_GRID_MAILBOX_SFTP_PORT": str(settings.port),
            "TRADING_GRID_MAILBOX_SFTP_USERNAME": settings.username,
            "TRADING_GRID_MAILBOX_SFTP_PASSWORD": password_of(company_id),
            "TRADING_GRID_MAILBOX_SFTP_HOST_KEYS": self.host_key,
            "TRADING_GRID_MAILBOX_ADDRESS": addresses[company_id],
            "TRADING_GRID_MAILBOX_PARTNERS": ",".join(others),
            "TRADING_GRID_MAILBOX_PUBLISH_AS": _PUBLISH_AS,
        }

    def folders(self, **changes: Any) -> MailboxFolders:  # noqa: ANN401 - any setting
        """Where files are in every mailbox.

        Args:
            changes: settings that are to be others.
        """
        given = {"publish_as": _PUBLISH_AS, "settle": 0.05, **changes}
        return MailboxFolders(**given)


def password_of(company_id: str) -> str:
    """The password of a company's mailbox; it opens nothing but the sandbox."""
    return f"sandbox-mailbox-{company_id}"


@contextmanager
def mailbox_server(network: MailboxNetwork, host: str, port: int) -> Iterator[MailboxServer]:
    """Serve a network until the block ends.

    Yields:
        The server.

    Raises:
        OSError: the address is in use.
    """
    with in_thread(partial(_listening, network, host, port), "mailboxes") as server:
        yield server


@asynccontextmanager
async def _listening(network: MailboxNetwork, host: str, port: int) -> AsyncIterator[MailboxServer]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    listener = await asyncssh.listen(
        host,
        port,
        server_host_keys=[key],
        server_factory=lambda: _Login(network),
        sftp_factory=lambda channel: _Files(channel, network),
        config=[],
    )
    yield MailboxServer(
        network=network, host=host, port=listener.get_port(), host_key=key.get_fingerprint()
    )
    listener.close()
    await listener.wait_closed()


class _Login(asyncssh.SSHServer):
    """Lets in companies of the network by their passwords."""

    def __init__(self, network: MailboxNetwork) -> None:
        self._network = network

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return username in self._network.addresses and password == password_of(username)


@attrs.define(eq=False)
class _Open:
    """An open file.

    Attributes:
        path: its path.
        file: the file.
        is_written: whether it was opened for writing.
        end: the furthest byte that was read.
        is_lost: whether the connection ended in the middle.
    """

    path: str
    file: StoredFile
    is_written: bool
    end: int = 0
    is_lost: bool = False


class _Files(asyncssh.SFTPServer):
    """The files of one mailbox."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], network: MailboxNetwork) -> None:
        super().__init__(channel)
        self._network = network
        self._address = network.addresses[channel.get_extra_info("username")]

    @property
    def _faults(self) -> Faults:
        return self._network.faults

    @property
    def _box(self) -> dict[str, StoredFile]:
        return self._network.box(self._address)

    def _drop(self, opened: _Open) -> None:
        opened.is_lost = True
        connection = self.channel.get_connection()
        connection.abort()
        raise asyncssh.SFTPConnectionLost("dropped")

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file."""
        _ = attrs
        name, is_written = _path(path), bool(pflags & asyncssh.FXF_WRITE)
        with self._network.lock:
            if posixpath.dirname(name) not in self._network.folders():
                raise asyncssh.SFTPNoSuchFile("no such folder")
            if is_written:
                if (fault := self._faults.due("WRITE", FaultKind.REFUSE)) is not None:
                    raise asyncssh.SFTPFailure(fault.answer)
                self._box[name] = StoredFile(bytearray(), self._network.now())
            return _Open(name, self._found(name), is_written)

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Read from an open file."""
        opened = _opened(file_obj)
        if self._faults.due("READ") is not None:
            self._drop(opened)
        found = bytes(opened.file.content[offset : offset + size])
        opened.end = max(opened.end, offset + len(found))
        return found

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Write to an open file."""
        opened = _opened(file_obj)
        fault = self._faults.due("WRITE", FaultKind.DROP_WITHIN)
        if fault is not None:
            data = data[: len(data) // 2]
        opened.file.content[offset : offset + len(data)] = data
        opened.file.modified_at = self._network.now()
        if fault is not None:
            self._drop(opened)
        return len(data)

    def close(self, file_obj: object) -> None:
        """Close an open file: what was written is passed on, what was read is moved."""
        opened = _opened(file_obj)
        if opened.is_lost:
            return
        if opened.is_written:
            self._network.written(self._address, opened.path)
        elif opened.end >= len(opened.file.content):
            self._network.was_read(self._address, opened.path)

    def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """Look at a file or folder."""
        name = _path(path)
        if name in self._network.folders():
            return _attributes(None)
        return _attributes(self._found(name))

    def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """Look at a file or folder."""
        return self.stat(path)

    def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        """Look at an open file."""
        return _attributes(_opened(file_obj).file)

    def realpath(self, path: bytes) -> bytes:
        """The path from the top."""
        return b"/" + _path(path).encode()

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """List a folder."""
        folder = _path(path)
        if folder not in self._network.folders():
            raise asyncssh.SFTPNoSuchFile("no such folder")
        with self._network.lock:
            here = dict(self._box)
        yield asyncssh.SFTPName(b".", attrs=_attributes(None))
        for name, file in here.items():
            if posixpath.dirname(name) == folder:
                yield asyncssh.SFTPName(posixpath.basename(name).encode(), attrs=_attributes(file))

    def remove(self, path: bytes) -> None:
        """Remove a file."""
        with self._network.lock:
            self._found(_path(path))
            del self._box[_path(path)]

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename a file."""
        fault = self._faults.due("RENAME")
        if fault is not None and fault.kind == FaultKind.REFUSE:
            raise asyncssh.SFTPPermissionDenied(fault.answer)
        with self._network.lock:
            self._found(_path(oldpath))
            if _path(newpath) in self._box:
                raise asyncssh.SFTPFailure("there is a file of this name")
            self._box[_path(newpath)] = self._box.pop(_path(oldpath))
        self._network.written(self._address, _path(newpath))
        if fault is not None:
            raise asyncssh.SFTPNoSuchFile(fault.answer)

    def _found(self, name: str) -> StoredFile:
        with self._network.lock:
            if name not in self._box:
                raise asyncssh.SFTPNoSuchFile("no such file")
            return self._box[name]


def _path(path: bytes) -> str:
    return posixpath.normpath(posixpath.join("/", path.decode())).lstrip("/")


def _opened(file_obj: object) -> _Open:
    assert isinstance(file_obj, _Open)  # noqa: S101 - what `open` returned
    return file_obj


def _attributes(file: StoredFile | None) -> asyncssh.SFTPAttrs:
    if file is None:
        return asyncssh.SFTPAttrs(size=0, permissions=_FOLDER, mtime=0, atime=0)
    at = int(file.modified_at.timestamp())
    return asyncssh.SFTPAttrs(size=len(file.content), permissions=_FILE, mtime=at, atime=at)
