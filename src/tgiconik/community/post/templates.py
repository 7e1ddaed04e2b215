"""Templates of letters: the package's own, and those of a customer's folder instead of them.

A template is text with placeholders, `$title` or `${title}`; a dollar sign is `$$`. A line or
a paragraph whose placeholders are all empty is left out. Values are escaped in HTML; a template
cannot ask for one that is not.

    de/delivery.txt     subject in the first line, `Subject: …`, then the text
    de/delivery.html    the body in HTML; without it, it is made of the text
    de/page.txt         around every text: `$content` and `$actions`
    de/page.html        around every HTML body
    de/words.toml       names of statuses, actions and months
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Final, Self

import attrs

from tgiconik import errors
from tgiconik.community.post.kinds import LetterKind
from tgiconik.community.post.legible import line
from tgiconik.community.post.values import NOTHING, Value, one_line
from tgiconik.community.post.words import Words, words_of

#: The language of a partner for whose languages there is no translation.
DEFAULT_LANGUAGE: Final = "en"

_COMMON: Final = frozenset({"partner", "about", "title"})
#: The placeholders of each kind's template.
PLACEHOLDERS: Final[Mapping[LetterKind, frozenset[str]]] = {
    LetterKind.DELIVERY: _COMMON
    | {"link", "link_address", "link_ends", "use_ends", "restrictions", "replaces", "request"},
    LetterKind.COMMENT: _COMMON | {"author", "body", "links"},
    LetterKind.QUESTION: _COMMON | {"note", "candidates", "due"},
    LetterKind.STATUS: _COMMON | {"status", "note", "resolution", "due"},
    LetterKind.TASK: _COMMON | {"project", "task_kind", "description", "due", "assets"},
    LetterKind.ANNOUNCEMENT: _COMMON | {"body", "documents"},
    LetterKind.WITHDRAWAL: _COMMON | {"note"},
    LetterKind.REPLACEMENT: _COMMON | {"replacement"},
}
_FRAME: Final = frozenset({"title", "language", "content", "actions"})
_OWN: Final = Path(__file__).parent / "templates"
_SUBJECT: Final = "Subject:"
_LANGUAGE: Final = re.compile("[a-z]{2,3}")


@attrs.frozen(kw_only=True)
class Rendered:
    """A rendered letter; its actions go between the parts.

    Attributes:
        subject: the subject.
        text: the text before the actions, and after them.
        html: the page before the actions, and after them.
    """

    subject: str
    text: tuple[str, str] = attrs.field(repr=False)
    html: tuple[str, str] = attrs.field(repr=False)


@attrs.frozen
class _Translation:
    """All files of one language, by name."""

    language: str
    files: Mapping[str, str]
    words: Words


@attrs.frozen
class Templates:
    """The templates of all languages. Make it with `Templates.load`.

    Attributes:
        languages: the languages that there are, such as `en`.
    """

    _translations: Mapping[str, _Translation] = attrs.field(repr=False)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that there are, sorted."""
        return tuple(sorted(self._translations))

    @classmethod
    def load(cls, folder: Path | str | None = None) -> Self:
        """Read the package's templates, and those of a folder instead of the ones it replaces.

        Args:
            folder: has one folder per language, named as `en`, with any of the files described in
                this module. A language of its own needs only what it says differently: the rest is
                English. None for the package's templates.

        Raises:
            ConfigurationError: the folder or a file cannot be read, a file has a name that no
                template has, or a template has a placeholder that its kind does not know. The
                message names the file and the placeholder.
        """
        files = _read(_OWN)
        words = {language: _words(language, of["words.toml"]) for language, of in files.items()}
        for language, given in ({} if folder is None else _read(Path(folder))).items():
            base = words.get(language, words[DEFAULT_LANGUAGE])
            if "words.toml" in given:
                base = _words(language, given["words.toml"], base)
            words[language] = base
            files[language] = _replaced(files.get(language, files[DEFAULT_LANGUAGE]), given)
        return cls({name: _Translation(name, of, words[name]) for name, of in files.items()})

    def language_of(self, tags: list[str]) -> str:
        """The first of some languages in which there is a translation; else English.

        Args:
            tags: language tags, BCP 47, such as `de-AT`.
        """
        primary = (tag.replace("_", "-").partition("-")[0].lower() for tag in tags)
        return next((one for one in primary if one in self._translations), DEFAULT_LANGUAGE)

    def words(self, language: str) -> Words:
        """The words of a language that there is.

        Args:
            language: one of `languages`.
        """
        return self._translations[language].words

    def render(
        self, kind: LetterKind, language: str, values: Mapping[str, Value], *, partner: str
    ) -> Rendered:
        """Fill in the templates of a kind.

        Args:
            kind: the kind of the letter.
            language: one of `languages`.
            values: by placeholder; those left out are empty.
            partner: the partner's name.
        """
        files = self._translations[language].files
        every = {name: values.get(name, NOTHING) for name in PLACEHOLDERS[kind]}
        every["partner"] = one_line(partner)
        subject, text = _parts(files[f"{kind}.txt"])
        # What others wrote in it is in one line each; all of it together must be, and not longer.
        title = line(Template(subject).substitute({name: one.text for name, one in every.items()}))
        plain = _filled(text, every)
        own = files.get(f"{kind}.html")
        html = _html_of(text, every) if own is None else _filled(own, every, html=True)
        frame = {"title": Value(title, escape(title)), "language": Value(language, language)}
        return Rendered(
            subject=title,
            text=_framed(files["page.txt"], frame | {"content": Value(plain)}),
            html=_framed(files["page.html"], frame | {"content": Value("", html)}, html=True),
        )


def _words(language: str, text: str, base: Words | None = None) -> Words:
    file = f"{language}/words.toml"
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise errors.ConfigurationError(f"{file}: {error}") from error
    return words_of(given, file, base)


def _replaced(base: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The files of a language, with a customer's instead of the package's."""
    # A text that is replaced would not be seen where HTML of the old one was kept.
    stale = {name.replace(".txt", ".html") for name in given if not name.startswith("page.")}
    kept = {name: text for name, text in base.items() if name not in stale}
    return {**kept, **given}


def _read(folder: Path) -> dict[str, dict[str, str]]:
    """The files of a folder of templates by language and name, checked.

    Raises:
        ConfigurationError: as `Templates.load`.
    """
    names = {f"{kind}.{form}" for kind in LetterKind for form in ("txt", "html")}
    names |= {"page.txt", "page.html", "words.toml"}
    found: dict[str, dict[str, str]] = {}
    for path in _files(folder):
        language, shown = path.parent.name, f"{path.parent.name}/{path.name}"
        if path.name not in names or not _LANGUAGE.fullmatch(language):
            raise errors.ConfigurationError(
                f"{shown} is no template; name it <language>/<kind>.txt, such as en/delivery.txt"
            )
        text = _text(path)
        if path.suffix != ".toml":
            _check(shown, path.name, text)
        found.setdefault(language, {})[path.name] = text
    return found


def _files(folder: Path) -> Iterator[Path]:
    try:
        languages = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        for language in languages:
            # A file instead of a folder raises here: nothing of a customer's is ignored.
            yield from sorted(path for path in language.iterdir() if path.name[0] != ".")
    except OSError as error:
        raise errors.ConfigurationError(
            f"the folder of templates {folder} cannot be read: {error.strerror}"
        ) from error


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise errors.ConfigurationError(f"{path} is not readable text in UTF-8") from error


def _check(shown: str, name: str, text: str) -> None:
    kind = name.partition(".")[0]
    known = _FRAME if kind == "page" else PLACEHOLDERS[LetterKind(kind)]
    template = Template(text)
    if not template.is_valid():
        raise errors.ConfigurationError(f"{shown}: a dollar sign is written $$")
    names = template.get_identifiers()
    if unknown := [one for one in names if one not in known]:
        shown_known = ", ".join(f"${one}" for one in sorted(known))
        raise errors.ConfigurationError(
            f"{shown}: ${unknown[0]} is no placeholder of this template; there are {shown_known}"
        )
    if kind == "page":
        for one in ("content", "actions"):
            if len(_split(text, one)) != 2:  # noqa: PLR2004 - once, so two parts
                raise errors.ConfigurationError(f"{shown}: must have ${one}, once")
    elif name.endswith(".txt") and not text.startswith(_SUBJECT):
        raise errors.ConfigurationError(f"{shown}: the first line must be {_SUBJECT} …")


def _split(text: str, name: str) -> list[str]:
    """A template in parts, at a placeholder; each part is a template."""
    ends = [
        found.span()
        for found in Template.pattern.finditer(text)
        if name in {found["named"], found["braced"]}
    ]
    starts = [0, *(end for _, end in ends)]
    stops = [*(start for start, _ in ends), len(text)]
    return [text[start:stop] for start, stop in zip(starts, stops, strict=True)]


def _parts(text: str) -> tuple[str, str]:
    """The subject and the body of a text template."""
    subject, _, body = text.partition("\n")
    return subject.removeprefix(_SUBJECT).strip(), body.strip("\n")


def _filled(template: str, values: Mapping[str, Value], *, html: bool = False) -> str:
    """A template with its values; without the lines that have nothing to say."""
    form = {name: value.html if html else value.text for name, value in values.items()}
    return "\n".join(Template(one).substitute(form) for one in _said(template.split("\n"), values))


def _said(lines: list[str], values: Mapping[str, Value]) -> Iterator[str]:
    """The lines and paragraphs with a value or without placeholders."""
    is_first = True
    for is_blank, paragraph in groupby(lines, lambda one: not one.strip()):
        told = [] if is_blank else list(paragraph)
        if not _is_said("\n".join(told), values):
            continue
        kept = [one for one in told if _is_said(one, values)]
        if kept:
            yield from kept if is_first else ["", *kept]
            is_first = False


def _is_said(template: str, values: Mapping[str, Value]) -> bool:
    names = Template(template).get_identifiers()
    return not names or any(values[name].text or values[name].html for name in names)


def _html_of(text: str, values: Mapping[str, Value]) -> str:
    """A text template as HTML: a paragraph for each of its paragraphs."""
    form = {name: value.html for name, value in values.items()}
    body = "\n".join(
        Template(escape(one)).substitute(form) + "<br>" if one.strip() else ""
        for one in _said(text.split("\n"), values)
    )
    # Values have no empty line: theirs is `<br>` and a line break.
    return "\n".join(
        f"<p>{part.strip().removesuffix('<br>')}</p>" for part in body.split("\n\n") if part.strip()
    )


def _framed(page: str, values: Mapping[str, Value], *, html: bool = False) -> tuple[str, str]:
    """A page around its content, in the parts before and after the actions."""
    form = {name: value.html if html else value.text for name, value in values.items()}
    before, after = (Template(part).substitute(form) for part in _split(page, "actions"))
    return before, after
