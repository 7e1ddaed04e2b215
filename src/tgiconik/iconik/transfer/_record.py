"""The records that iconik keeps of an uploaded file.

The order is that of iconik's own clients: asset or version, format, file set, file, job; after the
bytes, the file is closed, the job finished and previews requested. Records are deleted again when a
later step fails.
"""

import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import anyio
import attrs

from tgiconik import errors
from tgiconik.iconik.models import assets as a
from tgiconik.iconik.models import files as f
from tgiconik.iconik.models import jobs as j
from tgiconik.iconik.services.files import FilesService
from tgiconik.iconik.services.jobs import JobsService
from tgiconik.iconik.transfer._sending import CLEANUP
from tgiconik.iconik.transfer._services import MediaServices
from tgiconik.iconik.transfer._source import Source

#: The format that holds what was delivered, as opposed to proxies and edits.
ORIGINAL: Final = "ORIGINAL"
_HUNDRED_PERCENT: Final = 100

Undo = list[Callable[[], Awaitable[object]]]


@attrs.frozen(kw_only=True)
class UploadRecords:
    """The records of one file.

    Attributes:
        file_id: the file.
        file: the same as iconik made it, with the links to send its bytes to.
        job_id: the job that shows people how far it is.
    """

    asset_id: str
    version_id: str
    format_id: str
    file_set_id: str
    file_id: str
    file: f.File = attrs.field(repr=False)
    job_id: str

    @property
    def ids(self) -> dict[str, str]:
        """The ids alone, by which the records are found again."""
        return {
            name: getattr(self, name) for name in attrs.fields_dict(UploadRecords) if name != "file"
        }

    @property
    def is_closed(self) -> bool:
        """Whether the bytes have arrived, and iconik knows."""
        return self.file.status == f.FileStatus.CLOSED


@asynccontextmanager
async def undone_on_failure(
    unless: Callable[[BaseException], bool],
) -> AsyncIterator[Undo]:
    """A list of undo steps that run, last one first, when the block fails or is cancelled.

    A step that fails adds a note to the error and does not stop the others.

    Args:
        unless: says of a failure that nothing is undone after it.
    """
    undo: Undo = []
    try:
        yield undo
    except BaseException as error:
        if unless(error):
            raise
        with anyio.move_on_after(CLEANUP, shield=True) as time:
            while undo:
                step = undo.pop()
                try:
                    await step()
                except errors.TgIconikError as failure:
                    error.add_note(f"not taken back: {failure}")
        if time.cancelled_caught:
            error.add_note(f"not all taken back within {CLEANUP:g} s")
        raise


async def matching_storage(iconik: MediaServices, storage_id: str | None) -> f.Storage:
    """The storage that was asked for, or the one that iconik has for files.

    `GET /API/files/v1/storages/{storage_id}/` or `…/storages/matching/FILES/`.
    """
    if storage_id is None:
        return await iconik.files.get_matching_storage(f.StoragePurpose.FILES)
    return await iconik.files.get_storage(storage_id)


async def record(
    iconik: MediaServices,
    version: tuple[str, str],
    source: Source,
    storage: f.Storage,
    undo: Undo,
) -> UploadRecords:
    """Make format, file set, file and job for a file that is about to be sent.

    Args:
        iconik: the services that keep the records.
        version: asset id and version id that the file is for.
        source: the file.
        storage: where it goes.
        undo: gets a step that deletes each record that is made.
    """
    asset_id, version_id = version
    place = {"storage_id": storage.id, "version_id": version_id}
    format_id = await _make_format(iconik.files, version, source, storage, undo)
    file_set_id = await _make_file_set(
        iconik.files, asset_id, source, {"format_id": format_id, **place}, undo
    )
    ids = {"format_id": format_id, "file_set_id": file_set_id, **place}
    file_id, file = await _make_file(iconik.files, asset_id, source, ids, undo)
    return UploadRecords(
        asset_id=asset_id,
        version_id=version_id,
        format_id=format_id,
        file_set_id=file_set_id,
        file_id=file_id,
        file=file,
        job_id=await _start_job(iconik.jobs, asset_id, source, undo),
    )


async def found_again(
    iconik: MediaServices, ids: Mapping[str, str], undo: Undo
) -> UploadRecords | None:
    """The records that an earlier process made, with new links; None if they are gone.

    Args:
        iconik: the services that keep the records.
        ids: ids of the records.
        undo: gets a step that deletes each of them.
    """
    asset_id, file_id = ids["asset_id"], ids["file_id"]
    try:
        asset = await iconik.assets.get_asset(asset_id)
        file = await iconik.files.get_asset_file(asset_id, file_id, generate_signed_post_url=True)
    except (errors.NotFound, errors.Gone):
        return None
    there = file.status in {f.FileStatus.OPEN, f.FileStatus.CLOSED}
    if not there or asset.status not in {None, a.AssetStatus.ACTIVE}:
        return None
    files = iconik.files
    undo += [
        partial(files.delete_asset_format, asset_id, ids["format_id"]),
        partial(files.delete_asset_file_set, asset_id, ids["file_set_id"]),
        partial(files.delete_asset_file, asset_id, file_id),
        _abort_job(iconik.jobs, ids["job_id"]),
    ]
    return UploadRecords(file=file, **ids)


async def _make_format(
    files: FilesService, version: tuple[str, str], source: Source, storage: f.Storage, undo: Undo
) -> str:
    asset_id, version_id = version
    media_type = mimetypes.guess_type(source.name)[0] or "application/octet-stream"
    format_ = await files.create_asset_format(
        asset_id,
        body={
            "name": ORIGINAL,
            "version_id": version_id,
            "metadata": [{"internet_media_type": media_type}],
            # It has one: an upload to a storage of an unknown kind has been refused.
            "storage_methods": [str(storage.method)],
        },
    )
    format_id = known(format_.id, "a format")
    undo.append(partial(files.delete_asset_format, asset_id, format_id))
    return format_id


async def _make_file_set(
    files: FilesService, asset_id: str, source: Source, ids: Mapping[str, str | None], undo: Undo
) -> str:
    body: dict[str, Any] = {"name": source.name, "base_dir": "/", "component_ids": [], **ids}
    file_set = await files.create_asset_file_set(asset_id, body=body)
    file_set_id = known(file_set.id, "a file set")
    undo.append(partial(files.delete_asset_file_set, asset_id, file_set_id))
    return file_set_id


async def _make_file(
    files: FilesService, asset_id: str, source: Source, ids: Mapping[str, str | None], undo: Undo
) -> tuple[str, f.File]:
    body: dict[str, Any] = {
        "original_name": source.name,
        "directory_path": "",
        "size": source.size,
        "type": "FILE",
        "file_date_modified": source.modified_at,
        **ids,
    }
    file = await files.create_asset_file(asset_id, body=body)
    file_id = known(file.id, "a file")
    undo.append(partial(files.delete_asset_file, asset_id, file_id))
    return file_id, file


async def _start_job(jobs: JobsService, asset_id: str, source: Source, undo: Undo) -> str:
    job = await jobs.create_job(
        body={
            "object_type": "assets",
            "object_id": asset_id,
            "type": j.JobType.TRANSFER,
            "status": j.JobStatus.STARTED,
            "title": f"Upload of {source.name}",
        }
    )
    job_id = known(job.id, "a job")
    undo.append(_abort_job(jobs, job_id))
    return job_id


def _abort_job(jobs: JobsService, job_id: str) -> Callable[[], Awaitable[object]]:
    return partial(jobs.update_job, job_id, body={"status": j.JobStatus.ABORTED})


async def close(iconik: MediaServices, made: UploadRecords) -> None:
    """Mark the file as complete.

    `PATCH /API/files/v1/assets/{asset_id}/files/{file_id}/`.
    """
    # The documents lack `progress_processed` of a file.
    body: dict[str, Any] = {
        "status": f.FileStatus.CLOSED,
        "progress_processed": _HUNDRED_PERCENT,
    }
    await iconik.files.update_asset_file(made.asset_id, made.file_id, body=body)


async def finish_job(iconik: MediaServices, made: UploadRecords) -> None:
    """Mark the upload's job as finished.

    `PATCH /API/jobs/v1/jobs/{job_id}/`.
    """
    body = j.JobInput(status=j.JobStatus.FINISHED, progress_processed=_HUNDRED_PERCENT)
    await iconik.jobs.update_job(made.job_id, body=body)


async def ask_for_previews(iconik: MediaServices, made: UploadRecords) -> tuple[str, ...]:
    """Start the jobs for the file of an upload; see `request_file_previews`."""
    return await request_file_previews(iconik, made.asset_id, made.file_id)


async def request_file_previews(
    iconik: MediaServices, asset_id: str, file_id: str
) -> tuple[str, ...]:
    """Start the jobs that make proxies and keyframes and read the media's properties.

    `POST /API/files/v1/assets/{asset_id}/files/{file_id}/keyframes/` and `…/mediainfo/`.

    Returns:
        Ids of the jobs, as far as iconik names them.
    """
    ids = asset_id, file_id
    keyframes = await iconik.files.create_asset_file_keyframes(*ids, body={})
    mediainfo = await iconik.files.create_asset_file_mediainfo(*ids, body={})
    return tuple(job.job_id for job in (keyframes, mediainfo) if job and job.job_id)


def known(id_: str | None, what: str) -> str:
    """The id of something that was just made.

    Raises:
        Inconsistent: iconik made it without saying which.
    """
    if not id_:
        raise errors.Inconsistent(f"iconik made {what} without an id")
    return id_
