"""The page that says what is verified says what the tests go through."""

from .verified import PAGE, renewed


def test_the_numbers_are_those_of_the_tests() -> None:
    page = PAGE.read_text("utf-8")

    assert page == renewed(page)
