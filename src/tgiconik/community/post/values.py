"""Values of placeholders: each in plain text and, escaped, in HTML."""

import re
from collections.abc import Iterable
from html import escape
from typing import Final

import attrs

from tgiconik.community.post import legible

#: A link that may be clicked: encrypted or not, and without anything that ends an attribute.
_WEB: Final = re.compile(r"https?://[^\x00-\x20\x7f-\U0010ffff\"'<>\\`]+")


@attrs.frozen
class Value:
    """A value of a placeholder.

    Attributes:
        text: the value in plain text; empty where there is nothing to say.
        html: the same in HTML; contains nothing but escaped text, links and line breaks.
    """

    text: str = attrs.field(default="", repr=False)
    html: str = attrs.field(default="", repr=False)


NOTHING: Final = Value()


def one_line(text: str | None) -> Value:
    """A value in one line."""
    return _escaped(legible.line(text or "", 500))


def whole_text(text: str | None) -> Value:
    """A value of several lines."""
    return _escaped(legible.paragraphs(text or ""))


def listed(items: Iterable[str]) -> Value:
    """A list, one line for each item; never shortened, since it may be of obligations."""
    lines = (legible.line(item, legible.LONGEST_TEXT) for item in items)
    return _escaped("\n".join(f"- {one}" for one in lines if one))


def link(url: str | None) -> Value:
    """A link; only one to the web can be clicked."""
    return links([] if url is None else [url])


def links(urls: Iterable[str]) -> Value:
    """Links, one in each line; only those to the web can be clicked."""
    given = list(urls)
    return Value(
        "\n".join(filter(None, map(_shown, given))),
        "<br>\n".join(filter(None, map(_anchor, given))),
    )


def address(url: str | None) -> Value:
    """The address of a link, for an attribute of a customer's template; empty if not of the web."""
    return _escaped(url) if url is not None and _WEB.fullmatch(url) else NOTHING


def _shown(url: str) -> str:
    return legible.line(url, legible.LONGEST_TEXT)


def _anchor(url: str) -> str:
    shown = escape(_shown(url))
    return f'<a href="{shown}" rel="noreferrer">{shown}</a>' if _WEB.fullmatch(url) else shown


def _escaped(text: str) -> Value:
    return Value(text, escape(text).replace("\n", "<br>\n"))
