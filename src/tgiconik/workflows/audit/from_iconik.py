"""Events of an asset in iconik: versions, approvals, history, shares and comments.

iconik's history has no operation for making a share or looking at one (its published documents list
31 kinds). That access was given comes from the share itself; that it was used, from its recipients'
counts and the date of the last access: earlier dates are not kept anywhere. A revoked share is gone
with its counts; Trading Grid's activity log has them, where our workflows revoked it.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import unquote

import attrs

from tgiconik import errors
from tgiconik._report import one_line
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import key_in
from tgiconik.iconik.models import assets as m
from tgiconik.iconik.models import users as current
from tgiconik.release import AssetFacts, Purpose, ReasonCode, Recipient, ReleasePolicy, decide
from tgiconik.workflows.audit.events import UNDATED, About, Event, EventKind, Platform, Sighting
from tgiconik.workflows.audit.sources import Source
from tgiconik.workflows.run import IconikRun
from tgiconik.workflows.run.trail import Clock, Trail
from tgiconik.workflows.sharing.facts import read_facts

#: Operations of the history that other records tell of too.
_OPERATIONS: Final = {
    "APPROVE": EventKind.APPROVED,
    "REJECT": EventKind.REJECTED,
    "DOWNLOAD": EventKind.DOWNLOADED,
    "VERSION_CREATE": EventKind.VERSION_CREATED,
    "VERSION_PROMOTE": EventKind.VERSION_PROMOTED,
}
_WORDS: Final = {"APPROVED": EventKind.APPROVED, "NOT_APPROVED": EventKind.REJECTED}
#: Reasons that depend on the partner's request; an open share says nothing of that.
_OF_THE_REQUEST: Final = {ReasonCode.REGION, ReasonCode.LANGUAGE, ReasonCode.USAGE}
_KEY: Final = "tgiconik:"


@attrs.frozen
class SharedAsset:
    """An asset and the shares that show it, its own and those of its collections."""

    id: str
    asset: m.Asset
    shares: Sequence[m.Share]

    def event(
        self, kind: str, source: str, id_: str | None, at: datetime | None, about: About
    ) -> Event:
        """An event of this asset."""
        at = at or UNDATED
        of_asset: About = {"asset_id": self.id, "title": self.asset.title}
        seen = Sighting(platform=Platform.ICONIK, source=source, id=id_ or "", at=at)
        return Event(at=at, kind=kind, seen=(seen,), **(of_asset | about))

    def partner_of(self, share_id: str | None) -> str | None:
        """The partner of a share; None when its title does not say."""
        return next((partner_in(s.title) for s in self.shares if s.id == share_id), None)


def partner_in(title: str | None) -> str | None:
    """The partner in the key of a share's title, as `share_key` put it there."""
    key = key_in(title) or ""
    return unquote(key.removeprefix(_KEY)) if key.startswith(_KEY) else None


async def read_asset(iconik: IconikClient, asset_id: str) -> SharedAsset:
    """An asset with its shares.

    `GET /API/assets/v1/assets/{id}/` and, for it and each collection that it is in,
    `GET /API/assets/v1/{object_type}/{object_id}/shares/`.

    Raises:
        NotFound: the asset is gone, or hidden from these credentials.
    """
    asset = await iconik.assets.get_asset(asset_id)
    places = [("assets", asset_id), *(("collections", id_) for id_ in asset.in_collections or ())]
    shares = [
        share
        for type_, id_ in places
        async for share in iconik.assets.list_object_shares(type_, id_)
    ]
    return SharedAsset(asset_id, asset, shares)


async def members(iconik: IconikClient, collection_id: str) -> list[str]:
    """Ids of the assets in a collection, of which a share of it shows each.

    `GET /API/assets/v1/collections/{id}/contents/`.
    """
    contents = iconik.assets.list_collection_contents(collection_id, object_types="assets")
    return [item.id async for item in contents if item.id and item.object_type != "collections"]


def people_of(asset: m.Asset) -> dict[str, str]:
    """The names of the users who made an asset and its versions, by id, as iconik tells them."""
    versions = asset.versions or ()
    return people(asset.created_by_user_info, *(one.created_by_user_info for one in versions))


def people(*told: m.User | current.User | None) -> dict[str, str]:
    """The names of users by id; those without a name are left out."""
    found = {
        user.id: one_line(f"{user.first_name or ''} {user.last_name or ''}")
        for user in told
        if user is not None and user.id
    }
    return {id_: name for id_, name in found.items() if name}


def asset_sources(
    iconik: IconikClient, shown: SharedAsset, *, policy: ReleasePolicy | None, now: Clock
) -> Iterator[Source]:
    """All sources of an asset in iconik."""
    yield Source("iconik versions", shown.id, versions(shown))
    yield Source("iconik approvals", shown.id, approvals(iconik, shown))
    yield Source("iconik history", shown.id, history(iconik, shown))
    yield Source("iconik shares", shown.id, shares(iconik, shown, now))
    yield Source("iconik comments", shown.id, comments(iconik, shown))
    if policy is not None:
        yield Source("release policy", shown.id, judgements(iconik, shown, policy, now))


async def versions(shown: SharedAsset) -> AsyncIterator[Event]:
    """An event for each version, with its maker."""
    for version in shown.asset.versions or ():
        yield shown.event(
            EventKind.VERSION_CREATED,
            "versions",
            version.id,
            version.date_created,
            {"actor": version.created_by_user, "version_id": version.id},
        )


async def approvals(iconik: IconikClient, shown: SharedAsset) -> AsyncIterator[Event]:
    """Approval requests for each version, and each reviewer's last decision.

    `GET /API/assets/v1/assets/{id}/versions/{version_id}/approvals/request/`.
    """
    for version in shown.asset.versions or ():
        if version.id is None:
            continue
        approval = await iconik.assets.approval(shown.id, version.id)
        if approval is None:
            continue
        of_version: About = {"version_id": version.id}
        if approval.request_date is not None:
            yield shown.event(
                EventKind.APPROVAL_REQUESTED,
                "approvals",
                version.id,
                approval.request_date,
                of_version | {"actor": approval.requested_by},
            )
        for word in approval.approvals_by or ():
            kind = _WORDS.get(word.status or "")
            if kind is not None:
                yield shown.event(
                    kind,
                    "approvals",
                    version.id,
                    word.change_date or approval.change_date,
                    of_version | {"actor": word.user or word.external},
                )


async def history(iconik: IconikClient, shown: SharedAsset) -> AsyncIterator[Event]:
    """The operations on it. `GET /API/assets/v1/assets/{id}/history/`."""
    async for entry in iconik.assets.list_asset_history(shown.id):
        operation = entry.operation_type or "UNKNOWN"
        yield shown.event(
            _OPERATIONS.get(operation) or f"asset.{operation.lower()}",
            "history",
            entry.id,
            entry.date_created,
            {
                "actor": entry.user_id,
                "version_id": entry.version_id,
                "share_id": entry.share_id,
                "partner_id": shown.partner_of(entry.share_id),
                "text": entry.operation_description,
            },
        )


async def shares(iconik: IconikClient, shown: SharedAsset, now: Clock) -> AsyncIterator[Event]:
    """Access by shares: given, used so far, and expired.

    `GET /API/assets/v1/{object_type}/{object_id}/shares/{share_id}/users/`.
    """
    for share in shown.shares:
        if share.id is None:
            continue
        of_share: About = {
            "share_id": share.id,
            "partner_id": partner_in(share.title),
            "expires_at": share.expires,
        }
        yield shown.event(
            EventKind.GRANTED,
            "shares",
            share.id,
            share.date_created,
            of_share | {"actor": share.owner_id},
        )
        if share.expires is not None and share.expires <= now():
            yield shown.event(EventKind.ENDED, "shares", share.id, share.expires, of_share)
        for user in await _recipients(iconik, shown, share):
            if user.access_count or user.download_count or user.last_access_date:
                yield shown.event(
                    EventKind.USED,
                    "share users",
                    user.id,
                    user.last_access_date,
                    of_share
                    | {
                        "actor": user.email,
                        "access_count": user.access_count or 0,
                        "download_count": user.download_count or 0,
                    },
                )


async def _recipients(
    iconik: IconikClient, shown: SharedAsset, share: m.Share
) -> list[m.ShareUser]:
    users = iconik.assets.list_object_share_users(
        share.object_type or "assets", share.object_id or shown.id, share.id or ""
    )
    try:
        return [user async for user in users]
    except errors.NotFound:
        # It was revoked since it was listed, and its counts were logged before.
        return []


async def comments(iconik: IconikClient, shown: SharedAsset) -> AsyncIterator[Event]:
    """Comments on its timeline. `GET /API/assets/v1/assets/{id}/segments/`."""
    found = iconik.assets.list_asset_segments(
        shown.id, segment_type=m.SegmentType.COMMENT, include_all_versions=True
    )
    async for comment in found:
        yield shown.event(
            EventKind.COMMENTED,
            "comments",
            comment.id,
            comment.date_created,
            {
                "actor": comment.user_id or comment.share_user_email,
                "version_id": comment.version_id,
                "share_id": comment.share_id,
                "partner_id": shown.partner_of(comment.share_id),
                "text": comment.segment_text,
            },
        )


async def judgements(
    iconik: IconikClient, shown: SharedAsset, policy: ReleasePolicy, now: Clock
) -> AsyncIterator[Event]:
    """Whether each share that is open now could be made now, as far as the version goes."""
    open_ = [s for s in shown.shares if s.id and (s.expires is None or s.expires > now())]
    if not open_:
        return
    run = IconikRun(iconik=iconik, policy=policy, trail=Trail(now=now))
    facts = await read_facts(run, shown.id)
    for share in open_:
        refusals = _refusals(policy, facts, partner_in(share.title) or "", share, now())
        yield Event(
            at=facts.read_at,
            kind=EventKind.JUDGED,
            seen=(
                Sighting(
                    platform=Platform.HERE,
                    source="release policy",
                    id=share.id or "",
                    at=facts.read_at,
                ),
            ),
            partner_id=partner_in(share.title),
            asset_id=shown.id,
            title=shown.asset.title,
            version_id=facts.version_id,
            share_id=share.id,
            expires_at=share.expires,
            allowed=not refusals,
            text=" ".join(refusals) or None,
        )


def _refusals(
    policy: ReleasePolicy, facts: AssetFacts, partner_id: str, share: m.Share, at: datetime
) -> list[str]:
    recipient = Recipient(company_id=partner_id)
    decision = decide(policy, facts, recipient, Purpose(download=bool(share.allow_download)), at)
    if decision.allowed:
        return []
    return [r.message for r in decision.reasons if r.code not in _OF_THE_REQUEST]
