"""What partners are told of an asset that goes to many: one document, one announcement.

Both are for the partners who may have the asset, by name, and never for their groups: whoever is
refused, or joins a group later and would be, must not even learn the title.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._models import UNSET
from tgiconik.release import AssetFacts, Decision, ReleasePolicy, usable_until
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    Announcement,
    AnnouncementInput,
    AnnouncementKind,
    AssetReference,
    AssetRole,
    Audience,
    Document,
    DocumentInput,
    DocumentState,
    DocumentUpdate,
)
from tgiconik.workflows.run.text import fitting, how_many, listed, moment, named
from tgiconik.workflows.run.trail import Trail

#: Documents of assets as they are, and of their compliant versions.
DISTRIBUTION: Final = "distribution"
COMPLIANT: Final = "compliant"
#: How often a document is looked at anew when somebody else changes it at the same time.
_ROUNDS: Final = 3
_SHA256: Final = re.compile("[0-9a-f]{64}")


def wanted_document(
    facts: AssetFacts,
    decision: Decision,
    *,
    partners: Collection[str],
    policy: ReleasePolicy,
    series: str,
) -> DocumentInput:
    """What is to be published of an asset that may go to some partners."""
    title = named(facts.title) or facts.asset_id
    return DocumentInput(
        title=title,
        external_id=f"{series}:{facts.asset_id}:{facts.version_id}",
        audience=Audience(partners=tuple(sorted(partners))),
        asset=AssetReference(
            asset_id=facts.asset_id,
            version_id=facts.version_id,
            title=title,
            digest=_digest(facts, policy),
            role=AssetRole.DELIVERED,
        ),
        # A blank value restricts nothing, and Trading Grid would refuse it.
        restrictions=tuple(text for text in decision.restrictions if text),
        expires_at=usable_until(policy, facts),
    )


async def publish(
    grid: TradingGridClient,
    asset_id: str,
    wanted: DocumentInput | None,
    *,
    series: str,
    trail: Trail,
) -> Document | None:
    """Bring about that one document says what the asset's current version is, and for whom.

    It is found again by its `external_id`. The document of an earlier version is superseded.

    Args:
        grid: where to publish.
        asset_id: the asset.
        wanted: from `wanted_document`; None when nobody may have the asset: then nothing is
            published, and what was is for nobody any more.
        series: what its documents are named by. A series supersedes its own documents, and the
            first of `COMPLIANT` what was distributed before.
        trail: where to note it.

    Returns:
        The document; None when there is none, or in a dry run that would make it.

    Raises:
        PreconditionFailed: others change the document all the time.
    """
    for _ in range(_ROUNDS):
        try:
            return await _publish(grid, asset_id, wanted, series, trail)
        except errors.PreconditionFailed:
            trail.read("somebody else changed the document meanwhile")
    return await _publish(grid, asset_id, wanted, series, trail)


async def _publish(
    grid: TradingGridClient, asset_id: str, wanted: DocumentInput | None, series: str, trail: Trail
) -> Document | None:
    documents = [one async for one in grid.community.documents.list(asset_id=asset_id)]
    earlier = _of_series(documents, series, asset_id)
    there = _published(earlier)
    if wanted is None:
        return there and await change_document(
            grid, there, DocumentUpdate(audience=Audience()), trail
        )
    if there is None or _version_of(there) != _version_of(wanted):
        before = there
        if before is None and series == COMPLIANT:
            before = _published(_of_series(documents, DISTRIBUTION, asset_id))
        # Numbered: a version that becomes current again gets a document of its own.
        new = attrs.evolve(
            wanted,
            external_id=f"{wanted.external_id}:{len(earlier)}",
            supersedes=before.id if before else None,
        )
        return await trail.write(
            f"publish {new.title} for {how_many(new.audience.partners)}",
            lambda: grid.community.documents.create(new),
            instead=None,
        )
    changes = DocumentUpdate(
        audience=wanted.audience, restrictions=wanted.restrictions, expires_at=wanted.expires_at
    )
    return await change_document(grid, there, changes, trail)


def _of_series(documents: Iterable[Document], series: str, asset_id: str) -> list[Document]:
    prefix = f"{series}:{asset_id}:"
    return [one for one in documents if (one.external_id or "").startswith(prefix)]


def _published(documents: Iterable[Document]) -> Document | None:
    published = [one for one in documents if one.state == DocumentState.PUBLISHED]
    return published[-1] if published else None


def _version_of(document: Document | DocumentInput) -> str | None:
    return document.asset.version_id if document.asset else None


async def change_document(
    grid: TradingGridClient, document: Document, changes: DocumentUpdate, trail: Trail
) -> Document:
    """Change what is not as it is to be."""
    if all(
        value is UNSET or value == getattr(document, name)
        for name, value in attrs.asdict(changes, recurse=False).items()
    ):
        return document
    return await trail.write(
        f"bring document {document.id} up to date",
        lambda: grid.community.documents.update(document.id, changes, if_match=document.etag),
        instead=document,
    )


async def announce(
    grid: TradingGridClient,
    document: Document | None,
    title: str,
    *,
    partners: Collection[str],
    trail: Trail,
) -> tuple[str, ...]:
    """Bring about that every one of some partners was told once of a document.

    Args:
        grid: where to announce.
        document: the document; None in a dry run that would publish it.
        title: what it is about.
        partners: company ids of those who have their delivery.
        trail: where to note it.

    Returns:
        The ids of the announcements.
    """
    return await tell_once(
        grid,
        _announcement(document, named(title)),
        what=f"announce {named(title)}",
        partners=partners,
        trail=trail,
    )


async def tell_once(
    grid: TradingGridClient,
    draft: AnnouncementInput,
    *,
    what: str,
    partners: Collection[str],
    trail: Trail,
) -> tuple[str, ...]:
    """Bring about that every one of some partners was told something once.

    Announcements are never changed: partners who come later get one of their own. They are
    numbered, so that all of them are found again by their `external_id`.

    Args:
        grid: where to tell it.
        draft: what to tell, for an audience that is filled in here; its `external_id` is what those
            of all its announcements begin with. Without one nothing of it was told yet.
        what: the same for the trail.
        partners: company ids.
        trail: where to note it.

    Returns:
        The ids of the announcements.
    """
    untold = set(partners)
    ids: list[str] = []
    while untold:
        key = f"{draft.external_id}:{len(ids)}" if draft.external_id else None
        audience = Audience(partners=tuple(sorted(untold)))
        new = attrs.evolve(draft, external_id=key, audience=audience)
        sent = await _sent(grid, key) or await trail.write(
            f"{what} to {how_many(untold)}",
            partial(grid.community.announcements.create, new),
            instead=None,
        )
        if sent is None:
            break
        ids.append(sent.id)
        untold -= set(sent.audience.partners)
    return tuple(ids)


async def _sent(grid: TradingGridClient, key: str | None) -> Announcement | None:
    if key is None:
        return None
    return next(iter(await grid.community.announcements.list(external_id=key).first(1)), None)


def _announcement(document: Document | None, title: str) -> AnnouncementInput:
    if document is None:
        return AnnouncementInput(subject=title, body=title, audience=Audience())
    text = f"{document.title} is available to you. Your own link is in your delivery."
    if document.expires_at is not None:
        text += f"\nIt may be used until {moment(document.expires_at)}."
    if document.restrictions:
        text += "\nPlease note:\n" + listed(document.restrictions)
    replaces = document.supersedes is not None
    return AnnouncementInput(
        subject=f"New version: {document.title}" if replaces else f"New: {document.title}",
        body=fitting(text),
        audience=Audience(),
        external_id=f"{document.external_id}:told",
        kind=AnnouncementKind.REPLACEMENT if replaces else AnnouncementKind.NOTICE,
        document_ids=[document.id],
    )


def _digest(facts: AssetFacts, policy: ReleasePolicy) -> str | None:
    """The digest of the version that the facts speak of, when anybody has computed it."""
    found = facts.sha256
    if found is None and _only(facts.metadata, policy.compliant_version_field) == facts.version_id:
        found = _only(facts.metadata, policy.compliant_sha256_field)
    digest = (found or "").strip().lower()
    return f"sha-256:{digest}" if _SHA256.fullmatch(digest) else None


def _only(metadata: Mapping[str, Sequence[object]], field: str) -> str | None:
    """The value of a field that has exactly one."""
    values = metadata.get(field)
    match values:
        case [str() as value]:
            return value
        case _:
            return None
