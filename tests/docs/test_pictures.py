"""Drawings: each can be read by everybody, in both colors, and is on a page."""

import re
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest

from codegen.website import pictures

DOCS = Path(__file__).parents[2] / "docs"
ASSETS = DOCS / "assets"
DRAWINGS = sorted(path.relative_to(ASSETS).as_posix() for path in ASSETS.rglob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"
#: Pixels; drawings are shown at their size or smaller by a tenth.
SMALLEST = 13


def at(scheme: str) -> str:
    return f'[data-md-color-scheme="{scheme}"]'


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_has_a_name_and_a_description(name: str) -> None:
    drawing = ET.fromstring((ASSETS / name).read_text("utf-8"))  # noqa: S314 - our own file
    title, desc = drawing.find(f"{SVG}title"), drawing.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert drawing.get("role") == "img"
    assert drawing.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert title.text
    assert desc.text


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_has_colors_for_both_schemes_and_text_that_can_be_read(name: str) -> None:
    text = (ASSETS / name).read_text("utf-8")
    light, dark = (
        set(re.findall(r"--[\w-]+(?=:)", rule))
        for rule in re.findall(r"\{ (--[^}]*)\}", text)
    )  # fmt: skip
    assert light == dark
    assert set(re.findall(r"var\((--[\w-]+)\)", text)) <= light
    assert min(map(int, re.findall(r"\b(\d+)px", text))) >= SMALLEST
    assert "//" not in text.replace("http://www.w3.org/2000/svg", "")


def test_no_two_drawings_share_an_id() -> None:
    ids = [
        name
        for drawing in DRAWINGS
        for name in re.findall(r'\bid="([^"]+)"', (ASSETS / drawing).read_text("utf-8"))
    ]
    assert len(ids) == len(set(ids))


def test_every_drawing_is_on_a_page() -> None:
    text = "\n".join(path.read_text("utf-8") for path in DOCS.rglob("*.md"))
    shown = set(re.findall(r"assets/([\w/-]+\.svg)", text))
    assert {name.replace("-narrow.svg", ".svg") for name in DRAWINGS} == shown


def test_a_drawing_on_a_page_follows_the_scheme_that_the_reader_chose() -> None:
    page = '<p>Text</p>\n<p><img alt="a" src="../assets/overview.svg"></p>'
    made = pictures.on_page_content(page, config=SimpleNamespace(docs_dir=str(DOCS)))
    assert made.startswith('<p>Text</p>\n<figure class="picture two-forms" data-search-exclude>')
    assert made.count("<svg ") == 2
    assert made.count(f"{at('slate')} .overview {{ --ink:") == 2
    assert "prefers-color-scheme" not in made


def test_other_images_stay_images() -> None:
    page = '<p><img alt="a" src="assets/sandbox-page-light.png"></p>'
    assert pictures.on_page_content(page, config=SimpleNamespace(docs_dir=str(DOCS))) == page
