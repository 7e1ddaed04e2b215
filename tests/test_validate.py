"""Arguments are checked where they are given, and the error names them."""

import pytest

from tgiconik._validate import not_blank, texts
from tgiconik.errors import ConfigurationError
from tgiconik.iconik.search import one_of
from tgiconik.tradinggrid.lens import Selection


def test_one_text_is_not_taken_for_its_letters() -> None:
    assert texts(["DE", "FR"], "regions") == ("DE", "FR")
    with pytest.raises(ConfigurationError, match="regions: 'DE' must be a list of texts"):
        texts("DE", "regions")


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_a_blank_text_is_refused(blank: str) -> None:
    assert not_blank(" x ", "title") == " x "
    with pytest.raises(ConfigurationError, match="title must not be blank"):
        not_blank(blank, "title")


def test_searches_and_selections_take_lists() -> None:
    with pytest.raises(ConfigurationError, match="takes several values"):
        one_of("media_type", "video")
    with pytest.raises(ConfigurationError, match="fields: 'status'"):
        Selection(fields="status")
