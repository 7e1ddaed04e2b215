"""Makes what an operation's path and body need to name, so that the operation can be called."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from uuid import uuid4

import httpx

from tgiconik.sandbox import Sandbox, facts
from tgiconik.sandbox.facts import Operation
from tgiconik.sandbox.iconik import collection, files, metadata, seed, shares, transcriptions
from tgiconik.sandbox.iconik.acls import ACLS
from tgiconik.sandbox.iconik.history import record
from tgiconik.sandbox.iconik.kinds import ASSETS, COLLECTIONS, FILES, HISTORY, JOBS, kind
from tgiconik.sandbox.iconik.relations import RELATIONS
from tgiconik.sandbox.media import mp4, png
from tgiconik.sandbox.schema import Schemas
from tgiconik.sandbox.storage import uploads

from .world import VIEW

FACTS = facts.load()
_BY_PLACE = {(each.method, each.service, each.path): each for each in FACTS.operations}
_RIGHTS = dict.fromkeys(
    (
        "allow_approving_comments",
        "allow_comments",
        "allow_download",
        "allow_setting_approve_status",
    ),
    False,
)
#: Fields by which things are named, so that two may not have the same.
_UNIQUE = {"secret", "name", "code", "domain", "device_token", "relation_type"}
#: What is done to deleted things only.
_TO_DELETED = {
    "DELETE assets/v1/assets/{asset_id}/purge/",
    "PUT assets/v1/assets/{asset_id}/restore/",
    "DELETE assets/v1/collections/{collection_id}/purge/",
    "PUT assets/v1/collections/{collection_id}/restore/",
}
#: What is done to deleted file sets only.
_TO_DELETED_SETS = {
    "DELETE files/v1/assets/{asset_id}/file_sets/{file_set_id}/purge/",
    "PUT files/v1/assets/{asset_id}/file_sets/{file_set_id}/restore/",
}


class Samples:
    """Things in a sandbox, made on demand.

    What the generic noun keeps is made through the API, from the facts' own samples; what has
    handlers of its own is put there.
    """

    def __init__(self, sandbox: Sandbox, http: httpx.AsyncClient) -> None:
        self.sandbox = sandbox
        self.state = sandbox.state
        self._http = http
        self._last: dict[str, Any] = {}
        self.latest_asset = ""

    async def call(self, operation: Operation) -> httpx.Response:
        """Call an operation with everything that it needs."""
        url = await self.url(operation)
        if operation.name in _TO_DELETED:
            self._delete(url.split("/")[5])
        if operation.name in _TO_DELETED_SETS:
            await self._http.delete(url.removesuffix("purge/").removesuffix("restore/"))
        query = {
            name: "1" if operation.query[name]["type"] == "integer" else "x"
            for name in operation.required_query
        }
        large = "/multipart/b2/" in operation.path
        body = (
            {"json": self._large_file(*url.split("/")[5:8:2])} if large else self._body(operation)
        )
        return await self._http.request(operation.method, url, params=query, **body)

    async def url(self, operation: Operation) -> str:
        """The URL of an operation on things that exist."""
        return f"/API/{operation.service}{await self._path(operation)}"

    def _body(self, operation: Operation) -> dict[str, Any]:
        if operation.body is None:
            return {}
        content_type, schema = next(iter(operation.body.schemas.items()))
        if content_type == "application/x-www-form-urlencoded":
            return {"data": {"grant_type": "client_credentials"}}
        if content_type != "application/json":
            return {"content": b"bytes", "headers": {"Content-Type": content_type}}
        body = Schemas(FACTS.schemas[operation.service]).sample(schema)
        unique = {name: f"{name} {self.new_id()}" for name in _UNIQUE & body.keys()}
        extra = _EXTRA.get(operation.name)
        return {"json": body | unique | (extra(self) if extra else {})}

    async def _path(self, operation: Operation) -> str:
        template, path = "/", "/"
        for segment in operation.path.strip("/").split("/"):
            template += f"{segment}/"
            value = segment
            if segment.startswith("{"):
                value = await self._named(operation.service, template, path)
            path += f"{value}/"
        return path

    async def _named(self, service: str, template: str, path: str) -> str:
        """Something that the last parameter of a template can name."""
        ids = path.strip("/").split("/")
        for pattern, make in _MAKERS.items():
            if re.fullmatch(pattern, service + template):
                return make(self, ids)
        above, _, name = template.strip("/}").rpartition("/{")
        create = _BY_PLACE.get(("POST", service, f"/{above}/")) or _BY_PLACE.get(
            ("PUT", service, f"/{above}/")
        )
        is_price = create is not None and "price" in create.path
        if create is not None and (create.method == "POST" or is_price):
            made = await self._http.request(
                create.method, f"/API/{service}{path}", **self._body(create)
            )
            assert made.is_success, (create.name, made.text)
            self._last = made.json() if made.content else {}
        return self._name_of(name)

    def _name_of(self, parameter: str) -> str:
        tails = (parameter, "id", parameter.partition("_")[2], parameter.rpartition("_")[2], "name")
        return next(
            (str(self._last[each]) for each in tails if self._last.get(each)), self.new_id()
        )

    def new_id(self) -> str:
        return str(uuid4())

    def job(self) -> str:
        id_ = self.new_id()
        self.state.store.put(JOBS, id_, {"id": id_, "status": "STARTED", "type": "TRANSFER"})
        return id_

    def asset(self) -> str:
        id_ = self.latest_asset = self.new_id()
        media = [mp4("a.mp4", "1"), mp4("a.mp4", "2")]
        values = {"Region": ["EMEA"]}
        seed.add_asset(self.state, id_=id_, title="An asset", media=media, values=values)
        for number in (1, 2):
            version_id = seed.version_id(id_, number)
            sent = {"Region": {"field_values": [{"value": "EMEA"}]}}
            metadata.put_values(self.state, "assets", id_, sent, version_id)
            seed.set_approval(self.state, id_, "APPROVED", version=version_id)
        return id_

    def version(self, ids: list[str]) -> str:
        asset_id = next((each for each in ids if self.state.store.get(ASSETS, each)), None)
        return seed.version_id(asset_id or self.asset(), 1)

    def original(self, ids: list[str]) -> str:
        part = {"formats": "format", "file_sets": "file set", "files": "file"}[ids[-1]]
        return seed.fixed_id(f"{ids[2]} {part} 2")

    def format(self) -> str:
        return seed.fixed_id(f"{self.asset()} format 2")

    def file_set(self) -> str:
        return seed.fixed_id(f"{self.asset()} file set 2")

    def preview(self, ids: list[str]) -> str:
        media = mp4("p.mp4", "proxy") if ids[-1] == "proxies" else png("k.png", "keyframe")
        place = {"asset_id": ids[2], "version_id": seed.version_id(ids[2], 2)}
        made = files.add_preview(self.state, ids[-1], place | {"type": "KEYFRAME"}, media)
        return str(made["id"])

    def _large_file(self, asset_id: str, file_id: str) -> dict[str, Any]:
        """Move a file to B2, where two parts of it wait to be finished."""
        key = f"{asset_id}/{file_id}"
        file = self.state.store.get(FILES, key)
        assert file is not None
        file["storage_id"] = seed.STORAGES["B2"]
        self.state.store.put(FILES, key, file, parent=asset_id)
        upload = uploads.begin(self.state, "B2", asset_id, file_id)
        for number in (1, 2):
            uploads.piece(self.state, upload, number).write_bytes(b"part")
            upload["parts"][str(number)] = {"size": self.state.smallest_part, "sha1": "x"}
        uploads.put(self.state, upload)
        return {"upload_file_id": upload["id"], "sha1_list": ["x", "x"]}

    def collection(self) -> str:
        id_ = self.new_id()
        seed.add_collection(self.state, id_=id_, title="A collection")
        return id_

    def member(self, ids: list[str]) -> str:
        asset_id = self.asset()
        collection.add(self.state, ids[2], "assets", asset_id)
        return asset_id

    def relation(self, ids: list[str]) -> str:
        related = self.asset()
        self.state.store.put(RELATIONS, f"{ids[2]}/{ids[4]}/{related}", {"id": related})
        return related

    def share(self, ids: list[str]) -> str:
        emails = ["a@b.example"]
        made = shares.make(self.state, ids[1], ids[2], _RIGHTS, owner_id="x", emails=emails)
        return str(made["id"])

    def share_user(self, ids: list[str]) -> str:
        share = shares.get(self.state, ids[4])
        assert share is not None
        return str(share["users"][0]["id"])

    def permission(self, ids: list[str]) -> str:
        subject = {"users": "user_id", "groups": "group_id", "shares": "share_id"}[ids[1]]
        entry = {subject: ids[2], "permissions": ["read"]}
        self.state.store.put(ACLS, f"{ids[4]}/{VIEW}/{subject}/{ids[2]}", entry)
        return VIEW

    def transcription(self, ids: list[str]) -> str:
        fields = {"language": "en"}
        return str(transcriptions.add(self.state, ids[2], ids[4], fields)["id"])

    def history(self, ids: list[str]) -> str:
        record(self.state, ids[2], "CUSTOM")
        return str(self.state.store.list(HISTORY, parent=ids[2])[-1]["id"])

    def view(self) -> str:
        id_ = self.new_id()
        field = {"name": "Region", "field_type": "string"}
        seed.add_metadata_view(self.state, id_=id_, name="A view", fields=[field])
        return id_

    def user(self) -> str:
        id_ = self.new_id()
        seed.add_user(self.state, id_=id_, email="a@b.example", first_name="A", last_name="B")
        return id_

    def storage(self) -> str:
        id_ = self.new_id()
        seed.add_storage(self.state, id_=id_, name="A storage")
        return id_

    def transcoder(self, ids: list[str]) -> str:
        id_ = self.new_id()
        of_storages = kind("files", "/v1/storages/{storage_id}/transcoders/")
        self.state.store.put(of_storages, f"{ids[2]}/{id_}", {}, parent=ids[2])
        return id_

    def _delete(self, id_: str) -> None:
        for kind_ in (ASSETS, COLLECTIONS):
            document = self.state.store.get(kind_, id_)
            if document is not None:
                self.state.store.put(kind_, id_, document | {"status": "DELETED"})


Maker: TypeAlias = Callable[[Samples, list[str]], str]

#: Who makes what the last parameter of a template names; the first match counts.
_MAKERS: Mapping[str, Maker] = {
    r".*\{(source_)?asset_id\}/": lambda things, _: things.asset(),
    r".*\{related_to_asset_id\}/": Samples.relation,
    r".*\{collection_id\}/": lambda things, _: things.collection(),
    r"(?!automations).*\{(source_)?version_id\}/": Samples.version,
    r"(assets|metadata|acls)/.*\{object_type\}/": lambda _things, _ids: "assets",
    r"assets/v1/collections/.*\{object_id\}/": Samples.member,
    r"(assets|metadata)/.*\{object_id\}/": lambda things, _: things.asset(),
    r"assets/.*/\{object_id\}/shares/\{share_id\}/": Samples.share,
    r".*\{share_user_id\}/": Samples.share_user,
    r"metadata/.*\{view_id\}/": lambda things, _: things.view(),
    r".*\{history_entity_id\}/": Samples.history,
    r"assets/.*\{transcription_id\}/": Samples.transcription,
    r"files/v[12]/assets/\{asset_id\}/(formats|file_sets|files)/\{\w+\}/": Samples.original,
    r"files/v1/formats/\{format_id\}/": lambda things, _: things.format(),
    r"files/v1/file_sets/\{file_set_id\}/": lambda things, _: things.file_set(),
    r"files/v1/assets/\{asset_id\}/(proxies|keyframes)/\{\w+\}/": Samples.preview,
    r"files/v[12]/.*formats/\{format_id\}/storages/\{storage_id\}/": lambda things, _: (
        things.storage()
    ),
    r"files/v1/storages/\{storage_id\}/": lambda things, _: things.storage(),
    r"files/v1/storages/\{storage_id\}/transcoders/\{transcoder_id\}/": Samples.transcoder,
    r"users/.*\{user_id\}/": lambda things, _: things.user(),
    r"acls/v1/\w+/\{\w+\}/acl/\{object_type\}/\{object_key\}/": Samples.permission,
    r".*\{permission\}/": lambda _things, _ids: "read",
    r".*\{purpose\}/": lambda _things, _ids: "FILES",
    r".*\{method\}/": lambda _things, _ids: "S3",
    r".*\{role\}/": lambda _things, _ids: "can_read_assets",
    r".*\{(milliseconds|position|priority)\}/": lambda _things, _ids: "1",
}

#: What a body needs to make sense beyond what its schema says.
_EXTRA: Mapping[str, Callable[[Samples], dict[str, Any]]] = {
    "POST assets/v1/collections/{collection_id}/contents/": lambda things: {
        "object_type": "assets",
        "object_id": things.asset(),
    },
    "POST assets/v1/assets/{asset_id}/relations/": lambda things: {
        "related_to_asset_id": things.asset()
    },
    "POST assets/v1/approvals/bulk/": lambda things: {"object_ids": [things.asset()]},
    "POST assets/v1/approvals/bulk_remove/": lambda things: {"object_ids": [things.asset()]},
    "POST files/v1/assets/{asset_id}/file_sets/": lambda things: {
        "format_id": seed.fixed_id(f"{things.latest_asset} format 2")
    },
    "POST files/v1/storages/{storage_id}/bulk/": lambda things: {"object_ids": [things.asset()]},
    "PUT jobs/v1/jobs/priority/": lambda things: {"job_ids": [things.job()]},
    "PUT jobs/v1/jobs/state/": lambda things: {"job_ids": [things.job()]},
    "POST assets/v1/share/{object_type}/": lambda things: {"object_ids": [things.asset()]},
    "POST assets/v1/{object_type}/{object_id}/shares/": lambda _: {"emails": ["a@b.example"]},
}
