"""What all storages have in common: no credentials of iconik's, bytes that go with a file."""

import errno
import hashlib
import shutil
from pathlib import Path
from typing import BinaryIO

import httpx
import pytest

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import seed

from ..iconik.world import FILM, HEADERS  # noqa: TID252 - one world for all of iconik's side
from .files import FILES, close, content, link, new_file

STORAGES = "/API/files/v1/storages/"


def kept(sandbox: Sandbox) -> set[str]:
    folder = sandbox.state.blobs.path("x").parent
    return {each.name for each in folder.iterdir() if each.is_file()}


def arriving(sandbox: Sandbox) -> list[Path]:
    return list(sandbox.state.blobs.part_path("x").parent.iterdir())


@pytest.mark.parametrize("method", sorted(seed.STORAGES))
async def test_there_is_a_storage_for_every_method(iconik: httpx.AsyncClient, method: str) -> None:
    found = (await iconik.get(f"{STORAGES}matching/FILES/method/{method}/")).json()

    assert (found["id"], found["method"]) == (seed.STORAGES[method], method)


async def test_a_file_storage_has_no_links_and_its_files_close_without_bytes(
    iconik: httpx.AsyncClient,
) -> None:
    file = await new_file(iconik, "FILE")

    links = ("upload_url", "upload_method", "upload_credentials", "multipart_upload_url")
    assert not any(file.get(name) for name in links)
    assert (await close(iconik, file)).status_code == 200


@pytest.mark.parametrize("name", ["App-ID", "Auth-Token"])
async def test_iconiks_credentials_are_refused_and_written_down(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, sandbox: Sandbox, name: str
) -> None:
    file = await new_file(iconik, "S3")
    headers = {name: HEADERS[name]}

    refused = await http.put(file["upload_url"], content=b"film", headers=headers)

    assert refused.status_code == 400
    (leak,) = sandbox.leaks
    assert leak.startswith("PUT /storage/s3/")
    assert leak.endswith(name)


async def test_a_download_with_iconiks_credentials_is_written_down(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    file = {"id": seed.fixed_id(f"{FILM} file 2")}
    url = await link(iconik, file)

    await http.get(url)
    assert sandbox.leaks == []
    await http.get(url, headers=HEADERS)
    assert len(sandbox.leaks) == 1


async def test_bytes_go_with_their_version(iconik: httpx.AsyncClient, sandbox: Sandbox) -> None:
    before = kept(sandbox)
    url = f"/API/assets/v1/assets/{FILM}/versions/{seed.version_id(FILM, 1)}/"

    assert (await iconik.delete(url)).status_code in {200, 204}

    assert len(before - kept(sandbox)) == 1


@pytest.mark.parametrize("what", ["files", "file_sets", "formats"])
async def test_bytes_go_with_their_file_set_or_format(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, sandbox: Sandbox, what: str
) -> None:
    before = kept(sandbox)
    file = await new_file(iconik, "S3")
    await http.put(file["upload_url"], content=b"film")
    ids = {"files": "id", "file_sets": "file_set_id", "formats": "format_id"}

    url = f"/API/files/v1/assets/{FILM}/{what}/{file[ids[what]]}/"
    assert (await iconik.delete(url)).status_code == 204
    if what == "file_sets":
        assert (await iconik.get(f"{FILES}{file['id']}/")).status_code == 404
        assert (await iconik.delete(f"{url}purge/")).status_code == 204

    assert kept(sandbox) == before
    assert (await iconik.get(f"{FILES}{file['id']}/")).status_code == 404


async def test_bytes_go_with_a_purged_asset(iconik: httpx.AsyncClient, sandbox: Sandbox) -> None:
    asset = f"/API/assets/v1/assets/{FILM}/"
    before = kept(sandbox)

    await iconik.delete(asset)
    assert kept(sandbox) == before
    await iconik.delete(f"{asset}purge/")

    assert len(kept(sandbox)) == len(before) - 2


async def test_the_same_bytes_are_kept_once_and_as_long_as_a_file_has_them(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    one, other = await new_file(iconik, "S3"), await new_file(iconik, "S3")
    before = kept(sandbox)
    for file in (one, other):
        await http.put(file["upload_url"], content=b"film")
    assert len(kept(sandbox) - before) == 1

    await iconik.delete(f"{FILES}{one['id']}/")

    assert await content(iconik, http, other) == b"film"


async def test_bytes_for_a_file_that_is_gone_are_refused(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    before = kept(sandbox)
    file = await new_file(iconik, "S3")
    await iconik.delete(f"{FILES}{file['id']}/")

    assert (await http.put(file["upload_url"], content=b"film")).status_code == 404

    assert kept(sandbox) == before
    assert arriving(sandbox) == []


async def test_a_name_may_hold_anything(iconik: httpx.AsyncClient, http: httpx.AsyncClient) -> None:
    file = await new_file(iconik, "S3", "a/b c?d#e%2F&ä'.mp4")

    assert (await http.put(file["upload_url"], content=b"film")).status_code == 200
    assert await content(iconik, http, file) == b"film"


def test_a_temporary_folder_goes_with_its_sandbox() -> None:
    sandbox = Sandbox()
    folder = sandbox.state.blobs.path("x").parent

    assert folder.is_dir()
    sandbox.close()
    assert not folder.exists()


def test_a_sandbox_that_remembers_keeps_its_media(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    first = Sandbox(db=file)
    names = kept(first)
    first.close()

    again = Sandbox(db=file)

    assert names
    assert kept(again) == names
    again.close()


def test_parts_can_be_put_together_again_after_the_disk_was_full(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = sandbox.state.blobs
    parts = [blobs.part_path(name) for name in ("one", "two")]
    for part in parts:
        part.write_bytes(part.name.encode())

    def full(_from: object, to: BinaryIO, _size: int) -> None:
        to.write(b"a beginning")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", full)
        with pytest.raises(OSError, match="No space left"):
            blobs.concatenate(parts)

    assert blobs.path(blobs.concatenate(parts).sha256).read_bytes() == b"onetwo"


async def test_an_encrypted_bucket_has_tags_that_are_no_digests(
    iconik: httpx.AsyncClient, http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    sandbox.state.encrypted_bucket = True
    file = await new_file(iconik, "S3")

    tag = (await http.put(file["upload_url"], content=b"film")).headers["etag"].strip('"')

    assert len(tag) == 32
    assert tag != hashlib.md5(b"film", usedforsecurity=False).hexdigest()
    assert await content(iconik, http, file) == b"film"
