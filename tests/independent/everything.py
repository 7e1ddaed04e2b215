"""The independent client goes through every operation that it has, on sandboxes of its own.

Of each operation: with the smallest body and with a full one, with every parameter of the query,
each alone, and with cursors from one page to the next.
"""

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
import httpx
from contract import facts
from contract.exceptions import EXCEPTIONS
from contract.facts import Exchange, deviations

from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik import seed

from .in_process import InProcess, InProcessIconik
from .made_up import MadeUp, known_as
from .theirs import Operation, Theirs, operations, unparsed

FILM: Final = world.asset_id("film-de")
#: What fields and placeholders stand for in the sandbox's world, by their names.
KNOWN: Final[Mapping[str, Any]] = {
    "id": FILM,
    "asset_id": FILM,
    "collection_id": seed.fixed_id("collection spring launch"),
    "content_type": "video/mp4",
    "field_name": "Regions",
    "file_id": seed.fixed_id(f"{FILM} file 2"),
    "file_set_id": seed.fixed_id(f"{FILM} file set 2"),
    "format_id": seed.fixed_id(f"{FILM} format 2"),
    "index_type": "assets",
    "name": "Made up",
    "object_id": FILM,
    "object_key": FILM,
    "metadata_values": {"Regions": {"field_values": [{"value": "DE"}]}},
    "object_type": "assets",
    "operator": "AND",
    "parent_id": seed.fixed_id("collection spring launch"),
    "permission": "read",
    "permissions": ["read", "write"],
    "proxy_id": seed.fixed_id(f"{seed.version_id(FILM, 2)} proxy"),
    "related_to_asset_id": world.asset_id("film-us"),
    # No user's id, though its name ends so: it is made with a share.
    "share_user_id": None,
    "source_asset_id": world.asset_id("film-us"),
    "storage_id": seed.STORAGE,
    "user_id": seed.CURRENT_USER,
    "version_id": seed.version_id(FILM, 2),
    "view_id": world.RELEASE_VIEW,
}
#: Parameters of the query by which a page goes on where another one ended.
_CURSORS: Final = frozenset(
    {"scroll_id", "last_id", "last_name", "last_field_name", "search_after"}
)


_THEIR_NAMES: Final = {"_exists_": "field_exists", "_missing_": "field_missing"}


class Made(str):
    """The id of what an operation makes, or of the first that it lists, by the operation's name."""

    __slots__ = ()


@attrs.frozen
class Need:
    """What an operation needs that follows from no document.

    Attributes:
        known: values by the names of fields and placeholders.
        before: what is asked for first, by name.
    """

    known: Mapping[str, Any] = attrs.field(factory=dict)
    before: Sequence[str] = ()


def _after(*before: str, **known: Any) -> Need:  # noqa: ANN401 - JSON
    return Need(known, before)


_ON_B2: Final = Need({"storage_id": seed.STORAGES["B2"], "file_id": Made("post_asset_files")})
_CONTAINED: Final = Need({"file_id": Made("post_asset_proxy_container_files")})
_JOBS: Final = {"job_ids": [Made("post_jobs")]}
_PROPERTIES: Final = Need(
    {"transcription_id": Made("post_asset_version_transcriptions_properties")},
)
_SEARCH_VIEW: Final = Need({"view_id": Made("post_views")})
_SORTED: Final = {
    "search_after": [FILM, FILM],
    "sort": [{"name": "id", "order": "asc"}],
    "filter": {"operator": "AND", "terms": [{"name": "id", "value": FILM}]},
}
_SEARCHED: Final = Need(
    {**_SORTED, "search_history_id": Made("get_search_history")}, ("post_search",)
)
_VIEW_OF_METADATA: Final = Need({"name": "Regions"})
_ACL_OF_GROUP: Final = _after("put_group_acl_object_by_object_key")
_ACL_OF_SHARE: Final = _after("put_share_acl_object_by_object_key")
_ACL_OF_USER: Final = _after("put_user_acl_object_by_object_key")
_CATEGORY: Final = _after("post_object_categories_metadata")
_IDENTITY_PROVIDER: Final = Need({"identity_provider_id": FILM, "system_domain_id": FILM})
_COLLECTION: Final = {"object_id": KNOWN["collection_id"]}
_TEMPORARY_FILE: Final = Need({"file_id": Made("post_asset_temporary_files")})

NEEDS: Final[Mapping[str, Need]] = {
    "delete_asset_file_set_purge": _after("delete_asset_file_set"),
    "delete_asset_purge": _after("delete_asset"),
    "delete_asset_relations_by_relation_type_by_related_to_asset": _after(
        "post_asset_relations_by_relation_type_by_related_to_asset"
    ),
    "delete_asset_temporary_file_sets_by_file_set": Need(
        {"file_set_id": Made("post_asset_temporary_file_sets")}
    ),
    "delete_asset_version_transcription_properties": _PROPERTIES,
    "delete_automation_history_object_by_version": _after("post_automation_history"),
    "delete_collection_purge": _after("delete_collection"),
    "delete_delete_queue_assets": _after("delete_asset"),
    "delete_groups_mappings_by_name": _after("post_groups_mappings"),
    "delete_object_categories_metadata_by_name": _CATEGORY,
    "delete_search_history_by_search_history": _SEARCHED,
    "delete_storage_transcoder": _after("put_storage_transcoder"),
    "delete_view": _SEARCH_VIEW,
    "get_asset_version_transcription_properties": _PROPERTIES,
    "get_asset_version_view_metadata": _after(
        "put_asset_object_view_metadata", object_type="versions", object_id=KNOWN["version_id"]
    ),
    "get_automation_history_object_by_version": _after("post_automation_history"),
    "get_collection_metadata": _after("put_collection_metadata", **_COLLECTION),
    "get_group_acl_object_by_object_key": _ACL_OF_GROUP,
    "get_group_acl_object_by_object_key_by_permission": _ACL_OF_GROUP,
    "get_groups_mappings_by_name": _after("post_groups_mappings"),
    "get_mapping_fields_metadata_by_field_name": _after(
        "post_mapping_fields_metadata", name="Regions"
    ),
    "get_object_categories_metadata_by_name": _CATEGORY,
    "get_object_categories_views_metadata_by_name": _CATEGORY,
    "get_search_history_by_search_history": _SEARCHED,
    "get_segment_metadata": _after("put_segment_metadata"),
    "get_share_acl_object_by_object_key": _ACL_OF_SHARE,
    "get_share_acl_object_by_object_key_by_permission": _ACL_OF_SHARE,
    "get_storages_default_by_purpose": Need({"purpose": "FILES"}),
    "get_storages_matching_by_purpose": Need({"purpose": "FILES"}),
    "get_storages_matching_method_by_purpose_by_method": Need({"purpose": "FILES", "method": "S3"}),
    "get_user_acl_object_by_object_key": _ACL_OF_USER,
    "get_user_acl_object_by_object_key_by_permission": _ACL_OF_USER,
    "get_user_roles_by_role": Need({"role": "can_read_assets"}),
    "get_view": _SEARCH_VIEW,
    "patch_asset_proxy_container_file": _CONTAINED,
    "patch_asset_temporary_files_by_file": _TEMPORARY_FILE,
    "patch_asset_version_transcription_properties": _PROPERTIES,
    "patch_view_metadata": _VIEW_OF_METADATA,
    "post_asset_file_multipart_b2_cancel": _ON_B2,
    "post_asset_file_multipart_b2_finish": _ON_B2,
    "post_asset_file_multipart_b2_start": _ON_B2,
    "post_asset_file_sets_bulk": Need({"ids": [KNOWN["file_set_id"]]}),
    "post_auth_saml_acs_by_system_domain_by_identity_provider": _IDENTITY_PROVIDER,
    "post_collections_storage_bulk_transfer_v2": Need({"id": KNOWN["collection_id"]}),
    "post_delete_queue_assets_purge": _after("delete_asset"),
    "post_search": Need(_SORTED),
    "post_search_v2": Need(_SORTED),
    "post_views_metadata": _VIEW_OF_METADATA,
    "put_asset_file_set_restore": _after("delete_asset_file_set"),
    "put_asset_proxy_container_file": _CONTAINED,
    "put_asset_restore": _after("delete_asset"),
    "put_asset_temporary_files_by_file": _TEMPORARY_FILE,
    "put_asset_version_transcription_properties": _PROPERTIES,
    "put_collection_metadata": Need(_COLLECTION),
    "put_collection_restore": _after("delete_collection"),
    "put_jobs_priority": Need(_JOBS),
    "put_jobs_state": Need(_JOBS),
    "put_object_categories_metadata_by_name": _CATEGORY,
    "put_view": _SEARCH_VIEW,
    "put_view_metadata": _VIEW_OF_METADATA,
}


class Walk:
    """Asks a sandbox for one operation in all its forms.

    Args:
        operation: of theirs.
        wire: to a sandbox, of which others may have asked. What is refused there is tried again on
            a new one, which takes its place.
    """

    def __init__(self, operation: Operation, wire: InProcess) -> None:
        self._operation = operation
        self._wire = wire
        self._client = InProcessIconik(wire)
        self._need = NEEDS.get(operation.name, Need())
        self._made: dict[str, str] = {}

    def problems(self) -> Iterator[str]:
        """What was refused, could not be read or is not as documented, one line each."""
        for full in (False, True) if "body" in self._operation.required else (False,):
            yield from self._tried({}, full=full)
        documented = _documented(self._operation)
        made_up = MadeUp(documented, self._plainly_known())
        cursors = documented.query.keys() & _CURSORS
        for query in made_up.queries():
            if not cursors & query.keys():
                yield from self._tried(query, full=False)
        for cursor in sorted(cursors):
            yield from self._continued(cursor)

    def _renew(self) -> None:
        self._wire.sandbox.close()
        self._wire.sandbox = Sandbox()
        self._made = {}

    def _tried(self, query: Mapping[str, Any], *, full: bool) -> Iterator[str]:
        form = "full" if full else ", ".join(f"{name}={value}" for name, value in query.items())
        if self._problem(query, full=full):
            self._renew()
            if problem := self._problem(query, full=full):
                yield f"{form or 'plain'}: {problem}"

    def _problem(self, query: Mapping[str, Any], *, full: bool) -> str:
        try:
            return _problem(self._asked(query, full=full))
        except Exception as error:  # noqa: BLE001 - whatever their client does is to be told
            return f"{type(error).__name__}: {error}"
        finally:
            if self._operation.method == "DELETE":
                self._made = {}

    def _continued(self, cursor: str) -> Iterator[str]:
        """A second page, from where the first one ended."""
        query = {"scroll": True} if cursor == "scroll_id" else {}
        _, first = self._asked(query, full=False)
        value = _cursor(first.answer or {}, cursor)
        if value:
            yield from self._tried({cursor: value}, full=False)

    def _asked(self, query: Mapping[str, Any], *, full: bool) -> tuple[Any, Exchange]:
        for name in self._need.before:
            before, plain = operations()[name], self._plainly_known()
            self._ask(before, self._ids_of(before, plain), {}, full=True, known=plain)
        known = self._known()
        ids = self._ids_of(self._operation, known)
        return self._ask(self._operation, ids, query, full=full, known=known)

    def _ask(
        self,
        operation: Operation,
        ids: Sequence[str],
        query: Mapping[str, Any],
        *,
        full: bool,
        known: Mapping[str, Any],
    ) -> tuple[Any, Exchange]:
        function = getattr(self._client, operation.name)
        made_up = MadeUp(_documented(operation), known)
        query = {**made_up.required_query(), **query}
        arguments = {**_headers(operation, ids), **_named(function, query)}
        body = None
        if "body" in operation.required:
            body = made_up.body(full=full)
            arguments["body"] = Theirs.body(function, body)
        answer = function(*ids, **arguments)
        exchange = Exchange(
            method=operation.method,
            path=_filled(operation, ids),
            query=str(httpx.QueryParams(query)),
            body=body,
            status=answer.status_code,
            answer=_decoded(answer.content),
        )
        return answer, exchange

    def _known(self) -> Mapping[str, Any]:
        own = {name: self._id(value) for name, value in self._need.known.items()}
        return {**KNOWN, **own}

    def _plainly_known(self) -> Mapping[str, Any]:
        """What is known of the world, and of what a path above is for."""
        plain = self._need.known.items()
        return {**KNOWN, **{name: one for name, one in plain if not isinstance(one, Made)}}

    def _id(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """A value, with the ids of what is to be made for it."""
        if isinstance(value, list):
            return [self._id(each) for each in value]
        if isinstance(value, Made):
            if value not in self._made:
                maker, plain = operations()[value], self._plainly_known()
                ids = self._ids_of(maker, plain)
                self._made[value] = self._make(maker, "id", ids, plain, full=True)
            return self._made[value]
        return value

    def _ids_of(self, operation: Operation, known: Mapping[str, Any]) -> list[str]:
        """The ids in an operation's path; what is not known is made."""
        ids: list[str] = []
        segments = operation.path.split("/")
        for at, segment in enumerate(segments):
            if segment.startswith("{"):
                above = attrs.evolve(operation, path="/".join([*segments[:at], ""]))
                ids.append(self._id_at(segment[1:-1], above, ids, known))
        return ids

    def _id_at(self, name: str, above: Operation, ids: list[str], known: Mapping[str, Any]) -> str:
        found = known_as(name, known) if name != "id" or name in self._need.known else None
        if found is not None:
            return str(found)
        place = _filled(above, ids)
        if place not in self._made:
            route = attrs.evolve(above, method="POST").route
            maker = next((each for each in operations().values() if each.route == route), None)
            self._made[place] = FILM if maker is None else self._make(maker, name, ids, known)
        return self._made[place]

    def _make(
        self,
        maker: Operation,
        name: str,
        ids: Sequence[str],
        known: Mapping[str, Any],
        *,
        full: bool = False,
    ) -> str:
        _, exchange = self._ask(maker, ids, {}, full=full, known=known)
        made = exchange.answer if isinstance(exchange.answer, dict) else {}
        listed = (made.get("objects") or [{}])[0]
        sent = exchange.body if isinstance(exchange.body, dict) else {}
        keys = ("id", name, "job_id", "name")
        return next(
            (str(each[key]) for each in (listed, made, sent) for key in keys if each.get(key)),
            FILM,
        )


def _documented(operation: Operation) -> facts.Operation:
    """The same operation in the documents, whatever it is asked for."""
    names = re.findall(r"{(\w+)}", operation.path)
    ids = [FILM if name.endswith("id") else "made-up" for name in names]
    found = facts.find(operation.method, _filled(operation, ids))
    assert found is not None, operation
    return found


def _filled(operation: Operation, ids: Sequence[str]) -> str:
    """The path of an operation with its ids."""
    service = operation.service.replace("_", "-")
    rest = iter(ids)
    return f"/API/{service}{re.sub(r'{[^}]*}', lambda _: next(rest), operation.path)}"


def _named(function: Any, query: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - theirs
    """A query by the names of their arguments, without what they do not know."""
    known = {_plain(name): name for name in inspect.signature(function).parameters}
    names = {name: known.get(_plain(_THEIR_NAMES.get(name, name))) for name in query}
    return {their: query[name] for name, their in names.items() if their}


def _headers(operation: Operation, ids: Sequence[str]) -> dict[str, Any]:
    """What their client must be told besides ids, body and query."""
    rest = operation.required[len(ids) :]
    return {name: KNOWN.get(name) or name for name in rest if name != "body"}


def _cursor(page: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON
    """What a page says about the next one, None if there is none."""
    if name == "scroll_id":
        return page.get(name)
    if name == "search_after":
        return json.dumps(page[name]) if page.get(name) else None
    field = name.removeprefix("last_").replace("field_name", "name")
    last = (page.get("objects") or [{}])[-1]
    return last.get(field)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _decoded(content: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(content)
    except ValueError:
        return None


def _problem(asked: tuple[Any, Exchange]) -> str:
    """What is wrong with an answer, empty if nothing is."""
    answer, exchange = asked
    if answer.status_code >= 400:
        return f"{answer.status_code} {answer.content.decode(errors='replace')}"
    # Their models take no body without what is required, read-only or not.
    wrong = [one for one in deviations(exchange) if one not in EXCEPTIONS and ": body " not in one]
    if wrong:
        return "; ".join(wrong)
    operation = facts.find(exchange.method, exchange.path)
    assert operation is not None
    if operation.facts["responses"][str(exchange.status)].get("content") and answer.parsed is None:
        return "nothing was parsed"
    return "; ".join(unparsed(answer.parsed))
