"""What `inspect` and `help` say of a model."""

import inspect

from tgiconik._models import UNSET, Model
from tgiconik.iconik.models.assets import Asset, AssetCreateInput
from tgiconik.iconik.models.search import SearchDocument


def test_the_signature_of_a_model_has_its_fields_with_their_defaults() -> None:
    sent = inspect.signature(AssetCreateInput).parameters
    read = inspect.signature(Asset).parameters

    assert sent.keys() == set(inspect.get_annotations(AssetCreateInput)) - {"_wire", "_tag"}
    assert {one.kind for one in sent.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert sent["title"].default is UNSET
    assert "str" in str(sent["title"].annotation)
    assert read["title"].default is None


def test_what_a_field_is_called_on_the_wire_is_no_field() -> None:
    assert "sort_" in inspect.signature(SearchDocument).parameters
    assert "_wire" not in inspect.signature(SearchDocument).parameters


def test_the_base_class_has_no_fields() -> None:
    assert not inspect.signature(Model).parameters
