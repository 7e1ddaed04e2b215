"""The reference of models: sections for all, examples that are valid, links that lead somewhere."""

import importlib
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from codegen.build import Built, build
from codegen.collaboration.build import DOCUMENT
from codegen.collaboration.classes import classes
from codegen.collaboration.document import Document
from codegen.models import Model
from codegen.reference import contract, iconik
from codegen.reference.examples import example
from codegen.reference.pages import Page, pages
from codegen.schemas import Schemas
from tgiconik._models import check, structure, unstructure
from tgiconik.tradinggrid import collaboration

BUILT = {one.service.name: one for one in build()}
PAGES = {page.path: page for page in pages()}
MODELS = [(service, model) for service, one in BUILT.items() for model in one.models]
CONTRACT = Document.load(DOCUMENT)

#: Models that only a schema holds that repeats another, and so has no class of its own.
HELD_BY_A_REPETITION = {"SearchSuggestResponseItem"}


def example_of(built: Built, model: Model) -> dict[str, Any]:
    return example(iconik.marked(built), model.facts, "sent" if model.sent else "read")


def complaints(schemas: Mapping[str, Any], name: str, value: object) -> Iterator[str]:
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
    for error in Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(value):
        yield f"{error.json_path}: {error.message}"


@pytest.mark.parametrize("service", BUILT)
def test_examples_are_valid_by_the_published_schemas(service: str) -> None:
    one = BUILT[service]
    schemas = one.service.marked_schemas()
    for model in one.models:
        assert [*complaints(schemas, model.facts, example_of(one, model))] == [], model.name


@pytest.mark.parametrize("service", BUILT)
def test_models_read_and_take_their_examples(service: str) -> None:
    module = importlib.import_module(f"tgiconik.iconik.models.{service}")
    for model in BUILT[service].models:
        kind, shown = getattr(module, model.name), example_of(BUILT[service], model)
        if model.sent:
            check(shown, kind)
        else:
            assert unstructure(structure(shown, kind)).keys() == shown.keys(), model.name


def test_an_example_has_what_its_side_sees() -> None:
    for service, model in MODELS:
        schemas = iconik.marked(BUILT[service])
        hidden = "readOnly" if model.sent else "writeOnly"
        required = schemas.facts[model.facts].get("required", ())
        shown = example_of(BUILT[service], model)
        for wire, field in schemas.fields(model.facts).items():
            assert wire in required or wire not in shown or not field.get(hidden), model.name


@pytest.mark.parametrize("name", CONTRACT.schemas)
def test_examples_of_the_contract_are_valid(name: str) -> None:
    if "enum" in CONTRACT.schemas[name]:
        return
    taken = {one.body for one in CONTRACT.operations}
    side = "sent" if name in taken else "read"
    shown = example(Schemas(CONTRACT.schemas, {}), name, "sent" if name in taken else "read")
    assert [*complaints(CONTRACT.schemas, name, shown)] == [], side


def test_records_of_the_contract_read_their_examples() -> None:
    known = classes(CONTRACT)
    for one in (*known.values, *known.models):
        shown = example(Schemas(CONTRACT.schemas, {}), one.name, "read")
        assert unstructure(structure(shown, getattr(collaboration, one.name))), one.name


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_a_section_for_each_name_and_its_links_lead_to_one(path: str) -> None:
    page = PAGES[path]
    headings = re.findall(r"^## (\S+) \{#(\S+)\}$", page.text, re.MULTILINE)
    assert headings == [(name, name) for name in page.names]
    targets = re.findall(r'(?:href="|\]\()#([^")]+)', page.text)
    assert set(targets) <= set(page.names)
    assert len(page.text) < 1_500_000


class Nesting(HTMLParser):
    """The elements that are open, and those that were closed without being so."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_closes_what_it_opens(path: str) -> None:
    nesting = Nesting(PAGES[path].text)
    assert (nesting.open, nesting.wrong) == ([], [])


@pytest.mark.parametrize("service", BUILT)
def test_every_model_is_used_by_an_operation_or_another_model(service: str) -> None:
    uses = iconik.uses_of(BUILT[service])
    used = {*uses.taken, *uses.answered, *uses.paged, *uses.held}
    assert {one.name for one in BUILT[service].models} - used <= HELD_BY_A_REPETITION


def section(page: Page, name: str) -> str:
    found = re.search(rf"^## {name} .*?(?=^## |\Z)", page.text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[0]


def test_a_section_says_what_is_published_about_each_field() -> None:
    assets, files = PAGES["models/assets.md"], PAGES["models/files.md"]
    said = section(assets, "AssetCreateInput")
    row = r"<tr><td><code>{}</code></td><td>.*?</td><td>{}</td></tr>"
    for name, notes in {
        "title": "<strong>required</strong>",
        "date_imported": "read-only",
        "custom_poster": "UUID",
        "status": '<a href="#AssetStatus">AssetStatus</a>: <code>ACTIVE</code>.*',
    }.items():
        assert re.search(row.format(name, notes), said), name
    assert "Taken by [`create_asset`](../operations/assets.md#create_asset)." in said
    assert "A `StrEnum` of the values that are known" in section(assets, "AssetStatus")
    assert "default " in files.text


def test_a_section_of_the_contract_has_its_descriptions_and_limits() -> None:
    contract_page = PAGES["models/collaboration.md"]
    said = section(contract_page, "RequestInput")
    assert "The subject, in one line.<br><strong>required</strong>, 1 to 500 characters" in said
    assert "Who entered it: <code>operator</code> for" in section(contract_page, "Request")
    assert "Taken by [createRequest](../contract.md#createrequest)." in said


def test_pages_are_the_same_in_every_build() -> None:
    assert contract.page(CONTRACT) == PAGES["models/collaboration.md"].text
    assert iconik.page(BUILT["jobs"]) == PAGES["models/jobs.md"].text
