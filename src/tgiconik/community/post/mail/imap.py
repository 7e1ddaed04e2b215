"""Collects mails from an IMAP mailbox. Everything here blocks: it runs in a worker thread."""

import imaplib
import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import attrs

from tgiconik import errors
from tgiconik._secrets import Mask
from tgiconik.community.post import legible
from tgiconik.community.post.mail.login import xoauth2
from tgiconik.community.post.mail.reading import with_size
from tgiconik.community.post.mail.settings import ImapSettings, Security

#: Marks mails that were collected, where they are not moved.
KEYWORD: Final = "$TgiconikCollected"
#: Bytes of the head that are collected of a mail that is too large.
_HEAD: Final = 65_536
_SIZE: Final = re.compile(rb"UID (\d+)\b.*?RFC822\.SIZE (\d+)|RFC822\.SIZE (\d+).*?UID (\d+)\b")
_T = TypeVar("_T")


@attrs.frozen(kw_only=True)
class Place:
    """Where a mail is.

    Attributes:
        validity: UIDVALIDITY of the folder; when it changes, all UIDs mean nothing any more.
        uid: UID in the folder.
    """

    validity: int
    uid: int

    def __str__(self) -> str:
        return f"{self.validity}.{self.uid}"

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        """A place of its text; None if it is none."""
        validity, _, uid = text.partition(".")
        if not (validity.isascii() and validity.isdigit() and uid.isascii() and uid.isdigit()):
            return None
        return cls(validity=int(validity), uid=int(uid))


class Refused(Exception):  # noqa: N818 - the server's answer to one command
    """The server answers NO or BAD."""


class ImapClient:
    """One connection to an IMAP server, opened when it is needed. Not safe in several threads.

    A command during which the connection breaks is sent once more on a new one; all of them can be.

    Args:
        settings: the server and its folders.
    """

    def __init__(self, settings: ImapSettings) -> None:
        self._settings = settings
        self._server: imaplib.IMAP4 | None = None
        self._validity = 0

    def waiting(self, access_token: str | None) -> list[Place]:
        """The places of the mails that wait to be collected, the earliest first.

        Raises:
            PostUnavailable: the server does not answer, or not as expected.
        """
        criteria = ["UNDELETED"]
        if self._settings.processed is None:
            criteria += ["UNKEYWORD", KEYWORD]

        def search(server: imaplib.IMAP4) -> list[Place]:
            # A selected folder shows what has come since with the next command.
            _answer(server.noop())
            (found, *_) = _answer(server.uid("SEARCH", *criteria))
            uids = sorted(int(uid) for uid in (found or b"").split())
            return [Place(validity=self._validity, uid=uid) for uid in uids]

        return self._on_server(search, access_token)

    def fetch(self, place: Place, access_token: str | None) -> bytes | None:
        """A mail; of one that is too large, its head, marked with its size.

        None if it is not there any more.

        Raises:
            PostUnavailable: the server does not answer, or not as expected.
        """

        def fetch(server: imaplib.IMAP4) -> bytes | None:
            if place.validity != self._validity:
                return None
            size = _size_in(_answer(server.uid("FETCH", str(place.uid), "(RFC822.SIZE)")), place)
            if size is None:
                return None
            largest = self._settings.largest
            if size <= largest:
                # The server's word on the size is not relied on.
                content = _literal(
                    _answer(server.uid("FETCH", str(place.uid), f"(BODY.PEEK[]<0.{largest + 1}>)"))
                )
                if content is None or len(content) <= largest:
                    return content
                size = len(content)
            section = f"(BODY.PEEK[HEADER]<0.{_HEAD}>)"
            head = _literal(_answer(server.uid("FETCH", str(place.uid), section)))
            return None if head is None else with_size(head, size)

        return self._on_server(fetch, access_token)

    def acknowledge(self, place: Place, access_token: str | None) -> None:
        """Move a mail to the folder of processed ones, or mark it. Safe to repeat.

        Where the folder was made anew meanwhile, nothing is done: the mail is collected again.

        Raises:
            PostUnavailable: the server does not answer, or does not do it.
        """

        def put_away(server: imaplib.IMAP4) -> None:
            if place.validity != self._validity:
                return
            uid, processed = str(place.uid), self._settings.processed
            if processed is None:
                _answer(server.uid("STORE", uid, "+FLAGS.SILENT", f"({KEYWORD})"))
                return
            folder = _quoted(processed)
            if "MOVE" in server.capabilities:
                _answer(server.uid("MOVE", uid, folder))
                return
            _answer(server.uid("COPY", uid, folder))
            _answer(server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))
            if "UIDPLUS" in server.capabilities:
                _answer(server.uid("EXPUNGE", uid))

        self._on_server(put_away, access_token)

    def check(self, access_token: str | None) -> dict[str, object]:
        """Connect, log in, and look at the folders.

        Raises:
            ConfigurationError: the server refuses the login or a folder, or its certificate is not
                trusted.
            PostUnavailable: it does not answer.
        """
        try:
            waiting = self.waiting(access_token)
        except errors.PostUnavailable as error:
            if isinstance(error.__cause__, ssl.SSLError | Refused):
                raise errors.ConfigurationError(str(error)) from error.__cause__
            raise
        return {
            "server": self._settings.name,
            "folder": self._settings.folder,
            "processed": self._settings.processed,
            "waiting": len(waiting),
        }

    def last_heads(self, most: int, access_token: str | None) -> list[bytes]:
        """The heads of the mails that came last, whether they wait or were put away.

        Args:
            most: how many at the most.
            access_token: for a login by XOAUTH2.

        Raises:
            PostUnavailable: the server does not answer, or not as expected.
        """

        def look(server: imaplib.IMAP4) -> list[bytes]:
            found: list[bytes] = []
            for folder in (self._settings.processed, self._settings.folder):
                if folder is None:
                    continue
                _answer(server.select(_quoted(folder)))
                (uids, *_) = _answer(server.uid("SEARCH", "UNDELETED"))
                for uid in sorted(map(int, (uids or b"").split()))[-most:]:
                    section = f"(BODY.PEEK[HEADER]<0.{_HEAD}>)"
                    head = _literal(_answer(server.uid("FETCH", str(uid), section)))
                    found += [] if head is None else [head]
            return found[-most:]

        try:
            return self._on_server(look, access_token)
        finally:
            self.close()  # Another folder may be selected now.

    def close(self) -> None:
        """End the connection. Safe to call twice."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                server.logout()
            _shut(server)

    def _on_server(self, work: Callable[[imaplib.IMAP4], _T], access_token: str | None) -> _T:
        try:
            return self._tried(work, access_token)
        except (imaplib.IMAP4.abort, OSError) as error:
            # Once more: what broke may be a connection that was idle for long, or one command.
            first = error
        try:
            return self._tried(work, access_token)
        except (imaplib.IMAP4.abort, OSError) as error:
            raise self._unavailable("broke off twice", error) from first

    def _tried(self, work: Callable[[imaplib.IMAP4], _T], access_token: str | None) -> _T:
        try:
            return work(self._connected(access_token))
        except (imaplib.IMAP4.abort, OSError):
            self._drop()
            raise
        except (imaplib.IMAP4.error, Refused, ValueError) as error:
            self._drop()
            raise self._unavailable("refuses", error) from error
        except BaseException:
            self._drop()
            raise

    def _connected(self, access_token: str | None) -> imaplib.IMAP4:
        if self._server is not None:
            return self._server
        server: imaplib.IMAP4 | None = None
        try:
            server = self._opened()
            self._log_in(server, access_token)
            self._open_folders(server)
        except ssl.SSLError as error:
            _shut(server)
            raise self._unavailable("has no certificate that is trusted", error) from error
        except BaseException:
            _shut(server)
            raise
        self._server = server
        return server

    def _opened(self) -> imaplib.IMAP4:
        given = self._settings
        context = given.certificates or ssl.create_default_context()
        if given.security == Security.TLS:
            return imaplib.IMAP4_SSL(
                given.host, given.port, ssl_context=context, timeout=given.timeout
            )
        server = imaplib.IMAP4(given.host, given.port, timeout=given.timeout)
        if given.security == Security.STARTTLS:
            try:
                server.starttls(ssl_context=context)
            except BaseException:
                _shut(server)
                raise
        return server

    def _log_in(self, server: imaplib.IMAP4, access_token: str | None) -> None:
        given = self._settings
        try:
            if access_token is None:
                server.login(given.username, str(given.password))
            else:
                said = [xoauth2(given.username, access_token).encode()]
                # To what is wrong, the answer is an empty line.
                server.authenticate("XOAUTH2", lambda _: said.pop() if said else b"")
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise Refused(f"the login: {error}") from None
        # What a server can do, many say only after the login.
        typ, answer = server.capability()
        if typ == "OK" and answer and isinstance(answer[0], bytes):
            server.capabilities = tuple(answer[0].decode("ascii", "replace").upper().split())

    def _open_folders(self, server: imaplib.IMAP4) -> None:
        given = self._settings
        if given.processed is not None:
            # It is there already, mostly; what is wrong shows when the first mail is moved.
            _answer_or_none(server.create(_quoted(given.processed)))
            if _answer_or_none(server.status(_quoted(given.processed), "(UIDNEXT)")) is None:
                raise Refused(f"the folder {given.processed}: it is not there and cannot be made")
        if _answer_or_none(server.select(_quoted(given.folder))) is None:
            raise Refused(f"the folder {given.folder}: it is not there or cannot be opened")
        (validity, *_) = server.response("UIDVALIDITY")[1] or [None]
        self._validity = int(validity) if isinstance(validity, bytes) and validity.isdigit() else 0
        if given.processed is None and not _keeps_keywords(server):
            raise Refused("keywords: name a folder that collected mails are moved to")

    def _unavailable(self, what: str, error: Exception) -> errors.PostUnavailable:
        mask = Mask(lambda: [str(self._settings.password)])
        said = legible.line(mask.told(_words(error))) or type(error).__name__
        return errors.PostUnavailable(f"mail: {self._settings.name} {what}: {said}")

    def _drop(self) -> None:
        server, self._server = self._server, None
        _shut(server)


def _shut(server: imaplib.IMAP4 | None) -> None:
    if server is not None:
        with suppress(OSError, imaplib.IMAP4.error):
            server.shutdown()


def _words(error: Exception) -> str:
    """The words of an error of imaplib, whose text may be that of bytes."""
    return re.sub(r"b(['\"])(.*)\1", r"\2", str(error))


def _answer(answered: tuple[str, list[Any]]) -> list[Any]:
    kind, data = answered
    if kind != "OK":
        raise Refused(_words(Exception(str(data[0] if data else kind))))
    return data


def _answer_or_none(answered: tuple[str, list[Any]]) -> list[Any] | None:
    kind, data = answered
    return data if kind == "OK" else None


def _literal(data: Sequence[Any]) -> bytes | None:
    return next((item[1] for item in data if isinstance(item, tuple)), None)


def _size_in(data: Sequence[Any], place: Place) -> int | None:
    for item in data:
        line = item[0] if isinstance(item, tuple) else item
        if isinstance(line, bytes) and (found := _SIZE.search(line)):
            uid, size = (found[1], found[2]) if found[1] else (found[4], found[3])
            if int(uid) == place.uid:
                return int(size)
    return None


def _keeps_keywords(server: imaplib.IMAP4) -> bool:
    flags = b" ".join(one for one in server.response("PERMANENTFLAGS")[1] or [] if one)
    return rb"\*" in flags or KEYWORD.encode() in flags


def _quoted(folder: str) -> str:
    """The name of a folder as IMAP writes it: modified UTF-7 (RFC 3501, 5.1.3), in quotes."""
    said = re.sub(r"[^\x20-\x7e]+", _in_utf_7, folder.replace("&", "&-"))
    escaped = said.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _in_utf_7(found: re.Match[str]) -> str:
    encoded = b64encode(found[0].encode("utf-16-be")).decode().rstrip("=")
    return f"&{encoded.replace('/', ',')}-"
