"""Media in and out of iconik: one awaited call that sends, resumes, verifies and shows progress.

Bytes travel between this machine and the storage, by links that iconik signs; no header of iconik's
goes there. A download appears under its name when it is whole, or not at all. What was made for an
upload that fails is taken back. What was interrupted goes on with the next call, also after the
process has ended.
"""

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

import attrs

from tgiconik import errors
from tgiconik._http import Links, Retry, Surface
from tgiconik._tasks import run_concurrently
from tgiconik._validate import texts
from tgiconik.iconik.metadata import Given, values_by_view
from tgiconik.iconik.models import assets as a
from tgiconik.iconik.transfer import _ready
from tgiconik.iconik.transfer._attempts import Attempts
from tgiconik.iconik.transfer._download import (
    Download,
    Downloader,
    WhatIsThere,
    default_name,
    target_of,
)
from tgiconik.iconik.transfer._media import MediaFinder, MediaKind, media_kind
from tgiconik.iconik.transfer._progress import Progress, shared_progress
from tgiconik.iconik.transfer._ready import Ready
from tgiconik.iconik.transfer._record import Undo, known
from tgiconik.iconik.transfer._sending import MEBIBYTE, PART_SIZE
from tgiconik.iconik.transfer._services import MediaServices
from tgiconik.iconik.transfer._source import Source, Uploadable
from tgiconik.iconik.transfer._upload import Target, Upload, Uploader

__all__ = [
    "Download",
    "DownloadOutcome",
    "MediaKind",
    "Progress",
    "Ready",
    "Transfer",
    "Upload",
    "UploadOutcome",
    "Uploadable",
]

T = TypeVar("T")
Outcome = TypeVar("Outcome")

_PARALLEL: Final = 4
#: Smaller ones are sent anew: that takes less than it is worth to leave something unfinished.
_KEEP_FROM: Final = 64 * MEBIBYTE
#: Bytes per second, over as many seconds as the client's timeout: less is a line that is dead.
_MIN_RATE: Final = 1024.0


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


@attrs.frozen(kw_only=True)
class UploadOutcome:
    """How one of many uploads ended.

    Attributes:
        file: the file that was to be sent.
        upload: what arrived.
        error: why nothing did.
    """

    file: str | os.PathLike[str]
    upload: Upload | None = None
    error: Exception | None = None


class Transfer(Surface):
    """Uploads and downloads of one iconik client; `iconik.transfer`.

    Args:
        iconik: makes and closes what iconik keeps of the media.
        links: sends and fetches the bytes, without iconik's credentials.
        retry: how often a failed request is repeated, and the waits between attempts.

    Attributes:
        part_size: bytes of the parts that a large file is sent in. They are larger where there
            would be more than 10,000, and S3 and Backblaze take none below 5 MiB but the last one.
        parallel: how many parts travel at once, where the storage takes several.
        keep_from: bytes of a file from which an upload that was interrupted is kept, to go on
            later; what was made for a smaller one is taken back.
    """

    def __init__(self, iconik: MediaServices, links: Links, retry: Retry) -> None:
        self.part_size = PART_SIZE
        self.parallel = _PARALLEL
        self.keep_from = _KEEP_FROM
        self._iconik = iconik
        self._links = links
        self._attempts = Attempts(retry=retry, longest_wait=links.deadline)
        self._downloader = Downloader(
            finder=MediaFinder(iconik=iconik), links=links, attempts=self._attempts
        )

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

        An upload of a file that was interrupted goes on when the same is asked for again.

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
            ConfigurationError: a name that cannot be one, or metadata without their view.
            OSError: the file cannot be read.
        """
        values = values_by_view(metadata or {})
        async with Source.opened(file, name) as source:
            title = title or source.name
            target = Target(
                arguments={"title": title, "collection": collection_id, "metadata": metadata},
                make=partial(self._new_asset, title, collection_id, values),
                take_back=lambda asset_id, _version_id: self._iconik.assets.delete_asset(asset_id),
            )
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
            target = Target(
                arguments={"asset": asset_id},
                make=partial(self._new_version, asset_id),
                take_back=self._iconik.assets.delete_asset_version,
            )
            upload = await self._uploader().upload(source, target, storage, progress)
        if promote:
            await self._iconik.assets.promote_version(asset_id, upload.version_id)
        return upload

    async def upload_many(
        self,
        files: Iterable[str | os.PathLike[str]],
        *,
        collection_id: str | None = None,
        storage: str | None = None,
        metadata: Mapping[str, Mapping[str, Given]] | None = None,
        max_concurrency: int = 2,
        progress: Progress = None,
    ) -> list[UploadOutcome]:
        """Make assets of many files; each ends in an outcome, in the same order.

        One that fails stops no other.

        Args:
            files: their paths.
            collection_id: a collection to put the assets into.
            storage: id of the storage; iconik's own choice for files when absent.
            metadata: values to set on each, by metadata view id and field name.
            max_concurrency: concurrent uploads at the most; each sends several parts at once.
            progress: called with bytes done and bytes in all, of all of them, as far as they have
                begun; True for a bar.

        Raises:
            ConfigurationError: one path instead of several.
        """
        if isinstance(files, str | os.PathLike):
            raise errors.ConfigurationError("files must be a list of paths")
        wanted = list(files)
        with shared_progress(progress, f"{len(wanted)} files") as shared:

            async def one(file: str | os.PathLike[str]) -> UploadOutcome:
                try:
                    upload = await self.upload(
                        file,
                        collection_id=collection_id,
                        storage=storage,
                        metadata=metadata,
                        progress=shared.of_one(),
                    )
                except (errors.TgIconikError, OSError) as error:
                    return UploadOutcome(file=file, error=error)
                return UploadOutcome(file=file, upload=upload)

            return await _outcomes(one, wanted, max_concurrency)

    async def download(
        self,
        asset_id: str,
        to: str | os.PathLike[str],
        *,
        version_id: str | None = None,
        kind: MediaKind = "original",
        name: str | None = None,
        overwrite: bool = False,
        skip_existing: bool = False,
        min_rate: float = _MIN_RATE,
        progress: Progress = None,
    ) -> Download:
        """Fetch the media of a version.

        What has come when it fails is kept beside the target (`.part`, and what it is of in
        `.part.json`), and the next call goes on from there.

        Args:
            asset_id: the asset.
            to: a folder that exists, or a path that ends with a slash, which is made; else the
                file to write.
            version_id: the version; the current one when absent.
            kind: `original`, `proxy` or `keyframe`.
            name: in a folder, a template such as `"{asset_id} {name}"`, with `{name}`, `{stem}`,
                `{suffix}`, `{title}`, `{asset_id}`, `{version_id}` and `{kind}`; without one, the
                name that iconik has, and `{stem}.{kind}{suffix}` for a proxy or a keyframe.
            overwrite: a target that is there already is replaced, once the download is whole.
            skip_existing: a target that is there already, with the size and digest that iconik
                says, is left, and nothing is fetched.
            min_rate: bytes per second that have to come, over as many seconds as the client's
                `timeout`; 0 for a storage that may be as slow as it likes.
            progress: called with bytes done and bytes in all; True for a bar.

        Raises:
            NotOnline: archived, offline, still arriving, or not there.
            Corrupted: its size or digest is not what iconik says.
            CallError: iconik or the storage said no, or could not be reached.
            ConfigurationError: `kind` is none of the three, or iconik gives a link that media may
                not travel over.
            FileExistsError: the target is there already.
            OSError: it cannot be written, or the disk is full.
        """
        media = await self._downloader.finder.find(asset_id, version_id, kind)
        return await self._downloader.fetch(
            media,
            target_of(media, to, name),
            progress,
            there=WhatIsThere(overwrite=overwrite, skip=skip_existing),
            min_rate=min_rate,
        )

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
        media = await self._downloader.finder.find(asset_id, version_id, "original")
        return await self._downloader.digest(media, min_rate=_MIN_RATE)

    async def download_many(
        self,
        asset_ids: Iterable[str],
        folder: str | os.PathLike[str],
        *,
        kind: MediaKind = "original",
        name: str | None = None,
        overwrite: bool = False,
        skip_existing: bool = False,
        min_rate: float = _MIN_RATE,
        max_concurrency: int = 4,
        progress: Progress = None,
    ) -> list[DownloadOutcome]:
        """Fetch the current versions of many assets; each ends in an outcome, in the same order.

        One that fails stops no other.

        Args:
            asset_ids: the assets.
            folder: where to.
            kind: `original`, `proxy` or `keyframe`.
            name: a template as for `download`; by default that of `download` with the asset's id
                before it, so that names of different assets do not clash.
            overwrite: as for `download`.
            skip_existing: as for `download`.
            min_rate: as for `download`.
            max_concurrency: concurrent downloads at the most.
            progress: called with bytes done and bytes in all, of all of them, as far as they have
                begun; True for a bar.

        Raises:
            ConfigurationError: one id instead of several, or `kind` is none of the three.
        """
        wanted = texts(asset_ids, "asset_ids")
        kind = media_kind(kind)
        name = name or f"{{asset_id}} {default_name(kind)}"
        with shared_progress(progress, f"{len(wanted)} assets") as shared:

            async def one(asset_id: str) -> DownloadOutcome:
                try:
                    download = await self.download(
                        asset_id,
                        f"{os.fspath(folder)}/",
                        kind=kind,
                        name=name,
                        overwrite=overwrite,
                        skip_existing=skip_existing,
                        min_rate=min_rate,
                        progress=shared.of_one(),
                    )
                except (errors.TgIconikError, OSError) as error:
                    return DownloadOutcome(asset_id=asset_id, error=error)
                return DownloadOutcome(asset_id=asset_id, download=download)

            return await _outcomes(one, wanted, max_concurrency)

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
            self._iconik, asset_id, version_id, texts(jobs, "jobs"), timeout
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
            attempts=self._attempts,
            part_size=self.part_size,
            parallel=self.parallel,
            keep_from=self.keep_from,
        )

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


async def _outcomes(
    do: Callable[[T], Awaitable[Outcome]], wanted: Sequence[T], max_concurrency: int
) -> list[Outcome]:
    """The results of an async function for each of many, several concurrently, in their order."""
    outcomes: dict[int, Outcome] = {}
    waiting = iter(enumerate(wanted))

    async def work() -> None:
        for place, one in waiting:
            outcomes[place] = await do(one)

    await run_concurrently(*[work] * max_concurrency)
    return [outcomes[place] for place in range(len(wanted))]
