"""Who sent a file: the network's word, against the message's.

A message is believed if Lens says that its file came from the address of the partner that it
names, and that address is the partner's in the directory. Nothing in the file itself proves
anything.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

import attrs

from tgiconik.community.post.channel import (
    Act,
    Arrival,
    Judgement,
    KeptMessage,
    Quarantine,
    Trust,
    Wait,
)
from tgiconik.community.post.intent import Intent, IntentKind
from tgiconik.community.post.legible import line
from tgiconik.community.post.mailbox.message import (
    Message,
    UnreadableMessageError,
    read_message,
)

#: Clocks of partners that are wrong by less are not worth an operator's time.
_AHEAD: Final = timedelta(days=1)


@attrs.frozen(kw_only=True)
class Seen:
    """A file of ours as Lens saw it.

    Attributes:
        name: its `deliveryfilename`.
        sender: address of the sender; empty if Lens does not tell.
        receiver: address of the receiver; empty if Lens does not tell.
        process: its `correlationid`, which all entries of one file share; empty if Lens does not
            tell.
    """

    name: str
    sender: str
    receiver: str
    process: str


@attrs.frozen(kw_only=True)
class Rules:
    """The facts that messages are held against.

    Attributes:
        company_id: BUID of the company.
        address: address of the company in Trading Grid.
        addresses: addresses of its partners, by BUID.
        patience: how long Lens may take to show a file.
        oldest: how old a message may be.
    """

    company_id: str
    address: str
    addresses: Mapping[str, str]
    patience: timedelta
    oldest: timedelta


def partner_named(arrival: Arrival) -> str | None:
    """The partner that a message says it is of; None if nobody can tell."""
    try:
        return read_message(arrival.raw).partner_id
    except UnreadableMessageError:
        return None


def judged(
    arrival: Arrival,
    *,
    seen: Sequence[Seen],
    kept: Iterable[KeptMessage],
    listed: Collection[str],
    known: bool,
    rules: Rules,
    now: datetime,
) -> Judgement:
    """The judgement of a file.

    Args:
        arrival: the file.
        seen: what Lens says of files with its name.
        kept: the messages that came under its name, of which it may be one.
        listed: addresses that the directory confirms of the partner that the message names.
        known: whether this partner has a profile in the community.
        rules: what it is held against.
        now: the time, in UTC.
    """
    try:
        message = read_message(arrival.raw)
    except UnreadableMessageError as error:
        return Quarantine(reason=f"The message cannot be read: {line(str(error), 500)}.")
    if reason := _misplaced(message, rules, known=known):
        return Quarantine(reason=reason)
    address = rules.addresses[message.partner_id]
    act = _act(message, address)
    missing = not_shown(arrival.message_id, arrival.raw, kept, seen)
    if missing and now < (until := arrival.received_at + rules.patience):
        return Wait(reason="Lens does not show the file yet.", until=until)
    if address not in listed:
        reason = f"The directory does not list {address} as an address of the partner"
    else:
        reason = dispute(seen, sender=address, receiver=rules.address, missing=missing)
    if reason:
        return Quarantine(reason=f"{reason}.", act=act)
    if reason := _untimely(message, arrival, rules):
        return Quarantine(reason=reason, trust=Trust.PROVEN, act=act)
    return act


def _misplaced(message: Message, rules: Rules, *, known: bool) -> str | None:
    if message.company_id != rules.company_id:
        return "The message is for another company."
    if message.partner_id not in rules.addresses or not known:
        return f"The message names {line(message.partner_id, 60)}, who is no partner by mailbox."
    return None


def not_shown(
    message_id: str, raw: bytes, kept: Iterable[KeptMessage], seen: Iterable[Seen]
) -> int:
    """The number of files of a name that came and that Lens does not show yet.

    Lens must show as many files as came: the sender of another file says nothing about this one's.
    Entries of one process are one file; those without a process prove no further one. A file that
    is the beginning of this one was this one, half written.

    Args:
        message_id: what the file is known by.
        raw: the file.
        kept: the messages that came under its name, of which it may be one.
        seen: what Lens says of files with its name.
    """
    others = sorted((one for one in kept if one.message_id != message_id), key=_size)
    came, place, digest = 1, 0, sha256()
    for one in others:
        size = min(one.size, len(raw))
        digest.update(raw[place:size])
        place = size
        is_half = one.size < len(raw) and digest.copy().hexdigest() == one.digest
        came += not is_half
    processes = {one.process for one in seen}
    # What has no process may belong to any of the others.
    return max(came - max(len(processes - {""}), min(len(processes), 1)), 0)


def _size(message: KeptMessage) -> int:
    return message.size


def dispute(seen: Sequence[Seen], *, sender: str, receiver: str, missing: int) -> str | None:
    """The reason why Lens does not prove who sent a file, in a sentence without its full stop.

    Args:
        seen: what Lens says of files with its name.
        sender: the address that must have sent it.
        receiver: our address.
        missing: the number of files of its name that Lens does not show.
    """
    if not seen:
        return "Lens has never shown the file: nobody knows its sender"
    senders = sorted({one.sender for one in seen})
    if senders != [sender]:
        told = ", ".join(line(one, 60) or "nobody" for one in senders[:3])
        return f"Lens says that the file came from {told}, not from {sender}"
    if missing:
        return (
            f"more files came under this name than Lens shows ({missing} more): nobody knows the "
            "sender of each"
        )
    receivers = {one.receiver for one in seen} - {"", receiver}
    if receivers:
        return f"Lens says that the file is for {line(min(receivers), 60)}, not {receiver}"
    return None


def _untimely(message: Message, arrival: Arrival, rules: Rules) -> str | None:
    age = arrival.received_at - message.at
    if age > rules.oldest:
        return (
            f"The message is of {message.at:%Y-%m-%d}; "
            f"it may be {rules.oldest.days} days old at the most."
        )
    if age < -_AHEAD:
        return f"The message is of {message.at:%Y-%m-%d}, which is ahead of its arrival."
    return None


def _act(message: Message, address: str) -> Act:
    return Act(
        partner_id=message.partner_id,
        intent=message.intent,
        sender=address,
        comment=_words(message.intent),
    )


def _words(intent: Intent) -> str:
    """The words of a move, for a comment if it is refused."""
    if intent.kind is not IntentKind.MOVE:
        return ""
    note = intent.body.get("note")
    asked = f"We asked for the status {intent.body['status']}."
    return f"{asked}\n\n{note}" if note else asked
