"""The contacts at a partner whom a letter is for.

Only contacts of the profile, which operators write: a partner's own request may name any address in
the world as its requester.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from tgiconik.community.post import legible
from tgiconik.community.post.kinds import LetterKind
from tgiconik.community.post.letter import Recipient

_K = LetterKind
#: The roles of contacts that get letters of a kind.
DEFAULT_ROLES: Final[Mapping[LetterKind, Collection[str]]] = {
    _K.DELIVERY: {"media", "requester"},
    _K.COMMENT: {"media", "requester"},
    _K.QUESTION: {"media", "requester"},
    _K.STATUS: {"media", "requester"},
    _K.TASK: {"media", "requester"},
    _K.ANNOUNCEMENT: {"media", "requester", "legal"},
    _K.WITHDRAWAL: {"media", "requester", "legal"},
    _K.REPLACEMENT: {"media", "requester", "legal"},
}
#: Kinds that are answers to whoever asked.
_ANSWERS: Final = frozenset({_K.COMMENT, _K.QUESTION, _K.STATUS})
#: One address in one line, without the characters that a header gives a meaning to (RFC 5322).
_EMAIL: Final = re.compile(r'[^\s@"(),:;<>\[\]\\]+@[^\s@"(),:;<>\[\]\\]+')
_LONGEST_EMAIL: Final = 254  # RFC 5321

Contact = Mapping[str, Any]


def recipients_of(
    kind: LetterKind,
    contacts: Sequence[Contact],
    requester: Contact | None,
    roles: Mapping[LetterKind, Collection[str]],
) -> tuple[Recipient, ...]:
    """The recipients of a letter, each address once.

    Comments, questions and statuses go to the requester, where it is a contact of the partner. All
    else goes to the contacts with a role of the kind; to all contacts, if nobody has one.

    Args:
        kind: kind of the letter.
        contacts: the contacts of the partner's profile.
        requester: who at the partner asked, as the request says.
        roles: the roles for each kind, whose case does not matter; `DEFAULT_ROLES` for those left
            out.
    """
    wanted = {role.casefold() for role in roles.get(kind, DEFAULT_ROLES[kind])}
    able = [contact for contact in contacts if is_email(contact["email"])]
    asking = [contact for contact in able if kind in _ANSWERS and _is_same(contact, requester)]
    fitting = [contact for contact in able if (contact["role"] or "").strip().casefold() in wanted]
    chosen = asking or fitting or able
    by_address = {contact["email"].lower(): contact for contact in reversed(chosen)}
    return tuple(
        Recipient(email=contact["email"], name=legible.line(contact["name"] or ""))
        for contact in reversed(by_address.values())
    )


def is_email(text: str) -> bool:
    """Whether a text is one e-mail address in one line, without anything beside it."""
    is_clean = len(text) <= _LONGEST_EMAIL and legible.line(text, _LONGEST_EMAIL) == text
    return is_clean and _EMAIL.fullmatch(text) is not None


def is_same_email(one: str, other: str) -> bool:
    """Whether two addresses are the same, whatever their case.

    `straße.example` and `strasse.example` are domains of different owners, which case folding
    takes for one.
    """
    return one.lower() == other.lower()


def _is_same(contact: Contact, requester: Contact | None) -> bool:
    if requester is None:
        return False
    asked, known = str(requester["email"]), str(contact["email"])
    return is_same_email(asked, known)
