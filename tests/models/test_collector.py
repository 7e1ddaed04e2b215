"""The cyclic collector waits for a large answer to be decoded, and is left as it was."""

import gc
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tgiconik._models import DecodeError, decode, decoding
from tgiconik._models.collector import collector_paused
from tgiconik.iconik.models.assets import Assets

PAGE = json.dumps({"objects": [{"title": "A film"}] * 10_000}).encode()


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    gc.enable()


def collecting_while_parsing(content: bytes, monkeypatch: pytest.MonkeyPatch) -> bool:
    seen: list[bool] = []

    def parse() -> Any:  # noqa: ANN401 - JSON
        seen.append(gc.isenabled())
        return {}

    monkeypatch.setattr(decoding, "_quick_reader", lambda _: None)
    decode(content, Assets, parse=parse)
    return seen[0]


def test_it_waits_for_a_page_and_not_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not collecting_while_parsing(PAGE, monkeypatch)
    assert gc.isenabled()
    assert collecting_while_parsing(b"{}", monkeypatch)


def test_it_goes_on_after_an_answer_that_cannot_be_read() -> None:
    with pytest.raises(DecodeError):
        decode(PAGE[:-1], Assets)
    assert gc.isenabled()


def test_where_the_program_has_switched_it_off_it_stays_off() -> None:
    gc.disable()
    decode(PAGE, Assets)
    assert not gc.isenabled()


def test_a_pause_within_a_pause_ends_with_the_outer_one() -> None:
    with collector_paused():
        with collector_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
