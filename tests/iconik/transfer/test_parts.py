"""A file in parts has every byte once, and no storage's limit is passed."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tgiconik import errors
from tgiconik._http import may_repeat
from tgiconik.errors import ConfigurationError
from tgiconik.iconik.transfer._progress import Meter, metered
from tgiconik.iconik.transfer._sending import MEBIBYTE, parts_of


@given(st.integers(1, 10**15), st.integers(1, 10**9))
@example(5 * 1024**4, 16 * MEBIBYTE)
def test_parts_follow_each_other_from_the_first_byte_to_the_last(size: int, usual: int) -> None:
    parts = parts_of(size, max(usual, size // 5_000))

    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert parts[0].start == 0
    assert parts[-1].end == size
    assert all(one.end == next_.start for one, next_ in pairwise(parts))
    assert all(part.size > 0 for part in parts)


def test_a_file_too_large_for_usual_parts_has_larger_ones() -> None:
    parts = parts_of(1024**4, 16 * MEBIBYTE)

    assert len(parts) <= 10_000
    assert {part.size for part in parts[:-1]} == {-(-(1024**4) // 10_000)}


def told() -> tuple[list[tuple[int, int]], Callable[[int, int], object]]:
    calls: list[tuple[int, int]] = []
    return calls, lambda done, total: calls.append((done, total))


def test_progress_never_goes_back_when_a_part_is_sent_again() -> None:
    calls, tell = told()
    meter = Meter(10, tell)

    for part, done in ((1, 4), (2, 3), (1, 0), (1, 2), (1, 5), (2, 5)):
        meter.reached(part, done)

    assert calls == [(0, 10), (4, 10), (7, 10), (8, 10), (10, 10)]


@pytest.mark.parametrize("nothing", [None, False])
def test_progress_is_off_unless_asked_for(nothing: Any) -> None:  # noqa: ANN401 - either
    with metered(nothing, 10, "film.mp4") as meter:
        meter.reached(1, 5)


def test_a_bar_shows_the_name_and_the_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    with metered(True, 2048, "film.mp4") as meter:
        meter.reached(1, 2048)

    shown = capsys.readouterr().err
    assert "film.mp4: 100%" in shown
    assert "2.00k/2.00k" in shown


def test_a_bar_without_tqdm_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tqdm.auto", None)

    with (
        pytest.raises(ConfigurationError, match=r"pip install \"tgiconik\[progress\]\""),
        metered(True, 1, "film.mp4"),
    ):
        pass


def test_a_callers_function_that_fails_is_heard() -> None:
    def fails(_done: int, _total: int) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"), metered(fails, 1, "film.mp4"):
        pass


WHERE: dict[str, Any] = {"method": "PUT", "url": "https://storage.test/x"}


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (errors.ConnectionFailed("cut", **WHERE), True),
        (errors.TimedOut("slow", **WHERE), True),
        (errors.ClientError(status=408, **WHERE), True),
        (errors.TooManyRequests(status=429, **WHERE), True),
        (errors.ServiceUnavailable(status=503, **WHERE), True),
        (errors.ServerError(status=500, **WHERE), True),
        (errors.ServerError(status=501, **WHERE), False),
        (errors.BadRequest(status=400, **WHERE), False),
        (errors.LinkRefused(status=403, **WHERE), False),
        (errors.GraphQLError(["no"], **WHERE), False),
    ],
)
def test_only_what_may_pass_is_tried_again(error: errors.CallError, passing: bool) -> None:  # noqa: FBT001 - a parameter
    assert may_repeat(error, repeatable=True) is passing
