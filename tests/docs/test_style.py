"""The style of the documentation: no metaphors, no riddles, American spelling."""

import re
from pathlib import Path

import pytest

from codegen.website import gallery

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "docs" / "examples" / "index.md",
]

#: Made of other files, which have tests of their own.
GENERATED = {"changelog.md", "contract.md", "operations.md"}

#: A pattern for each expression that the documentation does not use, and what to write instead.
BANNED = {
    r"what stands in the way": "name the obstacle",
    r"whose move it is": "say who acts next",
    r"what became of": "the outcome of",
    r"who holds it": "name the holder",
    r"comes? out\b": "is returned, or is released",
    r"is told no": "is refused",
    r"which is what": "that",
    r"\bnobody wrote\b": "say what is missing",
    r"\bthe usual suspects\b": "common causes",
    r"\bof yours\b": "your",
    r"\ball the same\b": "still",
    r"\bfor good\b": "permanently",
    r"\bgoes? out\b": "is sent",
    r"\bfulfil\b|\bfulfils\b|\bfulfilment\b": "fulfill",
    r"\blicences?\b": "license",
    r"\bwhilst\b": "while",
    r"\b\w+isation\b": "-ization",
    r"\bcolour": "color",
    r"\bbehaviour": "behavior",
    r"\bsimply\b": "leave it out",
    r"\beasily\b": "leave it out",
}


def prose(markdown: str) -> str:
    """The text without code, link targets and HTML comments, on one line."""
    text = re.sub(r"^(```|~~~).*?^\1", " ", markdown, flags=re.MULTILINE | re.DOTALL)
    code = r"<!--.*?-->|<code>.*?</code>|`[^`]*`|\]\([^)]*\)"
    text = re.sub(code, " ", text, flags=re.DOTALL)
    return " ".join(text.split())


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.name not in GENERATED], ids=lambda p: p.name
)
def test_a_page_has_no_banned_expression(page: Path) -> None:
    text = prose(page.read_text("utf-8"))
    found = {pattern for pattern in BANNED if re.search(pattern, text, re.IGNORECASE)}
    assert not found, {word: BANNED[word] for word in found}


@pytest.mark.parametrize("example", gallery.examples(), ids=lambda one: one.path.name)
def test_an_example_s_page_has_no_banned_expression(example: gallery.Example) -> None:
    text = prose("\n\n".join(gallery.texts(example)))
    found = {pattern for pattern in BANNED if re.search(pattern, text, re.IGNORECASE)}
    assert not found, {word: BANNED[word] for word in found}


def test_code_and_link_targets_are_not_prose() -> None:
    text = "Use `licence`:\n\n```python\nlicence = 1\n```\n\n[a page](licence.md)\n<!-- licence -->"
    text += "\n\n<code>await get(licence: Licence)</code>"
    assert "licence" not in prose(text)
