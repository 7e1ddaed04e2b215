"""Forms for new requests and issues: `Field: value` lines, in English and in German.

A contact asks for a form by the subject `FORM`, and sends it back in a mail of its own. Nothing is
guessed: a line that cannot be understood is a problem, in words, and nothing is submitted.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, time
from html import escape
from typing import Any, Final

import attrs

from tgiconik.community import times
from tgiconik.community.post import legible
from tgiconik.community.post.intent import IntentKind
from tgiconik.community.post.mail.buttons import mailto
from tgiconik.tradinggrid.collaboration.values import (
    IssueCategory,
    IssueSeverity,
    RequestKind,
)

LANGUAGES: Final = ("en", "de")
_LINE: Final = re.compile(r"([^:]{1,120}?) ?:(?:\s+(.*))?$")
_GERMAN_DAY: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_EARLIEST: Final = time(0, 0)
_LATEST: Final = time(23, 59, 59)


@attrs.frozen(eq=False)
class _Field:
    """A line of a form.

    Attributes:
        key: place of its value in the body; `criteria.` for one of the search criteria.
        labels: its name by language.
        read: the value of a text.
        hints: what may be written, by language.
    """

    key: str
    labels: Mapping[str, str]
    read: Callable[[str], Any] = str
    hints: Mapping[str, str] = attrs.field(factory=dict)


def _both(english: str, german: str) -> dict[str, str]:
    return {"en": english, "de": german}


def _words(values: Mapping[str, str]) -> Callable[[str], str]:
    """Reads one of the contract's words, in either language."""
    known = {_plain(word): value for value, word in values.items()}
    known |= {_plain(value): value for value in values}

    def read(text: str) -> str:
        if _plain(text) not in known:
            raise ValueError(f"must be one of {', '.join(_shown(value) for value in values)}")
        return known[_plain(text)]

    return read


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").replace("-", " ").casefold().split())


def _shown(value: str) -> str:
    return value.replace("_", " ")


def _day(at: time) -> Callable[[str], str]:
    """Reads a day, or a time with its zone. A day ends, or begins, in UTC."""

    def read(text: str) -> str:
        german = _GERMAN_DAY.fullmatch(text)
        try:
            if german is not None:
                day = date(int(german[3]), int(german[2]), int(german[1]))
                return f"{day.isoformat()}T{at.isoformat()}Z"
            if "T" not in text.upper():
                return f"{date.fromisoformat(text).isoformat()}T{at.isoformat()}Z"
            return times.stamp(times.parse(text))
        except (TypeError, ValueError) as error:
            raise ValueError("must be a day such as 2026-12-31") from error

    return read


def _list(text: str) -> list[str]:
    return [one for part in re.split(r"[,;\n]", text) if (one := part.strip())]


def _assets(text: str) -> list[dict[str, str]]:
    return [{"asset_id": id_} for id_ in _list(text)]


def _articles(text: str) -> list[dict[str, str]]:
    numbers = []
    for one in _list(text):
        scheme, _, value = one.partition(" ")
        if not value.strip():
            raise ValueError(
                "must have the kind of number before each, such as GTIN 04006381333931"
            )
        numbers.append({"scheme": scheme, "value": value.strip()})
    return numbers


_SEVERITIES: Final = dict(
    zip(map(str, IssueSeverity), ("niedrig", "mittel", "hoch", "kritisch"), strict=True)
)
_CATEGORIES: Final = dict(
    zip(
        map(str, IssueCategory),
        ("Markenauftritt", "Untertitel", "Länderfassung", "Qualität", "Rechte", "Sonstiges"),
        strict=True,
    )
)
#: The kinds of forms, by name, with their names by language.
_KINDS: Final = {
    str(RequestKind.MEDIA_REQUEST): _both("media request", "Medienanfrage"),
    str(RequestKind.ENHANCEMENT): _both("enhancement", "Änderungswunsch"),
    "issue": _both("issue", "Mangel"),
}
_KIND: Final = _Field("kind", _both("Kind", "Art"))
_SUBJECT: Final = _Field("subject", _both("Subject", "Betreff"))
_COMPANY: Final = _Field("partner_id", _both("Company id", "Firmenkennung"))
_DAY_HINT: Final = _both("2026-12-31", "31.12.2026")
_WANTED: Final = _Field("due_at", _both("Wanted by", "Gewünscht bis"), _day(_LATEST), _DAY_HINT)
_ASSETS: Final = _Field(
    "asset_references",
    _both("Assets", "Assets"),
    _assets,
    _both("ids, with commas", "Kennungen, mit Kommas"),
)
_DESCRIPTION: Final = _Field("description", _both("Description", "Beschreibung"))
_CRITERIA: Final = (
    _Field("criteria.text", _both("Search for", "Suche nach")),
    _Field("criteria.media_type", _both("Media type", "Medienart")),
    _Field("criteria.region", _both("Region", "Region")),
    _Field("criteria.language", _both("Language", "Sprache")),
    _Field("criteria.usage", _both("Usage", "Nutzung")),
    _Field("criteria.usage_from", _both("Usage from", "Nutzung ab"), _day(_EARLIEST), _DAY_HINT),
    _Field("criteria.usage_until", _both("Usage until", "Nutzung bis"), _day(_LATEST), _DAY_HINT),
    _Field(
        "criteria.article_numbers",
        _both("Article numbers", "Artikelnummern"),
        _articles,
        _both("GTIN 04006381333931", "GTIN 04006381333931"),
    ),
)
_ISSUE: Final = (
    _Field(
        "severity",
        _both("Severity", "Schwere"),
        _words(_SEVERITIES),
        _both(", ".join(_SEVERITIES), ", ".join(_SEVERITIES.values())),
    ),
    _Field(
        "category",
        _both("Category", "Kategorie"),
        _words(_CATEGORIES),
        _both(", ".join(map(_shown, _CATEGORIES)), ", ".join(_CATEGORIES.values())),
    ),
)
#: The lines of each form. The description is the last: all that follows belongs to it.
_FORMS: Final[Mapping[str, Sequence[_Field]]] = {
    "media_request": (_KIND, _SUBJECT, _WANTED, _ASSETS, *_CRITERIA, _COMPANY, _DESCRIPTION),
    "enhancement": (_KIND, _SUBJECT, _WANTED, _ASSETS, _COMPANY, _DESCRIPTION),
    "issue": (_KIND, _SUBJECT, *_ISSUE, _WANTED, _ASSETS, _COMPANY, _DESCRIPTION),
}
_LABELS: Final = {
    _plain(label): field
    for fields in _FORMS.values()
    for field in fields
    for label in field.labels.values()
}
_BY_KIND: Final = {
    _plain(word): name for name, words in _KINDS.items() for word in (name, *words.values())
}
_ASKED: Final = re.compile(r"(?:\[[^\[\]#]{1,40}\] *)?(form|formular)\b[ :]*(.*)", re.IGNORECASE)
_TEXTS: Final = {
    "en": {
        "subject": "Form: {kind}",
        "how": "Copy these lines into a new mail to {address}, or begin one by the link below. "
        "Fill in what you know, leave out the rest, and send it.",
        "button": "Begin the mail",
        "others": "For another form send a mail with the subject {others}.",
        "new": "New {kind}",
    },
    "de": {
        "subject": "Formular: {kind}",
        "how": "Kopieren Sie diese Zeilen in eine neue E-Mail an {address}, oder beginnen Sie sie "
        "mit dem Link unten. Füllen Sie aus, was Sie wissen, lassen Sie den Rest weg, und senden "
        "Sie sie.",
        "button": "E-Mail beginnen",
        "others": "Für ein anderes Formular senden Sie eine E-Mail mit dem Betreff {others}.",
        "new": "Neu: {kind}",
    },
}


@attrs.frozen(kw_only=True)
class Filled:
    """A form that was sent back.

    Attributes:
        kind: `request` or `issue`.
        body: the body of the contract's call, without the partner's id and the requester.
        partner_id: the company that the contact writes for; empty if the form does not say.
        problems: what cannot be understood, one sentence each.
    """

    kind: IntentKind
    body: Mapping[str, Any] = attrs.field(repr=False)
    partner_id: str = ""
    problems: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Form:
    """A form to fill in, as a mail.

    Attributes:
        subject: the mail's subject.
        text: in plain text.
        html: as a page.
        language: such as `en`.
    """

    subject: str
    text: str
    html: str
    language: str


def asked_for(subject: str) -> str | None:
    """The name of the form that a subject asks for; None if it asks for none.

    `FORM` and `FORM issue` ask in English, `Formular` and `Formular Mangel` in German.
    """
    found = _ASKED.fullmatch(subject)
    if found is None:
        return None
    kind = _BY_KIND.get(_plain(found[2]), None) if found[2].strip() else "media_request"
    if kind is None:
        return None
    return f"{kind}_de" if found[1].lower() == "formular" else kind


def form(name: str, address: str) -> Form | None:
    """A form to send; None if there is none of this name.

    Args:
        name: such as `media_request`, or `media_request_de` for German.
        address: where it is to be sent back.
    """
    language = "de" if name.endswith("_de") else "en"
    kind = name.removesuffix("_de")
    if kind not in _FORMS:
        return None
    said, lines = _TEXTS[language], [*_blank(kind, language)]
    word = _KINDS[kind][language]
    how = said["how"].format(address=address)
    keyword = "FORMULAR" if language == "de" else "FORM"
    others = said["others"].format(
        others=", ".join(f"“{keyword} {_KINDS[one][language]}”" for one in _FORMS if one != kind)
    )
    link = mailto(address, said["new"].format(kind=word), "\r\n".join(lines))
    blank, shown = "\n".join(lines), "<br>\n".join(map(escape, lines))
    return Form(
        subject=said["subject"].format(kind=word),
        text=f"{how}\n\n{blank}\n\n{said['button']}: {link}\n\n{others}\n",
        html=f'<!doctype html>\n<html lang="{language}">\n<meta charset="utf-8">\n'
        f"<p>{escape(how)}</p>\n<p>{shown}</p>\n"
        f'<p><a href="{escape(link)}">{escape(said["button"])}</a></p>\n'
        f"<p>{escape(others)}</p>\n</html>\n",
        language=language,
    )


def _blank(kind: str, language: str) -> Iterator[str]:
    for field in _FORMS[kind]:
        label = field.labels[language]
        if field is _KIND:
            yield f"{label}: {_KINDS[kind][language]}"
        else:
            hint = field.hints.get(language)
            yield f"{label} ({hint}): " if hint else f"{label}: "


def filled(text: str) -> Filled | None:
    """The form in a text; None if the text does not begin with the line `Kind:` (or `Art:`).

    Args:
        text: the sender's own words.
    """
    lines = text.strip().split("\n")
    first = _LINE.fullmatch(lines[0].strip())
    if first is None or _field(first[1]) is not _KIND:
        return None
    kind = _BY_KIND.get(_plain(first[2] or ""))
    if kind is None:
        known = ", ".join(words["en"] for words in _KINDS.values())
        problem = f"Kind must be one of {known}"
        return Filled(kind=IntentKind.REQUEST, body={}, problems=(problem,))
    values, problems = _values(lines[1:], kind)
    body: dict[str, Any] = {}
    for field, value in values.items():
        try:
            _put(body, field.key, field.read(value))
        except ValueError as error:
            problems.append(f"{field.labels['en']} {error}")
    problems += [
        f"{field.labels['en']} is missing"
        for field in _FORMS[kind]
        if field.key in {"subject", "severity", "category"} and field not in values
    ]
    partner_id = str(body.pop("partner_id", ""))
    if kind != "issue":
        body["kind"] = kind
    return Filled(
        kind=IntentKind.ISSUE if kind == "issue" else IntentKind.REQUEST,
        body=body,
        partner_id=partner_id,
        problems=tuple(problems),
    )


def _values(lines: Sequence[str], kind: str) -> tuple[dict[_Field, str], list[str]]:
    """The values by field, without the empty ones, and the problems."""
    found: dict[_Field, list[str]] = {}
    problems: list[str] = []
    last: _Field | None = None
    for line in map(str.strip, lines):
        named = _LINE.fullmatch(line)
        field = None if named is None else _field(named[1])
        if named is not None and field in _FORMS[kind]:
            assert field is not None  # noqa: S101 - it is in the form
            if field in found:
                problems.append(f"{field.labels['en']} is there twice")
            found[field], last = [(named[2] or "").strip()], field
        elif last is _DESCRIPTION:
            found[last].append(line)
        elif named is not None:
            problems.append(f"{_short(named[1])} is not a field of this form")
            last = None
        elif line and last is not None:
            # Mail programs break long lines.
            found[last].append(line)
        elif line:
            problems.append(f"a line belongs to no field: {_short(line)}")
    values = {
        field: ("\n" if field is _DESCRIPTION else " ").join(said).strip()
        for field, said in found.items()
    }
    return {field: value for field, value in values.items() if value}, problems


def _field(label: str) -> _Field | None:
    """The field of a label, with or without the hint in parentheses."""
    return _LABELS.get(_plain(re.sub(r"\([^()]*\)\s*$", "", label)))


def _put(body: dict[str, Any], key: str, value: object) -> None:
    *above, name = key.split(".")
    for part in above:
        body = body.setdefault(part, {})
    body[name] = value


def _short(text: str) -> str:
    return legible.line(text, 40)
