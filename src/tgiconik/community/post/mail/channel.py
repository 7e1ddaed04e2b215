"""E-mail as a channel of the post office: SMTP out, IMAP in."""

import os
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Self, TypeVar

import anyio
import anyio.to_thread

from tgiconik import errors
from tgiconik.community.post.channel import (
    AnswerWith,
    Arrival,
    Directory,
    Judgement,
    Outgoing,
    SendState,
    Tracking,
)
from tgiconik.community.post.mail import (
    authentication,
    composing,
    forms,
    judging,
    reading,
    settings,
)
from tgiconik.community.post.mail.composing import Composed, Sender
from tgiconik.community.post.mail.imap import ImapClient, Place
from tgiconik.community.post.mail.settings import AccessToken, ImapSettings, SmtpSettings
from tgiconik.community.post.mail.smtp import Accepted, SmtpClient
from tgiconik.community.post.recipients import is_email
from tgiconik.community.store.interface import Record

_T = TypeVar("_T")
#: Letters of which some recipients have their mail and others do not, remembered at the most.
_REMEMBERED: Final = 1_000


#: Mails whose heads a check looks at.
_LOOKED_AT: Final = 50
_WARNING: Final = (
    "mails came whose topmost Authentication-Results is missing or not by authserv_id; if your "
    "system does not write one for every mail from outside, a sender can forge it"
)


def _now() -> datetime:
    return datetime.now(UTC)


class MailChannel:
    """Sends letters by e-mail, and collects what partners answer.

    With `imap`, each recipient gets a mail of its own, with buttons and a reply token that ties the
    answer to the record and the contact. Without, letters go out and answers are not collected.

    Args:
        smtp: the server that takes the mails.
        sender: e-mail address in From.
        sender_name: name in From.
        imap: the mailbox that answers come to; None to send only.
        reply_to: address of that mailbox; the sender's if None.
        sub_addressing: whether `reply+TOKEN@…` arrives in the mailbox of `reply@…`. If not, the
            token is in the subject.
        now: the time, timezone-aware; the system's clock if left out.

    Raises:
        ConfigurationError: an address is none.
    """

    def __init__(
        self,
        *,
        smtp: SmtpSettings,
        sender: str,
        sender_name: str = "",
        imap: ImapSettings | None = None,
        reply_to: str | None = None,
        sub_addressing: bool = True,
        now: Callable[[], datetime] = _now,
    ) -> None:
        for name, address in (("sender", sender), ("reply_to", reply_to)):
            if address is not None and not is_email(address):
                raise errors.ConfigurationError(f"{name} must be an e-mail address")
        if imap is None and reply_to is not None:
            raise errors.ConfigurationError(
                "reply_to needs imap: answers to it would not be collected"
            )
        self._sender = Sender(
            address=sender,
            name=sender_name,
            reply_to=None if imap is None else reply_to or sender,
            sub_addressing=sub_addressing,
        )
        self._smtp_settings, self._imap_settings = smtp, imap
        self._smtp = SmtpClient(smtp)
        self._imap = None if imap is None else ImapClient(imap)
        self._now = now
        # A connection does one thing at a time.
        self._sending, self._collecting = anyio.Lock(), anyio.Lock()
        self._accepted: dict[str, Accepted] = {}

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """The channel that the environment describes.

        `POST_MAIL_SENDER` and `POST_MAIL_SMTP_HOST` are needed, and to collect answers
        `POST_MAIL_IMAP_HOST` and `POST_MAIL_AUTHSERV_ID`. The page on e-mail lists all.

        Args:
            environ: the variables; the process's if None.

        Raises:
            ConfigurationError: a variable is missing, or has a value that cannot work.
        """
        given = os.environ if environ is None else environ
        collects = bool(given.get(f"{settings.PREFIX}IMAP_HOST"))
        return cls(
            smtp=settings.smtp_from(given),
            imap=settings.imap_from(given) if collects else None,
            sender=settings.text_from(given, "SENDER"),
            sender_name=given.get(f"{settings.PREFIX}SENDER_NAME", ""),
            reply_to=given.get(f"{settings.PREFIX}REPLY_TO") or None,
            sub_addressing=settings.switch_from(given, "SUB_ADDRESSING", default=True),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def name(self) -> str:
        """`mail`."""
        return "mail"

    @property
    def uses_tokens(self) -> bool:
        """Whether answers are collected."""
        return self._imap is not None

    @property
    def tracks(self) -> bool:
        """Never: mail servers cannot be asked what became of a mail."""
        return False

    def reaches(self, partner: Record) -> bool:
        """Whether the partner's profile has a contact that can be written to."""
        return any(is_email(contact["email"]) for contact in partner.fields["contacts"])

    async def send(self, outgoing: Outgoing) -> Tracking:
        """Send a letter to its recipients.

        A recipient whom the server refuses for good is in `Tracking.refused`, if others have the
        letter. After `PostUnavailable`, those who have it do not get it again from this object.

        Args:
            outgoing: the letter, with a reply token for each recipient.

        Raises:
            PostUnavailable: it may go later: the server does not answer, refuses the login, or
                asks to try again.
            PostError: it has no recipient, or the server refuses all of them, or the mail.
        """
        mails = composing.letter(outgoing, self._sender, at=self._now())
        refused: list[str] = []
        refusals: list[errors.PostError] = []
        texts: list[str] = []
        for mail in mails:
            try:
                accepted = await self._send(mail)
            except errors.PostUnavailable:
                raise
            except errors.PostError as error:
                refused += mail.recipients
                refusals.append(error)
                texts.append(str(error))
            else:
                refused += accepted.refused
                texts += filter(None, [accepted.text])
        if len(refusals) == len(mails):
            raise refusals[0]
        for mail in mails:
            self._accepted.pop(mail.message_id, None)
        return Tracking(
            name=outgoing.name,
            state=SendState.SENT,
            text="; ".join(texts),
            at=self._now(),
            refused=tuple(refused),
        )

    async def send_form(self, answer: AnswerWith, *, name: str) -> None:
        """Send a form to a contact who asked for it.

        Args:
            answer: the contact and the form: `media_request`, `enhancement` or `issue`, with
                `_de` behind it for German.
            name: names the mail, the same at every try.

        Raises:
            PostUnavailable: it may go later.
            PostError: there is no such form, or the server refuses the recipient or the mail.
        """
        blank = forms.form(answer.form, self._sender.reply_to or self._sender.address)
        if blank is None or self._imap is None:
            raise errors.PostError(f"mail: there is no form {answer.form}")
        mail = composing.form(blank, answer.contact, name, self._sender, at=self._now())
        await self._send(mail)
        self._accepted.pop(mail.message_id, None)

    async def collect(self) -> AsyncIterator[Arrival]:
        """The mails that wait in the folder, one by one, the earliest first.

        Raises:
            PostUnavailable: the server does not answer.
        """
        if self._imap is None:
            return
        client = self._imap
        for place in await self._on_imap(client.waiting):
            raw = await self._on_imap(client.fetch, place)
            if raw is not None:
                id_ = await anyio.to_thread.run_sync(reading.identity, raw)
                yield Arrival(message_id=id_, raw=raw, name=str(place), received_at=self._now())

    async def acknowledge(self, arrival: Arrival) -> None:
        """Move a mail that is stored to the folder of processed ones, or mark it.

        Raises:
            PostUnavailable: the server does not answer; the mail is collected again.
        """
        place = Place.parse(arrival.name)
        if self._imap is not None and place is not None:
            await self._on_imap(self._imap.acknowledge, place)

    async def judge(self, arrivals: Sequence[Arrival], directory: Directory) -> Sequence[Judgement]:
        """The judgements of mails, one for each, in their order.

        Args:
            arrivals: the mails.
            directory: what the community knows.
        """
        return [await self._judgement(arrival, directory) for arrival in arrivals]

    async def track(self, names: Collection[str]) -> Sequence[Tracking]:  # noqa: ARG002 - Channel's
        """Nothing: mail servers cannot be asked. Bounces come as mails."""
        return []

    async def check(self) -> Mapping[str, Any]:
        """Log in at both servers, open the folders, and look at who checked the last mails.

        `not_authenticated` counts the mails out of the last 50 whose topmost
        `Authentication-Results` is missing or not by `authserv_id`. Where there are such mails from
        outside, a sender may be able to write that header.

        Raises:
            ConfigurationError: a server refuses the login or a folder, or its certificate is not
                trusted.
            PostUnavailable: a server does not answer.
        """
        facts: dict[str, Any] = {"sender": self._sender.address}
        token = await _given(self._smtp_settings.token)
        async with self._sending:
            facts["smtp"] = await anyio.to_thread.run_sync(self._smtp.check, token)
        if self._imap is not None and self._imap_settings is not None:
            facts["imap"] = await self._on_imap(self._imap.check)
            facts["authserv_id"] = self._imap_settings.authserv_id
            heads = await self._on_imap(self._imap.last_heads, _LOOKED_AT)
            expected = self._imap_settings.authserv_id.lower()
            names = await anyio.to_thread.run_sync(_names_on_top, heads)
            facts["looked_at"] = len(names)
            facts["not_authenticated"] = sum(one != expected for one in names)
            if facts["not_authenticated"]:
                facts["warning"] = _WARNING
        return facts

    async def aclose(self) -> None:
        """Close the connections. Safe to call twice."""
        with anyio.CancelScope(shield=True):
            async with self._sending:
                await anyio.to_thread.run_sync(self._smtp.close)
            if self._imap is not None:
                async with self._collecting:
                    await anyio.to_thread.run_sync(self._imap.close)

    async def _send(self, mail: Composed) -> Accepted:
        if (before := self._accepted.get(mail.message_id)) is not None:
            return before
        token = await _given(self._smtp_settings.token)
        async with self._sending:
            accepted = await anyio.to_thread.run_sync(self._smtp.send, mail, token)
        self._accepted[mail.message_id] = accepted
        if len(self._accepted) > _REMEMBERED:
            del self._accepted[next(iter(self._accepted))]
        return accepted

    async def _on_imap(self, work: Callable[..., _T], *args: object) -> _T:
        assert self._imap_settings is not None  # noqa: S101 - there is a client
        token = await _given(self._imap_settings.token)
        async with self._collecting:
            return await anyio.to_thread.run_sync(partial(work, *args, token))

    async def _judgement(self, arrival: Arrival, directory: Directory) -> Judgement:
        mail = await anyio.to_thread.run_sync(reading.read, arrival.raw)
        account = self._account()
        tokens = {one: await directory.token(one) for one in judging.tokens_of(mail, account)}
        given = [one for one in tokens.values() if one is not None]
        partner = await directory.partner(given[0].partner_id) if len(given) == 1 else None
        unasked = mail.sender is not None and not tokens
        known = judging.Known(
            tokens=tokens,
            partner=partner,
            partners=await directory.partners_of_contact(str(mail.sender)) if unasked else (),
            sent=await self._sent(mail, account, directory),
        )
        return judging.judge(mail, known, account, at=arrival.received_at)

    async def _sent(
        self, mail: reading.Mail, account: judging.Account, directory: Directory
    ) -> Mapping[str, str]:
        named = {sent.name for sent in judging.letters_of(mail, account)}
        return await directory.sent(named) if named else {}

    def _account(self) -> judging.Account:
        given = self._imap_settings
        if given is None or self._sender.reply_to is None:
            raise errors.ConfigurationError("mail: without imap, no mail is judged")
        return judging.Account(
            address=self._sender.reply_to,
            domain=self._sender.domain,
            authserv_id=given.authserv_id,
            largest=given.largest,
        )


def _names_on_top(heads: Sequence[bytes]) -> list[str]:
    return [authentication.name_on_top(reading.read(head).results) for head in heads]


async def _given(token: AccessToken | None) -> str | None:
    """An access token that works now."""
    if token is None:
        return None
    given: Any = await anyio.to_thread.run_sync(token)
    found: str = given if isinstance(given, str) else await given
    return found
