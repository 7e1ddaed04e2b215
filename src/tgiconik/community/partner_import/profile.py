"""Partners as they are imported, and the rules for each of their values.

A field that is UNSET is not part of the import: what the community has stays.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

import attrs

from tgiconik import errors
from tgiconik._models import UNSET, Unset
from tgiconik._report import in_short

#: The limits of the collaboration contract.
_LONGEST_ID: Final = 200
_LONGEST_NAME: Final = 500
#: RFC 5321, 4.5.3.1: an address has 254 characters at the most, and 64 before the @.
_LONGEST_EMAIL: Final = 254
_LONGEST_MAILBOX: Final = 64
_LONGEST_TEXT: Final = 200
#: The maximum number of contacts, or of values in a list, of one partner.
_MOST_VALUES: Final = 500

_EMAIL: Final = re.compile(
    r"(?P<mailbox>[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*)"
    r"@(?:[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?\.)+[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?"
)
#: The shape of a tag in BCP 47; the registry of its parts is not checked.
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
#: Categories of Unicode: control characters, halves of characters, and ends of lines.
_NOT_TEXT: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_LONGEST_SHOWN: Final = 60

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class ContactProfile:
    """A person at a partner, as imported. A field that is UNSET stays as it is.

    Attributes:
        email: e-mail address; identifies the contact, in capitals or not.
        name: full name; None clears it.
        role: the person's role, such as `media` or `legal`; None clears it.
        login_id: the person's loginId in Community Management; None clears it.
    """

    email: str
    name: str | Unset | None = UNSET
    role: str | Unset | None = UNSET
    login_id: str | Unset | None = UNSET


@attrs.frozen(kw_only=True)
class PartnerProfile:
    """A partner, as imported. A field that is UNSET stays as it is.

    Attributes:
        company_id: company id (BUID) of the partner.
        name: the partner's name.
        contacts: people at the partner; the others are removed.
        regions: regions the partner works in; the others are removed.
        languages: languages the partner works in, BCP 47; the others are removed.
        groups: groups to join, each by its name, id or external id. A name that no group has
            becomes a new group.
    """

    company_id: str
    name: str
    contacts: Sequence[ContactProfile] | Unset = UNSET
    regions: Sequence[str] | Unset = UNSET
    languages: Sequence[str] | Unset = UNSET
    groups: Sequence[str] | Unset = UNSET


def checked(profiles: Iterable[PartnerProfile]) -> tuple[PartnerProfile, ...]:
    """Profiles that can be imported: each is valid, and each partner has one.

    Raises:
        ConfigurationError: names every value that is not valid, and every partner with several.
    """
    found = tuple(profiles)
    problems: list[str] = []
    counts = Counter(one.company_id for one in found)
    problems += [f"{shown(one)} has {n} profiles" for one, n in counts.items() if n > 1]
    for profile in found:
        problems += [f"{shown(profile.company_id)}: {one}" for one in problems_of(profile)]
    if problems:
        raise errors.ConfigurationError(f"profiles: {in_short(problems)}")
    return found


def told(values: Sequence[T] | Unset) -> Sequence[T]:
    """The values of a field; none of one that is UNSET."""
    return () if isinstance(values, Unset) else values


def problems_of(profile: PartnerProfile) -> Iterator[str]:
    """The problems of a profile's values, each as a sentence."""
    yield from company_id_problems(profile.company_id)
    yield from name_problems(profile.name)
    contacts = told(profile.contacts)
    yield from number_problems("contacts", contacts)
    for contact in contacts:
        yield from contact_problems(contact)
    if len(set(map(key_of_contact, contacts))) < len(contacts):
        yield "a contact is repeated"
    for field in ("regions", "languages", "groups"):
        yield from list_problems(field, told(getattr(profile, field)))


def key_of_contact(contact: ContactProfile) -> tuple[str, object]:
    """The key of a contact within its partner: e-mail address and role."""
    return contact.email.casefold(), contact.role


def company_id_problems(company_id: str) -> Iterator[str]:
    """The problems of a company id: it becomes one segment of a path."""
    yield from _text_problems("company id", company_id, _LONGEST_ID)
    if company_id in {".", ".."} or any(character.isspace() for character in company_id):
        yield f"the company id {shown(company_id)} cannot be one"


def name_problems(name: str) -> Iterator[str]:
    """The problems of a partner's name."""
    yield from _text_problems("name", name, _LONGEST_NAME)


def contact_problems(contact: ContactProfile) -> Iterator[str]:
    """The problems of a contact."""
    if not _is_email(contact.email):
        yield f"{shown(contact.email)} is not an e-mail address"
    for field in ("name", "role", "login_id"):
        value = getattr(contact, field)
        if isinstance(value, str):
            yield from _text_problems(f"contact's {field}", value, _LONGEST_TEXT)


def _is_email(text: str) -> bool:
    found = _EMAIL.fullmatch(text) if len(text) <= _LONGEST_EMAIL else None
    return found is not None and len(found["mailbox"]) <= _LONGEST_MAILBOX


def list_problems(field: str, values: Sequence[str]) -> Iterator[str]:
    """The problems of a list: regions, languages or groups."""
    if isinstance(values, str):
        yield f"{field} must be a list, not {shown(values)}"
        return
    yield from number_problems(field, values)
    for value in values:
        yield from _text_problems(f"value of {field}", value, _LONGEST_TEXT)
        if field == "languages" and not _LANGUAGE.fullmatch(value):
            yield f"{shown(value)} is not a language tag, such as de or pt-BR"


def number_problems(field: str, values: Sequence[object]) -> Iterator[str]:
    """The problem of too many values."""
    if len(values) > _MOST_VALUES:
        yield f"there are {len(values)} {field}; {_MOST_VALUES} is the most"


def _text_problems(what: str, text: str, longest: int) -> Iterator[str]:
    if not text.strip():
        yield f"the {what} is missing"
    elif len(text) > longest:
        yield f"the {what} has {len(text)} characters; {longest} is the most"
    elif any(unicodedata.category(character) in _NOT_TEXT for character in text):
        yield f"the {what} {shown(text)} has control characters or several lines"


def shown(text: str) -> str:
    """A value in quotes, on one line and not too long, for a message."""
    cut = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return repr(cut)
