"""The stored form of a partner's package: a collection, and a document with its id.

Both have the package's key as their `external_id`. A deleted collection is replaced by a new one,
with the next number in its key.
"""

from collections import defaultdict
from collections.abc import (
    AsyncIterator,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeAlias
from urllib.parse import unquote

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink, key_in
from tgiconik.iconik.models import assets as m
from tgiconik.iconik.search import one_of, term
from tgiconik.tradinggrid.collaboration import (
    Activity,
    ActivityInput,
    Audience,
    Delivery,
    DeliveryState,
    Document,
    DocumentInput,
    DocumentUpdate,
    Project,
)
from tgiconik.workflows.distribution.publication import change_document
from tgiconik.workflows.run import IN_THE_MAKING, GridRun, IconikRun, Run
from tgiconik.workflows.run.text import key_of, named

_PACKAGE: Final = "package"
#: The kind of the entries in the log.
PACKED: Final = "package.delivered"
#: The maximum number of keys or ids in one search or query.
_BATCH: Final = 50
#: How long after that a second collection is looked for; it is empty, and shared with nobody.
_WATCHED: Final = timedelta(days=1)
#: A member of a collection: `assets` or `collections`, and its id.
Member: TypeAlias = tuple[str, str]


@attrs.frozen(kw_only=True)
class PackageSnapshot:
    """The state of all partners' copies of a package, read once.

    Attributes:
        documents: the documents of the collections, by external id.
        deliveries: the recorded deliveries, by document and partner.
        logged: the log entries on the collections' contents, oldest first, by collection id.
        asked: the keys whose collections were searched for.
        orphans: the collections without a document, by key.
        links: the shares of the deliveries, by id, from iconik's index.
        strays: collections with the key of a new package, beside the recorded one.
    """

    documents: Mapping[str, Document] = attrs.field(factory=dict)
    deliveries: Mapping[tuple[str, str], Delivery] = attrs.field(factory=dict)
    logged: Mapping[str, Sequence[Activity]] = attrs.field(factory=dict)
    asked: Collection[str] = ()
    orphans: Mapping[str, str] = attrs.field(factory=dict)
    links: Mapping[str, ShareLink] = attrs.field(factory=dict)
    strays: Mapping[str, Sequence[str]] = attrs.field(factory=dict)

    @property
    def partners(self) -> frozenset[str]:
        """Company ids of everybody who has, or had, a package."""
        partners = (partner_of_package(key) for key in self.documents)
        return frozenset([partner_id for partner_id in partners if partner_id is not None])

    def link(self, delivery: Delivery | None, collection_id: str) -> ShareLink | None:
        """The link of a delivery, if the index agrees with the delivery.

        The index may lag behind; where the two differ, the collection has to be read.
        """
        if delivery is None or delivery.state != DeliveryState.ACTIVE:
            return None
        link = self.links.get(delivery.share_id or "")
        if link is None or (link.object_id, link.expires) != (collection_id, delivery.expires_at):
            return None
        return link


@attrs.frozen(kw_only=True)
class StoredPackage:
    """The existing parts of a partner's package.

    Attributes:
        number: the number of earlier, deleted collections.
        supersedes: the document of the last deleted collection.
        document: the document of the collection.
        collection_id: the collection.
        members: its contents.
        delivery: the recorded delivery.
        is_new: whether this run created the collection.
    """

    number: int = 0
    supersedes: str | None = None
    document: Document | None = None
    collection_id: str | None = None
    members: frozenset[Member] = frozenset()
    delivery: Delivery | None = None
    is_new: bool = False


@attrs.frozen(kw_only=True)
class PackageStore:
    """Finds, creates and changes one partner's copy of a package.

    Attributes:
        run: the run.
        package_key: identifies the package, for all partners.
        title: the title that partners read.
        partner_id: the partner.
        project_id: the project that the package belongs to.
        snapshot: the state of all partners' packages; read for this partner if omitted.
    """

    run: Run
    package_key: str
    title: str
    partner_id: str
    project_id: str | None
    snapshot: PackageSnapshot | None = None

    async def find(self) -> StoredPackage:
        """Find the parts of the partner's package that exist."""
        number, supersedes = 0, None
        unneeded: set[str] = set()
        while True:
            key = self._key(number)
            document = await self._document(key)
            if document is not None:
                collection_id = document.collection_id
            else:
                collection_id = await self._orphan(key, unneeded)
            if document is None and collection_id and not await self._is_ours(collection_id):
                self.run.trail.read(f"collection {collection_id} has our key, and is not ours")
                number += 1
                continue
            package = StoredPackage(
                number=number,
                supersedes=supersedes,
                document=document,
                collection_id=collection_id,
                delivery=await self._delivery(document),
            )
            try:
                return await self.look_into(package)
            except errors.NotFound:
                self.run.trail.read(f"collection {collection_id} is gone")
            if document is not None:
                number, supersedes = number + 1, document.id
            elif self.snapshot is not None:
                return await attrs.evolve(self, snapshot=None).find()
            else:
                # Another run made it and deleted it, since a faster one had published the package.
                unneeded.add(collection_id or "")

    def _key(self, number: int) -> str:
        return package_key(self.package_key, self.partner_id, number)

    async def _document(self, key: str) -> Document | None:
        if self.snapshot is not None:
            return self.snapshot.documents.get(key)
        documents = self.run.grid.community.documents.list(external_id=key)
        return next(iter(await documents.first(1)), None)

    async def _orphan(self, key: str, unneeded: Collection[str]) -> str | None:
        if self.snapshot is not None and key in self.snapshot.asked:
            return self.snapshot.orphans.get(key)
        return (await _orphans(self.run.iconik, [key], beside=unneeded)).get(key)

    async def remove_strays(self, package: StoredPackage) -> None:
        """Delete empty collections of runs that died, which a late search did not show in time."""
        key = self._key(package.number)
        if package.document is None:
            return
        if self.snapshot is not None:
            strays = self.snapshot.strays.get(key, ())
        else:
            strays = (await _strays(self.run, {key: package.document})).get(key, ())
        for collection_id in strays:
            if await self._is_ours(collection_id):
                await self._delete(collection_id)

    async def _delete(self, collection_id: str) -> None:
        delete = partial(self.run.iconik.assets.delete_collection, collection_id)
        await self.run.delete(f"collection {collection_id}", delete)

    async def _is_ours(self, collection_id: str) -> bool:
        """Whether these credentials made a collection; the key alone proves nothing."""
        try:
            collection = await self.run.iconik.assets.get_collection(collection_id)
        except errors.NotFound:
            return True
        return collection.created_by_user == await self.run.user_id()

    async def _delivery(self, document: Document | None) -> Delivery | None:
        """The recorded delivery."""
        if document is None:
            return None
        if self.snapshot is not None:
            return self.snapshot.deliveries.get((document.id, self.partner_id))
        deliveries = self.run.grid.community.deliveries.list(
            document_id=document.id, partner_id=self.partner_id
        )
        return next(iter(await deliveries.first(1)), None)

    async def look_into(self, package: StoredPackage) -> StoredPackage:
        """Read the contents of the package's collection.

        Raises:
            NotFound: the collection does not exist.
        """
        if package.collection_id is None or (self.run.dry_run and package.members):
            # A dry run has added nothing and continues as if it had.
            return package
        contents = self.run.iconik.assets.list_collection_contents(package.collection_id)
        members = [(item.object_type or "assets", item.id or "") async for item in contents]
        self.run.trail.read(f"collection {package.collection_id}: {len(members)} members")
        return attrs.evolve(package, members=frozenset(members))

    async def take_out(self, package: StoredPackage, wrong: Iterable[Member]) -> StoredPackage:
        """Remove members."""
        gone = frozenset(wrong)
        for object_type, object_id in sorted(gone):
            await self.run.write(
                f"take {object_type.removesuffix('s')} {object_id} out of the package of "
                f"{self.partner_id}",
                partial(
                    self.run.iconik.assets.discard_collection_content,
                    package.collection_id or "",
                    object_type,
                    object_id,
                ),
                instead=True,
            )
        return attrs.evolve(package, members=package.members - gone)

    async def put_in(self, package: StoredPackage, asset_id: str, title: str) -> StoredPackage:
        """Add an asset."""
        body = m.CollectionContentInput(object_id=asset_id, object_type="assets")
        await self.run.write(
            f"put {named(title)} into the package of {self.partner_id}",
            lambda: self.run.iconik.assets.add_collection_content(
                package.collection_id or "", body=body
            ),
            instead=None,
        )
        return attrs.evolve(package, members=package.members | {("assets", asset_id)})

    async def open(self, package: StoredPackage) -> StoredPackage:
        """Create a collection and its document for the partner."""
        collection_id = package.collection_id or await self._make(package)
        package = attrs.evolve(package, is_new=package.collection_id is None)
        audience = Audience(partners=(self.partner_id,))
        if package.document is not None:
            changes = DocumentUpdate(audience=audience)
            document = await change_document(self.run, package.document, changes)
            return attrs.evolve(package, document=document, collection_id=collection_id)
        new = DocumentInput(
            title=named(self.title),
            external_id=self._key(package.number),
            audience=audience,
            collection_id=collection_id,
            project_id=self.project_id,
            supersedes=package.supersedes,
        )
        made = await self.run.write(
            f"publish {new.title} for {self.partner_id}",
            lambda: self.run.grid.community.documents.create(new),
            instead=None,
        )
        if made is None or made.collection_id == collection_id:
            return attrs.evolve(package, document=made, collection_id=collection_id)
        # Another run was faster: the recorded collection counts.
        await self._delete(collection_id or "")
        theirs = attrs.evolve(
            package, document=made, collection_id=made.collection_id, is_new=False
        )
        return await self.look_into(theirs)

    async def _make(self, package: StoredPackage) -> str | None:
        made = await self.run.write(
            f"make a collection for {named(self.title)} and {self.partner_id}",
            lambda: self.run.iconik.assets.create_collection(
                body=m.CollectionInput(
                    title=f"{named(self.title)} ({self.partner_id})",
                    external_id=self._key(package.number),
                )
            ),
            instead=None,
        )
        return made.id if made else None

    async def log(self, package: StoredPackage, versions: Mapping[str, str | None]) -> None:
        """Log the contents, because a collection keeps no history.

        Args:
            package: the package.
            versions: the version that each asset shows, by asset id.
        """
        detail = {
            "assets": [
                {"asset_id": asset_id, "version_id": version_id}
                for asset_id, version_id in sorted(versions.items())
            ]
        }
        surveyed = self._surveyed(package)
        if surveyed is not None and _says(surveyed, detail):
            return
        earlier = await self._logged(package)
        if _says(earlier, detail):
            return
        entry = ActivityInput(
            kind=PACKED,
            external_id=f"{self._key(package.number)}:{len(earlier)}",
            actor="tgiconik",
            partner_id=self.partner_id,
            subject_type="collections",
            subject_id=package.collection_id,
            detail=detail,
        )
        await self.run.write(
            f"log what the package of {self.partner_id} holds",
            lambda: self.run.grid.community.activity.append(entry),
            instead=None,
        )

    def _surveyed(self, package: StoredPackage) -> Sequence[Activity] | None:
        """The entries in the snapshot; None without a snapshot."""
        if self.snapshot is None:
            return None
        return self.snapshot.logged.get(package.collection_id or "", ())

    async def _logged(self, package: StoredPackage) -> Sequence[Activity]:
        """The current entries. A collection created by this run has none."""
        if package.collection_id is None or package.is_new:
            return ()
        entries = self.run.grid.community.activity.list(
            kind=[PACKED], subject_id=package.collection_id
        )
        return [entry async for entry in entries]


def _says(entries: Sequence[Activity], detail: Mapping[str, object]) -> bool:
    """Whether the last entry has these contents."""
    return (entries[-1].detail if entries else {"assets": []}) == detail


async def packages_with(iconik: IconikClient, collection_ids: Iterable[str]) -> dict[str, str]:
    """The partners' packages among some collections: company ids by collection id.

    `GET /API/assets/v1/collections/{collection_id}/`.
    """
    found = {}
    for collection_id in collection_ids:
        collection = await iconik.assets.get_collection(collection_id)
        partner_id = partner_of_package(collection.external_id)
        if partner_id is not None:
            found[collection_id] = partner_id
    return found


async def partners_packed_with(run: GridRun, asset_id: str, version_id: str) -> frozenset[str]:
    """Company ids of the partners whose package ever showed a version of an asset, by the log."""
    wanted = {"asset_id": asset_id, "version_id": version_id}
    return frozenset(
        [
            entry.partner_id
            async for entry in run.grid.community.activity.list(kind=[PACKED])
            if entry.partner_id is not None and wanted in (entry.detail.get("assets") or ())
        ]
    )


async def remove_from_packages(
    run: IconikRun, asset_id: str, title: str, packages: Mapping[str, str]
) -> None:
    """Remove an asset from partners' packages.

    Args:
        run: the run.
        asset_id: the asset.
        title: the asset's title.
        packages: the partners by collection id, from `packages_with`.
    """
    for collection_id, partner_id in packages.items():
        await run.write(
            f"take {named(title)} out of the package of {partner_id}",
            partial(
                run.iconik.assets.discard_collection_content, collection_id, "assets", asset_id
            ),
            instead=True,
        )


def package_key(name: str, partner_id: str, number: int = 0) -> str:
    """The key of a partner's package; it gets a new number when its collection is lost."""
    return key_of(_PACKAGE, name, partner_id, number)


def partner_of_package(key: str | None) -> str | None:
    """The company id (BUID) of the partner whose package has a key; None for another key."""
    match (key or "").split(":"):
        case [kind, _, partner_id, _] if kind == _PACKAGE:
            return unquote(partner_id)
        case _:
            return None


def name_of_package(key: str | None) -> str | None:
    """The name, the same for all partners, of the package that has a key; None for another key."""
    match (key or "").split(":"):
        case [kind, name, _, _] if kind == _PACKAGE:
            return unquote(name)
        case _:
            return None


async def read_packages(
    run: Run, name: str, partners: Collection[str], *, project: Project | None
) -> PackageSnapshot:
    """Read the existing packages of a project.

    Args:
        run: the run.
        name: identifies the package, for all partners.
        partners: company ids.
        project: the project; None if it does not exist yet, and so no package does.
    """
    keys = [package_key(name, partner_id) for partner_id in partners]
    if project is None:
        return PackageSnapshot(asked=frozenset(keys))
    community, since = run.grid.community, project.created_at
    listed = community.documents.list(project_id=project.id)
    documents = {document.external_id or "": document async for document in listed}
    ids = {document.id for document in documents.values()}
    deliveries: dict[tuple[str, str], Delivery] = {}
    logged: defaultdict[str, list[Activity]] = defaultdict(list)
    if ids:
        async for delivery in community.deliveries.list(updated_since=since):
            if delivery.document_id in ids:
                deliveries[delivery.document_id, delivery.partner_id] = delivery
        async for entry in community.activity.list(kind=[PACKED], updated_since=since):
            logged[entry.subject_id or ""].append(entry)
    unknown = [key for key in keys if key not in documents]
    remembered = [one.share_id for one in deliveries.values() if one.share_id is not None]
    snapshot = PackageSnapshot(
        documents=documents,
        deliveries=deliveries,
        logged=logged,
        asked=frozenset(unknown),
        orphans=await _orphans(run.iconik, unknown),
        links=await _links(run.iconik, remembered),
        strays=await _strays(run, documents),
    )
    run.trail.read(f"documents, deliveries and links of project {project.id}: {len(documents)}")
    return snapshot


async def _orphans(
    iconik: IconikClient, keys: Sequence[str], *, beside: Collection[str] = ()
) -> dict[str, str]:
    """The unrecorded collections of runs that crashed, or that are at it now, by key."""
    found: dict[str, str] = {}
    async for key, collection_id, _ in _keyed(iconik, keys):
        if collection_id not in beside:
            found.setdefault(key, collection_id)
    return found


async def _strays(run: IconikRun, documents: Mapping[str, Document]) -> dict[str, list[str]]:
    """Collections that share the key of a new package with the one that its document remembers.

    One that was made just now may be another run's, which deletes it itself.
    """
    now = run.now()
    recent = [key for key, one in documents.items() if now - one.created_at < _WATCHED]
    strays: dict[str, list[str]] = defaultdict(list)
    async for key, collection_id, made in _keyed(run.iconik, recent):
        is_settled = made is not None and now - made >= IN_THE_MAKING
        if is_settled and collection_id != documents[key].collection_id:
            strays[key].append(collection_id)
    return strays


async def _keyed(
    iconik: IconikClient, keys: Sequence[str]
) -> AsyncIterator[tuple[str, str, datetime | None]]:
    """Collections by the keys they have: key, id, and when they were made."""
    for some in _parts(keys):
        hits = iconik.search.collections(
            where=[one_of("external_id", some), term("status", "ACTIVE")],
            include_fields=["id", "external_id", "date_created"],
        )
        async for hit in hits:
            if hit.id is not None:
                yield hit.external_id or "", hit.id, hit.date_created


async def _links(iconik: IconikClient, share_ids: Sequence[str]) -> dict[str, ShareLink]:
    """Shares by id. A share that the index lacks is read at its collection."""
    found = {}
    for some in _parts(share_ids):
        async for share in iconik.assets.list_shares(ids=",".join(some)):
            if share.id is not None and share.object_id is not None:
                found[share.id] = ShareLink(
                    share_id=share.id,
                    object_id=share.object_id,
                    object_type=share.object_type or "",
                    key=key_in(share.title),
                    url=share.url,
                    expires=share.expires,
                    allow_download=bool(share.allow_download),
                    date_created=share.date_created,
                )
    return found


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(texts), _BATCH):
        yield texts[begin : begin + _BATCH]
