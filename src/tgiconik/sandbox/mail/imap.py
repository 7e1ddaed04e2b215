"""IMAP (RFC 3501) as far as programs need that collect mails, with MOVE and UIDPLUS."""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import attrs

from tgiconik.sandbox.channel_faults import Fault, FaultKind, Faults, wait_for
from tgiconik.sandbox.mail.fetching import fetched, found
from tgiconik.sandbox.mail.imap_syntax import read_command, uids_in
from tgiconik.sandbox.mail.mailboxes import Folder, Mailboxes, Stored

_TWO: Final = 2


class _Refusal(Exception):  # noqa: N818 - an answer
    """The answer to a command that is not carried out: `NO …` or `BAD …`."""


@attrs.define(kw_only=True)
class ImapServer:
    """The settings of all connections.

    Attributes:
        mailboxes: the mailboxes.
        faults: the faults that are to happen.
        password: the password of all accounts, and the access token for XOAUTH2.
        tls: for STARTTLS, or None.
        moves: whether there is MOVE.
    """

    mailboxes: Mailboxes
    faults: Faults
    password: str = attrs.field(repr=False)
    tls: ssl.SSLContext | None = None
    moves: bool = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        connection = _Connection(self, reader, writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ValueError, ssl.SSLError):
                await connection.run()
        finally:
            writer.close()


class _Connection:
    def __init__(
        self, server: ImapServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._account = ""
        self._selected = ""
        #: The UIDs of the selected folder as the client knows them.
        self._known: list[int] = []
        self._out = bytearray()
        self._commands: Mapping[str, Callable[[Sequence[str]], Awaitable[str]]] = {
            "CAPABILITY": self._capability,
            "NOOP": self._noop,
            "LOGOUT": self._logout,
            "STARTTLS": self._starttls,
            "LOGIN": self._login,
            "AUTHENTICATE": self._authenticate,
            "CREATE": self._create,
            "STATUS": self._status,
            "SELECT": self._select,
            "UID SEARCH": self._search,
            "UID FETCH": self._fetch,
            "UID STORE": self._store,
            "UID COPY": self._copy,
            "UID MOVE": self._move,
            "UID EXPUNGE": self._expunge,
        }

    async def run(self) -> None:
        """Answer commands until LOGOUT."""
        self._say("* OK the sandbox's mail server")
        await self._flush()
        name = ""
        while name != "LOGOUT":
            words = await read_command(self._reader, self._continue)
            tag, name, *rest = [*words, "", ""][: max(len(words), _TWO)]
            name = name.upper()
            if name == "UID" and rest:
                name, rest = f"UID {rest[0].upper()}", rest[1:]
            await self._answer(tag, name, rest)

    async def _answer(self, tag: str, name: str, rest: Sequence[str]) -> None:
        fault = self._server.faults.due(name)
        await wait_for(fault)
        if fault is not None and fault.kind == FaultKind.DROP:
            raise ConnectionError("a fault that was to happen")
        carry_out = self._commands.get(name, _unknown)
        try:
            if fault is not None and fault.kind == FaultKind.REFUSE:
                said = f"NO {fault.answer}"
            else:
                said = await carry_out(rest)
        except _Refusal as refusal:
            said = str(refusal)
        if self._selected:
            self._tell_changes()
        self._say(f"{tag} {said}")
        await self._flush(fault)
        if name == "STARTTLS" and self._server.tls is not None:
            await self._writer.start_tls(self._server.tls)

    def _say(self, line: str | bytes) -> None:
        self._out += (line.encode() if isinstance(line, str) else line) + b"\r\n"

    async def _flush(self, fault: Fault | None = None) -> None:
        out, self._out = bytes(self._out), bytearray()
        if fault is not None and fault.kind == FaultKind.DROP_AFTER:
            raise ConnectionError("a fault that was to happen")
        if fault is not None and fault.kind == FaultKind.DROP_WITHIN:
            self._writer.write(out[: len(out) // 2])
            await self._writer.drain()
            raise ConnectionError("a fault that was to happen")
        self._writer.write(out)
        await self._writer.drain()

    async def _continue(self, text: str = "") -> None:
        self._say(f"+ {text}")
        await self._flush()

    def _tell_changes(self) -> None:
        """Tell the changes of others in the selected folder, by sequence numbers."""
        there = [mail.uid for mail in self._folder.mails]
        present = set(there)
        for number in range(len(self._known), 0, -1):
            if self._known[number - 1] not in present:
                self._say(f"* {number} EXPUNGE")
                del self._known[number - 1]
        if there != self._known:
            self._known = there
            self._say(f"* {len(there)} EXISTS")

    # Before and after the login

    async def _capability(self, _: Sequence[str]) -> str:
        known = ["IMAP4rev1", "UIDPLUS", "AUTH=XOAUTH2"]
        known += ["MOVE"] if self._server.moves else []
        known += ["STARTTLS"] if self._server.tls is not None else []
        self._say(f"* CAPABILITY {' '.join(known)}")
        return "OK done"

    async def _noop(self, _: Sequence[str]) -> str:
        return "OK done"

    async def _logout(self, _: Sequence[str]) -> str:
        self._say("* BYE")
        return "OK done"

    async def _starttls(self, _: Sequence[str]) -> str:
        if self._server.tls is None:
            raise _Refusal("BAD no certificate")
        return "OK begin"

    async def _login(self, rest: Sequence[str]) -> str:
        if len(rest) != _TWO or rest[1] != self._server.password:
            raise _Refusal("NO [AUTHENTICATIONFAILED] wrong user or password")
        self._account = rest[0]
        return "OK logged in"

    async def _authenticate(self, rest: Sequence[str]) -> str:
        if [one.upper() for one in rest[:1]] != ["XOAUTH2"]:
            raise _Refusal("NO not a way to log in")
        await self._continue()
        said = b64decode(await self._reader.readline()).decode(errors="replace")
        user, _, token = said.strip("\x01").partition("\x01auth=Bearer ")
        if token != self._server.password or not user.startswith("user="):
            await self._continue("eyJzdGF0dXMiOiI0MDAifQ==")
            await self._reader.readline()
            raise _Refusal("NO [AUTHENTICATIONFAILED] the access token has ended")
        self._account = user.removeprefix("user=")
        return "OK logged in"

    # Folders

    @property
    def _folders(self) -> dict[str, Folder]:
        if not self._account:
            raise _Refusal("NO log in first")
        return self._server.mailboxes.folders(self._account)

    def _named(self, rest: Sequence[str]) -> Folder:
        name = _folder_name(rest[0] if rest else "")
        if name not in self._folders:
            raise _Refusal(f"NO [TRYCREATE] there is no folder {name}")
        return self._folders[name]

    @property
    def _folder(self) -> Folder:
        if not self._selected:
            raise _Refusal("BAD select a folder first")
        return self._folders[self._selected]

    def _mails(self, rest: Sequence[str]) -> list[Stored]:
        wanted = uids_in(rest[0] if rest else "", self._folder.next_uid)
        return [mail for mail in self._folder.mails if mail.uid in wanted]

    async def _create(self, rest: Sequence[str]) -> str:
        folders = self._folders
        name = _folder_name(rest[0] if rest else "")
        if name in folders or not name:
            raise _Refusal("NO [ALREADYEXISTS] it is there")
        self._server.mailboxes.create(self._account, name)
        return "OK done"

    async def _status(self, rest: Sequence[str]) -> str:
        folder = self._named(rest)
        counts = f"(MESSAGES {len(folder.mails)} UIDNEXT {folder.next_uid})"
        self._say(f'* STATUS "{rest[0]}" {counts}')
        return "OK done"

    async def _select(self, rest: Sequence[str]) -> str:
        folder = self._named(rest)
        self._selected = _folder_name(rest[0])
        self._known = [mail.uid for mail in folder.mails]
        self._say(f"* {len(self._known)} EXISTS")
        self._say("* 0 RECENT")
        self._say(r"* FLAGS (\Deleted \Seen)")
        self._say(r"* OK [PERMANENTFLAGS (\Deleted \Seen \*)] kept")
        self._say(f"* OK [UIDVALIDITY {folder.validity}] for these UIDs")
        self._say(f"* OK [UIDNEXT {folder.next_uid}] the next")
        return "OK [READ-WRITE] selected"

    # Mails

    async def _search(self, rest: Sequence[str]) -> str:
        try:
            uids = [mail.uid for mail in self._folder.mails if found(mail, rest)]
        except ValueError as error:
            raise _Refusal(f"BAD {error}") from None
        self._say(" ".join(["* SEARCH", *map(str, uids)]))
        return "OK done"

    async def _fetch(self, rest: Sequence[str]) -> str:
        numbers = {mail.uid: number for number, mail in enumerate(self._folder.mails, 1)}
        for mail in self._mails(rest):
            self._say(f"* {numbers[mail.uid]} FETCH (".encode() + fetched(mail, rest[1:]) + b")")
        return "OK done"

    async def _store(self, rest: Sequence[str]) -> str:
        flags = {flag for flag in rest[2:] if flag not in {"(", ")"}}
        for mail in self._mails(rest):
            mail.flags = mail.flags - flags if rest[1].startswith("-") else mail.flags | flags
        return "OK done"

    async def _copy(self, rest: Sequence[str]) -> str:
        target = self._named(rest[1:])
        for mail in self._mails(rest):
            target.add(mail.raw, mail.flags)
        return "OK done"

    async def _move(self, rest: Sequence[str]) -> str:
        if not self._server.moves:
            raise _Refusal("BAD not a command of this server")
        said = await self._copy(rest)
        self._folder.remove({mail.uid for mail in self._mails(rest)})
        return said

    async def _expunge(self, rest: Sequence[str]) -> str:
        self._folder.remove({mail.uid for mail in self._mails(rest) if r"\Deleted" in mail.flags})
        return "OK done"


async def _unknown(_: Sequence[str]) -> str:
    return "BAD not a command of this server"


def _folder_name(text: str) -> str:
    return "INBOX" if text.upper() == "INBOX" else text
