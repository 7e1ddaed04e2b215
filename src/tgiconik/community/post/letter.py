"""Letters to partners, as every channel sends them."""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from html import escape
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from tgiconik import errors
from tgiconik._secrets import LinkedText
from tgiconik.community.post.kinds import Action, LetterKind

_SCHEMES: Final = frozenset({"mailto", "https"})


@attrs.frozen(kw_only=True)
class Recipient:
    """A contact of the partner whom a letter is for.

    Attributes:
        email: e-mail address; has the form of one, in one line.
        name: full name, in one line; empty if it is not known.
    """

    email: str
    name: str = ""


@attrs.frozen(kw_only=True)
class Letter:
    """A letter about one revision of a record, to one partner.

    A letter has the same `id` whenever it is made again, so it can be recognised when it is sent
    twice. Text and data contain links, which are credentials: `repr` shows none.

    Attributes:
        id: `LTR-` and 32 hexadecimal digits, derived from company, record, revision, partner and
            kind.
        partner_id: company id (BUID) of the partner.
        recipients: the contacts at the partner; empty if the profile has none that can be written
            to.
        noun: collection of the record, such as `requests`.
        record_id: id of the record.
        above: noun and id of the record above, such as `requests/REQ-1`; empty at the top level.
        revision: revision of the record that the letter tells of.
        change: number of the change in the journal.
        at: when the change was made; timezone-aware, in UTC.
        kind: the reason of the letter.
        language: language of the text, such as `en`.
        subject: one line of at most 200 characters, without control characters.
        actions: the moves that the partner may make in answer.
        data: the letter as a JSON message; `docs/letter.schema.json` describes it.
    """

    id: str
    partner_id: str
    recipients: tuple[Recipient, ...]
    noun: str
    record_id: str
    above: str = ""
    revision: int
    change: int
    at: datetime
    kind: LetterKind
    language: str
    subject: str = attrs.field(converter=LinkedText)
    actions: tuple[Action, ...] = ()
    data: Mapping[str, Any] = attrs.field(repr=False)
    _text_parts: tuple[str, str] = attrs.field(repr=False)
    _html_parts: tuple[str, str] = attrs.field(repr=False)
    _labels: tuple[str, ...] = attrs.field(repr=False)

    @property
    def text(self) -> str:
        """The letter in plain text, without anything to press."""
        return LinkedText(_tidy(*self._text_parts))

    @property
    def html(self) -> str:
        """The letter as an HTML page, without anything to press."""
        return LinkedText("".join(self._html_parts))

    def text_with(self, links: Mapping[Action, str]) -> str:
        """The letter in plain text, with a line for each action.

        Args:
            links: a `mailto:` or `https:` URL by action; those of no action here are ignored.

        Raises:
            ConfigurationError: a URL is neither, or not in one line.
        """
        lines = "\n".join(f"{label}: {_checked(url)}" for label, url in self._pressed(links))
        return LinkedText(_tidy(self._text_parts[0], lines, self._text_parts[1]))

    def html_with(self, links: Mapping[Action, str]) -> str:
        """The letter as an HTML page, with a button for each action: a plain link.

        Args:
            links: a `mailto:` or `https:` URL by action; those of no action here are ignored.

        Raises:
            ConfigurationError: a URL is neither, or not in one line.
        """
        buttons = "\n".join(
            f'<a class="action" href="{escape(_checked(url))}">{escape(label)}</a>'
            for label, url in self._pressed(links)
        )
        return LinkedText(buttons.join(self._html_parts))

    def _pressed(self, links: Mapping[Action, str]) -> list[tuple[str, str]]:
        pairs = zip(self.actions, self._labels, strict=True)
        return [(label, links[action]) for action, label in pairs if action in links]


def letter_id(
    *, company_id: str, noun: str, above: str, id_: str, revision: int, partner_id: str, kind: str
) -> str:
    """The id of a letter; the same for the same arguments, on every machine.

    Args:
        company_id: BUID of the company.
        noun: collection of the record.
        above: noun and id of the record above.
        id_: id of the record.
        revision: revision of the record.
        partner_id: BUID of the partner.
        kind: kind of the letter.
    """
    parts = [company_id, noun, above, id_, revision, partner_id, kind]
    return f"LTR-{sha256(json.dumps(parts).encode()).hexdigest()[:32]}"


def _tidy(*parts: str) -> str:
    said = [part.strip("\n") for part in parts if part.strip()]
    return "\n\n".join(said) + "\n"


def _checked(url: str) -> str:
    if not url.isprintable() or " " in url or urlsplit(url).scheme not in _SCHEMES:
        # The URL itself may hold a token.
        raise errors.ConfigurationError("the link of an action must be a mailto: or https: URL")
    return url
