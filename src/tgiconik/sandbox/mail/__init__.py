"""A mail server on the loopback, for examples and tests: SMTP and IMAP, with faults on demand.

    async with MailServer() as server:
        channel = MailChannel(
            smtp=server.smtp("post@brand.example"),
            imap=server.imap("post@brand.example"),
            sender="post@brand.example",
        )

It stands for the mail systems of all: whoever writes to an address finds the mail in its mailbox.
"""

try:
    import aiosmtpd as _aiosmtpd  # noqa: F401
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError(
        'the mail server needs aiosmtpd: pip install "tgiconik[sandbox]"', name="aiosmtpd"
    ) from _error

from tgiconik.sandbox.channel_faults import Fault, FaultKind
from tgiconik.sandbox.mail.server import MailServer, mail_server
from tgiconik.sandbox.mail.user import Button, MailUser

__all__ = ["Button", "Fault", "FaultKind", "MailServer", "MailUser", "mail_server"]
