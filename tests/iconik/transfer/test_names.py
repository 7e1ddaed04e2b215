"""Names from callers are right or refused; names from servers become safe."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik.errors import ConfigurationError
from tgiconik.iconik.transfer._names import beside, checked_name, safe_name

DEVICES = {
    *("con", "nul", "aux", "prn", "conin$", "conout$"),
    *("com1", "lpt9", "com0", "com\u00b9", "lpt\u00b3"),
}

anything = st.text(max_size=400) | st.text(alphabet="./\\:aCON.1\x00\u202e \n", max_size=30)


@pytest.mark.parametrize("name", ["film.mp4", "Übersicht 終.mov", "a b (1).png", ".hidden", "ключ"])
def test_a_good_name_stays_as_it_is(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "/etc/passwd",
        "a\nb",
        "a\x00",
        "a\x7f",
        "film\u202e4pm.exe",
        "\ud800",
        "x" * 256,
        "ü" * 128,
    ],
)
def test_a_name_that_no_storage_could_have_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        checked_name(name)


@given(anything)
def test_a_servers_name_stays_in_the_folder(name: str) -> None:
    folder = Path("/folder")

    path = folder / safe_name(name)

    assert path.parent == folder
    assert path.name == safe_name(name)
    assert path.name not in {"", ".", ".."}


@given(anything)
def test_a_safe_name_has_nothing_that_any_system_takes_for_more_than_a_name(name: str) -> None:
    safe = safe_name(name)

    assert not set(safe) & set('/\\:*?"<>|')
    assert all(unicodedata.category(c) not in {"Cc", "Cf", "Cs"} for c in safe)
    assert 0 < len(safe.encode()) <= 255
    assert safe == safe.strip(" ")
    assert not safe.endswith(".")
    assert not safe.startswith(".")
    assert safe.partition(".")[0].rstrip().lower() not in DEVICES


@given(anything)
def test_a_safe_name_is_safe_already(name: str) -> None:
    assert safe_name(safe_name(name)) == safe_name(name)


def test_a_long_name_keeps_its_suffix() -> None:
    assert safe_name("x" * 400 + ".mp4").endswith("x.mp4")
    assert len(safe_name("終" * 400 + ".mp4").encode()) <= 255
    assert len(safe_name("a." + "x" * 400).encode()) == 255


@pytest.mark.parametrize(
    "name",
    [
        *("nul .txt", "AUX  .mp4", "CONIN$", "conout$.txt", "COM\u00b9.txt", "lpt\u00b3"),
        *("nul" + " " * 300 + "x.mp4", "COM1.a.b", "CON . .mp4", "..aux", "prn." + "x" * 300),
        "con\u00a0.x",
    ],
    ids=ascii,
)
def test_a_name_that_windows_keeps_is_changed(name: str) -> None:
    safe = safe_name(name)

    assert safe != name
    assert safe.partition(".")[0].rstrip().lower() not in DEVICES
    assert len(safe.encode()) <= 255


def test_a_name_beside_another_fits_too() -> None:
    assert beside("film.mp4", ".part") == "film.mp4.part"
    assert len(beside("終" * 85 + ".mp4", ".part.json").encode()) <= 255


def test_an_ordinary_name_is_left_alone() -> None:
    assert safe_name("Launch film (v2), final.mp4") == "Launch film (v2), final.mp4"
