"""The document and the announcement of an asset for many partners.

Their audience names the allowed partners and never their groups: a partner who is refused, or who
joins a group later and would be refused, must not learn the title.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._models import UNSET
from tgiconik.release import (
    AssetFacts,
    Decision,
    ReleasePolicy,
    usable_until,
)
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
from tgiconik.workflows.run import GridRun
from tgiconik.workflows.run.text import fitting, how_many, listed, moment, named
from tgiconik.workflows.sharing.facts import HELD

#: The series of documents: of current versions, and of compliant versions.
DISTRIBUTION: Final = "distribution"
COMPLIANT: Final = "compliant"
#: How often a document update is retried when it changes concurrently.
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
    """The document to publish for an asset that some partners may have."""
    title = named(facts.title) or facts.asset_id
    return DocumentInput(
        title=title,
        external_id=f"{series}:{facts.asset_id}:{facts.version_id}",
        audience=Audience(partners=tuple(sorted(partners))),
        asset=AssetReference(
            asset_id=facts.asset_id,
            version_id=facts.version_id,
            title=title,
            digest=_digest(facts),
            role=AssetRole.DELIVERED,
        ),
        # Trading Grid rejects blank values, and they restrict nothing.
        restrictions=tuple(text for text in decision.restrictions if text),
        expires_at=usable_until(policy, facts),
    )


def is_of_compliance(document: Document) -> bool:
    """Whether a document is for the compliant version of an asset."""
    return (document.external_id or "").startswith(f"{COMPLIANT}:")


class WithdrawnByHand(errors.WorkflowError):
    """Somebody withdrew the document of this version by hand."""


async def publish(
    run: GridRun,
    asset_id: str,
    wanted: DocumentInput | None,
    *,
    series: str,
    restore: bool = False,
) -> Document | None:
    """Publish or update the document of an asset's current version.

    It is found by its `external_id`. The document of an earlier version is superseded.

    Args:
        run: the run.
        asset_id: the asset.
        wanted: from `wanted_document`; None if no partner may have the asset: then nothing is
            published, and existing documents lose their audience.
        series: the series of the document. It supersedes earlier documents of its series; the first
            one of `COMPLIANT` also supersedes those of `DISTRIBUTION`.
        restore: publish again what somebody withdrew by hand.

    Returns:
        The document; None if there is none, or in a dry run that would create it.

    Raises:
        WithdrawnByHand: somebody withdrew the document of this version.
        PreconditionFailed: the document changed concurrently too often.
    """
    for _ in range(_ROUNDS):
        try:
            return await _publish(run, asset_id, wanted, series, restore=restore)
        except errors.PreconditionFailed:
            run.trail.read("somebody else changed the document meanwhile")
    return await _publish(run, asset_id, wanted, series, restore=restore)


async def _publish(
    run: GridRun, asset_id: str, wanted: DocumentInput | None, series: str, *, restore: bool
) -> Document | None:
    documents = [one async for one in run.grid.community.documents.list(asset_id=asset_id)]
    earlier = _of_series(documents, series, asset_id)
    there = _published(earlier, _version_of(wanted) if wanted is not None else None)
    await _supersede_others(run, earlier, there)
    if wanted is None:
        return there and await change_document(run, there, DocumentUpdate(audience=Audience()))
    if there is None and not restore and await _was_withdrawn(run, asset_id, earlier, wanted):
        raise WithdrawnByHand(f"the document of {wanted.title} was withdrawn by hand")
    if there is None or _version_of(there) != _version_of(wanted):
        before = there
        if before is None and series == COMPLIANT:
            before = _published(_of_series(documents, DISTRIBUTION, asset_id))
        # Numbered, because a version that becomes current again gets a new document.
        new = attrs.evolve(
            wanted,
            external_id=f"{wanted.external_id}:{len(earlier)}",
            supersedes=before.id if before else None,
        )
        return await run.write(
            f"publish {new.title} for {how_many(new.audience.partners)}",
            lambda: run.grid.community.documents.create(new),
            instead=None,
        )
    changes = DocumentUpdate(
        audience=wanted.audience, restrictions=wanted.restrictions, expires_at=wanted.expires_at
    )
    return await change_document(run, there, changes)


async def _was_withdrawn(
    run: GridRun, asset_id: str, earlier: Sequence[Document], wanted: DocumentInput
) -> bool:
    """Whether the last document is of this version, and withdrawn by somebody, not by a recall."""
    if not earlier or earlier[-1].state != DocumentState.WITHDRAWN:
        return False
    if _version_of(earlier[-1]) != _version_of(wanted):
        return False
    # A recall holds the version in the log before it withdraws its documents.
    holds = run.grid.community.activity.list(kind=[HELD], subject_id=asset_id)
    recalled = {entry.detail.get("version_id") async for entry in holds}
    return _version_of(wanted) not in recalled


def _of_series(documents: Iterable[Document], series: str, asset_id: str) -> list[Document]:
    prefix = f"{series}:{asset_id}:"
    return [one for one in documents if (one.external_id or "").startswith(prefix)]


def _published(documents: Iterable[Document], version_id: str | None = None) -> Document | None:
    """The latest published one, of a version if there is one of it."""
    published = [one for one in documents if one.state == DocumentState.PUBLISHED]
    of_version = [one for one in published if version_id and _version_of(one) == version_id]
    return next(reversed(of_version or published), None)


async def _supersede_others(
    run: GridRun, series: Iterable[Document], kept: Document | None
) -> None:
    """A list that was late has hidden a document from a run that published the next one."""
    for document in series:
        if document.state == DocumentState.PUBLISHED and kept and document.id != kept.id:
            await run.write(
                f"supersede document {document.id}",
                partial(
                    run.grid.community.documents.set_state,
                    document.id,
                    DocumentState.SUPERSEDED,
                    if_match=document.etag,
                    note=f"beside {kept.id}",
                ),
                instead=document,
            )


def _version_of(document: Document | DocumentInput) -> str | None:
    return document.asset.version_id if document.asset else None


async def change_document(run: GridRun, document: Document, changes: DocumentUpdate) -> Document:
    """Update a document, unless it is up to date."""
    if all(
        value is UNSET or value == getattr(document, name)
        for name, value in attrs.asdict(changes, recurse=False).items()
    ):
        return document
    return await run.write(
        f"bring document {document.id} up to date",
        lambda: run.grid.community.documents.update(document.id, changes, if_match=document.etag),
        instead=document,
    )


async def announce(
    run: GridRun, document: Document | None, title: str, *, partners: Collection[str]
) -> tuple[str, ...]:
    """Announce a document to each of some partners, once.

    Args:
        run: the run.
        document: the document; None in a dry run that would publish it.
        title: the title of the asset.
        partners: company ids of partners who have their delivery.

    Returns:
        The ids of the announcements.
    """
    return await tell_once(
        run,
        _announcement(document, named(title)),
        what=f"announce {named(title)}",
        partners=partners,
    )


async def tell_once(
    run: GridRun, draft: AnnouncementInput, *, what: str, partners: Collection[str]
) -> tuple[str, ...]:
    """Send an announcement to each of some partners, once.

    Announcements never change: partners who are added later get a further one. They are numbered,
    so that all of them are found by their `external_id`.

    Args:
        run: the run.
        draft: the announcement without its audience. Its `external_id` is the prefix of all its
            announcements' ids; without one, nothing was announced before.
        what: the description for the trail.
        partners: company ids.

    Returns:
        The ids of the announcements.
    """
    untold = set(partners)
    ids: list[str] = []
    while untold:
        key = f"{draft.external_id}:{len(ids)}" if draft.external_id else None
        audience = Audience(partners=tuple(sorted(untold)))
        new = attrs.evolve(draft, external_id=key, audience=audience)
        sent = await _sent(run, key) or await run.write(
            f"{what} to {how_many(untold)}",
            partial(run.grid.community.announcements.create, new),
            instead=None,
        )
        if sent is None:
            break
        ids.append(sent.id)
        untold -= set(sent.audience.partners)
    return tuple(ids)


async def _sent(run: GridRun, key: str | None) -> Announcement | None:
    if key is None:
        return None
    return next(iter(await run.grid.community.announcements.list(external_id=key).first(1)), None)


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


def _digest(facts: AssetFacts) -> str | None:
    """The digest of the version, where it was computed: where compliance asks for it."""
    digest = (facts.sha256 or "").strip().lower()
    return f"sha-256:{digest}" if _SHA256.fullmatch(digest) else None
