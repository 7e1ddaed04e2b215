"""Whether a version's previews are made, or which job failed and why."""

from collections.abc import Sequence
from typing import Final

import anyio
import attrs

from tgiconik import errors
from tgiconik._models import parse_time
from tgiconik.iconik.models import files as f
from tgiconik.iconik.models import jobs as j
from tgiconik.iconik.transfer._record import request_file_previews
from tgiconik.iconik.transfer._services import MediaServices

_FINISHED: Final = frozenset(
    {j.JobStatus.FINISHED, j.JobStatus.FINISHED_WITH_WARNING, j.JobStatus.SKIPPED}
)
_FAILED: Final = frozenset({j.JobStatus.FAILED, j.JobStatus.ABORTED, j.JobStatus.DISCARDED})
#: Jobs that make previews.
_TYPES: Final = frozenset({j.JobType.TRANSCODE, j.JobType.KEYFRAMES, j.JobType.MEDIAINFO})
#: Seconds between two looks: short at first, for small files, then longer.
_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 15.0


@attrs.frozen(kw_only=True)
class Ready:
    """The previews of a version.

    Attributes:
        asset_id: the asset.
        version_id: its version.
        proxies: ids of the proxies that are there.
        keyframes: ids of the keyframes that are there.
        jobs: ids of the jobs that made them, as far as they are known.
    """

    asset_id: str
    version_id: str
    proxies: tuple[str, ...]
    keyframes: tuple[str, ...]
    jobs: tuple[str, ...]


async def wait_until_ready(
    iconik: MediaServices,
    asset_id: str,
    version_id: str,
    jobs: Sequence[str],
    timeout: float,  # noqa: ASYNC109 - what runs out is an error that says what is there
) -> Ready:
    """Look again and again, until previews are there or nothing works on them any more."""
    wait = _FIRST_WAIT
    ready = None
    with anyio.move_on_after(timeout):
        while True:
            working = await _jobs(iconik, asset_id, version_id, jobs)
            _raise_for_failed(working)
            ready = await _previews(iconik, asset_id, version_id, working)
            all_done = bool(working) and all(job.status in _FINISHED for job in working)
            if all_done or (not working and ready.proxies and ready.keyframes):
                return ready
            await anyio.sleep(wait)
            wait = min(_LONGEST_WAIT, wait * 2)
    seen = f"{len(ready.proxies)} proxies, {len(ready.keyframes)} keyframes" if ready else "nothing"
    raise errors.NotReady(
        f"version {version_id} of asset {asset_id} was not ready within {timeout:g} s: {seen} yet"
    )


async def has_previews(iconik: MediaServices, asset_id: str, version_id: str) -> bool:
    """Whether there are previews, or a job was started that makes them."""
    jobs = await _jobs(iconik, asset_id, version_id, ())
    ready = await _previews(iconik, asset_id, version_id, jobs)
    return bool(jobs or ready.proxies or ready.keyframes)


async def request_previews(
    iconik: MediaServices, asset_id: str, version_id: str
) -> tuple[str, ...]:
    """Start the jobs that make previews of a version's files."""
    started: list[str] = []
    async for file in iconik.files.list_asset_files(asset_id):
        if file.version_id == version_id and file.status == f.FileStatus.CLOSED and file.id:
            started += await request_file_previews(iconik, asset_id, file.id)
    return tuple(started)


async def _jobs(
    iconik: MediaServices, asset_id: str, version_id: str, ids: Sequence[str]
) -> list[j.Job | j.JobElastic]:
    """The jobs that were named, or those of the asset since the version came."""
    if ids:
        return [await iconik.jobs.get_job(id_) for id_ in ids]
    asset = await iconik.assets.get_asset(asset_id)
    version = next((each for each in asset.versions or () if each.id == version_id), None)
    since = version.date_created if version else None
    return [
        job
        async for job in iconik.jobs.list_jobs(object_id=asset_id)
        if job.type in _TYPES
        and (since is None or not job.date_created or parse_time(job.date_created) >= since)
    ]


def _raise_for_failed(jobs: Sequence[j.Job | j.JobElastic]) -> None:
    for job in jobs:
        if job.status in _FAILED:
            said = job.error_message or job.message or "it does not say why"
            raise errors.NotReady(f"job {job.id} ({job.type}) is {job.status}: {said}")


async def _previews(
    iconik: MediaServices,
    asset_id: str,
    version_id: str,
    jobs: Sequence[j.Job | j.JobElastic],
) -> Ready:
    place = asset_id, version_id
    return Ready(
        asset_id=asset_id,
        version_id=version_id,
        proxies=_there([each async for each in iconik.files.list_asset_version_proxies(*place)]),
        keyframes=_there(
            [each async for each in iconik.files.list_asset_version_keyframes(*place)]
        ),
        jobs=tuple(job.id for job in jobs if job.id),
    )


def _there(previews: Sequence[f.Proxy | f.Keyframe]) -> tuple[str, ...]:
    return tuple(p.id for p in previews if p.id and p.status == f.FileStatus.CLOSED)
