"""Collect files from a mailbox, whole ones first; and let go of those that are stored.

A network may move a file as soon as it was read, so a file is also looked for where it is moved
to. A file is removed only if it still has the size and the time that it had when it was read: one
that was still being written, or was replaced, is read again.

SFTP tells times in whole seconds: a file that is replaced in the second in which it was read looks
the same. So a file that stays in its folder is read once more when that second is over.
"""

from collections.abc import AsyncIterator, Callable, Collection
from datetime import datetime, timedelta
from typing import Final

import anyio
import attrs

from tgiconik import errors
from tgiconik.community.post.channel import Arrival
from tgiconik.community.post.mailbox.message import is_complete, message_id
from tgiconik.community.post.mailbox.paths import LONGEST_NAME, is_file_name
from tgiconik.community.post.mailbox.settings import Acknowledge, MailboxFolders
from tgiconik.community.post.mailbox.sftp import RefusedError, RemoteFile, Sftp

#: Files that were let go of and are remembered, so that they are not read again.
_MOST_REMEMBERED: Final = 50_000
#: Clocks of servers differ.
_DRIFT: Final = timedelta(days=1)
#: After it, no server writes a time that it showed before: whole seconds, and one to be sure.
_SECOND_IS_OVER: Final = timedelta(seconds=2)


@attrs.define
class Collector:
    """The files that wait in a mailbox.

    Attributes:
        sftp: the server.
        folders: where files are.
        now: the clock, in UTC.
        identify: what a file is known by; equal for equal files.
    """

    sftp: Sftp
    folders: MailboxFolders
    now: Callable[[], datetime]
    identify: Callable[[bytes], str] = message_id
    #: Files that are stored, in their order; and those that were read, by name and message.
    _stored: dict[RemoteFile, None] = attrs.field(factory=dict, init=False, repr=False)
    _read: dict[tuple[str, str], RemoteFile] = attrs.field(factory=dict, init=False, repr=False)
    #: When a file was first listed, wherever it was, and those whose second is over.
    _listed: dict[RemoteFile, datetime] = attrs.field(factory=dict, init=False, repr=False)
    _settled: frozenset[RemoteFile] = attrs.field(default=frozenset(), init=False, repr=False)

    async def collect(self) -> AsyncIterator[Arrival]:
        """The files that wait, whole ones first; those that are stored already are left out.

        Raises:
            PostUnavailable: the server does not answer.
            ConfigurationError: the server is not the expected one, or refuses the credentials.
        """
        unfinished = []
        for file in await self._waiting():
            raw = await self._fetch(file)
            if raw is None:
                continue  # Another process, or the network, was faster.
            if len(raw) > self.folders.largest or is_complete(raw):
                yield self._arrival(file, raw)
            else:
                unfinished.append((file, raw))
        if unfinished:
            await anyio.sleep(self.folders.settle)
        for file, raw in unfinished:
            again = await self._fetch(file)
            if again == raw or (again is not None and is_complete(again)):
                yield self._arrival(attrs.evolve(file, size=len(again)), again)
            elif again is None and await self._was_moved(file, len(raw)):
                # Reading has moved it, so it was whole for the network.
                yield self._arrival(file, raw)

    async def acknowledge(self, name: str, message: str) -> None:
        """Let go of a file that is stored.

        Args:
            name: its file name.
            message: what `collect` knew it by.

        Raises:
            PostUnavailable: the server does not answer, or refuses.
            ConfigurationError: the server is not the expected one, or refuses the credentials.
        """
        file = self._read.pop((name, message), None)
        if file is not None and file.folder == self.folders.look_into:
            self._remember(file)  # The network keeps it, and removes it when its time is over.
            return
        path = f"{self.folders.collect_from}/{name}"
        if self.folders.acknowledge is Acknowledge.KEEP or (
            file is not None and file.size > self.folders.largest
        ):
            # Nothing is deleted unseen: of a file that is too large, only the beginning is stored.
            self._remember_in_both(file)
            return
        if file is not None:
            there = await self.sftp.file(file.folder, name)
            if there is None:
                self._remember_in_both(file)  # Moved by the network.
            if there is None or there.size != file.size:
                return  # If it has grown, it is read again.
            # Some servers tell other times of a file than their folders do.
            if there != file and not await self._is_still(file, message):
                return  # It was replaced, and is read again.
        if self.folders.acknowledge is Acknowledge.MOVE:
            await self._move(path, name, message)
        else:
            await self.sftp.remove(path)

    async def _move(self, path: str, name: str, message: str) -> None:
        refusal: RefusedError | None = None
        # Where there is a file of this name already, it must not keep all others from being moved.
        for new in (name, f"{message}-{name}"[:LONGEST_NAME]):
            try:
                await self.sftp.rename(path, f"{self.folders.move_to}/{new}")
            except RefusedError as error:
                refusal = error
            else:
                return
            if await self.sftp.size(path) is None:
                return
        raise errors.PostUnavailable(
            f"{self.sftp.where} refuses to move files to {self.folders.move_to} ({refusal})"
        ) from refusal

    async def _waiting(self) -> list[RemoteFile]:
        found = await self.sftp.files(self.folders.collect_from)
        if self.folders.look_into is not None:
            oldest = self.now() - self.folders.look_back - _DRIFT
            moved = await self.sftp.files(self.folders.look_into)
            # The newest first: what was lost was lost in the last passes.
            moved.sort(key=lambda one: one.modified_at, reverse=True)
            found += [one for one in moved if one.modified_at >= oldest]
        self._note_times(found)
        waiting = [one for one in found if is_file_name(one.name) and one not in self._stored]
        return waiting[: self.folders.most]

    def _note_times(self, found: Collection[RemoteFile]) -> None:
        now = self.now()
        files = {_anywhere(one) for one in found}
        self._listed = {one: self._listed.get(one, now) for one in files}
        self._settled = frozenset(
            one
            for one, since in self._listed.items()
            if now - since >= _SECOND_IS_OVER or now - one.modified_at >= _DRIFT
        )

    async def _fetch(self, file: RemoteFile) -> bytes | None:
        # One byte more than the most tells that a file is too large.
        return await self.sftp.read(file.path, self.folders.largest + 1)

    async def _is_still(self, file: RemoteFile, message: str) -> bool:
        raw = await self._fetch(file)
        return raw is not None and self.identify(raw) == message

    async def _was_moved(self, file: RemoteFile, size: int) -> bool:
        if self.folders.look_into is None or file.folder == self.folders.look_into:
            return False
        return await self.sftp.size(f"{self.folders.look_into}/{file.name}") == size

    def _arrival(self, file: RemoteFile, raw: bytes) -> Arrival:
        message = self.identify(raw)
        # Of a file that is too large, only the beginning was read.
        size = max(file.size, len(raw)) if len(raw) > self.folders.largest else len(raw)
        self._read[file.name, message] = attrs.evolve(file, size=size)
        return Arrival(message_id=message, raw=raw, name=file.name, received_at=self.now())

    def _remember_in_both(self, file: RemoteFile | None) -> None:
        if file is not None:
            self._remember(file)
            if self.folders.look_into is not None:
                self._remember(attrs.evolve(file, folder=self.folders.look_into))

    def _remember(self, file: RemoteFile) -> None:
        if _anywhere(file) not in self._settled:
            return  # It is read once more: it may be replaced without a trace.
        self._stored[file] = None
        while len(self._stored) > _MOST_REMEMBERED:
            del self._stored[next(iter(self._stored))]


def _anywhere(file: RemoteFile) -> RemoteFile:
    """A file, whichever folder it is in: networks keep its time when they move it."""
    return attrs.evolve(file, folder="")
