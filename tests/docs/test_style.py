"""The style of the documentation: no metaphors, no riddles, American spelling.

Pages that are not yet revised are listed with the words that they may still have. The list only
gets shorter: a word that a page no longer has must leave it.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

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

#: What pages still have, by name.
STILL: dict[str, set[str]] = {
    "benchmarks.md": {r"\bgoes? out\b"},
    "faq.md": {r"\bthe usual suspects\b"},
    "functions.md": {r"\bgoes? out\b", r"what stands in the way"},
    "letters.md": {r"\ball the same\b", r"\bof yours\b"},
    "own-community.md": {r"\bof yours\b"},
    "threats.md": {r"\blicences?\b", r"what stands in the way"},
    "verified.md": {r"\bbehaviour"},
}


def prose(markdown: str) -> str:
    """The text without code, link targets and HTML comments, on one line."""
    text = re.sub(r"^(```|~~~).*?^\1", " ", markdown, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<!--.*?-->|`[^`]*`|\]\([^)]*\)", " ", text, flags=re.DOTALL)
    return " ".join(text.split())


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.name not in GENERATED], ids=lambda p: p.name
)
def test_a_page_has_no_banned_expression_but_those_on_its_list(page: Path) -> None:
    text = prose(page.read_text("utf-8"))
    found = {pattern for pattern in BANNED if re.search(pattern, text, re.IGNORECASE)}
    assert found == STILL.get(page.name, set()), {word: BANNED[word] for word in found}


def test_code_and_link_targets_are_not_prose() -> None:
    text = "Use `licence`:\n\n```python\nlicence = 1\n```\n\n[a page](licence.md)\n<!-- licence -->"
    assert "licence" not in prose(text)
