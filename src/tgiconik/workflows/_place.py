"""Where a partner's package is: a collection in iconik, and a document that remembers it.

Both carry the package's key as their `external_id`. A collection that somebody deleted is replaced
by another one, with the next number in its key.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final, TypeAlias

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.models import assets as m
from tgiconik.iconik.search import term
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    ActivityInput,
    Audience,
    Delivery,
    Document,
    DocumentInput,
    DocumentUpdate,
)
from tgiconik.workflows._publication import change_document
from tgiconik.workflows._trail import Trail
from tgiconik.workflows._wording import named

_PACKED: Final = "package.delivered"

#: A member of a collection: `assets` or `collections`, and its id.
Member: TypeAlias = tuple[str, str]


@attrs.frozen(kw_only=True)
class Place:
    """Where a partner's package is, as far as it is there.

    Attributes:
        number: how many collections were lost before.
        supersedes: the document of the one that was lost last.
        document: the document that remembers the collection.
        collection_id: the collection.
        members: what is in it.
        delivery: what is on record as delivered.
    """

    number: int = 0
    supersedes: str | None = None
    document: Document | None = None
    collection_id: str | None = None
    members: frozenset[Member] = frozenset()
    delivery: Delivery | None = None


@attrs.frozen(kw_only=True)
class Places:
    """Finds, makes and changes one partner's place for one package.

    Attributes:
        grid: where the document is.
        iconik: where the collection is.
        package_key: names the package, for all partners.
        title: what partners read.
        partner_id: the partner.
        project_id: the project that the package belongs to.
        trail: where to record it.
    """

    grid: TradingGridClient
    iconik: IconikClient
    package_key: str
    title: str
    partner_id: str
    project_id: str | None
    trail: Trail

    async def find(self) -> Place:
        """The partner's package, as far as an earlier run has made it."""
        documents, number = self.grid.community.documents, 0
        supersedes = None
        while True:
            key = self._key(number)
            document = next(iter(await documents.list(external_id=key).first(1)), None)
            collection_id = document.collection_id if document else await self._orphan(key)
            place = Place(
                number=number,
                supersedes=supersedes,
                document=document,
                collection_id=collection_id,
                delivery=await self._delivery(document),
            )
            try:
                return await self.look_into(place)
            except errors.NotFound:
                self.trail.read(f"collection {collection_id} is gone")
                number, supersedes = number + 1, document.id if document else None

    def _key(self, number: int) -> str:
        """What names the partner's package; it gets a new number when its collection is lost."""
        return f"package:{self.package_key}:{self.partner_id}:{number}"

    async def _orphan(self, key: str) -> str | None:
        """The collection of a run that died before it could tell Trading Grid."""
        found = self.iconik.search.collections(
            where=[term("external_id", key), term("status", "ACTIVE")], include_fields=["id"]
        )
        return next((hit.id for hit in await found.first(1)), None)

    async def _delivery(self, document: Document | None) -> Delivery | None:
        """What is on record as delivered."""
        if document is None:
            return None
        deliveries = self.grid.community.deliveries.list(
            document_id=document.id, partner_id=self.partner_id
        )
        return next(iter(await deliveries.first(1)), None)

    async def look_into(self, place: Place) -> Place:
        """What is in the collection.

        Raises:
            NotFound: it is gone.
        """
        if place.collection_id is None or (self.trail.dry_run and place.members):
            # A dry run has put nothing in, and goes on as if it had.
            return place
        contents = self.iconik.assets.list_collection_contents(place.collection_id)
        members = [(item.object_type or "assets", item.id or "") async for item in contents]
        self.trail.read(f"collection {place.collection_id}: {len(members)} members")
        return attrs.evolve(place, members=frozenset(members))

    async def take_out(self, place: Place, wrong: Iterable[Member]) -> Place:
        """Take out what may not be there."""
        gone = frozenset(wrong)
        for object_type, object_id in sorted(gone):
            await self.trail.write(
                f"take {object_type.removesuffix('s')} {object_id} out of the package of "
                f"{self.partner_id}",
                partial(self._remove, place.collection_id or "", object_type, object_id),
                instead=None,
            )
        return attrs.evolve(place, members=place.members - gone)

    async def put_in(self, place: Place, asset_id: str, title: str) -> Place:
        """Put an asset in."""
        body = m.CollectionContentInput(object_id=asset_id, object_type="assets")
        await self.trail.write(
            f"put {named(title)} into the package of {self.partner_id}",
            lambda: self.iconik.assets.add_collection_content(place.collection_id or "", body=body),
            instead=None,
        )
        return attrs.evolve(place, members=place.members | {("assets", asset_id)})

    async def _remove(self, collection_id: str, object_type: str, object_id: str) -> None:
        """Take something out, unless somebody else has."""
        try:
            await self.iconik.assets.remove_collection_content(
                collection_id, object_type, object_id
            )
        except errors.NotFound:
            self.trail.read(f"{object_id} has left collection {collection_id} already")

    async def open(self, place: Place) -> Place:
        """A collection and its document, for the partner."""
        collection_id = place.collection_id or await self._make(place)
        audience = Audience(partners=(self.partner_id,))
        if place.document is not None:
            changes = DocumentUpdate(audience=audience)
            document = await change_document(self.grid, place.document, changes, self.trail)
            return attrs.evolve(place, document=document, collection_id=collection_id)
        new = DocumentInput(
            title=named(self.title),
            external_id=self._key(place.number),
            audience=audience,
            collection_id=collection_id,
            project_id=self.project_id,
            supersedes=place.supersedes,
        )
        made = await self.trail.write(
            f"publish {new.title} for {self.partner_id}",
            lambda: self.grid.community.documents.create(new),
            instead=None,
        )
        if made is None or made.collection_id == collection_id:
            return attrs.evolve(place, document=made, collection_id=collection_id)
        # Somebody else was faster: the collection that is remembered is the one that counts.
        await self.trail.write(
            f"delete collection {collection_id}, which nobody needs",
            lambda: self.iconik.assets.delete_collection(collection_id or ""),
            instead=None,
        )
        theirs = attrs.evolve(place, document=made, collection_id=made.collection_id)
        return await self.look_into(theirs)

    async def _make(self, place: Place) -> str | None:
        made = await self.trail.write(
            f"make a collection for {named(self.title)} and {self.partner_id}",
            lambda: self.iconik.assets.create_collection(
                body=m.CollectionInput(
                    title=f"{named(self.title)} ({self.partner_id})",
                    external_id=self._key(place.number),
                )
            ),
            instead=None,
        )
        return made.id if made else None

    async def log(self, place: Place, versions: Mapping[str, str | None]) -> None:
        """An entry for every state of the contents: a collection does not remember them.

        Args:
            place: where they are.
            versions: the version that each asset in it shows, by asset id.
        """
        detail = {
            "assets": [
                {"asset_id": asset_id, "version_id": version_id}
                for asset_id, version_id in sorted(versions.items())
            ]
        }
        earlier = []
        if place.collection_id is not None:
            earlier = [
                entry
                async for entry in self.grid.community.activity.list(
                    kind=[_PACKED], subject_id=place.collection_id
                )
            ]
        if (earlier[-1].detail if earlier else {"assets": []}) == detail:
            return
        entry = ActivityInput(
            kind=_PACKED,
            external_id=f"{self._key(place.number)}:{len(earlier)}",
            actor="tgiconik",
            partner_id=self.partner_id,
            subject_type="collections",
            subject_id=place.collection_id,
            detail=detail,
        )
        await self.trail.write(
            f"log what the package of {self.partner_id} holds",
            lambda: self.grid.community.activity.append(entry),
            instead=None,
        )


async def packages_with(iconik: IconikClient, collection_ids: Iterable[str]) -> dict[str, str]:
    """Which of some collections are partners' packages, and whose, by collection id.

    `GET /API/assets/v1/collections/{collection_id}/`.
    """
    found = {}
    for collection_id in collection_ids:
        collection = await iconik.assets.get_collection(collection_id)
        key = collection.external_id or ""
        if key.startswith("package:"):
            found[collection_id] = key.rsplit(":", 2)[1]
    return found
