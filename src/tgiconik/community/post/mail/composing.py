"""Letters and forms as mails."""

from collections.abc import Sequence
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

import attrs

from tgiconik import errors
from tgiconik.community.post import legible
from tgiconik.community.post.channel import Outgoing
from tgiconik.community.post.letter import Letter, Recipient
from tgiconik.community.post.mail import buttons, names
from tgiconik.community.post.mail.forms import Form
from tgiconik.community.post.mail.tokens import address_with, subject_with
from tgiconik.community.post.recipients import is_email

#: Message-IDs stay in one line: not every system that looks for them unfolds headers.
_POLICY: Final = policy.SMTP.clone(max_line_length=200)


@attrs.frozen(kw_only=True)
class Sender:
    """Who writes, and where answers go.

    Attributes:
        address: e-mail address in From.
        name: name in From.
        reply_to: address that answers go to; None if nobody collects them.
        sub_addressing: whether the token is in that address; else it is in the subject.
    """

    address: str
    name: str = ""
    reply_to: str | None = None
    sub_addressing: bool = True

    @property
    def domain(self) -> str:
        """Domain of the Message-IDs."""
        return self.address.rpartition("@")[2].lower()


@attrs.frozen(kw_only=True)
class Composed:
    """A mail that is ready to be sent.

    Attributes:
        message_id: the same at every try.
        sender: address of the sender.
        recipients: addresses of the recipients.
        content: the bytes.
        secrets: the reply tokens in it, which no error repeats.
    """

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes = attrs.field(repr=False)
    secrets: tuple[str, ...] = attrs.field(default=(), repr=False)


def letter(outgoing: Outgoing, sender: Sender, *, at: datetime) -> list[Composed]:
    """A letter as mails: one for each recipient with a reply token, else one for all.

    Args:
        outgoing: the letter.
        sender: who writes.
        at: the time in Date; timezone-aware.

    Raises:
        PostError: the letter is for nobody.
    """
    recipients = outgoing.letter.recipients
    if not recipients:
        raise errors.PostError(f"mail: the letter {outgoing.name} has no recipient")
    if sender.reply_to is None:
        return [_together(outgoing, sender, at)]
    tokens = {email.lower(): one.token for email, one in outgoing.tokens.items()}
    if missing := [one for one in recipients if one.email.lower() not in tokens]:
        raise errors.PostError(
            f"mail: the letter {outgoing.name} has no reply token for {len(missing)} recipients"
        )
    return [_to_one(outgoing, one, tokens[one.email.lower()], sender, at) for one in recipients]


def _to_one(
    outgoing: Outgoing, recipient: Recipient, token: str, sender: Sender, at: datetime
) -> Composed:
    written = outgoing.letter
    reply_to = str(sender.reply_to)
    subject = str(written.subject)
    if sender.sub_addressing:
        reply_to = address_with(reply_to, token)
    else:
        subject = subject_with(subject, token)
    links = buttons.links(written, reply_to, token)
    mail = _mail(sender, [recipient], subject, written.language, at)
    mail["Reply-To"] = reply_to
    mail.set_content(str(written.text_with(links)))
    mail.add_alternative(str(written.html_with(links)), subtype="html")
    return attrs.evolve(_named(mail, outgoing, sender, [recipient]), secrets=(token,))


def _together(outgoing: Outgoing, sender: Sender, at: datetime) -> Composed:
    written = outgoing.letter
    mail = _mail(sender, written.recipients, str(written.subject), written.language, at)
    mail.set_content(str(written.text))
    mail.add_alternative(str(written.html), subtype="html")
    return _named(mail, outgoing, sender, written.recipients)


def form(filled_in: Form, email: str, name: str, sender: Sender, *, at: datetime) -> Composed:
    """A form as a mail.

    Args:
        filled_in: the form.
        email: address of the contact who asked for it.
        name: names the mail, the same at every try.
        sender: who writes.
        at: the time in Date; timezone-aware.

    Raises:
        PostError: the address cannot be written to.
    """
    if not is_email(email):
        raise errors.PostError(f"mail: the form {name} has no recipient that can be written to")
    recipient = Recipient(email=email)
    mail = _mail(sender, [recipient], filled_in.subject, filled_in.language, at)
    mail["Reply-To"] = sender.reply_to or sender.address
    mail.set_content(filled_in.text)
    mail.add_alternative(filled_in.html, subtype="html")
    message_id = names.message_id(name, email, sender.domain)
    mail["Message-ID"] = message_id
    mail[names.LETTER_HEADER] = name
    return _composed(mail, message_id, sender, [recipient])


def _named(
    mail: EmailMessage, outgoing: Outgoing, sender: Sender, recipients: Sequence[Recipient]
) -> Composed:
    first = recipients[0].email
    message_id = names.message_id(outgoing.name, first, sender.domain)
    mail["Message-ID"] = message_id
    mail["References"] = _thread(outgoing.letter, first, sender.domain)
    mail[names.LETTER_HEADER] = outgoing.name
    return _composed(mail, message_id, sender, recipients)


def _thread(written: Letter, email: str, domain: str) -> str:
    """An id that all letters to somebody about a record refer to, so that they stay together."""
    about = written.above or f"{written.noun}/{written.record_id}"
    digest = sha256(f"{written.partner_id}\n{about}\n{email.casefold()}".encode()).hexdigest()
    return f"<thread-{digest[:32]}@{domain}>"


def _mail(
    sender: Sender, recipients: Sequence[Recipient], subject: str, language: str, at: datetime
) -> EmailMessage:
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = _address(sender.name, sender.address)
    mail["To"] = [_address(one.name, one.email) for one in recipients]
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at)
    mail["Content-Language"] = language
    # RFC 3834: a program wrote it. Exchange understands the second one.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    return mail


def _address(name: str, email: str) -> Address:
    local, _, domain = email.rpartition("@")
    return Address(display_name=legible.line(name), username=local, domain=domain)


def _composed(
    mail: EmailMessage, message_id: str, sender: Sender, recipients: Sequence[Recipient]
) -> Composed:
    emails = tuple(one.email for one in recipients)
    # RFC 6531: addresses with other letters than ASCII's are written as they are.
    is_ascii = all(email.isascii() for email in (*emails, sender.address))
    return Composed(
        message_id=message_id,
        sender=sender.address,
        recipients=emails,
        content=mail.as_bytes(policy=_POLICY.clone(utf8=not is_ascii)),
    )
