"""What iconik is told about an upload: the records that a file needs, and what becomes of them.

The order is that of iconik's own clients: asset or version, format, file set, file, job; after the
bytes the file is closed, the job finished, and previews are asked for. Whatever was made is taken
back when the rest does not follow.
"""

import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import anyio
import attrs

from tgiconik import errors
from tgiconik.iconik.models import files as f
from tgiconik.iconik.models import jobs as j
from tgiconik.iconik.transfer._sending import CLEANUP
from tgiconik.iconik.transfer._services import MediaServices
from tgiconik.iconik.transfer._source import Source

#: The format that holds what was delivered, as opposed to proxies and edits.
ORIGINAL: Final = "ORIGINAL"
#: In per cent.
_ALL_OF_IT: Final = 100

Undo = list[Callable[[], Awaitable[object]]]


@attrs.frozen(kw_only=True)
class Record:
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
    file: f.File
    job_id: str


@asynccontextmanager
async def taken_back() -> AsyncIterator[Undo]:
    """A list of steps back, walked from its end when the block fails or is cancelled.

    A step that fails leaves a note on the error that is on its way, and stops no other.
    """
    undo: Undo = []
    try:
        yield undo
    except BaseException as error:
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
) -> Record:
    """Make format, file set, file and job for a file that is about to be sent.

    Args:
        iconik: the platform.
        version: asset id and version id that it is for.
        source: the file.
        storage: where it goes.
        undo: gets a step back for everything that is made.
    """
    asset_id, version_id = version
    files, place = iconik.files, {"storage_id": storage.id, "version_id": version_id}
    kind = mimetypes.guess_type(source.name)[0] or "application/octet-stream"
    format_ = await files.create_asset_format(
        asset_id,
        body={
            "name": ORIGINAL,
            "version_id": version_id,
            "metadata": [{"internet_media_type": kind}],
            "storage_methods": [storage.method],
        },
    )
    format_id = known(format_.id, "a format")
    undo.append(lambda: files.delete_asset_format(asset_id, format_id))
    file_set = await files.create_asset_file_set(
        asset_id,
        body={
            "name": source.name,
            "base_dir": "/",
            "component_ids": [],
            "format_id": format_id,
            **place,
        },
    )
    file_set_id = known(file_set.id, "a file set")
    undo.append(lambda: files.delete_asset_file_set(asset_id, file_set_id))
    file = await files.create_asset_file(
        asset_id,
        body={
            "original_name": source.name,
            "directory_path": "",
            "size": source.size,
            "type": "FILE",
            "format_id": format_id,
            "file_set_id": file_set_id,
            "file_date_modified": source.modified_at,
            **place,
        },
    )
    file_id = known(file.id, "a file")
    undo.append(lambda: files.delete_asset_file(asset_id, file_id))
    job = await iconik.jobs.create_job(
        body={
            "object_type": "assets",
            "object_id": asset_id,
            "type": j.JobType.TRANSFER,
            "status": j.JobStatus.STARTED,
            "title": f"Upload of {source.name}",
        }
    )
    job_id = known(job.id, "a job")
    undo.append(lambda: iconik.jobs.update_job(job_id, body={"status": j.JobStatus.ABORTED}))
    return Record(
        asset_id=asset_id,
        version_id=version_id,
        format_id=format_id,
        file_set_id=file_set_id,
        file_id=file_id,
        file=file,
        job_id=job_id,
    )


async def close(iconik: MediaServices, made: Record) -> None:
    """Say that the bytes are there.

    `PATCH /API/files/v1/assets/{asset_id}/files/{file_id}/`.
    """
    body = {"status": f.FileStatus.CLOSED, "progress_processed": _ALL_OF_IT}
    await iconik.files.update_asset_file(made.asset_id, made.file_id, body=body)


async def finish_job(iconik: MediaServices, made: Record) -> None:
    """Say the same to whoever looks at the job.

    `PATCH /API/jobs/v1/jobs/{job_id}/`.
    """
    body = {"status": j.JobStatus.FINISHED, "progress_processed": _ALL_OF_IT}
    await iconik.jobs.update_job(made.job_id, body=body)


async def ask_for_previews(iconik: MediaServices, made: Record) -> tuple[str, ...]:
    """Start the jobs that make proxies and keyframes and read the media's properties.

    `POST /API/files/v1/assets/{asset_id}/files/{file_id}/keyframes/` and `…/mediainfo/`.

    Returns:
        Ids of the jobs, as far as iconik names them.
    """
    ids = made.asset_id, made.file_id
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
