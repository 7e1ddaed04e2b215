"""The judgement of a mail: a pure function of what it says and what the community knows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import attrs

from tgiconik.community.post import legible
from tgiconik.community.post.channel import (
    Act,
    AnswerWith,
    Judgement,
    Note,
    Quarantine,
    ReplyToken,
    SendState,
    Tracking,
    Trust,
)
from tgiconik.community.post.intent import Intent, IntentKind
from tgiconik.community.post.mail import buttons, forms, intents
from tgiconik.community.post.mail.authentication import is_proven
from tgiconik.community.post.mail.names import Sent, sent_as
from tgiconik.community.post.mail.reading import Mail
from tgiconik.community.post.mail.tokens import tokens_in
from tgiconik.community.post.recipients import is_same_email
from tgiconik.community.rules import bodies
from tgiconik.community.shapes import Violation
from tgiconik.community.store.interface import Record

_UNPROVEN: Final = (
    "It is not proven that {sender} wrote this: your mail system does not say that DMARC passed "
    "for the domain"
)


@attrs.frozen(kw_only=True)
class Account:
    """The mail account that answers come to.

    Attributes:
        address: the address without a token.
        domain: domain of the Message-IDs of letters.
        authserv_id: the name that the receiving system writes, or `ABSENT`.
        largest: bytes of a mail at the most.
    """

    address: str
    domain: str
    authserv_id: str
    largest: int


@attrs.frozen(kw_only=True)
class Known:
    """The community's records that bear on a mail.

    Attributes:
        tokens: the reply tokens that it names, by token; None for one that was never given out.
        partner: the profile of the token's partner.
        partners: the profiles that have its sender as a contact.
        sent: BUID of the partner, by name of each letter that it names and that was sent.
    """

    tokens: Mapping[str, ReplyToken | None] = attrs.field(factory=dict, repr=False)
    partner: Record | None = None
    partners: Sequence[Record] = ()
    sent: Mapping[str, str] = attrs.field(factory=dict)


def tokens_of(mail: Mail, account: Account) -> set[str]:
    """The reply tokens that a mail names; of a report, those of the mail that it returns."""
    if mail.report is not None:
        return tokens_in(mail.report.subject, mail.report.reply_to, account.address)
    return tokens_in(mail.subject, mail.recipients, account.address)


def letters_of(mail: Mail, account: Account) -> list[Sent]:
    """The letters of ours that a mail answers or reports about, as it claims."""
    named = [*mail.answers, *([mail.report.message_id] if mail.report else [])]
    return [sent for one in named if (sent := sent_as(one, account.domain)) is not None]


def judge(mail: Mail, known: Known, account: Account, *, at: datetime) -> Judgement:
    """The judgement of a mail.

    A person's mail is carried out if its reply token is right and has not ended, the sender is the
    contact whom it was given to, and the receiving system says that DMARC passed for the sender's
    domain. A new request needs no token, but a contact of exactly one partner. What a group address
    passed on may be a person's mail; without a token or a form it is a note.

    Args:
        mail: the mail.
        known: what the community knows about it.
        account: the account that it came to.
        at: when it was collected; timezone-aware.
    """
    return _set_aside(mail, known, account) or _of_person(mail, known, account, at)


def _set_aside(mail: Mail, known: Known, account: Account) -> Judgement | None:
    """The judgement of a mail that no person wrote, or that was not collected; else None."""
    if mail.size is not None:
        return Quarantine(
            reason=f"The mail is too large: it has {mail.size:,} bytes, and {account.largest:,} "
            "are collected at the most"
        )
    if mail.report is not None:
        return _bounce(mail, known, account)
    words = _of_no_person(mail, known, account)
    return Note(text=words) if words else None


def _of_no_person(mail: Mail, known: Known, account: Account) -> str:
    """The words for a mail that no person wrote; empty if a person may have written it."""
    if mail.is_letter or sent_as(mail.message_id, account.domain) is not None:
        return "A letter of ours came back"
    if mail.automatic:
        return f"It is {mail.automatic}"
    if mail.is_listed and not known.tokens and not _is_filled_form(mail):
        return "It is a mail of a mailing list"
    if (mail.sender or "").casefold() == account.address.casefold():
        return "A mail from our own address"
    return ""


def _is_filled_form(mail: Mail) -> bool:
    # To a list, no form is sent: RFC 3834 forbids automatic answers.
    return forms.asked_for(mail.subject) is None and forms.filled(mail.text) is not None


def _bounce(mail: Mail, known: Known, account: Account) -> Judgement:
    """The judgement of a report; it marks the contact if it returns the contact's own letter.

    Anybody can write a report. That it is about a letter which the contact got, or should have
    got, its reply token tells: nobody else has it.
    """
    report = mail.report
    sent = None if report is None else sent_as(report.message_id, account.domain)
    if report is None or not report.failed:
        return Note(text="A report of a mail server, without a failure")
    if sent is None or sent.name not in known.sent:
        return Note(text="A report of a mail server about a mail that is not ours")
    address = next((one for one in report.failed if sent.went_to(one)), "")
    if not address:
        return Note(text="A report of a mail server about an address that we did not write to")
    if not any(
        token is not None
        and token.partner_id == known.sent[sent.name]
        and is_same_email(token.contact, address)
        for token in known.tokens.values()
    ):
        return Quarantine(
            reason=f"It says that {sent.name} did not reach {address}, and does not return the "
            "letter with its reply token: nobody knows whether that is so"
        )
    reason = legible.line(report.text) or "the mail server gives no reason"
    tracking = Tracking(name=sent.name, state=SendState.BOUNCED, text=reason)
    return Note(text=f"The letter came back: {reason}", tracking=tracking, bounced=address)


def _of_person(mail: Mail, known: Known, account: Account, at: datetime) -> Judgement:
    if mail.sender is None:
        return Quarantine(reason="From does not name exactly one sender")
    domain = mail.sender.rpartition("@")[2]
    is_from_domain = is_proven(mail.results, domain=domain, authserv_id=account.authserv_id)
    if not known.tokens:
        return _unasked(mail, mail.sender, known, is_from_domain=is_from_domain)
    if len(known.tokens) > 1:
        return Quarantine(reason="The mail names several reply tokens")
    (token,) = known.tokens.values()
    if token is None:
        return Quarantine(reason="Its reply token was never given out")
    contact = None if known.partner is None else _contact(known.partner, token.contact)
    if contact is None:
        return Quarantine(reason=f"{token.contact} is no contact of {token.partner_id} any more")
    answered = _answer(mail, token, contact, known, account)
    doubt = _doubt(mail.sender, token, at, is_from_domain=is_from_domain)
    return (
        Quarantine(reason=doubt, act=answered) if doubt and isinstance(answered, Act) else answered
    )


def _doubt(sender: str, token: ReplyToken, at: datetime, *, is_from_domain: bool) -> str:
    if not is_same_email(sender, token.contact):
        return f"The reply token was given to {token.contact}, and the mail is from {sender}"
    if not is_from_domain:
        return _UNPROVEN.format(sender=sender)
    if at >= token.expires_at:
        return f"Its reply token ended on {token.expires_at:%Y-%m-%d}"
    return ""


def _answer(
    mail: Mail, token: ReplyToken, contact: Mapping[str, Any], known: Known, account: Account
) -> Judgement:
    """The judgement of an answer, provided that the contact wrote it."""
    pressed = buttons.pressed(mail.subject)
    intent = None if pressed is None else intents.of_button(pressed, token, contact, mail.text)
    if pressed is not None and intent is None:
        return Quarantine(
            reason=f"{pressed.action.upper()} is no move of {token.noun}/{token.record_id}"
        )
    words = mail.text or (f"(attached: {', '.join(mail.files)})" if mail.files else "")
    if intent is None:
        if not words:
            return Note(text="An answer without words of its own")
        intent = intents.of_words(words, token, contact)
    if intent is None:
        return Quarantine(reason=f"{token.noun}/{token.record_id} takes no comments")
    names = (sent.name for sent in letters_of(mail, account))
    return Act(
        partner_id=token.partner_id,
        intent=intent,
        sender=token.contact,
        comment=words or (pressed.action.upper() if pressed is not None else ""),
        files=mail.files,
        answers=next((one for one in names if known.sent.get(one) == token.partner_id), ""),
    )


def _unasked(mail: Mail, sender: str, known: Known, *, is_from_domain: bool) -> Judgement:
    """A mail that answers nothing: a new request, or somebody who wants the form."""
    if not known.partners:
        return Quarantine(reason=f"{sender} is no contact of a partner, and the mail has no token")
    trust = Trust.PROVEN if is_from_domain else Trust.UNVERIFIED
    form = forms.asked_for(mail.subject)
    filled = None if form is not None else forms.filled(mail.text)
    if form is None and filled is None:
        return Quarantine(reason="It answers no letter, and is no form", trust=trust)
    if form is not None:
        if not is_from_domain:
            return Quarantine(reason=_UNPROVEN.format(sender=sender))
        return AnswerWith(partner_id=known.partners[0].id, contact=sender, form=form)
    return _submitted(mail, sender, filled, known.partners, trust)


def _submitted(
    mail: Mail,
    sender: str,
    filled: forms.Filled | None,
    partners: Sequence[Record],
    trust: Trust,
) -> Judgement:
    if filled is None:
        return Quarantine(reason="It answers no letter, and is no form", trust=trust)
    meant = [one for one in partners if filled.partner_id in {"", one.id}]
    if not meant:
        return Quarantine(reason=f"{sender} is no contact of {filled.partner_id}", trust=trust)
    if len(meant) > 1:
        ids = ", ".join(sorted(one.id for one in meant))
        reason = f"{sender} is a contact of {ids}; the form must say which, as Company id"
        return Quarantine(reason=reason, trust=trust)
    contact = _contact(meant[0], sender) or {"email": sender}
    body = {**filled.body, "partner_id": meant[0].id, "requester": intents.known(contact)}
    problems = [*filled.problems, *([] if filled.problems else _refused(filled.kind, body))]
    if problems:
        return Quarantine(reason=f"The form cannot be used: {'; '.join(problems)}", trust=trust)
    act = Act(
        partner_id=meant[0].id,
        intent=Intent(kind=filled.kind, body=body),
        sender=str(contact["email"]),
        comment=mail.text,
        files=mail.files,
    )
    if trust == Trust.UNVERIFIED:
        return Quarantine(reason=_UNPROVEN.format(sender=sender), act=act)
    return act


def _refused(kind: IntentKind, body: Mapping[str, Any]) -> list[str]:
    shape = bodies.ISSUE_INPUT if kind == IntentKind.ISSUE else bodies.REQUEST_INPUT
    violations: list[Violation] = []
    shape(dict(body), "", violations)
    return [f"{one.pointer.lstrip('/')} {one.detail}" for one in violations]


def _contact(partner: Record, email: str) -> Mapping[str, Any] | None:
    contacts: Sequence[Mapping[str, Any]] = partner.fields["contacts"]
    return next((one for one in contacts if is_same_email(one["email"], email)), None)
