"""Pictures of the package's pages show them as they are now."""

import json
import re
import struct
from pathlib import Path

import pytest

from codegen.website import screenshots
from codegen.website.screenshots import FOLDER, LARGEST, SHOTS, Shot, digest, made, recorded

DOCS = FOLDER.parent
named = pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)


@named
def test_a_picture_was_taken_of_the_page_as_it_is_now(shot: Shot) -> None:
    assert screenshots.is_current(shot, made(shot)), "run `nox -s screenshots`"


@named
def test_a_picture_is_small_and_as_large_as_the_window(shot: Shot) -> None:
    for path in shot.files():
        content = path.read_bytes()
        assert len(content) <= LARGEST
        assert struct.unpack(">II", content[16:24]) == (shot.width, shot.height)


@named
def test_a_picture_is_on_a_page_in_both_schemes_with_words_for_it(shot: Shot) -> None:
    text = "\n".join(path.read_text("utf-8") for path in DOCS.glob("*.md"))
    for path, scheme in zip(shot.files(), screenshots.SCHEMES, strict=True):
        words = re.findall(rf"!\[([^\]]+)\]\(assets/{path.name}#only-{scheme}\)", text)
        assert len(words) == 1, path.name


def test_there_are_no_other_pictures() -> None:
    there = {path for shot in SHOTS for path in shot.files()}
    assert set(FOLDER.glob("*.png")) == there
    assert set(recorded()) == {shot.name for shot in SHOTS}


SHOT = SHOTS[1]
PAGE = {"/": "<p class=made>2026-03-02T09:00:00Z 4c468084-644a-5e4c-9a94-8bccd5926d83</p>"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2026-03-02T09:00:00Z", "2027-01-01T10:11:12.5+01:00"),
        ("4c468084-644a-5e4c-9a94-8bccd5926d83", "5d579195-755b-6f5d-8ba5-9ccde6a37e94"),
        ("4c468084-644a-5e4c-9a94-8bccd5926d83", "4c468084"),
        ("…61c623", "…aaaaaa"),
    ],
)
def test_other_identifiers_and_times_make_no_other_page(old: str, new: str) -> None:
    assert digest(SHOT, PAGE) == digest(SHOT, {"/": PAGE["/"].replace(old, new)})


@pytest.mark.parametrize(("old", "new"), [("made", "done"), ("<p ", "<p hidden "), ("</p>", "")])
def test_other_markup_makes_another_page(old: str, new: str) -> None:
    assert digest(SHOT, PAGE) != digest(SHOT, {"/": PAGE["/"].replace(old, new)})


def test_a_style_or_a_window_makes_another_page() -> None:
    assert digest(SHOT, PAGE) != digest(SHOT, PAGE | {"/page.css": "p { color: red }"})
    larger = Shot(SHOT.name, SHOT.sources, SHOT.ready, width=SHOT.width + 1)
    assert digest(SHOT, PAGE) != digest(larger, PAGE)


def test_a_picture_that_is_missing_or_of_another_page_is_stale(tmp_path: Path) -> None:
    (tmp_path / screenshots.DIGESTS).write_text(json.dumps({SHOT.name: digest(SHOT, PAGE)}))
    assert not screenshots.is_current(SHOT, PAGE, tmp_path)
    for path in SHOT.files(tmp_path):
        path.touch()
    assert screenshots.is_current(SHOT, PAGE, tmp_path)
    assert not screenshots.is_current(SHOT, {"/": "another"}, tmp_path)
