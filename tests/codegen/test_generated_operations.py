"""Every operation of the facts is exactly one method that sends and decodes what the facts say.

The facts are read here as they are, without the generator: what it gets wrong shows.
"""

import importlib
import inspect
import json
import re
import tomllib
import types
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints
from urllib.parse import quote

import attrs
import pytest
from codegen_fakes import JSON, Recorder, on
from independent.theirs import operations, summary

from tgiconik import errors
from tgiconik._http import Answer, Call, Pages
from tgiconik._models import Json, Model
from tgiconik.iconik._bodies import UntypedBody
from tgiconik.iconik._service import Service
from tgiconik.iconik.services import SERVICES
from tgiconik.iconik.services.assets import AssetsService
from tgiconik.iconik.services.auth import AuthService
from tgiconik.iconik.services.metadata import MetadataService

HERE = Path(__file__).parents[2] / "codegen"
LOCK = dict(
    line.split(" = ")
    for line in (HERE / "names.lock").read_text().splitlines()
    if not line.startswith("#")
)
OVERLAY = tomllib.loads((HERE / "overlay.toml").read_text())
#: A method of a service, bound.
Method: TypeAlias = Callable[..., Any]

#: What `Pages` owns.
CURSORS = {"page", "scroll", "scroll_id", "last_id", "last_field_name", "search_after"}
#: A placeholder in the facts, not a name; overlay.toml says so.
NOT_A_NAME = "metadata.<field>"
#: Where the facts allow two schemas; overlay.toml says why it is this one.
CHOICES = {
    frozenset({"AssetPostSchema", "AssetSchema"}): "AssetSchema",
    frozenset({"AssetCreateSchema", "AssetPostCreate"}): "AssetCreateSchema",
    frozenset({"IdentityProviderSchema"}): "IdentityProviderSchema",
}


@attrs.frozen
class Fact:
    service: str
    base: str
    http: str
    path: str
    facts: Mapping[str, Any] = attrs.field(repr=False)
    schemas: Mapping[str, Any] = attrs.field(repr=False)

    def __str__(self) -> str:
        return f"{self.service} {self.http} {self.path}"

    def parameters(self, place: str) -> list[dict[str, Any]]:
        return [p for p in self.facts.get("parameters", ()) if p["in"] == place]

    def schema(self, node: Mapping[str, Any]) -> str | None:
        """The one schema that a body or an answer is of."""
        options = {
            one["$ref"].rpartition("/")[2] for one in node.get("anyOf", [node]) if "$ref" in one
        }
        return CHOICES[frozenset(options)] if len(options) > 1 else next(iter(options), None)

    def body(self) -> tuple[str, str | None] | None:
        """Content type and schema."""
        for kind, content in self.facts.get("requestBody", {}).get("content", {}).items():
            return kind, self.schema(content["schema"])
        return None

    def answers(self) -> dict[int, str | None]:
        """Schema by good status."""
        found: dict[int, str | None] = {}
        for status, answer in self.facts["responses"].items():
            if status[0] in "23":
                content = next(iter(answer.get("content", {}).values()), None)
                found[int(status)] = self.schema(content["schema"]) if content else None
        return found

    def listed(self) -> dict[str, Any] | None:
        """The schema of the entries, where the first answer is a list."""
        for name in self.answers().values():
            if name:
                objects = self.schemas[name]["properties"].get("objects")
                return objects["items"] if objects else None
        return None

    def method(self, session: Recorder) -> Method:
        method: Method = getattr(on(service(self.service), session), LOCK[str(self)])
        return method


def service(name: str) -> type[Service]:
    module, kind = SERVICES[name]
    found: type[Service] = getattr(importlib.import_module(module), kind)
    return found


def facts() -> list[Fact]:
    found = []
    for file in sorted((HERE / "facts" / "iconik").glob("*.json")):
        document = json.loads(file.read_text())
        base = "/API/" + document["servers"][0]["url"].rpartition("/")[2]
        service = base.removeprefix("/API/").replace("-", "_")
        schemas = document["components"]["schemas"]
        for entry in OVERLAY["schema"]:
            if entry["service"] == service:
                schemas |= json.loads(entry["facts"])
        for path, item in document["paths"].items():
            for http, operation in item.items():
                known = known_better(f"{service} {http.upper()} {path}", operation)
                found.append(Fact(service, base, http.upper(), path, known, schemas))
        for entry in OVERLAY["operation"]:
            of, http, path = entry["operation"].split()
            if of == service:
                found.append(Fact(service, base, http, path, json.loads(entry["facts"]), schemas))
    return found


def known_better(key: str, operation: dict[str, Any]) -> dict[str, Any]:
    """An operation with the query names and the answer that the overlay gives it."""
    for entry in OVERLAY["query"]:
        if entry["operation"] == key:
            operation["parameters"] += json.loads(entry["parameters"])
    for entry in OVERLAY["answer"]:
        if entry["operation"] == key:
            content = operation["responses"]["200"]["content"]["application/json"]
            content["schema"] = {"$ref": f"#/components/schemas/{entry['schema']}"}
    return operation


FACTS = facts()


def sample(annotation: object) -> object:
    kinds = get_args(annotation) or (annotation,)
    return next(v for k, v in ((bool, True), (int, 7), (str, "v")) if k in kinds)


def arguments(method: Method) -> tuple[list[str], dict[str, Any]]:
    """Values for every parameter of a method."""
    ids: list[str] = []
    named: dict[str, Any] = {}
    hints = get_type_hints(method)
    for name, parameter in inspect.signature(method).parameters.items():
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            ids.append(f"{name}/1")
        elif name == "body":
            named[name] = {"xyz": "thing", **documented(hints[name])}
        elif name == "content":
            named[name] = b"bytes"
        else:
            named[name] = sample(hints[name])
    return ids, named


def documented(taken: object) -> dict[str, None]:
    """A field that a body has by the facts: beside one, others pass."""
    for one in get_args(taken):
        if isinstance(one, type) and issubclass(one, Model):
            field = attrs.fields(one)[0].name
            return {one._wire.get(field, field): None}
    return {}


async def called(fact: Fact, session: Recorder) -> Json:
    method = fact.method(session)
    ids, named = arguments(method)
    result = method(*ids, **named)
    if isinstance(result, Pages):
        return await anext(aiter(result.pages()))
    return await result


async def the_call(fact: Fact) -> Call:
    """What the method sends when every argument is given."""
    good = fact.facts["responses"].get("200", {}).get("content", {}).get("application/json", {})
    array = good.get("schema", {}).get("type") == "array"
    status = min(fact.answers())
    schema = fact.answers()[status]
    names_job = schema is None or "job_id" in fact.schemas.get(schema, {}).get("properties", {})
    one = b'{"job_id": "j"}' if names_job else b'{"id": "one"}'
    if fact.listed():
        one = b'{"objects": []}'
    session = Recorder(
        status=status,
        content=b"[]" if array else one,
        headers={"location": "/there", **JSON},
    )
    await called(fact, session)
    return session.call


def wire_names(fact: Fact, *, lists: bool) -> set[str]:
    names = {parameter["name"] for parameter in fact.parameters("query")} - {NOT_A_NAME}
    return names - CURSORS if lists else names


def is_list(fact: Fact) -> bool:
    return get_origin(get_type_hints(fact.method(Recorder()))["return"]) is Pages


def test_there_are_as_many_methods_as_operations_and_no_other() -> None:
    methods: Counter[str] = Counter()
    for name in SERVICES:
        own = vars(service(name)).values()
        methods[name] += sum(isinstance(one, types.FunctionType) for one in own)
    assert methods == Counter(fact.service for fact in FACTS)
    assert methods.total() == 1009


def test_no_two_operations_of_a_service_share_a_method() -> None:
    names = Counter((fact.service, LOCK[str(fact)]) for fact in FACTS)
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("fact", FACTS, ids=str)
async def test_the_method_sends_the_operation_and_nothing_else(fact: Fact) -> None:
    call = await the_call(fact)
    names = [p["name"] for p in fact.parameters("path")]
    path = fact.path
    for name in names:
        path = path.replace(f"{{{name}}}", quote(f"{name}/1", safe=""))
    assert (call.method, call.path) == (fact.http, fact.base + path)
    assert {name for name, _ in call.query} == wire_names(fact, lists=is_list(fact))
    sent = {name for name in call.headers if name != "Content-Type"}
    login = fact.facts.get("security") == [{"AppID": []}]
    expected = {p["name"] for p in fact.parameters("header")} | ({"App-ID"} if login else set())
    assert sent == expected
    assert call.authenticated == ("security" not in fact.facts)


@pytest.mark.parametrize("fact", FACTS, ids=str)
async def test_the_body_is_sent_the_way_the_facts_say(fact: Fact) -> None:
    call = await the_call(fact)
    body = fact.body()
    if body is None:
        assert call.content is None
        return
    kind, _ = body
    assert call.content is not None
    assert call.headers["Content-Type"].partition(";")[0] == kind
    expected = {
        "application/json": b'{"xyz":"thing"',
        "application/x-www-form-urlencoded": b"xyz=thing",
        "application/octet-stream": b"bytes",
        "multipart/form-data": b'name="xyz"\r\n\r\nthing\r\n',
    }
    assert expected[kind] in call.content


@pytest.mark.parametrize("fact", [fact for fact in FACTS if fact.body()], ids=str)
def test_the_body_has_the_schema_of_the_facts(fact: Fact) -> None:
    method = fact.method(Recorder())
    kind, schema = fact.body() or ("", "")
    hints = get_type_hints(method)
    if kind == "application/octet-stream":
        assert hints["content"] is bytes
        return
    taken = (
        get_args(hints["body"]) if isinstance(hints["body"], types.UnionType) else [hints["body"]]
    )
    models = [one.__name__ for one in taken if isinstance(one, type) and issubclass(one, Model)]
    locked = LOCK.get(f"{fact.service} sent {schema}")
    assert models == ([locked] if locked else [])
    assert (UntypedBody if locked else Mapping[str, Any]) in taken
    assert (f"{locked}Dict" in {getattr(one, "__name__", "") for one in taken}) == bool(locked)
    optional = inspect.signature(method).parameters["body"].default is None
    assert optional == (not fact.facts["requestBody"].get("required", False))


def expected_return(fact: Fact) -> str:
    """What the method should be annotated with, in words, from the facts alone."""
    answers = fact.answers()
    schemas = [schema for schema in answers.values() if schema]
    # A change that is answered by nothing has been made.
    changed = " | None" if fact.http in {"PUT", "PATCH"} else ""
    items = fact.facts["responses"].get("200", {}).get("content", {}).get("application/json", {})
    if items.get("schema", {}).get("type") == "array":
        inner = fact.schema(items["schema"]["items"])
        return f"list[{LOCK[f'{fact.service} read {inner}']}]{changed}"
    if not schemas:
        if set(answers) == {302}:
            return "str"
        if 202 in answers:
            return "JobStarted" if set(answers) == {202} else "JobStarted | None"
        silent = fact.http == "DELETE" or not {200, 201} & set(answers)
        return "None" if silent else "Any"
    names = [LOCK.get(f"{fact.service} read {schema}", "dict") for schema in schemas]
    if answers.get(202) and len(answers) > 1:
        # Done at once, or by a job.
        return " | ".join(names)
    several = len(answers) > 1 and not set(answers) <= {200, 201}
    return f"{names[0]} | None" if several else f"{names[0]}{changed}"


def said(annotation: object) -> str:
    if annotation is type(None):
        return "None"
    if get_origin(annotation) is list:
        return f"list[{said(get_args(annotation)[0])}]"
    if isinstance(annotation, types.UnionType):
        return " | ".join(said(one) for one in get_args(annotation))
    if annotation is Any:
        return "Any"
    kind = get_origin(annotation) or annotation
    assert isinstance(kind, type)
    return kind.__name__


@pytest.mark.parametrize("fact", [fact for fact in FACTS if not is_list(fact)], ids=str)
def test_the_answer_has_the_type_of_the_facts(fact: Fact) -> None:
    assert said(get_type_hints(fact.method(Recorder()))["return"]) == expected_return(fact)


@pytest.mark.parametrize("fact", [fact for fact in FACTS if is_list(fact)], ids=str)
async def test_a_list_gives_entries_of_the_type_of_the_facts(fact: Fact) -> None:
    (kind,) = get_args(get_type_hints(fact.method(Recorder()))["return"])
    items = fact.listed()
    assert items is not None
    options = [fact.schema(one) for one in items.get("anyOf", [items])]
    names = {LOCK.get(f"{fact.service} read {one}") for one in options if one}
    kinds = get_args(kind) if isinstance(kind, types.UnionType) else [kind]
    assert {one.__name__ for one in kinds} <= (names or {"str"})
    entry = "one" if kinds == [str] else {"id": "one"}
    session = Recorder(content=json.dumps({"objects": [entry]}).encode())
    page = await called(fact, session)
    assert isinstance(page.items[0], kind)


def test_every_get_with_a_list_is_one_to_walk_except_the_one_that_the_overlay_names() -> None:
    plain = [str(f) for f in FACTS if f.http == "GET" and f.listed() and not is_list(f)]
    assert plain == [
        "files GET /v1/assets/{asset_id}/formats/{format_id}/components/{component_id}/"
    ]


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_docstring_names_the_operation_and_its_roles(fact: Fact) -> None:
    text = inspect.getdoc(fact.method(Recorder())) or ""
    assert f"`{fact.http} {fact.base}{fact.path}`" in text
    for role in fact.facts.get("x-required-roles", ()):
        assert f"`{role}`" in text


async def test_a_refusal_names_the_roles_that_the_facts_ask_for() -> None:
    class Refusing(Recorder):
        async def send(self, call: Call) -> Answer:
            raise errors.Forbidden(method=call.method, url=call.path, status=403)

    with pytest.raises(errors.Forbidden, match="can_read_assets"):
        await on(AssetsService, Refusing()).get_asset("1")


async def test_a_credential_in_a_path_is_sent_but_not_shown() -> None:
    session = Recorder()
    await on(AuthService, session).reset_password("geheim", body={})
    assert "geheim" in session.call.path
    assert "geheim" not in session.call.shown


async def test_the_posts_that_may_be_repeated_are_those_that_the_overlay_gives_a_reason_for() -> (
    None
):
    repeatable = set()
    for fact in FACTS:
        if fact.http == "POST":
            call = await the_call(fact)
            repeatable |= {str(fact)} if call.repeatable else set()
    assert all(entry["reason"] for entry in OVERLAY["repeatable"])
    assert repeatable == set(REPEATABLE)


#: What may be sent again, with what iconik's documents say that it does.
REPEATABLE: dict[str, str] = {
    key: said for entry in OVERLAY["repeatable"] for key, said in entry["operations"].items()
}
#: Words that their summaries use for reading.
READS = re.compile(
    r"(Check if|Get|Parse|Returns|Search|Validate)\b|.*\b(search|Parse|url by domain)$"
)


@pytest.mark.parametrize("key", REPEATABLE)
def test_what_may_be_repeated_writes_nothing_by_its_summary_its_roles_and_its_answer(
    key: str,
) -> None:
    (fact,) = [one for one in FACTS if str(one) == key]
    assert READS.match(REPEATABLE[key]), REPEATABLE[key]
    roles = fact.facts.get("x-required-roles", [])
    assert [one for one in roles if not re.match(r"can_(read|search)", one)] == []
    # Nothing is made (201), and no work is left to a job (202).
    assert set(fact.answers()) == {200}


@pytest.mark.parametrize("key", REPEATABLE)
def test_the_summaries_of_the_overlay_are_those_of_the_published_documents(key: str) -> None:
    service, method, path = key.split()
    (theirs,) = [
        one
        for one in operations().values()
        if (one.service, one.method, one.path) == (service, method, path)
    ]
    assert summary(theirs.name) == REPEATABLE[key]


@pytest.mark.parametrize("role", ["can_write_metadata_values", "can_create_assets"])
def test_no_operation_with_a_writing_role_is_repeatable(role: str) -> None:
    writing = {str(one) for one in FACTS if role in one.facts.get("x-required-roles", [])}
    assert writing
    assert writing & set(REPEATABLE) == set()


async def test_adding_metadata_to_many_objects_is_not_sent_again() -> None:
    session = Recorder(status=202, content=b'{"job_id": "j"}')
    body: dict[str, Any] = {"object_ids": ["1"]}

    started = await on(MetadataService, session).add_objects_view_metadata("assets", "v", body=body)

    assert started.job_id == "j"
    assert not session.call.repeatable
