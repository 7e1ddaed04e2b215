"""Assets with the comfort of approvals per version, explicit versions, and links for partners.

A share shows an asset, not a version: no share of iconik's has a version id. Links are therefore
made with `allow_view_versions=False`, and which version they show is the asset's current one.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, TypedDict

import attrs

from tgiconik import errors
from tgiconik._validate import texts
from tgiconik.iconik._parallel_pages import read_all
from tgiconik.iconik.models import assets as m
from tgiconik.iconik.services.assets import AssetsService

#: The settings of a share, as opposed to its identity and its counts.
SHARE_SETTINGS: Final = (
    "allow_approving_comments",
    "allow_comments",
    "allow_custom_actions",
    "allow_download",
    "allow_download_proxy",
    "allow_setting_approve_status",
    "allow_sync",
    "allow_upload",
    "allow_user_search_for_mentions",
    "allow_view_transcriptions",
    "allow_view_versions",
    "automatic_approval_share",
    "drm",
    "is_approval",
    "message",
    "metadata_views",
    "project_id",
    "review_experience_public_beta",
    "show_existing_comments",
    "show_watermark",
    "title",
    "upload_storage_id",
    "watermark",
)

#: The permissions of a share that no link of ours has.
_MORE_THAN_VIEWING: Final = (
    "allow_approving_comments",
    "allow_comments",
    "allow_custom_actions",
    "allow_setting_approve_status",
    "allow_upload",
    "allow_view_versions",
    "automatic_approval_share",
    "is_approval",
)

_KEY: Final = re.compile(r"[A-Za-z0-9:._@/%-]{1,200}")
_KEYED_TITLE: Final = re.compile(rf".*\[({_KEY.pattern})\]", re.DOTALL)


@attrs.frozen(kw_only=True)
class ShareLink:
    """A share by link, as one recipient has it.

    Attributes:
        share_id: iconik's id of the share.
        object_id: the asset or collection that it shows.
        object_type: `assets` or `collections`.
        key: whose link it is: the caller's own name for it, kept in the share's title.
        url: the link. Whoever has it can see the object, so it is left out of the repr.
        expires: when it stops working, in UTC.
        allow_download: whether the original can be downloaded through it.
        date_created: when it was made, in UTC.
        owner_id: the user who made it; iconik sets it, and nobody can change it.
        permits_more: it lets recipients do more than view the current version and, with
            `allow_download`, download it: comment, approve, upload, or see other versions.
    """

    share_id: str
    object_id: str
    object_type: str
    key: str | None
    url: str | None = attrs.field(default=None, repr=False)
    expires: datetime | None = None
    allow_download: bool = False
    date_created: datetime | None = None
    owner_id: str | None = None
    permits_more: bool = False


@attrs.frozen(kw_only=True)
class ShareCounts:
    """How a share was used, over all who used it.

    Attributes:
        access_count: how often it was opened.
        download_count: how often the original was downloaded.
        last_access_date: when it was last opened, in UTC; None when it never was.
    """

    access_count: int = 0
    download_count: int = 0
    last_access_date: datetime | None = None


def current_version(asset: m.Asset) -> m.AssetVersion | None:
    """The version that a share of the asset shows; None when it has no version.

    The asset's `default_version_id`, which iconik's guides name and its published documents lack.
    Where a record lacks it, the version with the highest number counts: an assumption.

    Args:
        asset: as it was read by its id; a search hit may be old.
    """
    versions = [version for version in asset.versions or () if version.id is not None]
    for version in versions:
        if version.id == asset.default_version_id:
            return version
    if asset.default_version_id is not None:
        return m.AssetVersion(id=asset.default_version_id)
    return max(versions, key=lambda version: version.version_number or 0, default=None)


def keyed_title(title: str, key: str) -> str:
    """The title of a share that can be found again by its key.

    Args:
        title: what recipients read.
        key: whose share it is.

    Raises:
        ConfigurationError: the key has other characters than letters, digits and `:._@/%-`.
    """
    if not _KEY.fullmatch(key):
        raise errors.ConfigurationError(
            f"{key!r} cannot be the key of a share; take letters, digits and :._@/%-"
        )
    return f"{title} [{key}]"


def key_in(title: str | None) -> str | None:
    """The key in a share's title; None for a share that has none.

    Args:
        title: the share's title.
    """
    found = _KEYED_TITLE.fullmatch(title or "")
    return found[1] if found else None


class Assets(AssetsService):
    """iconik's assets service, with approvals, versions and links made comfortable."""

    async def approval(self, asset_id: str, version_id: str) -> m.Approval | None:
        """The approval of one version, with each reviewer's word; None when nobody asked for one.

        `GET /API/assets/v1/assets/{asset_id}/versions/{version_id}/approvals/request/`.

        Args:
            asset_id: the asset.
            version_id: the version.
        """
        try:
            return await self.get_object_version_approval_request("assets", asset_id, version_id)
        except errors.NotFound:
            return None

    async def request_approval(
        self,
        asset_id: str,
        version_id: str,
        *,
        users: Sequence[str] = (),
        groups: Sequence[str] = (),
        min_number: int = 1,
    ) -> None:
        """Ask reviewers whether a version may be released.

        `POST /API/assets/v1/assets/{asset_id}/approvals/request/`, role
        `can_write_approval_request`. iconik's documents of May 2025 mark the version as read-only:
        whether it takes one that is not current is not known, so the answer decides.

        Args:
            asset_id: the asset.
            version_id: the version that they are to look at.
            users: ids of users.
            groups: ids of groups.
            min_number: how many must approve.

        Raises:
            ConfigurationError: nobody is asked, or one id stands where a list is wanted.
            Inconsistent: iconik asks them about another version.
        """
        user_ids, group_ids = texts(users, "users"), texts(groups, "groups")
        if not user_ids and not group_ids:
            raise errors.ConfigurationError("a request for approval needs users or groups")
        body = m.ApprovalInput(
            version_id=version_id,
            users=list(user_ids),
            groups=list(group_ids),
            min_number=min_number,
        )
        made = await self.create_object_approval_request("assets", asset_id, body=body)
        asked = made.version_id if isinstance(made, m.Approval) else None
        if asked not in {None, version_id}:
            raise errors.Inconsistent(
                f"asset {asset_id}: approval of version {version_id} was to be requested, and "
                f"iconik requested it for {asked}"
            )

    async def set_approval(self, asset_id: str, version_id: str, status: str) -> None:
        """Say what the user behind the credentials thinks of a version that was asked for.

        `PUT /API/assets/v1/assets/{asset_id}/approvals/`, role `can_write_approval_status`.

        Args:
            asset_id: the asset.
            version_id: the version.
            status: `APPROVED` or `NOT_APPROVED`, see `ApprovalStatus`.

        Raises:
            Inconsistent: iconik noted it for another version.
        """
        body = m.ApprovalByInput(version_id=version_id, status=status)
        noted = await self.set_object_approval("assets", asset_id, body=body)
        if noted is not None and noted.version_id not in {None, version_id}:
            raise errors.Inconsistent(
                f"asset {asset_id}: version {version_id} was to be {status}, and iconik noted "
                f"it for {noted.version_id}"
            )

    async def promote_version(self, asset_id: str, version_id: str) -> m.Asset:
        """Make a version the asset's current one, and read back that it is.

        `PUT /API/assets/v1/assets/{asset_id}/versions/{version_id}/promote/`.

        Args:
            asset_id: the asset.
            version_id: the version.

        Raises:
            Inconsistent: iconik took the call, and another version is current all the same.
        """
        await self.promote_asset_version(asset_id, version_id)
        asset = await self.get_asset(asset_id)
        current = current_version(asset)
        if current is None or current.id != version_id:
            raise errors.Inconsistent(
                f"asset {asset_id}: version {version_id} was promoted, but "
                f"{current.id if current else 'none'} is current"
            )
        return asset

    async def add_version(self, asset_id: str, body: m.CreateAssetVersionInput) -> m.AssetVersion:
        """Add an empty version, ready for files.

        Whether it is current at once was not found: promote the one that is to be seen.
        `POST /API/assets/v1/assets/{asset_id}/versions/`.

        Args:
            asset_id: the asset.
            body: its title and status.

        Raises:
            Inconsistent: no version was added, or another one at the same time.
        """
        before = {version.id for version in (await self.get_asset(asset_id)).versions or ()}
        await self.create_asset_version(asset_id, body=body)
        after = (await self.get_asset(asset_id)).versions or ()
        added = [version for version in after if version.id not in before]
        if len(added) != 1:
            raise errors.Inconsistent(
                f"asset {asset_id}: {len(added)} new versions where one was added"
            )
        return added[0]

    async def add_version_from(self, asset_id: str, source_version_id: str) -> None:
        """Add a copy of a version, of this or another asset.

        iconik only accepts the job (202); the version appears when it is done.
        `POST /API/assets/v1/assets/{asset_id}/versions/from/versions/{source_version_id}/`.

        Args:
            asset_id: the asset that gets it.
            source_version_id: the version to copy.
        """
        await self.create_asset_version_from_version(asset_id, source_version_id, body={})

    async def create_link(
        self,
        object_id: str,
        *,
        key: str,
        title: str,
        expires: datetime,
        allow_download: bool,
        object_type: str = "assets",
    ) -> ShareLink:
        """Share by a link that nobody is told of but the caller.

        `POST /API/assets/v1/{object_type}/{object_id}/shares/url/`, role `can_write_shares`.

        Args:
            object_id: the asset or collection.
            key: whose link it is; part of the share's title, so that `find_links` finds it again.
            title: what recipients read.
            expires: when it stops working; iconik's shares always end.
            allow_download: whether the original can be downloaded through it.
            object_type: `assets` or `collections`.
        """
        body = m.ShareURLCreateInput(
            title=keyed_title(title, key), expires=expires, **_may_look(and_download=allow_download)
        )
        made = await self.create_object_share_url(object_type, object_id, body=body)
        return _link(made, object_type, object_id)

    async def share_by_email(
        self,
        object_id: str,
        emails: Sequence[str],
        *,
        key: str,
        title: str,
        expires: datetime,
        allow_download: bool,
        message: str | None = None,
        object_type: str = "assets",
    ) -> m.Share:
        """Share by e-mail: iconik writes to every address, and each gets a tracked link of its own.

        Those links can never be read back. iconik accepts the share (202) before all of it is done.
        `POST /API/assets/v1/{object_type}/{object_id}/shares/`, role `can_write_shares`.

        Args:
            object_id: the asset or collection.
            emails: who gets it.
            key: whose share it is; part of its title.
            title: what recipients read.
            expires: when it stops working.
            allow_download: whether the original can be downloaded through it.
            message: what the e-mail says.
            object_type: `assets` or `collections`.

        Raises:
            ConfigurationError: there is nobody to write to.
        """
        addresses = texts(emails, "emails")
        if not addresses:
            raise errors.ConfigurationError("a share by e-mail needs an address")
        body = m.ShareCreateInput(
            emails=list(addresses),
            title=keyed_title(title, key),
            expires=expires,
            message=message,
            **_may_look(and_download=allow_download),
        )
        return await self.create_object_share(object_type, object_id, body=body)

    async def find_links(
        self, object_id: str, key: str, *, object_type: str = "assets"
    ) -> list[ShareLink]:
        """The shares of an object that carry a key, expired ones too, oldest first.

        Reads the object's own list, which the database answers; the index behind `list_shares` may
        lag. `GET /API/assets/v1/{object_type}/{object_id}/shares/`.

        Args:
            object_id: the asset or collection.
            key: whose links they are, as given to `create_link`.
            object_type: `assets` or `collections`.
        """
        return (await self.find_keyed_links(object_id, object_type=object_type)).get(key, [])

    async def find_keyed_links(
        self, object_id: str, *, object_type: str = "assets", known: Sequence[str] = ()
    ) -> dict[str, list[ShareLink]]:
        """All shares of an object that carry a key, by key, in one walk; each oldest first.

        `GET /API/assets/v1/{object_type}/{object_id}/shares/`.

        Args:
            object_id: the asset or collection.
            object_type: `assets` or `collections`.
            known: ids of shares that are known to be there, oldest first: with many of them, a long
                list is read from several places at the same time.
        """
        found: dict[str, list[ShareLink]] = {}
        for link in await self.find_shares(object_id, object_type=object_type, known=known):
            if link.key is not None:
                found.setdefault(link.key, []).append(link)
        return found

    async def find_shares(
        self, object_id: str, *, object_type: str = "assets", known: Sequence[str] = ()
    ) -> list[ShareLink]:
        """All shares of an object, with a key or without, expired ones too, oldest first.

        `GET /API/assets/v1/{object_type}/{object_id}/shares/`.

        Args:
            object_id: the asset or collection.
            object_type: `assets` or `collections`.
            known: ids of shares that are known to be there, oldest first: with many of them, a long
                list is read from several places at the same time.
        """
        shares = await read_all(self.list_object_shares(object_type, object_id), known)
        links = [_link(share, object_type, object_id) for share in shares]
        return sorted(links, key=lambda link: (str(link.date_created or ""), link.share_id))

    async def get_link(
        self, object_id: str, share_id: str, *, object_type: str = "assets"
    ) -> ShareLink | None:
        """One share by its id, as the database has it; None when it is gone.

        `GET /API/assets/v1/{object_type}/{object_id}/shares/{share_id}/`.

        Args:
            object_id: the asset or collection.
            share_id: the share.
            object_type: `assets` or `collections`.
        """
        try:
            share = await self.get_object_share(object_type, object_id, share_id)
        except errors.NotFound:
            return None
        return _link(share, object_type, object_id)

    async def renew_link(self, link: ShareLink, expires: datetime) -> ShareLink:
        """Give a link another end; everything else about the share stays as it is.

        `GET` and `PUT /API/assets/v1/{object_type}/{object_id}/shares/{share_id}/`.

        Args:
            link: the share, as `create_link` or `find_links` answered it.
            expires: when it stops working, timezone-aware.
        """
        there = await self.get_object_share(link.object_type, link.object_id, link.share_id)
        # A PUT replaces: what is not sent would be lost.
        body = m.ShareInput(
            expires=expires, **{name: getattr(there, name) for name in SHARE_SETTINGS}
        )
        await self.replace_object_share(link.object_type, link.object_id, link.share_id, body=body)
        return attrs.evolve(link, expires=expires)

    async def count_accesses(self, link: ShareLink) -> ShareCounts:
        """How a share was used so far.

        `GET /API/assets/v1/{object_type}/{object_id}/shares/{share_id}/users/`.

        Args:
            link: the share, as `create_link` or `find_links` answered it.
        """
        users = self.list_object_share_users(link.object_type, link.object_id, link.share_id)
        return _counted([user async for user in users])

    async def revoke_link(self, link: ShareLink) -> bool:
        """End a share now; says whether it was still there.

        Its counts go with it: read them before, with `count_accesses`.
        `DELETE /API/assets/v1/{object_type}/{object_id}/shares/{share_id}/`.

        Args:
            link: the share, as `create_link` or `find_links` answered it.
        """
        try:
            await self.delete_object_share(link.object_type, link.object_id, link.share_id)
        except errors.NotFound:
            return False
        return True

    async def discard_collection_content(
        self, collection_id: str, object_type: str, object_id: str
    ) -> bool:
        """Take an object out of a collection; says whether it was still in it.

        `DELETE /API/assets/v1/collections/{collection_id}/contents/{object_type}/{object_id}/`.

        Args:
            collection_id: the collection.
            object_type: `assets` or `collections`.
            object_id: the object.
        """
        try:
            await self.remove_collection_content(collection_id, object_type, object_id)
        except errors.NotFound:
            return False
        return True


class _Permissions(TypedDict):
    allow_download: bool
    allow_comments: bool
    allow_approving_comments: bool
    allow_setting_approve_status: bool
    allow_view_versions: bool


def _may_look(*, and_download: bool) -> _Permissions:
    """The permissions of a recipient: view the current version, and download if allowed."""
    return _Permissions(
        allow_download=and_download,
        allow_comments=False,
        allow_approving_comments=False,
        allow_setting_approve_status=False,
        allow_view_versions=False,
    )


def _link(share: m.Share | m.ShareURL | m.GetShare, object_type: str, object_id: str) -> ShareLink:
    if share.id is None:
        raise errors.Inconsistent(f"iconik answered a share of {object_id} without an id")
    return ShareLink(
        share_id=share.id,
        object_id=object_id,
        object_type=object_type,
        key=key_in(share.title),
        url=share.url,
        expires=share.expires,
        allow_download=bool(share.allow_download),
        date_created=share.date_created,
        owner_id=share.owner_id,
        permits_more=_permits_more(share),
    )


def _permits_more(share: m.Share | m.ShareURL | m.GetShare) -> bool:
    """Whether recipients may do more than view, and download where that is allowed."""
    more = any(getattr(share, name, None) for name in _MORE_THAN_VIEWING)
    return more or bool(share.allow_download_proxy and not share.allow_download)


def _counted(users: Iterable[m.ShareUser]) -> ShareCounts:
    users = list(users)
    return ShareCounts(
        access_count=sum(user.access_count or 0 for user in users),
        download_count=sum(user.download_count or 0 for user in users),
        last_access_date=max(
            (user.last_access_date for user in users if user.last_access_date), default=None
        ),
    )
