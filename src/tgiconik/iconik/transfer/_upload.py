"""Upload: a file's bytes to its storage, its records to iconik, both or neither."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final, TypeAlias

import attrs

from tgiconik import errors
from tgiconik._http import Links
from tgiconik._tasks import run_concurrently
from tgiconik.iconik.models import files as f
from tgiconik.iconik.transfer import _record
from tgiconik.iconik.transfer._attempts import Attempts
from tgiconik.iconik.transfer._azure import send_to_azure
from tgiconik.iconik.transfer._b2 import send_to_b2
from tgiconik.iconik.transfer._gcs import send_to_gcs
from tgiconik.iconik.transfer._progress import Meter, Progress, metered
from tgiconik.iconik.transfer._s3 import send_to_s3
from tgiconik.iconik.transfer._sending import Method, Sending
from tgiconik.iconik.transfer._services import MediaServices
from tgiconik.iconik.transfer._session import UploadSession
from tgiconik.iconik.transfer._source import Source

_METHODS: Final[Mapping[str, Method]] = {
    f.StorageMethod.GCS: send_to_gcs,
    f.StorageMethod.S3: send_to_s3,
    f.StorageMethod.B2: send_to_b2,
    f.StorageMethod.AZURE: send_to_azure,
}

#: Takes an asset or a version back that was made for an upload: asset id, version id.
TakeBack: TypeAlias = Callable[[str, str], Awaitable[object]]


@attrs.frozen(kw_only=True)
class Target:
    """The version that a file is for.

    Attributes:
        arguments: what the caller asked for; the same upload is asked for by the same arguments.
        make: makes it, adds to a list how it is taken back, and returns asset id and version id.
        take_back: takes it back when an earlier process made it.
    """

    arguments: Mapping[str, object]
    make: Callable[[_record.Undo], Awaitable[tuple[str, str]]]
    take_back: TakeBack


@attrs.frozen(kw_only=True)
class Upload:
    """A file that has arrived.

    Attributes:
        asset_id: the asset that has it.
        version_id: the version that has it.
        format_id: the version's `ORIGINAL` format.
        file_set_id: the file set on the storage.
        file_id: the file.
        storage_id: where it lies.
        name: the file's name.
        size: in bytes.
        sha256: digest of the bytes that were sent, computed here; 64 hexadecimal digits.
        jobs: ids of the jobs that make previews, for `wait_until_ready`.
    """

    asset_id: str
    version_id: str
    format_id: str
    file_set_id: str
    file_id: str
    storage_id: str
    name: str
    size: int
    sha256: str
    jobs: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Uploader:
    """Uploads files for one client.

    Attributes:
        iconik: the platform.
        links: the storages.
        attempts: how often a part is sent again, and the waits between attempts.
        part_size: bytes of a part, as a rule.
        parallel: how many parts travel at once.
        keep_from: bytes from which an upload that was interrupted is kept, to go on later.
    """

    iconik: MediaServices
    links: Links
    attempts: Attempts
    part_size: int
    parallel: int
    keep_from: int

    async def upload(
        self, source: Source, target: Target, storage_id: str | None, progress: Progress
    ) -> Upload:
        """Send a file to where `target` says; what was made is taken back when that fails."""
        storage = await _record.matching_storage(self.iconik, storage_id)
        send = method_of(storage)
        async with await self._session(source, target, storage) as session:
            async with _record.undone_on_failure(session.outlives) as undo:
                made = await self._records(source, target, storage, session, undo)
                with metered(progress, source.size, source.name) as meter:
                    sha256 = await self._send(send, source, made, session, meter)
                if not made.is_closed:
                    await _record.close(self.iconik, made)
                # From here on it has arrived: nothing is taken back for the sake of what follows.
                undo.clear()
            return await self._finished(made, storage, source, sha256)

    async def _session(self, source: Source, target: Target, storage: f.Storage) -> UploadSession:
        arguments = {
            "storage": storage.id,
            "method": storage.method,
            "part_size": self.part_size,
            **target.arguments,
        }
        return await UploadSession.of(source, arguments, keep_from=self.keep_from)

    async def _records(
        self,
        source: Source,
        target: Target,
        storage: f.Storage,
        session: UploadSession,
        undo: _record.Undo,
    ) -> _record.UploadRecords:
        """The records that an earlier process made and did not finish, or new ones."""
        if session.records:
            ids = session.records
            undo.append(partial(target.take_back, ids["asset_id"], ids["version_id"]))
            made = await _record.found_again(self.iconik, ids, undo)
            if made is not None:
                return made
            undo.clear()
        version = await target.make(undo)
        made = await _record.record(self.iconik, version, source, storage, undo)
        await session.note_records(made.ids)
        return made

    async def _finished(
        self, made: _record.UploadRecords, storage: f.Storage, source: Source, sha256: str
    ) -> Upload:
        upload = Upload(
            asset_id=made.asset_id,
            version_id=made.version_id,
            format_id=made.format_id,
            file_set_id=made.file_set_id,
            file_id=made.file_id,
            storage_id=str(storage.id),
            name=source.name,
            size=source.size,
            sha256=sha256,
        )
        try:
            await _record.finish_job(self.iconik, made)
            jobs = await _record.ask_for_previews(self.iconik, made)
        except errors.CallError as error:
            error.add_note(f"the file has arrived; this came after it: {upload}")
            raise
        return attrs.evolve(upload, jobs=jobs)

    async def _send(
        self,
        send: Method,
        source: Source,
        made: _record.UploadRecords,
        session: UploadSession,
        meter: Meter,
    ) -> str:
        """Send the bytes, and digest them meanwhile.

        Returns:
            Their SHA-256.
        """
        if made.is_closed:
            # An earlier process sent them, and did not get to say so.
            meter.reached(1, source.size)
            return await source.digest("sha256")
        sending = Sending(
            source=source,
            ids=(made.asset_id, made.file_id),
            file=made.file,
            files=self.iconik.files,
            links=self.links,
            meter=meter,
            attempts=self.attempts,
            session=session,
            part_size=self.part_size,
            parallel=self.parallel,
        )
        sha256 = ""

        async def digest() -> None:
            nonlocal sha256
            sha256 = await source.digest("sha256")

        try:
            await run_concurrently(partial(send, sending), digest)
        except errors.Corrupted:
            # Other bytes than ours may have been ours a moment ago.
            source.check_unchanged()
            raise
        source.check_unchanged()
        return sha256


def method_of(storage: f.Storage) -> Method:
    """How files are sent to a storage.

    Raises:
        Unsupported: iconik's API has no way to, or none that is published.
    """
    method = _METHODS.get(storage.method or "")
    if method is None:
        raise errors.Unsupported(
            f"storage {storage.name or storage.id} is {storage.method or 'of an unknown kind'}: "
            f"files are uploaded to {', '.join(_METHODS)} storages; those of other storages are "
            "a storage gateway's business"
        )
    return method
