"""The page's rows of mails: one for each letter, with the answers to it below.

A reply token is a credential, and so is a link. Rows have neither; a letter shows both when it is
opened, as in its recipient's mailbox.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from tgiconik.community import times
from tgiconik.community.post.mail.names import sent_as
from tgiconik.community.post.office import inbox, outbox
from tgiconik.community.store.sql import SqlTransaction
from tgiconik.sandbox.mails import Fate, PassedMail
from tgiconik.sandbox.page.mail_threads import ReadMail, Thread, hide_tokens, read, threads
from tgiconik.sandbox.page.recorder import MAILS, Recorder
from tgiconik.sandbox.page.rows import Row, facts, format_time, mask_link, readable, shorten, tone

#: The post office's name of e-mail.
_CHANNEL: Final = "mail"
_LINK: Final = re.compile(r"https?://\S+")


def rows(
    mails: Iterable[PassedMail], transaction: SqlTransaction, recorder: Recorder
) -> Iterable[Row]:
    """The rows of the mails that passed, the newest letters first.

    Args:
        mails: the mails, the first first.
        transaction: reads the community, whose post office knows what became of answers.
        recorder: knows what the last run changed.
    """
    for thread in reversed(threads(map(read, mails))):
        row = _row(thread.first, transaction, recorder, copies=thread.copies)
        parts = tuple(_row(one, transaction, recorder) for one in thread.others)
        state = _state_of(thread, row.state)
        yield attrs.evolve(row, state=state, tone=tone(state), parts=parts)


def _state_of(thread: Thread, state: str) -> str:
    """The state of a letter, by what came because of it."""
    if thread.first.passed.fate != Fate.DELIVERED or not thread.others:
        return state
    is_answered = any(one.mail.report is None for one in thread.others)
    return "answered" if is_answered else str(Fate.BOUNCED)


def _row(one: ReadMail, transaction: SqlTransaction, recorder: Recorder, *, copies: int = 1) -> Row:
    passed = one.passed
    message = inbox.get(transaction, inbox.id_of(_CHANNEL, one.identity))
    state = readable(passed.fate if message is None else message.state)
    return Row(
        key=f"{MAILS}/{passed.number}",
        name="",
        title=_hidden(one.mail.subject) or "(no subject)",
        state=state,
        tone=tone(state),
        facts=facts(
            *_ways(one),
            *_letter_facts(one, transaction),
            f"{copies} times" if copies > 1 else None,
            _hidden(passed.said),
            None if message is None else _hidden(message.reason),
            f"by {message.handled_by}" if message and message.handled_by else None,
            format_time(times.stamp(passed.at)),
        ),
        reads=passed.number if passed.raw else None,
        run=recorder.run_of(MAILS, str(passed.number)),
    )


def _ways(one: ReadMail) -> Iterator[str]:
    """Who wrote it to whom, and what speaks against that."""
    passed, mail = one.passed, one.mail
    written_by = mail.sender or passed.sender or "unknown sender"
    yield hide_tokens(f"{written_by} to {passed.account}")
    if passed.sender and passed.sender.casefold() != written_by.casefold():
        yield hide_tokens(f"sent by {passed.sender}")
    if passed.fate == Fate.DELIVERED and passed.sender and not passed.is_proven:
        yield "DMARC fails"


def _letter_facts(one: ReadMail, transaction: SqlTransaction) -> Iterator[str]:
    """Which letter it is, if the community's post office wrote it."""
    domain = (one.mail.sender or "").rpartition("@")[2]
    sent = sent_as(one.mail.message_id, domain) if one.mail.is_letter else None
    letter = None if sent is None else outbox.get(transaction, sent.name)
    if letter is not None:
        yield f"{readable(letter.kind)} about {shorten(letter.about)}"


def _hidden(text: str) -> str:
    return _LINK.sub(lambda found: mask_link(found[0]), hide_tokens(text))
