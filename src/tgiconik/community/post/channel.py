"""The interface of a channel: what the post office needs of e-mail, a mailbox, or another way.

A channel keeps nothing. What is due, what came and what became of it is in the community's
database, so that any process of the post office can go on where another one was killed.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import attrs

from tgiconik.community.post.intent import Intent
from tgiconik.community.post.letter import Letter
from tgiconik.community.store.interface import Record


@attrs.frozen(kw_only=True)
class ReplyToken:
    """The secret that ties an answer to the record and the contact that a letter was about.

    Attributes:
        token: random; a secret between the company and the contact.
        partner_id: BUID of the partner.
        contact: e-mail address of the contact.
        noun: collection of the record.
        record_id: id of the record.
        above: noun and id of the record above; empty at the top level.
        expires_at: until when answers with it are taken; timezone-aware, in UTC.
    """

    token: str = attrs.field(repr=False)
    partner_id: str
    contact: str
    noun: str
    record_id: str
    above: str = ""
    expires_at: datetime


@attrs.frozen(kw_only=True)
class Outgoing:
    """A letter that is due on a channel.

    The same letter is `Outgoing` again, with the same `name`, until the database says that it was
    sent: the channel makes its Message-ID or its file name of `name`.

    Attributes:
        name: unique among all letters and the same at every try: letters, digits and hyphens,
            at most 64 of them; sorts by the number of the change.
        letter: the letter.
        tokens: a reply token for each recipient, by e-mail address, on channels that use them.
        attempt: 1 for the first try.
    """

    name: str
    letter: Letter
    tokens: Mapping[str, ReplyToken] = attrs.field(factory=dict, repr=False)
    attempt: int = 1


class SendState(StrEnum):
    """Where a letter is, as far as a channel can tell. `delivered` is never a receipt."""

    WAITING = "waiting"
    SENT = "sent"
    BATCHED = "batched"
    IN_PROGRESS = "in_progress"
    READY_FOR_PICKUP = "ready_for_pickup"
    DELIVERED = "delivered"
    ON_HOLD = "on_hold"
    DUPLICATE = "duplicate"
    VALIDATION_ERROR = "validation_error"
    FAILED = "failed"
    BOUNCED = "bounced"
    ANSWERED = "answered"
    OVERTAKEN = "overtaken"
    GIVEN_UP = "given_up"


@attrs.frozen(kw_only=True)
class Tracking:
    """News from a channel about a letter that was sent.

    Attributes:
        name: the letter's `Outgoing.name`.
        state: where it is.
        text: the network's own words, such as an error; in one line, without links.
        at: when the network says that it came there, in UTC; None if it says nothing.
        refused: e-mail addresses of recipients that the server will never take mail for; the
            other recipients have the letter.
    """

    name: str
    state: SendState
    text: str = ""
    at: datetime | None = None
    refused: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Arrival:
    """A message as it came, before anybody believes it.

    Attributes:
        message_id: what the network calls it; equal for the same message however often it comes.
        raw: its bytes.
        name: its file name, or the UID in its folder; where it is acknowledged.
        received_at: when it was collected; timezone-aware, in UTC.
    """

    message_id: str
    raw: bytes = attrs.field(repr=False)
    name: str
    received_at: datetime


class Trust(StrEnum):
    """How sure it is who wrote a message."""

    PROVEN = "proven"
    UNVERIFIED = "unverified"


@attrs.frozen(kw_only=True)
class Act:
    """Carry out an intent, as a partner.

    Attributes:
        partner_id: BUID of the partner.
        intent: the act. If the rules refuse it as a move, `comment` is stored instead.
        sender: the contact or address that wrote, for the activity log.
        comment: the words of the message, if a refused move is to become a comment.
        files: names of attached files, which are kept and never opened.
        answers: `Outgoing.name` of the letter that this answers; empty if it answers none.
    """

    partner_id: str
    intent: Intent
    sender: str
    comment: str = ""
    files: Sequence[str] = ()
    answers: str = ""


@attrs.frozen(kw_only=True)
class Note:
    """Keep as a note: an automatic answer, a bounce, a loop.

    Attributes:
        text: what it is, in one line.
        tracking: what it says about a letter that was sent; None if nothing.
        bounced: address of a contact that cannot be reached; empty if it says none.
    """

    text: str
    tracking: Tracking | None = None
    bounced: str = ""


@attrs.frozen(kw_only=True)
class Quarantine:
    """Keep for an operator.

    Attributes:
        reason: why it is not carried out, in one sentence.
        trust: `unverified` if it is understood and only its sender is not proven.
        act: what `replay` would carry out, if an operator says so; None if nobody can tell.
    """

    reason: str
    trust: Trust = Trust.UNVERIFIED
    act: Act | None = None


@attrs.frozen(kw_only=True)
class Wait:
    """Look again in a later pass: what proves the sender is not there yet.

    Attributes:
        reason: what is waited for, in one sentence.
        until: when it goes into quarantine instead; timezone-aware, in UTC.
    """

    reason: str
    until: datetime


@attrs.frozen(kw_only=True)
class AnswerWith:
    """Send a form or another fixed text to a contact, once per message.

    Attributes:
        partner_id: BUID of the partner.
        contact: e-mail address.
        form: name of the form, such as `media_request`.
    """

    partner_id: str
    contact: str
    form: str


Judgement = Act | Note | Quarantine | Wait | AnswerWith


@attrs.frozen(kw_only=True)
class KeptMessage:
    """A message that came before, as far as it tells files of one name apart.

    Attributes:
        message_id: what the network calls it.
        size: its bytes as it came.
        digest: their SHA-256 in hexadecimal; empty if it is not known any more.
    """

    message_id: str
    size: int
    digest: str


class Directory(Protocol):
    """The questions that a channel may ask the community while it judges a message."""

    async def token(self, token: str) -> ReplyToken | None:
        """A reply token that was given out, also one that has ended; None if it never was."""
        ...

    async def partner(self, partner_id: str) -> Record | None:
        """The profile of a partner, or None."""
        ...

    async def partners_of_contact(self, email: str) -> Sequence[Record]:
        """The profiles that have a contact with this address, whatever its case."""
        ...

    async def sent(self, names: Collection[str]) -> Mapping[str, str]:
        """BUID of the partner, by `Outgoing.name`, of those of these letters that were sent."""
        ...

    async def came_as(
        self, channel: str, names: Collection[str], *, since: datetime
    ) -> Mapping[str, Sequence[KeptMessage]]:
        """The messages that came under each of these file names.

        Args:
            channel: name of the channel.
            names: file names.
            since: received at this time or later; timezone-aware.
        """
        ...


class Channel(Protocol):
    """A way by which letters go and messages come.

    Errors: `errors.PostUnavailable` means "try again later", `errors.PostError` "this letter
    will not go". Both name the channel and the server, and hold no link, token or password.
    """

    @property
    def name(self) -> str:
        """Its name in the database, such as `mail` or `mailbox`."""
        ...

    @property
    def uses_tokens(self) -> bool:
        """Whether answers are recognised by reply tokens."""
        ...

    @property
    def tracks(self) -> bool:
        """Whether `track` can tell what becomes of letters after they were sent."""
        ...

    def reaches(self, partner: Record) -> bool:
        """Whether letters to this partner can go by this channel."""
        ...

    async def send(self, outgoing: Outgoing) -> Tracking:
        """Send one letter. What was sent already may be sent again under the same name.

        Raises:
            PostUnavailable: it may go later.
            PostError: it will not go.
        """
        ...

    async def send_form(self, answer: AnswerWith, *, name: str) -> None:
        """Send a fixed text; like `send`.

        Raises:
            PostUnavailable: it may go later.
            PostError: it will not go, or this channel has no forms.
        """
        ...

    def collect(self) -> AsyncIterator[Arrival]:
        """The messages that wait to be collected; the same ones again until acknowledged.

        Raises:
            PostUnavailable: the server does not answer.
        """
        ...

    async def acknowledge(self, arrival: Arrival) -> None:
        """Let the network know that a message is stored: it is moved or deleted there.

        Raises:
            PostUnavailable: the server does not answer.
        """
        ...

    async def judge(self, arrivals: Sequence[Arrival], directory: Directory) -> Sequence[Judgement]:
        """The judgements of messages, one for each, in their order.

        Raises:
            PostUnavailable: what proves senders cannot be asked now.
        """
        ...

    async def track(self, names: Collection[str]) -> Sequence[Tracking]:
        """The news of letters that were sent; nothing about those without any.

        Raises:
            PostUnavailable: the network cannot be asked now.
        """
        ...

    async def check(self) -> Mapping[str, Any]:
        """Whether its servers answer and take the credentials; facts to show an operator.

        Raises:
            ConfigurationError: a server refuses the credentials, or is not the expected one.
            PostUnavailable: a server does not answer.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections. Safe to call twice."""
        ...
