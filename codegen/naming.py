"""The names of operations: a verb table over the path, with exceptions in `names.toml`.

Who knows the endpoint finds the method. The verb comes from the HTTP method, or from a path that
ends in an action; the noun from the fixed parts of the path, in their order, all but the last in
the singular; adjectives go in front. Thus `GET /v1/assets/{asset_id}/segments/` is
`list_asset_segments`, `PUT /v1/assets/{asset_id}/versions/{version_id}/promote/` is
`promote_asset_version`, and `GET /v1/users/current/` is `get_current_user`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from codegen.words import singular

_VERBS: Final = {
    "GET": "get",
    "POST": "create",
    "PUT": "replace",
    "PATCH": "update",
    "DELETE": "delete",
}


@attrs.frozen(kw_only=True)
class Rules:
    """The words that mean something in a path, from `names.toml`.

    Attributes:
        actions: ends of paths that are verbs.
        adjectives: parts that qualify the noun before them.
        single: adjectives that leave only one of many (`current`).
        silent: service name to the part that its paths begin with and that its name already says.
        methods: service name and `METHOD /path` to the name where the rules' is not good.
    """

    actions: frozenset[str]
    adjectives: frozenset[str]
    single: frozenset[str]
    silent: Mapping[str, str]
    methods: Mapping[str, Mapping[str, str]]


def method_name(rules: Rules, service: str, http: str, path: str, *, lists: bool) -> str:
    """The name of an operation; `lists` says whether it answers with a list."""
    exception = rules.methods.get(service, {}).get(f"{http} {path}")
    return exception or _by_rule(rules, service, http, path, lists=lists)


def _by_rule(rules: Rules, service: str, http: str, path: str, *, lists: bool) -> str:
    version, *parts = path.strip("/").split("/")
    if parts[0] == rules.silent.get(service):
        parts = parts[1:]
    adjectives = [part for part in parts if part in rules.adjectives]
    tail = parts[-1]
    nouns = _nouns([part for part in parts if part not in rules.adjectives])
    bulk = "bulk" in nouns
    nouns = [noun for noun in nouns if noun != "bulk"]
    if len(nouns) > 1 and nouns[-1] in rules.actions and (http != "DELETE" or nouns[-1] == "purge"):
        verb, nouns = nouns[-1], nouns[:-1]
    elif http == "GET":
        verb = "list" if lists else "get"
    elif http == "POST" and _is_parameter(tail):
        verb = "add"
    else:
        verb = _VERBS[http]
        if http == "POST" and not bulk:
            nouns[-1] = singular(nouns[-1])
    last = singular(nouns[-1]) if tail in rules.single else nouns[-1]
    words = [*adjectives, *(singular(noun) for noun in nouns[:-1]), last]
    name = "_".join([*(["bulk"] if bulk else []), verb, *words])
    return name if version == "v1" else f"{name}_{version}"


def _nouns(parts: Sequence[str]) -> list[str]:
    """The fixed parts, in the singular where an id follows."""
    nouns: list[str] = []
    for index, part in enumerate(parts):
        following = parts[index + 1] if index + 1 < len(parts) else ""
        if not _is_parameter(part):
            followed = _is_parameter(following) and following != "{period}"
            nouns.append(singular(part) if followed else part)
        elif index == 0:
            nouns.append("object")
        elif nouns[-1] == "by":
            nouns.append(part.strip("{}"))
    return nouns


def _is_parameter(part: str) -> bool:
    return part.startswith("{")
