"""Sends mails to an SMTP server. Everything here blocks: it runs in a worker thread."""

import smtplib
import ssl
from base64 import b64encode
from contextlib import suppress
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._secrets import Mask, without_links
from tgiconik.community.post import legible
from tgiconik.community.post.mail.composing import Composed
from tgiconik.community.post.mail.login import xoauth2
from tgiconik.community.post.mail.settings import Security, SmtpSettings

_OK: Final = 250
_TRY_LATER: Final = 400
_NEVER: Final = 500
_GREETING: Final = 200
_WHAT_IS_WRONG: Final = 334
_LOGGED_IN: Final = frozenset({235, 503})


@attrs.frozen(kw_only=True)
class Accepted:
    """The answer of a server that took a mail.

    Attributes:
        refused: recipients that it will never take mail for.
        text: its words about them, in one line.
    """

    refused: tuple[str, ...] = ()
    text: str = ""


class SmtpClient:
    """One connection to an SMTP server, opened when it is needed. Not safe in several threads.

    Args:
        settings: the server.
    """

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._server: smtplib.SMTP | None = None

    def send(self, mail: Composed, access_token: str | None) -> Accepted:
        """Send one mail.

        Args:
            mail: the mail.
            access_token: for a login by XOAUTH2.

        Raises:
            PostUnavailable: it may go later, or nobody knows whether it went.
            PostError: the server will not take it, for none of its recipients.
        """
        server = self._connected(access_token)
        try:
            return self._sent(server, mail)
        except smtplib.SMTPResponseException as error:
            self._end(server)
            raise self._refusal(error.smtp_code, error.smtp_error, mail) from None
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise self._unavailable("broke off", error) from error
        except BaseException:
            self._drop()
            raise

    def check(self, access_token: str | None) -> dict[str, object]:
        """Connect and log in.

        Raises:
            ConfigurationError: the server refuses the login, or its certificate is not trusted.
            PostUnavailable: it does not answer.
        """
        try:
            server = self._connected(access_token)
        except errors.PostUnavailable as error:
            if isinstance(error.__cause__, ssl.SSLError | smtplib.SMTPAuthenticationError):
                raise errors.ConfigurationError(str(error)) from error.__cause__
            raise
        size = server.esmtp_features.get("size", "")
        return {"server": self._settings.name, "largest": int(size) if size.isdigit() else None}

    def close(self) -> None:
        """End the connection. Safe to call twice."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _sent(self, server: smtplib.SMTP, mail: Composed) -> Accepted:
        is_ascii = all(email.isascii() for email in (mail.sender, *mail.recipients))
        if not is_ascii and not server.has_extn("smtputf8"):
            raise errors.PostError(
                f"mail: {self._settings.name} takes no addresses with letters beyond ASCII"
            )
        options = [] if is_ascii else ["SMTPUTF8", "BODY=8BITMIME"]
        if server.has_extn("size"):
            options.append(f"size={len(mail.content)}")
        _expect(server.mail(mail.sender, options))
        refused: dict[str, tuple[int, bytes]] = {}
        for recipient in mail.recipients:
            code, text = server.rcpt(recipient)
            if code >= _NEVER:
                refused[recipient] = (code, text)
            elif code >= _TRY_LATER:
                raise smtplib.SMTPResponseException(code, text)
        said = "; ".join(self._shown(*answer, mail) for answer in refused.values())
        if len(refused) == len(mail.recipients):
            _expect(server.rset())
            raise errors.PostError(f"mail: {self._settings.name} refuses the recipient: {said}")
        _expect(server.data(mail.content))
        return Accepted(refused=tuple(refused), text=said)

    def _connected(self, access_token: str | None) -> smtplib.SMTP:
        if self._server is not None:
            # It may have been closed since the last mail.
            with suppress(smtplib.SMTPException, OSError):
                if self._server.noop()[0] == _OK:
                    return self._server
            self._drop()
        server: smtplib.SMTP | None = None
        try:
            server = self._opened()
            self._log_in(server, access_token)
        except smtplib.SMTPAuthenticationError as error:
            _shut(server)
            shown = self._shown(error.smtp_code, _bytes(error.smtp_error), None)
            raise errors.PostUnavailable(
                f"mail: {self._settings.name} refuses the login: {shown}"
            ) from error
        except smtplib.SMTPResponseException as error:
            _shut(server)
            shown = self._shown(error.smtp_code, _bytes(error.smtp_error), None)
            raise errors.PostUnavailable(f"mail: {self._settings.name} answers {shown}") from error
        except ssl.SSLError as error:
            _shut(server)
            raise self._unavailable("has no certificate that is trusted", error) from error
        except (smtplib.SMTPException, OSError, ValueError) as error:
            _shut(server)
            raise self._unavailable("cannot be reached", error) from error
        self._server = server
        return server

    def _opened(self) -> smtplib.SMTP:
        given = self._settings
        context = given.certificates or ssl.create_default_context()
        if given.security == Security.TLS:
            return smtplib.SMTP_SSL(given.host, given.port, timeout=given.timeout, context=context)
        server = smtplib.SMTP(given.host, given.port, timeout=given.timeout)
        if given.security == Security.STARTTLS:
            try:
                server.starttls(context=context)
            except BaseException:
                _shut(server)
                raise
        return server

    def _log_in(self, server: smtplib.SMTP, access_token: str | None) -> None:
        server.ehlo_or_helo_if_needed()
        if access_token is not None:
            said = xoauth2(self._settings.username, access_token)
            code, text = server.docmd("AUTH", f"XOAUTH2 {b64encode(said.encode()).decode()}")
            if code == _WHAT_IS_WRONG:  # an empty line ends it
                code, text = server.docmd("")
            if code not in _LOGGED_IN:
                raise smtplib.SMTPAuthenticationError(code, text)
        elif self._settings.username:
            server.login(self._settings.username, str(self._settings.password))

    def _refusal(self, code: int, text: bytes | str, mail: Composed) -> errors.PostError:
        shown = self._shown(code, _bytes(text), mail)
        said = f"mail: {self._settings.name} does not take the mail: {shown}"
        return errors.PostUnavailable(said) if code < _NEVER else errors.PostError(said)

    def _unavailable(self, what: str, error: Exception) -> errors.PostUnavailable:
        detail = legible.line(without_links(str(error))) or type(error).__name__
        return errors.PostUnavailable(f"mail: {self._settings.name} {what}: {detail}")

    def _shown(self, code: int, text: bytes, mail: Composed | None) -> str:
        """An answer in one line, without addresses, links and secrets."""
        secrets = [str(self._settings.password)]
        if mail is not None:
            secrets += [*mail.recipients, *mail.secrets]
        said = text.decode("utf-8", "replace").replace("\n", " ")
        return legible.line(f"{code} {Mask(lambda: secrets).told(said)}")

    def _end(self, server: smtplib.SMTP) -> None:
        """Get ready for the next mail, or give the connection up."""
        try:
            if server.rset()[0] != _OK:
                self._drop()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        server, self._server = self._server, None
        _shut(server)


def _shut(server: smtplib.SMTP | None) -> None:
    if server is not None:
        with suppress(OSError):
            server.close()


def _expect(answer: tuple[int, bytes]) -> None:
    if answer[0] >= _TRY_LATER or answer[0] < _GREETING:
        raise smtplib.SMTPResponseException(*answer)


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode(errors="replace")
