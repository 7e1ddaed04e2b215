"""One spelling for each term, in the pages, in what they render of docstrings, and in examples.

`nox -s prose` checks spelling beyond these terms with codespell.
"""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

from codegen.website import gallery

from .test_style import GENERATED, prose

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    *(ROOT / name for name in ("CONTRIBUTING.md", "README.md", "SECURITY.md")),
    *(page for page in sorted(DOCS.rglob("*.md")) if page.name not in GENERATED),
]

#: The project's terms, with what is written instead of them by mistake. Case matters.
TERMS = {
    "audit record": r"[Aa]udit-records?",
    "backend": r"[Bb]ack[- ]ends?",
    "canceled": r"[Cc]ancell(?:ed|ing)",
    "checklist": r"[Cc]heck[- ]lists?",
    "database": r"[Dd]ata[- ]bases?",
    "dry run": r"[Dd]ryruns?",
    "e-mail": r"[Ee]mails?|E-Mails?",
    "endpoint": r"[Ee]nd[- ]points?",
    "file name": r"[Ff]ile-?names?",
    "GitHub": r"Github|github",
    "handwritten": r"[Hh]and-written",
    "host name": r"[Hh]ost-?names?",
    "iconik": r"Iconik|ICONIK",
    "iPaaS": r"IPaaS|Ipaas|ipaas",
    "JavaScript": r"Javascript|javascript",
    "JSON": r"Json",
    "Jupyter": r"jupyter",
    "lookbook": r"[Ll]ook-books?",
    "macOS": r"MacOS|OSX|OS X",
    "mailbox": r"[Mm]ail[- ]box(?:es)?",
    "metadata": r"[Mm]eta[- ]data",
    "multipart": r"[Mm]ulti[- ]parts?",
    "OpenText": r"Opentext|opentext|Open Text",
    "Parquet": r"parquet",
    "PostgreSQL": r"Postgres|Postgresql|postgres|postgresql",
    "release asset": r"[Rr]elease-assets?",
    "reopen": r"[Rr]e-open\w*",
    "SQLite": r"Sqlite|sqlite|SQLITE",
    "subclip": r"[Ss]ub[- ]clips?",
    "time zone": r"[Tt]ime-?zones?(?!-aware)",
    "timeout": r"[Tt]ime-outs?",
    "timestamp": r"[Tt]ime[- ]stamps?",
    "Trading Grid": r"TradingGrid|Trading grid|trading grid",
    "URL": r"Urls?|urls?",
    "user name": r"[Uu]ser-?names?",
    "webhook": r"[Ww]eb[- ]hooks?",
    "website": r"[Ww]eb[- ]sites?",
    "workflow": r"[Ww]ork[- ]flows?",
}


def wrong(text: str) -> dict[str, list[str]]:
    """What is in prose instead of a term, by term. Parts of paths and of names are no words."""
    found = {
        term: re.findall(rf"(?<![\w./@=:-])(?:{variants})(?![\w@=/]|[.:-][\w/])", text)
        for term, variants in TERMS.items()
    }
    return {term: variants for term, variants in found.items() if variants}


def docstring_prose(docstring: str) -> str:
    """A docstring without code, and without the names that its sections describe."""
    code = r"^(?: {4,}|\t)\S+.*(?:\(|=|\$ ).*$|^ *[\w.*]+(?: \([^)]*\))?:(?= |$)"
    return prose(re.sub(code, " ", inspect.cleandoc(docstring), flags=re.MULTILINE))


def rendered() -> Iterator[tuple[str, str]]:
    """The docstrings of all that pages show, with their members', by name."""
    names = set[str]()
    for page in DOCS.rglob("*.md"):
        if "operations" not in page.parts:
            names |= set(re.findall(r"^ *::: ([\w.]+)$", page.read_text("utf-8"), re.MULTILINE))
    for name in sorted(names):
        shown = resolve_name(name)
        yield name, inspect.getdoc(shown) or ""
        for member, value in _members(shown, name):
            yield member, inspect.getdoc(value) or ""


def _members(shown: Any, name: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any object
    """What is public in a module or a class and has a docstring of its own, by name."""
    if not inspect.ismodule(shown) and not inspect.isclass(shown):
        return
    for key, value in vars(shown).items():
        member = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        is_class = inspect.isclass(member) and member.__module__ == name
        is_function = inspect.isfunction(member) and member.__module__ == shown_in(shown)
        if not key.startswith("_") and (is_class or is_function or isinstance(member, property)):
            yield f"{name}.{key}", member
            if is_class:
                yield from _members(member, f"{name}.{key}")


def shown_in(shown: Any) -> str:  # noqa: ANN401 - a module or a class
    """The module whose functions are an object's own."""
    return str(shown.__name__ if inspect.ismodule(shown) else shown.__module__)


RENDERED = dict(rendered())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_spells_terms_as_all_do(page: Path) -> None:
    assert wrong(prose(page.read_text("utf-8"))) == {}


def test_rendered_docstrings_spell_terms_as_the_pages_do() -> None:
    found = {name: wrong(docstring_prose(text)) for name, text in RENDERED.items()}
    assert {name: terms for name, terms in found.items() if terms} == {}


def test_the_docstrings_of_functions_and_of_methods_are_among_them() -> None:
    assert "tgiconik.workflows.fulfill_media_request" in RENDERED
    assert RENDERED["tgiconik.IconikClient.from_env"].startswith("A client from")


@pytest.mark.parametrize("example", gallery.examples(), ids=lambda one: one.path.name)
def test_an_example_spells_terms_as_the_pages_do(example: gallery.Example) -> None:
    assert wrong(prose("\n\n".join(gallery.texts(example)))) == {}


def test_a_term_is_not_among_its_own_mistakes() -> None:
    assert {term: wrong(term) for term in TERMS if wrong(term)} == {}


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("A web hook about meta data.", ["metadata", "webhook"]),
        ("An Email, cancelled.", ["canceled", "e-mail"]),
        ("Store it in postgres.", ["PostgreSQL"]),
        ("See media.example/email, user@email.example, email=… and sqlite:///a.db.", []),
        ("Timezone-aware, in a time zone.", []),
        ("TradingGridClient and email_address are names.", []),
    ],
)
def test_what_is_a_mistake(text: str, terms: list[str]) -> None:
    assert list(wrong(text)) == terms


def test_names_of_arguments_are_no_prose() -> None:
    docstring = (
        "Send it.\n\nArgs:\n    email: the contact's e-mail address.\n    url (str): where to."
    )
    assert wrong(docstring_prose(docstring)) == {}
    assert wrong(docstring_prose("Send it.\n\nArgs:\n    to: an email.")) == {"e-mail": ["email"]}
