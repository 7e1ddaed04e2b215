"""A person: the address, and how it is told from others that contain it."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

import attrs

from tgiconik import errors
from tgiconik.community.erasure.folding import folded

_PLAIN: Final = re.compile(r"[a-z0-9._+@-]+")


@attrs.frozen
class Person:
    """A person to erase.

    Attributes:
        addresses: the forms of the address, folded: with its domain in Unicode and in ASCII, and
            as links have it.
    """

    addresses: tuple[str, ...] = attrs.field(repr=False)

    @classmethod
    def of(cls, email: str) -> "Person":
        """The person with an address.

        Raises:
            ConfigurationError: it is no address.
        """
        local, at, domain = folded(email.strip()).rpartition("@")
        if not local or not at or not domain or re.search(r"\s", local + domain):
            raise errors.ConfigurationError("give one e-mail address, such as eva@alpin.example")
        forms = [f"{local}@{one}" for one in _domains(domain)]
        return cls(tuple(dict.fromkeys(forms + [one.replace("@", "%40") for one in forms])))

    def is_at(self, email: object) -> bool:
        """Whether an address is the person's."""
        return isinstance(email, str) and folded(email.strip()) in self.addresses

    def may_be_in(self, document: str) -> bool:
        """Whether a document's JSON may contain the address; a quick look without parsing it."""
        if "\\u" in document or not all(map(_PLAIN.fullmatch, self.addresses[:1])):
            return True
        low = document.lower()
        return any(one in low for one in self.addresses)


def is_address(text: str, start: int, end: int) -> bool:
    """Whether an address is one at this place, and no part of a longer one."""
    before, after = text[:start], text[end:]
    if re.search(r"\w$", before) or re.search(r"\w[.%+-]$", before):
        return before.endswith(("%3a", "%20", "%3c"))
    return not re.match(r"\w|[.-]\w", after)


def is_name(text: str, start: int, end: int) -> bool:
    """Whether a name is one at this place, and no part of a longer word."""
    return not re.search(r"\w$", text[:start]) and not re.match(r"\w", text[end:])


def _domains(domain: str) -> Iterator[str]:
    yield domain
    for convert in (_in_ascii, _in_unicode):
        try:
            yield convert(domain)
        except UnicodeError:
            continue


def _in_ascii(domain: str) -> str:
    return unicodedata.normalize("NFC", domain).encode("idna").decode()


def _in_unicode(domain: str) -> str:
    return folded(domain.encode().decode("idna"))
