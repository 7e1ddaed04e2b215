"""What is there of one package for many partners: lists for all, instead of five reads for each.

One thing is still read for every partner: what is in the collection. It is what they can see, and
no index says that nothing else is.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import attrs

from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink, key_in
from tgiconik.iconik.search import one_of, term
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import Activity, Delivery, DeliveryState, Document, Project
from tgiconik.workflows._trail import Trail

#: What the entries in the log are called.
PACKED: Final = "package.delivered"
#: How many are asked for at once, in a search and in a query.
_AT_ONCE: Final = 50


def package_key(name: str, partner_id: str, number: int = 0) -> str:
    """What names a partner's package; it gets a new number when its collection is lost."""
    return f"package:{name}:{partner_id}:{number}"


@attrs.frozen(kw_only=True)
class PackageSurvey:
    """A package as its partners have it.

    Attributes:
        documents: what remembers the collections, by external id.
        deliveries: what is on record as delivered, by document and partner.
        logged: what the collections held, oldest first, by collection id.
        asked: the keys whose collections were searched for.
        orphans: the collections that no document remembers, by key.
        links: the shares that the deliveries remember, by id, as iconik's index has them.
    """

    documents: Mapping[str, Document] = attrs.field(factory=dict)
    deliveries: Mapping[tuple[str, str], Delivery] = attrs.field(factory=dict)
    logged: Mapping[str, Sequence[Activity]] = attrs.field(factory=dict)
    asked: Collection[str] = ()
    orphans: Mapping[str, str] = attrs.field(factory=dict)
    links: Mapping[str, ShareLink] = attrs.field(factory=dict)

    def link(self, delivery: Delivery | None, collection_id: str) -> ShareLink | None:
        """The link that a delivery remembers, when the index has it as it is remembered.

        An index may be behind: what differs is to be looked at where it is.
        """
        if delivery is None or delivery.state != DeliveryState.ACTIVE:
            return None
        link = self.links.get(delivery.share_id or "")
        if link is None or (link.object_id, link.expires) != (collection_id, delivery.expires_at):
            return None
        return link


async def survey_packages(
    grid: TradingGridClient,
    iconik: IconikClient,
    name: str,
    partners: Collection[str],
    *,
    project: Project | None,
    trail: Trail,
) -> PackageSurvey:
    """Read what is there of a project's packages.

    Args:
        grid: where the documents are.
        iconik: where the collections are.
        name: names the package, for all partners.
        partners: company ids.
        project: the project that it belongs to; None when there is none yet, and no package.
        trail: where to note it.
    """
    keys = [package_key(name, partner_id) for partner_id in partners]
    if project is None:
        return PackageSurvey(asked=frozenset(keys))
    community, since = grid.community, project.created_at
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
    survey = PackageSurvey(
        documents=documents,
        deliveries=deliveries,
        logged=logged,
        asked=frozenset(unknown),
        orphans=await _orphans(iconik, unknown),
        links=await _links(iconik, remembered),
    )
    trail.read(f"documents, deliveries and links of project {project.id}: {len(documents)}")
    return survey


async def orphan(iconik: IconikClient, key: str) -> str | None:
    """The collection of a run that died before it could tell Trading Grid."""
    return (await _orphans(iconik, [key])).get(key)


async def _orphans(iconik: IconikClient, keys: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in _parts(keys):
        hits = iconik.search.collections(
            where=[one_of("external_id", some), term("status", "ACTIVE")],
            include_fields=["id", "external_id"],
        )
        async for hit in hits:
            if hit.id is not None:
                found.setdefault(hit.external_id or "", hit.id)
    return found


async def _links(iconik: IconikClient, share_ids: Sequence[str]) -> dict[str, ShareLink]:
    """Shares by their ids. One that the index lacks is looked for where it would be."""
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
    for begin in range(0, len(texts), _AT_ONCE):
        yield texts[begin : begin + _AT_ONCE]
