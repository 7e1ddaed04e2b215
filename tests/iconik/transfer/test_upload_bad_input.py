"""What cannot be uploaded is said early, and what goes wrong is taken back."""

import os
from pathlib import Path
from typing import Any

import pytest

from tgiconik import IconikClient, errors
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.faults import CorruptRequest, Fault, LeaveOut, WrongETag
from tgiconik.sandbox.iconik import files, seed

from .conftest import CONTENT, there


async def test_a_file_that_is_not_there_is_pythons_own_error(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    before = there(sandbox)

    with pytest.raises(FileNotFoundError):
        await iconik.transfer.upload(tmp_path / "gone.mp4")

    assert there(sandbox) == before


async def test_a_folder_is_no_file(iconik: IconikClient, tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigurationError, match="is not a file"):
        await iconik.transfer.upload(tmp_path)


async def test_an_empty_file_is_nothing_to_upload(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    before = there(sandbox)
    (tmp_path / "empty.mp4").touch()

    with pytest.raises(errors.TransferError, match=r"empty\.mp4 is empty"):
        await iconik.transfer.upload(tmp_path / "empty.mp4")

    assert there(sandbox) == before


@pytest.mark.parametrize("name", ["a/b.mp4", "..", "a\nb.mp4", "\x00", "", "x" * 300])
async def test_a_name_that_is_none_is_refused(
    iconik: IconikClient, sandbox: Sandbox, film: Path, name: str
) -> None:
    before = there(sandbox)

    with pytest.raises(errors.ConfigurationError):
        await iconik.transfer.upload(film, name=name)

    assert there(sandbox) == before


@pytest.mark.parametrize("name", ["Übersicht 終.mp4", "a b & c+d %2F #1?.mp4", "'\"<>.mp4"])
@pytest.mark.parametrize("method", ["S3", "GCS", "B2", "AZURE"])
async def test_any_other_name_travels_whole(
    iconik: IconikClient, tmp_path: Path, name: str, method: str
) -> None:
    file = tmp_path / name
    file.write_bytes(CONTENT)

    upload = await iconik.transfer.upload(file, storage=seed.STORAGES[method])

    found = await iconik.files.get_asset_file(upload.asset_id, upload.file_id)
    assert (upload.name, found.original_name) == (name, name)


async def test_a_stream_needs_a_name(iconik: IconikClient, film: Path) -> None:
    with film.open("rb") as opened, pytest.raises(errors.ConfigurationError, match="say name="):
        await iconik.transfer.upload(opened)


async def test_a_gateways_storage_is_not_uploaded_to(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    before = there(sandbox)

    with pytest.raises(errors.Unsupported, match="is FILE: files are uploaded to GCS, S3, B2, AZ"):
        await iconik.transfer.upload(film, storage=seed.STORAGES["FILE"])

    assert there(sandbox) == before


async def test_azure_takes_no_more_than_one_request_can_hold(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    before = there(sandbox)
    huge = tmp_path / "huge.mp4"
    with huge.open("wb") as file:
        file.truncate(5000 * 1024 * 1024 + 1)

    with pytest.raises(errors.Unsupported, match="more than the 5,000 MiB"):
        await iconik.transfer.upload(huge, storage=seed.STORAGES["AZURE"])

    assert there(sandbox) == before


@pytest.mark.parametrize("change", ["grows", "shrinks", "is rewritten"])
@pytest.mark.parametrize("method", ["S3", "GCS"])
async def test_a_file_that_changes_while_it_is_sent_is_not_taken(
    iconik: IconikClient, sandbox: Sandbox, film: Path, change: str, method: str
) -> None:
    before = there(sandbox)
    changed = False

    def meanwhile(done: int, _total: int) -> None:
        nonlocal changed
        if done and not changed:
            changed = True
            if change == "grows":
                with film.open("ab") as file:
                    file.write(b"more")
            elif change == "shrinks":
                os.truncate(film, 10)
            else:
                film.write_bytes(CONTENT[::-1])

    with pytest.raises(errors.SourceChanged, match=r"launch\.mp4"):
        await iconik.transfer.upload(film, storage=seed.STORAGES[method], progress=meanwhile)

    assert there(sandbox) == before


async def test_a_file_that_vanishes_while_it_is_sent_is_sent_all_the_same(
    iconik: IconikClient, film: Path
) -> None:
    upload = await iconik.transfer.upload(film, progress=lambda *_: film.unlink(missing_ok=True))

    assert upload.size == len(CONTENT)


async def test_a_part_that_always_arrives_otherwise_is_corrupted(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    before = there(sandbox)
    sandbox.faults.extend(
        Fault(CorruptRequest(), method="PUT", path="/storage/s3/") for _ in range(100)
    )

    with pytest.raises(errors.Corrupted, match="S3 has other bytes than ours for part"):
        await iconik.transfer.upload(film)

    sandbox.faults.clear()
    assert there(sandbox) == before


async def test_a_part_that_arrived_otherwise_is_sent_again(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    sandbox.faults.append(Fault(CorruptRequest(), method="PUT", path="/storage/s3/"))

    upload = await iconik.transfer.upload(film)

    original = files.original(sandbox.state, upload.asset_id, upload.version_id)
    assert original is not None
    assert original["blob"] == upload.sha256


async def test_a_part_without_a_tag_is_no_part(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    before = there(sandbox)
    sandbox.faults.append(Fault(WrongETag(None), method="PUT", path="/storage/s3/"))

    with pytest.raises(errors.Inconsistent, match="without an ETag"):
        await iconik.transfer.upload(film)

    assert there(sandbox) == before


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("GCS", {"upload_url"}),
        ("AZURE", {"upload_url"}),
        ("S3", {"upload_url", "multipart_upload_url"}),
    ],
)
async def test_a_file_without_a_link_to_send_it_to_is_taken_back(
    iconik: IconikClient, sandbox: Sandbox, film: Path, method: str, fields: set[str]
) -> None:
    before = there(sandbox)
    sandbox.faults.append(Fault(LeaveOut(fields), method="POST", path=r"/files/\?$"))

    with pytest.raises(errors.Unsupported, match="gives no link"):
        await iconik.transfer.upload(film, storage=seed.STORAGES[method])

    assert there(sandbox) == before


async def test_what_cannot_be_taken_back_is_told(
    iconik: IconikClient, sandbox: Sandbox, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any) -> None:  # noqa: ANN401 - any call
        raise errors.Forbidden(status=403, method="DELETE", url="https://iconik.test/assets/a/")

    monkeypatch.setattr(iconik.assets, "delete_asset", refuse)
    sandbox.faults.append(Fault(WrongETag(None), method="PUT", path="/storage/s3/"))

    with pytest.raises(errors.Inconsistent) as failed:
        await iconik.transfer.upload(film)

    (note,) = failed.value.__notes__
    assert note.startswith("not taken back: DELETE https://iconik.test/assets/a/: 403 Forbidden")


async def test_a_callers_progress_that_fails_stops_the_upload(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    before = there(sandbox)

    def fails(done: int, _total: int) -> None:
        if done:
            raise RuntimeError("the window was closed")

    with pytest.raises(RuntimeError, match="the window was closed"):
        await iconik.transfer.upload(film, progress=fails)

    assert there(sandbox) == before
