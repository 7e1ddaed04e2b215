"""Message-IDs of letters: derived from the letter's name and its recipient.

The same letter has the same Message-ID at every try, so that a mail that was sent twice can be
recognised, and an answer or a bounce names the letter and the recipient that it is about.
"""

import re
from hashlib import sha256
from typing import Final

import attrs

_NAME: Final = r"[A-Za-z0-9-]{1,64}"
_DIGEST: Final = r"[0-9a-f]{16}"
_OURS: Final = re.compile(rf"<({_NAME})\.({_DIGEST})@([^<>@\s]+)>")

#: The header by which a letter that comes back is recognised.
LETTER_HEADER: Final = "X-Tgiconik-Letter"


@attrs.frozen
class Sent:
    """A letter that a Message-ID names.

    Attributes:
        name: its `Outgoing.name`.
        digest: of its recipient's address.
    """

    name: str
    digest: str

    def went_to(self, email: str) -> bool:
        """Whether an address is the recipient's."""
        return self.digest == digest_of(email)


def message_id(name: str, email: str, domain: str) -> str:
    """The Message-ID of a letter to a recipient.

    Args:
        name: the letter's `Outgoing.name`.
        email: address of the recipient.
        domain: domain of the sender.
    """
    return f"<{name}.{digest_of(email)}@{domain}>"


def sent_as(message_id: str, domain: str) -> Sent | None:
    """The letter that a Message-ID names; None if it is not one of ours.

    Args:
        message_id: with its angle brackets.
        domain: domain of the sender.
    """
    found = _OURS.fullmatch(message_id)
    if found is None or found[3].lower() != domain.lower():
        return None
    return Sent(found[1], found[2])


def digest_of(email: str) -> str:
    """Sixteen digits that stand for an address, whatever its case."""
    return sha256(email.casefold().encode(errors="replace")).hexdigest()[:16]
