"""From the facts' operations to methods: parameters, body, answer, paging, roles."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from codegen.facts import Endpoint, Overlay, Service
from codegen.naming import Rules, method_name
from codegen.schemas import Schema, Schemas, plain_type, reference
from codegen.words import snake

#: Query names that say where in a list to go on: `Pages` owns them.
CURSORS: Final = frozenset(
    {"page", "scroll", "scroll_id", "last_id", "last_field_name", "search_after"}
)

_QUERY: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
#: Ways of paging, by the query name that each takes; the first that a list has is used.
_STYLES: Final = ("last_id", "last_field_name", "search_after", "scroll")
_DESCRIBED: Final = frozenset({"200", "201"})
_ACCEPTED: Final = "202"
_REDIRECT: Final = "302"
#: Methods whose effect is known without their answer.
_CHANGES: Final = frozenset({"PUT", "PATCH"})


@attrs.frozen(kw_only=True)
class Parameter:
    """A query name or header of an operation."""

    name: str
    wire: str
    kind: str
    required: bool
    schema: Schema = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Body:
    """The parameters of an operation.

    Attributes:
        how: `json`, `form`, `multipart` or `bytes`.
        schema: its schema.
        required: whether it must be there.
    """

    how: str
    schema: Schema
    required: bool


@attrs.frozen(kw_only=True)
class Answer:
    """The response of an operation.

    Attributes:
        how: `model`, `maybe` (a model, or nothing), `either` (a model, or another where a job does
            it), `pages`, `nothing`, `job` (that was started), `maybe_job` (a job, or nothing),
            `location` (a redirect), or `anything` where the facts do not describe it.
        schema: the schema of a model, or of a page.
        redirects: whether it may be a redirect as well.
    """

    how: str
    schema: Schema | None = None
    redirects: bool = False


@attrs.frozen(kw_only=True)
class Operation:
    """One method of a service."""

    name: str
    http: str
    path: str
    ids: tuple[str, ...]
    secrets: frozenset[str]
    query: tuple[Parameter, ...]
    headers: tuple[Parameter, ...]
    body: Body | None
    answer: Answer
    paging: str | None
    cursor: str | None
    roles: tuple[str, ...]
    authenticated: bool
    repeatable: bool
    since: str | None
    codes: tuple[str, ...]

    @property
    def key(self) -> str:
        """`METHOD /path`."""
        return f"{self.http} {self.path}"


def operations(
    service: Service, schemas: Schemas, overlay: Overlay, rules: Rules
) -> list[Operation]:
    """The methods of a service, in the order of their paths."""
    return [
        _operation(endpoint, schemas, overlay, rules, service.security)
        for endpoint in service.endpoints()
    ]


def _operation(
    endpoint: Endpoint,
    schemas: Schemas,
    overlay: Overlay,
    rules: Rules,
    usual_security: Sequence[Any],
) -> Operation:
    facts, path, key = endpoint.facts, endpoint.path, endpoint.key
    answer = _answer(schemas, overlay, endpoint)
    lists = answer.how == "pages"
    query, paging = _query(facts, overlay, lists=lists, in_body=key in overlay.lists)
    security = facts.get("security", usual_security)
    headers = list(_parameters(facts, "header"))
    if security == [{"AppID": []}]:
        headers.append(Parameter(name="app_id", wire="App-ID", kind="str", required=True))
    ids = tuple(p["name"] for p in facts.get("parameters", ()) if p["in"] == "path")
    return Operation(
        name=method_name(rules, endpoint.service, endpoint.http, path, lists=lists),
        http=endpoint.http,
        path=path,
        ids=tuple(sorted(ids, key=lambda name: path.index(f"{{{name}}}"))),
        secrets=overlay.secrets & frozenset(ids),
        query=tuple(query),
        headers=tuple(headers),
        body=_body(facts),
        answer=answer,
        paging=paging,
        cursor=overlay.cursors.get(key),
        roles=tuple(facts.get("x-required-roles", ())),
        authenticated=any("AuthToken" in one for one in security),
        repeatable=key in overlay.repeatable,
        since=overlay.since.get(key),
        codes=tuple(facts["responses"]),
    )


def _parameters(facts: Mapping[str, Any], place: str) -> Iterator[Parameter]:
    for parameter in facts.get("parameters", ()):
        if parameter["in"] == place:
            yield Parameter(
                name=snake(parameter["name"]),
                wire=parameter["name"],
                kind=_QUERY[plain_type(parameter["schema"]) or "string"],
                required=parameter.get("required", False),
                schema=parameter["schema"],
            )


def _query(
    facts: Mapping[str, Any], overlay: Overlay, *, lists: bool, in_body: bool
) -> tuple[list[Parameter], str | None]:
    """The query names that stay in the signature, and the way of paging that the others make."""
    query = [p for p in _parameters(facts, "query") if p.wire not in overlay.hidden]
    if not lists:
        return query, None
    names = {parameter.wire for parameter in query}
    if in_body:
        names.add("search_after")
    paging = next((style for style in _STYLES if style in names), "url")
    return [parameter for parameter in query if parameter.wire not in CURSORS], paging


def _body(facts: Mapping[str, Any]) -> Body | None:
    if "requestBody" not in facts:
        return None
    ((content_type, content),) = facts["requestBody"]["content"].items()
    how = {
        "application/json": "json",
        "application/x-www-form-urlencoded": "form",
        "multipart/form-data": "multipart",
        "application/octet-stream": "bytes",
    }[content_type]
    return Body(
        how=how, schema=content["schema"], required=facts["requestBody"].get("required", False)
    )


def _answer(schemas: Schemas, overlay: Overlay, endpoint: Endpoint) -> Answer:
    good = {code: answer for code, answer in endpoint.facts["responses"].items() if code[0] in "23"}
    redirects = _REDIRECT in good
    described = [
        content["schema"]
        for answer in good.values()
        for content in answer.get("content", {}).values()
    ]
    if not described:
        return Answer(how=_undescribed(endpoint, set(good)), redirects=redirects)
    schema = described[0]
    if _lists(schemas, schema) and (
        (endpoint.http == "GET" and endpoint.key not in overlay.single)
        or endpoint.key in overlay.lists
    ):
        return Answer(how="pages", schema=schema)
    if {_ACCEPTED, *_DESCRIBED} > set(good) > {_ACCEPTED}:
        # Done at once, or by a job: each with a schema of its own.
        return Answer(how="either", schema={"anyOf": described})
    # 200 and 201 answer the same; what stands beside them (204, 302) answers something else. And a
    # change that is answered by nothing has been made.
    sure = (set(good) <= _DESCRIBED or len(good) == 1) and endpoint.http not in _CHANGES
    return Answer(how="model" if sure else "maybe", schema=schema, redirects=redirects)


def _undescribed(endpoint: Endpoint, good: set[str]) -> str:
    """How an answer is read whose body the facts do not describe."""
    if good == {_REDIRECT}:
        return "location"
    if _ACCEPTED in good:
        return "job" if good == {_ACCEPTED} else "maybe_job"
    silent = endpoint.http == "DELETE" or not _DESCRIBED & good
    return "nothing" if silent else "anything"


def _lists(schemas: Schemas, schema: Schema) -> bool:
    name = reference(schema)
    return name is not None and "objects" in schemas.fields(name)
