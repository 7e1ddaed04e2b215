"""Media in and out of iconik: one awaited call that sends, resumes, verifies and shows progress.

Bytes travel between this machine and the storage, by links that iconik signs; no header of iconik's
goes there. What was made for an upload that fails or is cancelled is taken back, and a download
appears under its name when it is whole, or not at all.
"""

import os
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._http import Links, Listed, Retry
from tgiconik._tasks import run_concurrently
from tgiconik.iconik.metadata import Given
from tgiconik.iconik.models import assets as a
from tgiconik.iconik.transfer import _ready
from tgiconik.iconik.transfer._download import Download, Downloader, MediaKind, target_of
from tgiconik.iconik.transfer._progress import Progress
from tgiconik.iconik.transfer._ready import Ready
from tgiconik.iconik.transfer._record import Undo, known
from tgiconik.iconik.transfer._sending import PART_SIZE
from tgiconik.iconik.transfer._services import MediaServices
from tgiconik.iconik.transfer._source import Source, Uploadable
from tgiconik.iconik.transfer._upload import Upload, Uploader

__all__ = [
    "Download",
    "DownloadOutcome",
    "MediaKind",
    "Progress",
    "Ready",
    "Transfer",
    "Upload",
    "Uploadable",
]

_PARALLEL: Final = 4


@attrs.frozen(kw_only=True)
class DownloadOutcome:
    """How one of many downloads ended.

    Attributes:
        asset_id: the asset that was asked for.
        download: what arrived.
        error: why nothing did.
    """

    asset_id: str
    download: Download | None = None
    error: Exception | None = None


class Transfer(Listed):
    """Uploads and downloads of one iconik client; `iconik.transfer`.

    Args:
        iconik: makes and closes what iconik keeps of the media.
        links: sends and fetches the bytes, without iconik's credentials.
        retry: how often a failed request is repeated, and the waits between attempts.

    Attributes:
        part_size: bytes of the parts that a large file is sent in. They are larger where there
            would be more than 10,000, and S3 and Backblaze take none below 5 MiB but the last one.
        parallel: how many parts travel at once, where the storage takes several.
    """

    def __init__(self, iconik: MediaServices, links: Links, retry: Retry) -> None:
        self.part_size = PART_SIZE
        self.parallel = _PARALLEL
        self._iconik = iconik
        self._links = links
        self._retry = retry
        self._downloader = Downloader(iconik=iconik, links=links, retry=retry)

    async def upload(
        self,
        file: Uploadable,
        *,
        title: str | None = None,
        name: str | None = None,
        collection_id: str | None = None,
        storage: str | None = None,
        metadata: Mapping[str, Mapping[str, Given]] | None = None,
        progress: Progress = None,
    ) -> Upload:
        """Make an asset of a file.

        Args:
            file: a path; or an open binary file or an async stream of bytes, which is spooled to a
                temporary file first, because a part that fails is sent again.
            title: the asset's title; the file's name when absent.
            name: the file's name; needed for a stream.
            collection_id: a collection to put the asset into.
            storage: id of the storage; iconik's own choice for files when absent.
            metadata: values to set, by metadata view id and field name.
            progress: called with bytes done and bytes in all; True for a bar.

        Raises:
            TransferError: it did not arrive; see the classes below it.
            CallError: iconik or the storage said no, or could not be reached.
            ConfigurationError: a name that cannot be one.
            OSError: the file cannot be read.
        """
        async with Source.opened(file, name) as source:
            target = partial(self._new_asset, title or source.name, collection_id, metadata or {})
            return await self._uploader().upload(source, target, storage, progress)

    async def upload_version(
        self,
        asset_id: str,
        file: Uploadable,
        *,
        name: str | None = None,
        storage: str | None = None,
        while_shared: bool = False,
        promote: bool = False,
        progress: Progress = None,
    ) -> Upload:
        """Add a file to an asset, as a new version.

        Whether iconik shows a new version at once was not found. Whoever has a link to the asset
        might see it before anybody approved it; so this refuses while there are links.

        Args:
            asset_id: the asset.
            file: as for `upload`.
            name: the file's name; needed for a stream.
            storage: id of the storage; iconik's own choice for files when absent.
            while_shared: do it although the asset, or a collection that it is in, is shared.
            promote: make it the current version once it has arrived, and read that back.
            progress: called with bytes done and bytes in all; True for a bar.

        Raises:
            AssetIsShared: links are out, and `while_shared` is not said.
            TransferError: it did not arrive; see the classes below it.
            CallError: iconik or the storage said no, or could not be reached.
            ConfigurationError: a name that cannot be one.
            OSError: the file cannot be read.
        """
        async with Source.opened(file, name) as source:
            if not while_shared:
                await self._refuse_if_shared(asset_id)
            target = partial(self._new_version, asset_id)
            upload = await self._uploader().upload(source, target, storage, progress)
        if promote:
            await self._iconik.assets.promote_version(asset_id, upload.version_id)
        return upload

    async def download(
        self,
        asset_id: str,
        to: str | os.PathLike[str],
        *,
        version_id: str | None = None,
        kind: MediaKind = "original",
        name: str | None = None,
        progress: Progress = None,
    ) -> Download:
        """Fetch the media of a version.

        Args:
            asset_id: the asset.
            to: a folder, or the file to write; it must not be there yet.
            version_id: the version; the current one when absent.
            kind: `original`, `proxy` or `keyframe`.
            name: in a folder, a template such as `"{asset_id} {name}"`, with `{name}`, `{stem}`,
                `{suffix}`, `{title}`, `{asset_id}`, `{version_id}` and `{kind}`.
            progress: called with bytes done and bytes in all; True for a bar.

        Raises:
            NotOnline: archived, offline, still arriving, or not there.
            Corrupted: its size or digest is not what iconik says.
            CallError: iconik or the storage said no, or could not be reached.
            FileExistsError: the target is there already.
            OSError: it cannot be written, or the disk is full.
        """
        media = await self._downloader.find(asset_id, version_id, kind)
        return await self._downloader.fetch(media, target_of(media, to, name), progress)

    async def digest(self, asset_id: str, *, version_id: str | None = None) -> str:
        """The SHA-256 of a version's original, 64 hexadecimal digits, computed here.

        All of it is fetched, and nothing is kept. iconik's `checksum` names no algorithm, and says
        what somebody else computed once.

        Args:
            asset_id: the asset.
            version_id: the version; the current one when absent.

        Raises:
            NotOnline: archived, offline, still arriving, or not there.
            Corrupted: its size or digest is not what iconik says.
            CallError: iconik or the storage said no, or could not be reached.
        """
        media = await self._downloader.find(asset_id, version_id, "original")
        return await self._downloader.digest(media)

    async def download_many(
        self,
        asset_ids: Iterable[str],
        folder: str | os.PathLike[str],
        *,
        kind: MediaKind = "original",
        name: str = "{asset_id} {name}",
        max_concurrency: int = 4,
    ) -> list[DownloadOutcome]:
        """Fetch the current versions of many assets; each ends in an outcome, in the same order.

        One that fails stops no other.

        Args:
            asset_ids: the assets.
            folder: where to.
            kind: `original`, `proxy` or `keyframe`.
            name: a template as for `download`; by default names of different assets do not clash.
            max_concurrency: concurrent downloads at the most.
        """
        wanted = list(asset_ids)
        outcomes: dict[int, DownloadOutcome] = {}
        waiting = iter(enumerate(wanted))

        async def work() -> None:
            for place, asset_id in waiting:
                outcomes[place] = await self._outcome(asset_id, folder, kind, name)

        await run_concurrently(*[work] * max_concurrency)
        return [outcomes[place] for place in range(len(wanted))]

    async def wait_until_ready(
        self,
        asset_id: str,
        version_id: str,
        *,
        timeout: float = 600.0,  # noqa: ASYNC109 - what runs out is an error that says what is there
        jobs: Iterable[str] = (),
    ) -> Ready:
        """Wait until a version's proxies and keyframes are made. Only machines are waited for.

        Args:
            asset_id: the asset.
            version_id: its version.
            timeout: seconds.
            jobs: the jobs that make them, as an `Upload` names them; without them, whatever works
                on previews of this asset since the version came.

        Raises:
            NotReady: a job failed, and why; or the time is over, and what was there then.
        """
        return await _ready.wait_until_ready(
            self._iconik, asset_id, version_id, tuple(jobs), timeout
        )

    async def has_previews(self, asset_id: str, version_id: str) -> bool:
        """Whether a version has previews, or a job was started that makes them.

        `GET …/versions/{version_id}/proxies/`, `…/keyframes/` and `GET /API/jobs/v1/jobs/`.

        Args:
            asset_id: the asset.
            version_id: its version.
        """
        return await _ready.has_previews(self._iconik, asset_id, version_id)

    async def request_previews(self, asset_id: str, version_id: str) -> tuple[str, ...]:
        """Start the jobs that make the previews of a version, for each file that has arrived.

        An upload does this itself; it is for one that ended before it could.

        Args:
            asset_id: the asset.
            version_id: its version.

        Returns:
            Ids of the jobs, as far as iconik names them.
        """
        return await _ready.request_previews(self._iconik, asset_id, version_id)

    def _uploader(self) -> Uploader:
        return Uploader(
            iconik=self._iconik,
            links=self._links,
            retry=self._retry,
            part_size=self.part_size,
            parallel=self.parallel,
        )

    async def _outcome(
        self, asset_id: str, folder: str | os.PathLike[str], kind: MediaKind, name: str
    ) -> DownloadOutcome:
        try:
            download = await self.download(asset_id, f"{os.fspath(folder)}/", kind=kind, name=name)
        except (errors.TgIconikError, OSError) as error:
            return DownloadOutcome(asset_id=asset_id, error=error)
        return DownloadOutcome(asset_id=asset_id, download=download)

    async def _new_asset(
        self,
        title: str,
        collection_id: str | None,
        metadata: Mapping[str, Mapping[str, Given]],
        undo: Undo,
    ) -> tuple[str, str]:
        body = a.AssetCreateInput(title=title)
        if collection_id is not None:
            body.collection_id = collection_id
        assets = self._iconik.assets
        # iconik wants the collection in the body and the wish to be put there in the query.
        asset = await assets.create_asset(
            body=body, assign_to_collection=True if collection_id is not None else None
        )
        asset_id = known(asset.id, "an asset")
        undo.append(partial(assets.delete_asset, asset_id))
        for view_id, fields in metadata.items():
            await self._iconik.metadata.merge_values(asset_id, view_id, fields)
        version = next(iter(asset.versions or ()), None)
        return asset_id, known(version.id if version else None, "an asset's first version")

    async def _new_version(self, asset_id: str, undo: Undo) -> tuple[str, str]:
        assets = self._iconik.assets
        version = await assets.add_version(asset_id, a.CreateAssetVersionInput())
        version_id = known(version.id, "a version")
        undo.append(partial(assets.delete_asset_version, asset_id, version_id))
        return asset_id, version_id

    async def _refuse_if_shared(self, asset_id: str) -> None:
        assets = self._iconik.assets
        asset = await assets.get_asset(asset_id)
        places = [("assets", asset_id), *(("collections", c) for c in asset.in_collections or ())]
        for object_type, object_id in places:
            shares = await assets.list_object_shares(object_type, object_id).first(1)
            if shares:
                raise errors.AssetIsShared(
                    f"{object_type} {object_id} is shared, and a new version of asset {asset_id} "
                    "may show through the link at once: revoke its shares, or say while_shared=True"
                )
