"""The mails that passed the mail server, for as long as the sandbox runs."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import count
from threading import Lock
from typing import Final, Protocol

import attrs

#: Receives the number of a mail that is new.
Listener = Callable[[int], None]
_KEPT: Final = 1_000


class Fate(StrEnum):
    """The end of a mail's way, as far as a mail server sees it."""

    #: It is in the recipient's mailbox.
    DELIVERED = "delivered"
    #: The server took it, and reported that it could not be delivered.
    BOUNCED = "bounced"
    #: The server did not take it for this recipient.
    REFUSED = "refused"


class MailSystem(Protocol):
    """A server with mailboxes, as those see it who have one."""

    def mails(self, account: str) -> list[bytes]:
        """The mails in the inbox of an account, the earliest first."""
        ...

    def send(self, account: str, recipients: Sequence[str], raw: bytes) -> None:
        """Take a mail of an account."""
        ...


@attrs.frozen(kw_only=True, eq=False)
class PassedMail:
    """A mail to one recipient.

    Attributes:
        number: sequence number.
        at: when it came, by the sandbox's clock.
        sender: address of the envelope's sender; empty for reports.
        recipient: address of the envelope's recipient, with its sub-address.
        raw: the mail as it lies in the mailbox, or as it was sent; empty if it was refused before
            it was sent.
        fate: where it ended.
        said: the server's words about a mail that did not arrive.
        is_proven: whether DMARC passed.
    """

    number: int
    at: datetime
    sender: str
    recipient: str = attrs.field(repr=False)
    raw: bytes = attrs.field(repr=False)
    fate: Fate
    said: str = ""
    is_proven: bool = False

    @property
    def account(self) -> str:
        """The recipient without its sub-address, which may be a reply token."""
        local, _, domain = self.recipient.rpartition("@")
        return f"{local.partition('+')[0]}@{domain}"


class PassedMails:
    """The last mails that passed. Any thread may read and add them.

    Attributes:
        server: the server that runs and takes further mails; None if there is none.
    """

    def __init__(self) -> None:
        self.server: MailSystem | None = None
        self._mails: deque[PassedMail] = deque(maxlen=_KEPT)
        self._numbers = count(1)
        self._lock = Lock()
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Call a listener after every mail, in the thread that added it."""
        self._listeners.append(listener)

    def add(
        self,
        *,
        at: datetime,
        sender: str,
        recipient: str,
        raw: bytes = b"",
        fate: Fate = Fate.DELIVERED,
        said: str = "",
        is_proven: bool = False,
    ) -> None:
        """Add a mail; its arguments are as `PassedMail`'s."""
        with self._lock:
            mail = PassedMail(
                number=next(self._numbers),
                at=at,
                sender=sender,
                recipient=recipient,
                raw=raw,
                fate=fate,
                said=said,
                is_proven=is_proven,
            )
            self._mails.append(mail)
        for listener in self._listeners:
            listener(mail.number)

    def get(self, number: int) -> PassedMail | None:
        """A mail by its number, or None."""
        return next((mail for mail in self.all() if mail.number == number), None)

    def all(self) -> tuple[PassedMail, ...]:
        """The mails, the first first."""
        with self._lock:
            return tuple(self._mails)
