"""Typed dictionaries: the fields of their models, and nothing at run time but types."""

import importlib
from collections.abc import Mapping
from typing import Any, Required, get_origin, get_type_hints

import attrs
import pytest

from codegen.build import Built, build
from codegen.models import Model
from codegen.reference import iconik
from codegen.reference.examples import example
from tgiconik.tradinggrid.collaboration import dicts as contract
from tgiconik.tradinggrid.collaboration import inputs

BUILT = {one.service.name: one for one in build()}
INPUTS = {
    name: kind for name, kind in vars(inputs).items() if kind.__class__ is type and name[0] != "_"
}


def hints(service: str, model: Model) -> Mapping[str, Any]:
    module = importlib.import_module(f"tgiconik.iconik.models.dicts.{service}")
    return get_type_hints(getattr(module, f"{model.name}Dict"), include_extras=True)


def required(fields: Mapping[str, Any]) -> set[str]:
    return {name for name, kind in fields.items() if get_origin(kind) is Required}


def sent(built: Built) -> list[Model]:
    return [one for one in built.models if one.sent]


@pytest.mark.parametrize("service", BUILT)
def test_a_dictionary_has_the_fields_of_its_model_that_may_be_written(service: str) -> None:
    schemas = iconik.marked(BUILT[service])
    for model in sent(BUILT[service]):
        fields = schemas.fields(model.facts)
        writable = {wire for wire, schema in fields.items() if not schema.get("readOnly")}
        assert hints(service, model).keys() == writable, model.name


@pytest.mark.parametrize("service", BUILT)
def test_it_needs_what_the_facts_need_unless_it_is_a_change(service: str) -> None:
    built = BUILT[service]
    changes = {
        built.types.annotation(one.body.schema, sent=True)
        for one in built.operations
        if one.body is not None and one.http == "PATCH"
    }
    for model in sent(built):
        fields = hints(service, model)
        needed = set(built.types.schemas.facts[model.facts].get("required", ()))
        expected = set() if model.name in changes else needed & fields.keys()
        assert required(fields) == expected, model.name


@pytest.mark.parametrize("service", BUILT)
def test_it_takes_the_fields_of_the_example(service: str) -> None:
    schemas = iconik.marked(BUILT[service])
    for model in sent(BUILT[service]):
        shown = example(schemas, model.facts, "sent").keys()
        always = set(schemas.facts[model.facts].get("required", ()))
        assert shown - always <= hints(service, model).keys(), model.name


def test_inputs_of_the_contract_have_a_dictionary_with_their_fields() -> None:
    ours = [kind for kind in INPUTS.values() if kind.__module__ == inputs.__name__]
    assert len(ours) > 20
    for kind in ours:
        fields = get_type_hints(getattr(contract, f"{kind.__name__}Dict"), include_extras=True)
        known = attrs.fields_dict(kind)
        assert fields.keys() == known.keys()
        assert required(fields) == {
            name for name, one in known.items() if one.default is attrs.NOTHING
        }
