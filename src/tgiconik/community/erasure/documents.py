"""Finds and replaces a person in the documents of records."""

from collections.abc import Iterator
from typing import Any, Final

import attrs

from tgiconik.community.erasure.folding import folded, replaced
from tgiconik.community.erasure.person import Person, is_address, is_name
from tgiconik.community.store.interface import Document

#: Fields with one person, by name or login.
_OF_ONE: Final = frozenset({"actor", "author", "assignee_login_id"})


@attrs.define
class Known:
    """The names and logins of a person, folded."""

    names: set[str] = attrs.field(factory=set)
    logins: set[str] = attrs.field(factory=set)

    def learn(self, document: Document, person: Person) -> None:
        """Take up the names and logins of contacts with the person's address."""
        for contact in _contacts(document):
            if person.is_at(contact["email"]):
                for known, field in ((self.names, "name"), (self.logins, "login_id")):
                    value = contact.get(field)
                    if isinstance(value, str) and value.strip():
                        known.add(folded(value.strip()))


def _contacts(value: Any) -> Iterator[Document]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        if isinstance(value.get("email"), str):
            yield value
        for one in value.values():
            yield from _contacts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _contacts(one)


@attrs.define
class Replacing:
    """Replaces a person in documents, and collects where.

    Attributes:
        person: the person.
        known: the person's names and logins.
        pseudonym: the name that is put instead.
        fields: JSON pointers to the fields that were changed since the last `take_fields`.
    """

    person: Person
    known: Known
    pseudonym: str
    fields: list[str] = attrs.field(factory=list)

    def take_fields(self) -> list[str]:
        """The fields that were changed, once."""
        found, self.fields = self.fields, []
        return found

    def value(self, value: Any, pointer: str = "") -> Any:  # noqa: ANN401 - JSON
        """A JSON value without the person."""
        if isinstance(value, str):
            return self._noted(value, self.text(value), pointer)
        if isinstance(value, list):
            return [self.value(one, f"{pointer}/{place}") for place, one in enumerate(value)]
        if isinstance(value, dict):
            return self._object(value, pointer)
        return value

    def text(self, text: str) -> str:
        """A text without the person. Names of one word stay: they may be words as well."""
        for address in self.person.addresses:
            by = self.address.replace("@", "%40") if "@" not in address else self.address
            text = replaced(text, address, by, is_address)
        for name in sorted(self.known.names, key=len, reverse=True):
            if " " in name:
                text = replaced(text, name, self.pseudonym, is_name)
        return text

    def person_is_in(self, text: str) -> bool:
        """Whether a text contains the person's address."""
        return any(replaced(text, one, "", is_address) != text for one in self.person.addresses)

    @property
    def address(self) -> str:
        """The address that is put instead; nothing is ever delivered to `.invalid`."""
        return f"{self.pseudonym}@erased.invalid"

    def _object(self, given: Document, pointer: str) -> Document:
        email = given.get("email")
        is_contact = isinstance(email, str)
        is_person = is_contact and self.person.is_at(email)
        made: Document = {}
        for key, value in given.items():
            here = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            new_key = self._free(self._noted(key, self.text(key), pointer), made)
            if is_contact and key in {"name", "login_id"} and value is not None:
                # Others may have the same name.
                made[new_key] = self._noted(value, self.pseudonym, here) if is_person else value
            elif key in _OF_ONE and self._is_known(value):
                made[new_key] = self._noted(value, self.pseudonym, here)
            else:
                made[new_key] = self.value(value, here)
        return made

    def _is_known(self, value: object) -> bool:
        return isinstance(value, str) and (
            folded(value.strip()) in self.known.names | self.known.logins
        )

    def _free(self, key: str, made: Document) -> str:
        number, free = 1, key
        while free in made:
            number += 1
            free = f"{key}-{number}"
        return free

    def _noted(self, before: str, after: str, pointer: str) -> str:
        if after != before:
            self.fields.append(self.text(pointer))
        return after
