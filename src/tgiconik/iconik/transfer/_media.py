"""The media of a version: which of its files can be fetched now, and the links to them."""

from typing import Literal, TypeAlias, get_args

import attrs

from tgiconik import errors
from tgiconik._http import SignedLink
from tgiconik._validate import known_word
from tgiconik.iconik.assets import current_version
from tgiconik.iconik.models import assets as a
from tgiconik.iconik.models import files as f
from tgiconik.iconik.transfer._record import ORIGINAL
from tgiconik.iconik.transfer._services import MediaServices

MediaKind: TypeAlias = Literal["original", "proxy", "keyframe"]


def media_kind(kind: str) -> MediaKind:
    """A kind of media.

    Args:
        kind: its name.

    Raises:
        ConfigurationError: there is no such kind. Any other word would mean a keyframe further on.
    """
    words: tuple[MediaKind, ...] = get_args(MediaKind)
    return known_word(kind, "kind", words)


@attrs.frozen(kw_only=True)
class MediaFile:
    """Something that can be fetched.

    Attributes:
        id: of the file, proxy or keyframe.
        name: as the server has it.
        size: in bytes, when the server says.
        checksum: hexadecimal, when the server says.
    """

    asset: a.Asset
    version_id: str
    kind: MediaKind
    id: str
    name: str
    size: int | None
    checksum: str | None

    @property
    def label(self) -> str:
        """The media in words, for errors."""
        return f"{self.kind} {self.name!r} of version {self.version_id}"


@attrs.frozen(kw_only=True)
class MediaFinder:
    """Finds the media of one client's assets.

    Attributes:
        iconik: the platform.
    """

    iconik: MediaServices

    async def find(self, asset_id: str, version_id: str | None, kind: MediaKind) -> MediaFile:
        """The media file of a version; of the current one unless another is named.

        Raises:
            NotOnline: nothing that could be fetched now.
            ConfigurationError: there is no such kind of media.
        """
        kind = media_kind(kind)
        asset = await self.iconik.assets.get_asset(asset_id)
        if version_id is None:
            version = current_version(asset)
            if version is None or version.id is None:
                raise errors.NotOnline(f"asset {asset_id} has no version")
            version_id = version.id
        if kind == "original":
            return await self._original(asset, asset_id, version_id)
        return await self._preview(asset, asset_id, version_id, kind)

    async def link(self, media: MediaFile) -> SignedLink:
        """A new link to the bytes; the one in a list would carry another file name."""
        ids = str(media.asset.id), media.id
        files = self.iconik.files
        if media.kind == "original":
            url = (await files.get_asset_file_download_url(*ids)).url
        elif media.kind == "proxy":
            url = (await files.get_asset_proxy_download_url(*ids)).url
        else:
            url = (await files.get_asset_keyframe(*ids)).url
        if not url:
            raise errors.NotOnline(f"iconik gives no link to {media.kind} {media.id}")
        return SignedLink(url)

    async def _original(self, asset: a.Asset, asset_id: str, version_id: str) -> MediaFile:
        files = self.iconik.files
        formats = [
            each
            async for each in files.list_asset_version_formats(asset_id, version_id)
            if each.name == ORIGINAL
        ]
        where = f"the original of version {version_id} of asset {asset_id}"
        for format_ in formats:
            if format_.archive_status not in {None, f.FormatArchiveStatus.NOT_ARCHIVED}:
                raise errors.NotOnline(f"{where} is {format_.archive_status}: restore it first")
        ids = {each.id for each in formats}
        found = [
            each
            async for each in files.list_asset_version_files(asset_id, version_id)
            if each.format_id in ids
        ]
        if not found:
            raise errors.NotOnline(f"{where} has no file")
        there = [each for each in found if each.status == f.FileStatus.CLOSED]
        if len(there) < len(found):
            states = ", ".join(sorted({str(each.status) for each in found}))
            raise errors.NotOnline(f"{where} is not all there: {states}")
        if len(there) > 1:
            raise errors.Unsupported(f"{where} is a sequence of {len(there)} files, not one")
        if any(each.is_online is False for each in formats):
            raise errors.NotOnline(f"{where} is offline")
        return _media(asset, version_id, "original", there[0])

    async def _preview(
        self, asset: a.Asset, asset_id: str, version_id: str, kind: MediaKind
    ) -> MediaFile:
        files = self.iconik.files
        found = (
            [each async for each in files.list_asset_version_proxies(asset_id, version_id)]
            if kind == "proxy"
            else [each async for each in files.list_asset_version_keyframes(asset_id, version_id)]
        )
        for each in found:
            if each.status == f.FileStatus.CLOSED:
                return _media(asset, version_id, kind, each)
        raise errors.NotOnline(
            f"version {version_id} of asset {asset_id} has no {kind}; wait_until_ready waits "
            "for it, and says which job failed"
        )


def _media(
    asset: a.Asset,
    version_id: str,
    kind: MediaKind,
    found: f.File | f.Proxy | f.Keyframe,
) -> MediaFile:
    if found.id is None:
        raise errors.Inconsistent(f"iconik lists a {kind} of version {version_id} without an id")
    return MediaFile(
        asset=asset,
        version_id=version_id,
        kind=kind,
        id=found.id,
        name=found.name or found.id,
        size=found.size,
        checksum=found.checksum if isinstance(found, f.File) else None,
    )
