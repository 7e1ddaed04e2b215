"""A person with a mail program: reads letters, answers them, and presses their buttons."""

import re
import secrets
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import attrs

from tgiconik.community.post.mail.reading import bodies
from tgiconik.sandbox.mails import MailSystem

_BUTTON: Final = re.compile(r"mailto:[^\s<>\"]+")


@attrs.frozen
class Button:
    """A link that begins a mail.

    Attributes:
        recipient: whom the mail goes to.
        subject: its subject, which begins with a keyword such as `CONFIRM`.
    """

    recipient: str = attrs.field(repr=False)
    subject: str = attrs.field(repr=False)


def buttons(letter: bytes) -> Mapping[str, Button]:
    """The buttons of a letter by their keyword, such as `CONFIRM`.

    Args:
        letter: its bytes.
    """
    found: dict[str, Button] = {}
    for link in _BUTTON.findall(bodies(letter)[0]):
        url = urlsplit(link)
        subject = parse_qs(url.query).get("subject", [""])[0]
        keyword = subject.partition(" ")[0]
        if keyword.isupper():
            found.setdefault(keyword, Button(unquote(url.path), subject))
    return found


@attrs.frozen(kw_only=True)
class MailUser:
    """Somebody with an account of the mail server.

    Attributes:
        address: e-mail address.
        name: the name in From.
    """

    server: MailSystem = attrs.field(repr=False)
    address: str
    name: str = ""

    def newest(self) -> EmailMessage:
        """The mail that came last.

        Raises:
            LookupError: there is none.
        """
        return message_from_bytes(self._newest(), EmailMessage, policy=policy.default)

    def send(self, recipient: str, subject: str, text: str = "", *, answers: str = "") -> None:
        """Send a mail.

        Args:
            recipient: address that it is for.
            subject: its subject.
            text: its text.
            answers: the Message-ID of the mail that it answers.

        Raises:
            ValueError: an address is none, or the subject has several lines.
        """
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"] = Address(self.name, addr_spec=self.address)
        mail["To"], mail["Subject"] = recipient, subject
        mail["Message-ID"] = f"<{secrets.token_hex(16)}@{self.address.rpartition('@')[2]}>"
        if answers:
            mail["In-Reply-To"] = answers
        mail.set_content(text)
        self.server.send(self.address, [recipient], mail.as_bytes())

    def answer(self, text: str, *, letter: bytes | None = None) -> None:
        """Answer a letter.

        Args:
            text: the words.
            letter: the letter; the newest one if None.

        Raises:
            LookupError: there is no letter, or it names nobody to answer to.
            ValueError: it cannot be answered: its headers are broken.
        """
        raw = self._newest() if letter is None else letter
        read = message_from_bytes(raw, EmailMessage, policy=policy.default)
        if not (to := read["Reply-To"] or read["From"]):
            raise LookupError("the letter names nobody to answer to")
        self.send(
            to.addresses[0].addr_spec,
            f"Re: {read['Subject'] or ''}",
            text,
            answers=str(read["Message-ID"] or ""),
        )

    def press(self, keyword: str, text: str = "", *, letter: bytes | None = None) -> None:
        """Press a button of a letter, and send the mail that it begins.

        Args:
            keyword: `CONFIRM`, `REOPEN`, `ACKNOWLEDGE` or `WITHDRAW`.
            text: words to add.
            letter: the letter; the newest one if None.

        Raises:
            LookupError: there is no letter, or it has no such button.
            ValueError: the button is broken.
        """
        there = buttons(self._newest() if letter is None else letter)
        if keyword not in there:
            raise LookupError(f"the letter has no button {keyword}")
        self.send(there[keyword].recipient, there[keyword].subject, text)

    def _newest(self) -> bytes:
        mails = self.server.mails(self.address)
        if not mails:
            raise LookupError(f"{self.address} has no mail")
        return mails[-1]
