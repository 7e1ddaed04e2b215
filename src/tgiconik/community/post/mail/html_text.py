"""The text of a mail that has only HTML, without what it quotes."""

import re
from html.parser import HTMLParser
from typing import Final

from typing_extensions import override

_BREAKS: Final = frozenset({
    "address", "article", "br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p",
    "pre", "section", "table", "tr", "ul",
})  # fmt: skip
_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")
#: The parser takes minutes for a page with many tags and comments that do not end.
_TAG_WITHOUT_END: Final = re.compile(r"<(?=[^<>]*(?:<|\Z))")
_UNSEEN: Final = frozenset({"head", "script", "style", "template", "title", "blockquote"})
_EMPTY: Final = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta"})
#: What Gmail puts around an earlier mail, and from where on Outlook has it.
_QUOTES: Final = frozenset({"gmail_quote", "yahoo_quoted", "moz-cite-prefix"})
_EARLIER: Final = frozenset({"divrplyfwdmsg", "appendonsend"})


def text_of(html: str) -> str:
    """The text in lines, without scripts, styles and quoted mails.

    Args:
        html: a page or part of one, however broken.
    """
    reader = _Reader()
    reader.feed(_TAG_WITHOUT_END.sub("&lt;", _without_comments(html)))
    reader.close()
    lines = "".join(reader.said).replace("\xa0", " ").split("\n")
    return "\n".join(" ".join(line.split()) for line in lines).strip()


def _without_comments(html: str) -> str:
    """The page without its comments; one that does not end takes the rest with it."""
    first, *others = html.split("<!--")
    # `<!-->` and `<!--->` are whole comments; a comment within another one is part of it.
    return first + "".join(f"--{one}".partition("-->")[2] for one in others)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        #: The element that is left out, and how many of its name are open within it.
        self._unseen: str = ""
        self._depth = 0
        self._ended = False

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: (value or "").lower() for name, value in attrs}
        self._ended = self._ended or values.get("id") in _EARLIER
        if self._unseen:
            self._depth += tag == self._unseen
        elif tag in _UNSEEN or not _QUOTES.isdisjoint(values.get("class", "").split()):
            self._unseen, self._depth = ("" if tag in _EMPTY else tag), 1
        elif tag in _BREAKS:
            self._say("\n")

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._depth -= 1
            self._unseen = self._unseen if self._depth else ""
        elif tag in _BREAKS and not self._unseen:
            self._say("\n")

    @override
    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._say(_BLANKS.sub(" ", data))

    def _say(self, text: str) -> None:
        if not self._ended:
            self.said.append(text)
