"""The mail server: both protocols, on free ports of the loopback."""

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Final, Self

from tgiconik.community.post.mail import ImapSettings, Security, SmtpSettings
from tgiconik.sandbox.channel_faults import Faults
from tgiconik.sandbox.in_thread import in_thread
from tgiconik.sandbox.mail import receiving
from tgiconik.sandbox.mail.imap import ImapServer
from tgiconik.sandbox.mail.mailboxes import Mailboxes
from tgiconik.sandbox.mail.smtp import SmtpServer
from tgiconik.sandbox.mail.user import MailUser
from tgiconik.sandbox.mails import Fate, PassedMails
from tgiconik.sandbox.state import State, utc_now

_HOST: Final = "127.0.0.1"
_LINE: Final = 128 * 1024


class MailServer:
    """A mail server with a mailbox for every address.

    An account is an e-mail address; mail for `me+anything@…` comes to `me@…`. To each mail the
    server adds what it finds about its sender: DMARC passes if the sender is logged in with an
    address of the domain in From.

    Args:
        authserv_id: the name that it writes in `Authentication-Results`; `ABSENT` for none.
        tls: the certificate, for STARTTLS; without, nothing is encrypted.
        moves: whether the IMAP server can MOVE.
        now: the clock; returns timezone-aware datetimes.
        faults: the faults that are to happen; a table of its own if None.

    Attributes:
        faults: the faults that are to happen; see `tgiconik.sandbox.channel_faults`.
        passed: the last mails that passed, also those that did not arrive.
    """

    def __init__(
        self,
        *,
        authserv_id: str = "mx.sandbox",
        tls: ssl.SSLContext | None = None,
        moves: bool = True,
        now: Callable[[], datetime] = utc_now,
        faults: Faults | None = None,
    ) -> None:
        self.faults: Faults = Faults() if faults is None else faults
        self.mailboxes: Mailboxes = Mailboxes()
        self.passed: PassedMails = PassedMails()
        self._now = now
        self.authserv_id = authserv_id
        self.password: str = secrets.token_urlsafe(16)
        self._bouncing: set[str] = set()
        self._smtp = SmtpServer(
            take=self._take,
            refuse=self._refuse,
            faults=self.faults,
            refused={},
            password=self.password,
            tls=tls,
        )
        self._imap = ImapServer(
            mailboxes=self.mailboxes,
            faults=self.faults,
            password=self.password,
            tls=tls,
            moves=moves,
        )
        self._security = Security.NONE if tls is None else Security.STARTTLS
        self._servers: dict[str, asyncio.Server] = {}

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._servers = {
            "smtp": await loop.create_server(self._smtp.protocol, _HOST, 0),
            "imap": await asyncio.start_server(self._imap.serve, _HOST, 0, limit=_LINE),
        }
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers.values():
            server.close()
        self._smtp.close()

    def port(self, protocol: str) -> int:
        """The port of `smtp` or `imap`."""
        port: int = self._servers[protocol].sockets[0].getsockname()[1]
        return port

    def smtp(self, account: str) -> SmtpSettings:
        """The settings by which somebody sends."""
        return SmtpSettings(
            host=_HOST,
            port=self.port("smtp"),
            security=self._security,
            username=account,
            password=self.password,
        )

    def imap(self, account: str) -> ImapSettings:
        """The settings by which somebody collects."""
        return ImapSettings(
            host=_HOST,
            port=self.port("imap"),
            security=self._security,
            username=account,
            password=self.password,
            authserv_id=self.authserv_id,
        )

    def mails(self, account: str, folder: str = "INBOX") -> list[bytes]:
        """The mails in a folder, the earliest first."""
        found = self.mailboxes.folders(account).get(folder)
        return [] if found is None else [mail.raw for mail in found.mails]

    def environment(self, account: str) -> dict[str, str]:
        """Environment variables from which the mail channel of an account configures itself.

        Args:
            account: its e-mail address, which letters come from.
        """
        given = {
            "SENDER": account,
            "USERNAME": account,
            "PASSWORD": self.password,
            "AUTHSERV_ID": self.authserv_id,
        }
        for name in ("smtp", "imap"):
            given[f"{name.upper()}_HOST"] = _HOST
            given[f"{name.upper()}_PORT"] = str(self.port(name))
            given[f"{name.upper()}_SECURITY"] = str(self._security)
        return {f"POST_MAIL_{name}": value for name, value in given.items()}

    def user(self, address: str, name: str = "") -> MailUser:
        """Somebody with a mail program.

        Args:
            address: their e-mail address.
            name: their name in From.
        """
        return MailUser(server=self, address=address, name=name)

    def put(self, account: str, raw: bytes) -> None:
        """Put a mail into the inbox as it is: a forger's header stays the topmost."""
        self._keep(account, raw, sender="", recipient=account, is_proven=False)

    def deliver(self, raw: bytes, *, sender: str, recipient: str, is_proven: bool) -> None:
        """Deliver a mail as if it had come from elsewhere.

        Args:
            raw: the mail.
            sender: address of the envelope's sender; empty for reports.
            recipient: address that it is for.
            is_proven: whether DMARC passes.
        """
        written = receiving.received(
            raw,
            sender=sender,
            recipient=recipient,
            authserv_id=self.authserv_id,
            is_proven=is_proven,
        )
        local, _, domain = recipient.rpartition("@")
        account = f"{local.partition('+')[0]}@{domain}"
        self._keep(account, written, sender=sender, recipient=recipient, is_proven=is_proven)

    def send(self, account: str, recipients: Sequence[str], raw: bytes) -> None:
        """Take a mail of an account, as SMTP does after a login.

        Args:
            account: the e-mail address that is logged in.
            recipients: addresses that it is for.
            raw: the mail.
        """
        self._take(account, list(recipients), raw, account)

    def refuse(self, address: str, answer: str = "550 5.1.1 no such user here") -> None:
        """Refuse a recipient from now on, when a mail for it is sent."""
        self._smtp.refused[address.lower()] = answer

    def bounce(self, address: str) -> None:
        """Take mails for an address from now on, and report that they cannot be delivered."""
        self._bouncing.add(address.lower())

    def _keep(
        self, account: str, raw: bytes, *, sender: str, recipient: str, is_proven: bool
    ) -> None:
        self.mailboxes.folders(account)["INBOX"].add(raw)
        self.passed.add(
            at=self._now(), sender=sender, recipient=recipient, raw=raw, is_proven=is_proven
        )

    def _refuse(self, sender: str, recipients: list[str], raw: bytes, said: str) -> None:
        for recipient in recipients:
            self.passed.add(
                at=self._now(),
                sender=sender,
                recipient=recipient,
                raw=raw,
                fate=Fate.REFUSED,
                said=said,
            )

    def _take(self, sender: str, recipients: list[str], raw: bytes, login: str) -> None:
        own = login.rpartition("@")[2].lower()
        for recipient in recipients:
            if recipient.lower() in self._bouncing:
                self.passed.add(
                    at=self._now(),
                    sender=sender,
                    recipient=recipient,
                    raw=raw,
                    fate=Fate.BOUNCED,
                    said=receiving.UNKNOWN_USER,
                )
                report = receiving.bounce(raw, recipient=recipient, sender=sender)
                self.deliver(report, sender="", recipient=sender, is_proven=False)
            else:
                is_proven = bool(own) and receiving.from_domain(raw) == own
                self.deliver(raw, sender=sender, recipient=recipient, is_proven=is_proven)


@contextmanager
def mail_server(state: State) -> Iterator[MailServer]:
    """Serve a mail server from a thread until the block ends.

    Args:
        state: the sandbox, whose page shows what passes.

    Yields:
        The server.
    """
    server = MailServer(now=state.now, faults=state.channel_faults)
    server.passed = state.mails

    @asynccontextmanager
    async def listening() -> AsyncIterator[MailServer]:
        async with server:
            yield server

    with in_thread(listening, "mail"):
        state.mails.server = server
        try:
            yield server
        finally:
            if state.mails.server is server:
                state.mails.server = None
