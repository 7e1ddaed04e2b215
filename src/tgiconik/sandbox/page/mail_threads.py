"""Mails that belong together: a letter, and the answers and reports that came because of it."""

import re
from collections.abc import Iterable
from email import policy
from email.parser import BytesHeaderParser
from typing import Final
from weakref import WeakKeyDictionary

import attrs

from tgiconik.community.post.mail import reading
from tgiconik.sandbox.mails import PassedMail

_TOKEN: Final = re.compile(r"\+([A-Za-z0-9_-]{8,64})@|\[#([A-Za-z0-9_-]{8,64})\]")
#: A mail that is larger is not looked into: it could be one to be refused.
_LARGEST: Final = 10 * 1024 * 1024


@attrs.frozen(kw_only=True, eq=False)
class ReadMail:
    """A mail that passed, and what it says.

    Attributes:
        passed: the mail.
        mail: what it says.
        identity: its id in the inbox of a post office, by the network's name.
        tokens: the reply tokens that it gives or uses.
    """

    passed: PassedMail
    mail: reading.Mail
    identity: str
    tokens: frozenset[str] = attrs.field(repr=False)


@attrs.define(eq=False)
class Thread:
    """A letter, or another mail that answers none, and what came because of it.

    Attributes:
        first: the mail; the last of its copies.
        copies: how often it was sent.
        others: answers and reports, the first first.
    """

    first: ReadMail
    copies: int = 1
    others: list[ReadMail] = attrs.Factory(list)


_read: Final = WeakKeyDictionary[PassedMail, ReadMail]()


def read(passed: PassedMail) -> ReadMail:
    """A mail, read. It is read once."""
    if (there := _read.get(passed)) is not None:
        return there
    raw = passed.raw if len(passed.raw) <= _LARGEST else passed.raw.split(b"\r\n\r\n")[0]
    mail = reading.read(raw)
    head = BytesHeaderParser(policy=policy.compat32).parsebytes(raw)
    named = (str(head.get("Reply-To", "")), mail.subject, passed.recipient)
    found = ReadMail(
        passed=passed,
        mail=mail,
        identity=reading.identity(raw),
        tokens=frozenset(
            (plus or tag).lower() for one in named for plus, tag in _TOKEN.findall(one)
        ),
    )
    _read[passed] = found
    return found


def threads(mails: Iterable[ReadMail]) -> list[Thread]:
    """The mails in threads, in the order of their first ones.

    Args:
        mails: the mails, the first first.
    """
    found: list[Thread] = []
    by_message: dict[str, Thread] = {}
    by_copy: dict[tuple[str, str], Thread] = {}
    for one in mails:
        above = None if one.mail.is_letter else _answered(one, by_message)
        # A letter has the same Message-ID at every try; of other mails, whatever was sent twice.
        same = one.mail.message_id if one.mail.is_letter else one.identity
        copy = (one.passed.account.casefold(), same if one.passed.raw else "")
        if above is not None:
            above.others.append(one)
        elif copy[1] and copy in by_copy:
            by_copy[copy].first = one
            by_copy[copy].copies += 1
        else:
            found.append(by_copy.setdefault(copy, Thread(one)))
            if one.mail.is_letter:
                by_message |= dict.fromkeys((one.mail.message_id, *one.tokens), found[-1])
    return found


def hide_tokens(text: str) -> str:
    """A text without reply tokens."""
    return _TOKEN.sub(lambda found: "@" if found[1] else "[#…]", text)


def _answered(one: ReadMail, letters: dict[str, Thread]) -> Thread | None:
    report = one.mail.report
    named = (report.message_id if report else "", *one.mail.answers, *one.tokens)
    return next((letters[name] for name in named if name in letters), None)
