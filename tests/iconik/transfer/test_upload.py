"""A file goes to its storage, whatever that is, and iconik knows of it."""

import hashlib
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sandbox.iconik.world import FILM, VIEW

from tgiconik import IconikClient, errors
from tgiconik.iconik.transfer import Uploadable
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import files, seed

from .conftest import CONTENT, METHODS, there

SHA256 = hashlib.sha256(CONTENT).hexdigest()


def kept(sandbox: Sandbox, asset_id: str, version_id: str) -> str:
    """The digest of the bytes that the sandbox has as the version's original."""
    original = files.original(sandbox.state, asset_id, version_id)
    assert original is not None
    blob: str = original["blob"]
    return blob


@pytest.mark.parametrize("method", METHODS)
async def test_a_file_arrives_at_every_kind_of_storage(
    iconik: IconikClient, sandbox: Sandbox, film: Path, method: str
) -> None:
    calls: list[tuple[int, int]] = []

    upload = await iconik.transfer.upload(
        film, storage=seed.STORAGES[method], progress=lambda *call: calls.append(call)
    )

    assert (upload.name, upload.size, upload.sha256) == ("launch.mp4", len(CONTENT), SHA256)
    assert kept(sandbox, upload.asset_id, upload.version_id) == SHA256
    file = await iconik.files.get_asset_file(upload.asset_id, upload.file_id)
    assert (file.status, file.size, file.original_name) == ("CLOSED", len(CONTENT), "launch.mp4")
    assert calls[0] == (0, len(CONTENT))
    assert calls[-1] == (len(CONTENT), len(CONTENT))
    assert calls == sorted(calls)
    assert sandbox.open_uploads() == []
    assert sandbox.leaks == []


async def test_an_upload_is_an_asset_with_a_title_a_place_and_values(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    folder = seed.fixed_id("folder")
    seed.add_collection(sandbox.state, id_=folder, title="Launch")

    upload = await iconik.transfer.upload(
        film,
        title="Launch film",
        name="Spring launch.mp4",
        collection_id=folder,
        metadata={VIEW: {"Region": ["EMEA"], "Rating": 12}},
    )

    asset = await iconik.assets.get_asset(upload.asset_id)
    values = await iconik.metadata.values(upload.asset_id, VIEW)
    jobs = [job async for job in iconik.jobs.list_jobs(object_id=upload.asset_id)]
    assert asset.title == "Launch film"
    assert asset.in_collections == [folder]
    assert upload.name == "Spring launch.mp4"
    assert values.texts("Region") == ("EMEA",)
    assert {job.type: job.status for job in jobs} == {
        "TRANSFER": "FINISHED",
        "TRANSCODE": "FINISHED",
        "MEDIAINFO": "FINISHED",
    }
    assert set(upload.jobs) == {job.id for job in jobs if job.type != "TRANSFER"}


async def test_a_title_is_the_files_name_when_there_is_none(
    iconik: IconikClient, film: Path
) -> None:
    upload = await iconik.transfer.upload(film)

    assert (await iconik.assets.get_asset(upload.asset_id)).title == "launch.mp4"


async def stream() -> AsyncIterator[bytes]:
    for place in range(0, len(CONTENT), 100_000):
        yield CONTENT[place : place + 100_000]


@pytest.mark.parametrize("kind", ["bytes", "stream"])
async def test_a_stream_is_uploaded_like_a_file(
    iconik: IconikClient, sandbox: Sandbox, kind: str
) -> None:
    what: Uploadable = BytesIO(CONTENT) if kind == "bytes" else stream()

    upload = await iconik.transfer.upload(what, name="launch.mp4")

    assert kept(sandbox, upload.asset_id, upload.version_id) == SHA256


async def test_a_version_is_added_and_others_are_left(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    before = there(sandbox)["versions"][FILM]

    upload = await iconik.transfer.upload_version(FILM, film)

    assert there(sandbox)["versions"][FILM] == [*before, upload.version_id]
    assert kept(sandbox, FILM, upload.version_id) == SHA256
    assert kept(sandbox, FILM, before[-1]) != SHA256


async def test_a_promoted_version_is_the_current_one(iconik: IconikClient, film: Path) -> None:
    upload = await iconik.transfer.upload_version(FILM, film, promote=True)

    assert (await iconik.assets.get_asset(FILM)).default_version_id == upload.version_id


@pytest.mark.parametrize("by", ["asset", "collection"])
async def test_a_version_is_refused_while_links_would_show_it(
    iconik: IconikClient, sandbox: Sandbox, film: Path, by: str
) -> None:
    shared, kind = FILM, "assets"
    if by == "collection":
        shared, kind = seed.fixed_id("package"), "collections"
        seed.add_collection(sandbox.state, id_=shared, title="Package", asset_ids=[FILM])
    await iconik.assets.create_link(
        shared,
        key="k",
        title="Launch",
        expires=sandbox.state.now() + timedelta(days=1),
        allow_download=False,
        object_type=kind,
    )
    before = there(sandbox)

    with pytest.raises(errors.AssetIsShared, match="revoke its shares, or say while_shared=True"):
        await iconik.transfer.upload_version(FILM, film)

    assert there(sandbox) == before
    upload = await iconik.transfer.upload_version(FILM, film, while_shared=True)
    assert kept(sandbox, FILM, upload.version_id) == SHA256


@pytest.mark.parametrize("method", METHODS)
async def test_no_signed_query_is_logged_and_no_token_leaves(
    iconik: IconikClient,
    sandbox: Sandbox,
    film: Path,
    method: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)

    await iconik.transfer.upload(film, storage=seed.STORAGES[method])

    assert "/storage/" in caplog.text
    assert "signature=" not in caplog.text.lower()
    assert sandbox.leaks == []


@pytest.mark.parametrize("large", [True, False], ids=["in parts", "at once"])
async def test_what_fits_into_one_request_is_one(
    iconik: IconikClient,
    sandbox: Sandbox,
    film: Path,
    large: bool,  # noqa: FBT001 - a parameter
) -> None:
    if not large:
        iconik.transfer.part_size = 32 * 1024 * 1024

    upload = await iconik.transfer.upload(film, storage=seed.STORAGES["B2"])

    assert kept(sandbox, upload.asset_id, upload.version_id) == SHA256
