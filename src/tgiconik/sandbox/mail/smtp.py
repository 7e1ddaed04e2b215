"""SMTP by aiosmtpd: takes mails of whoever logs in, and of strangers for the mailboxes here."""

import asyncio
import logging
import ssl
from base64 import b64decode
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakSet

import attrs
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tgiconik.sandbox.channel_faults import FaultKind, Faults, wait_for

#: Takes a mail in: its envelope's sender and recipients, the bytes, and who is logged in.
Take = Callable[[str, list[str], bytes, str], None]
#: Notes a mail that is not taken: its envelope's sender and recipients, the bytes, the answer.
Refuse = Callable[[str, list[str], bytes, str], None]

# It logs mails line by line, with their links and reply tokens; and it warns of its own use of old
# names.
_log: Final = logging.getLogger("mail.log")
_log.addHandler(logging.NullHandler())
_log.setLevel(logging.ERROR)

_LARGEST: Final = 64 * 1024 * 1024
_GONE: Final = "421 4.3.2 the connection ends"
_OK: Final = "250 2.0.0 taken"


@attrs.define(kw_only=True)
class SmtpServer:
    """The settings of all connections.

    Attributes:
        take: takes a mail in.
        refuse: notes a mail that is not taken.
        faults: the faults that are to happen.
        refused: answers for recipients that are refused, by address in lower case.
        password: the password of all accounts, and the access token for XOAUTH2.
        tls: for STARTTLS, or None.
    """

    take: Take
    refuse: Refuse
    faults: Faults
    refused: dict[str, str]
    password: str = attrs.field(repr=False)
    tls: ssl.SSLContext | None = None
    _open: "WeakSet[SMTP]" = attrs.field(factory=WeakSet, repr=False)

    def protocol(self) -> SMTP:
        """A new connection."""
        made = SMTP(
            self,
            hostname="mail.sandbox",
            ident="sandbox",
            data_size_limit=_LARGEST,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=self._authenticate,
            tls_context=self.tls,
        )
        self._open.add(made)
        return made

    def close(self) -> None:
        """End all connections."""
        for connection in tuple(self._open):
            _end(connection)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A mail begins."""
        if answer := await self._fault(server, "MAIL"):
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return _OK

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A recipient is named."""
        if answer := await self._fault(server, "RCPT"):
            self.refuse(envelope.mail_from or "", [address], b"", answer)
            return answer
        if answer := self.refused.get(address.lower(), ""):
            self.refuse(envelope.mail_from or "", [address], b"", answer)
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return _OK

    async def handle_DATA(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """The mail is here."""
        fault = self.faults.due("DATA")
        await wait_for(fault)
        kind = None if fault is None else fault.kind
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        if fault is not None and kind == FaultKind.REFUSE:
            self.refuse(envelope.mail_from or "", envelope.rcpt_tos, content, fault.answer)
            return fault.answer
        if kind != FaultKind.DROP:
            # Set at run time: aiosmtpd declares None.
            login = str(vars(session).get("auth_data") or "")
            self.take(envelope.mail_from or "", envelope.rcpt_tos, content, login)
        if kind in {FaultKind.DROP, FaultKind.DROP_AFTER, FaultKind.DROP_WITHIN}:
            return _end(server)
        return _OK

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        """A login by an access token."""
        if answer := await self._fault(server, "AUTH"):
            await server.push(answer)
            return AuthResult(success=False, handled=True)
        said = b64decode(args[1] if len(args) > 1 else "").decode(errors="replace")
        user, _, token = said.strip("\x01").partition("\x01auth=Bearer ")
        if token == self.password and user.startswith("user="):
            return AuthResult(success=True, auth_data=user.removeprefix("user="))
        await server.challenge_auth("eyJzdGF0dXMiOiI0MDAifQ==", encode_to_b64=False)
        return AuthResult(success=False, handled=False)

    def _authenticate(
        self,
        _: SMTP,
        __: Session,
        ___: Envelope,
        mechanism: str,
        data: Any,  # noqa: ANN401
    ) -> AuthResult:
        if not isinstance(data, LoginPassword) or mechanism not in {"LOGIN", "PLAIN"}:
            return AuthResult(success=False, handled=False)
        right = data.password.decode(errors="replace") == self.password
        fault = self.faults.due("AUTH")
        if not right or (fault is not None and fault.kind == FaultKind.REFUSE):
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=data.login.decode(errors="replace"))

    async def _fault(self, server: SMTP, command: str) -> str:
        """The answer of a fault that is due; empty if there is none."""
        fault = self.faults.due(command)
        await wait_for(fault)
        if fault is None or fault.kind == FaultKind.DELAY:
            return ""
        return fault.answer if fault.kind == FaultKind.REFUSE else _end(server)


def _end(server: SMTP) -> str:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()
    return _GONE
