"""A transfer that was interrupted goes on with the same call, also in another process."""

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import anyio
import pytest
from sandbox.iconik.world import FILM

from tgiconik import IconikClient, errors
from tgiconik.iconik.transfer._state import StateFile
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.faults import CutAnswer, CutRequest, Fault, Refuse
from tgiconik.sandbox.iconik import files, seed
from tgiconik.sandbox.iconik.kinds import ASSETS, FILES
from tgiconik.sandbox.media import Media

from . import conftest
from .conftest import PART, client_of, there
from .processes import killed

CONTENT = os.urandom(64) * 16 * 1024 * 3
SHA256 = hashlib.sha256(CONTENT).hexdigest()
CLIP = seed.fixed_id("clip")
MEDIA = r"^/media/"
SESSIONS = ["S3", "GCS", "B2"]


@pytest.fixture
def clip(sandbox: Sandbox) -> str:
    media = Media("clip.mp4", "video/mp4", CONTENT)
    seed.add_asset(sandbox.state, id_=CLIP, title="Clip", media=media)
    return CLIP


@pytest.fixture
def master(tmp_path: Path) -> Path:
    file = tmp_path / "master.mp4"
    file.write_bytes(CONTENT)
    return file


def sent(iconik: IconikClient) -> list[int]:
    """The sizes of what is sent to storages from now on."""
    sizes: list[int] = []
    send = iconik.transfer._links.send

    async def watched(*args: Any, body: Any = b"", **options: Any) -> Any:  # noqa: ANN401 - passed on
        sizes.append(body.size if hasattr(body, "size") else 0)
        return await send(*args, body=body, **options)

    vars(iconik.transfer._links)["send"] = watched
    return sizes


def asked(iconik: IconikClient) -> list[str | None]:
    """The ranges that are asked for from now on."""
    ranges: list[str | None] = []
    fetch = iconik.transfer._links.fetch

    def watched(*args: Any, headers: dict[str, str], **options: Any) -> Any:  # noqa: ANN401 - passed on
        ranges.append(headers.get("Range"))
        return fetch(*args, headers=headers, **options)

    vars(iconik.transfer._links)["fetch"] = watched
    return ranges


def content(file: Path) -> bytes:
    return file.read_bytes()


def write(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def is_kept(sandbox: Sandbox, asset_id: str, version_id: str) -> bool:
    original = files.original(sandbox.state, asset_id, version_id)
    return original is not None and original["blob"] == SHA256


# Downloads.


async def test_a_download_goes_on_after_its_process_was_killed(
    iconik: IconikClient, sandbox: Sandbox, clip: str, tmp_path: Path
) -> None:
    target = tmp_path / "in" / "clip.mp4"
    call = f"transfer.download({clip!r}, {str(target)!r}, progress=watch)"
    killed(sandbox, call, after=1024 * 1024, part=PART)
    assert names(target.parent) == ["clip.mp4.part", "clip.mp4.part.json"]
    there = (target.parent / "clip.mp4.part").stat().st_size
    ranges = asked(iconik)
    calls: list[tuple[int, int]] = []

    download = await iconik.transfer.download(clip, target, progress=lambda *c: calls.append(c))

    assert ranges == [f"bytes={there}-"]
    assert calls[:2] == [(0, len(CONTENT)), (there, len(CONTENT))]
    assert content(target) == CONTENT
    assert (download.size, download.sha256, download.verified) == (len(CONTENT), SHA256, True)
    assert names(target.parent) == ["clip.mp4"]


async def interrupted(iconik: IconikClient, sandbox: Sandbox, target: Path) -> None:
    """A download that ends in the middle of the file."""
    sandbox.faults.append(Fault(CutAnswer(after=1_500_000), path=MEDIA))
    sandbox.faults.extend(Fault(Refuse(500), path=MEDIA, nth=n) for n in range(2, 30))
    with pytest.raises(errors.ServerError):
        await iconik.transfer.download(CLIP, target)
    sandbox.faults.clear()
    assert names(target.parent) == ["clip.mp4.part", "clip.mp4.part.json"]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder / "clip.mp4"


@pytest.mark.usefixtures("clip")
async def test_a_partial_file_that_is_whole_already_is_only_verified(
    iconik: IconikClient, sandbox: Sandbox, target: Path
) -> None:
    await interrupted(iconik, sandbox, target)
    write(target.with_name("clip.mp4.part"), CONTENT)
    ranges = asked(iconik)

    await iconik.transfer.download(CLIP, target)

    assert ranges == []
    assert content(target) == CONTENT


@pytest.mark.usefixtures("clip")
@pytest.mark.parametrize(
    "state",
    [b"", b"{", b"[]\n", b"\xff\n", b'{"media": {}, "tag": "x"}\n', b'{"media": null}\n1\nx\n'],
)
async def test_a_state_that_says_nothing_begins_anew(
    iconik: IconikClient, sandbox: Sandbox, target: Path, state: bytes
) -> None:
    await interrupted(iconik, sandbox, target)
    write(target.with_name("clip.mp4.part.json"), state)
    ranges = asked(iconik)

    await iconik.transfer.download(CLIP, target)

    assert ranges == [None]
    assert content(target) == CONTENT
    assert names(target.parent) == ["clip.mp4"]


@pytest.mark.usefixtures("clip")
async def test_another_version_of_the_file_begins_anew(
    iconik: IconikClient, sandbox: Sandbox, target: Path
) -> None:
    await interrupted(iconik, sandbox, target)
    store = sandbox.state.store
    (mine,) = store.list(FILES, parent=CLIP)
    other = sandbox.state.blobs.store(CONTENT[::-1])
    changed = mine | {"blob": other.sha256, "md5": other.md5, "checksum": other.md5}
    store.put(FILES, f"{CLIP}/{mine['id']}", changed, parent=CLIP)

    await iconik.transfer.download(CLIP, target)

    assert content(target) == CONTENT[::-1]


@pytest.mark.usefixtures("clip")
async def test_a_partial_file_that_was_changed_is_not_kept(
    iconik: IconikClient, sandbox: Sandbox, target: Path
) -> None:
    await interrupted(iconik, sandbox, target)
    partial = target.with_name("clip.mp4.part")
    partial.write_bytes(b"?" + partial.read_bytes()[1:])

    with pytest.raises(errors.Corrupted, match="came with another md5"):
        await iconik.transfer.download(CLIP, target)

    assert names(target.parent) == []


@pytest.mark.usefixtures("clip")
async def test_two_downloads_to_one_target_at_once_do_not_mix(
    iconik: IconikClient, target: Path
) -> None:
    outcomes = await iconik.transfer.download_many([CLIP, CLIP, CLIP], target.parent)

    came = [outcome for outcome in outcomes if outcome.download]
    assert len(came) == 1
    assert [type(o.error) for o in outcomes if o.error] == [FileExistsError] * 2
    assert names(target.parent) == [f"{CLIP} clip.mp4"]
    assert content(target.with_name(f"{CLIP} clip.mp4")) == CONTENT


@pytest.mark.usefixtures("clip")
async def test_a_line_that_breaks_again_and_again_ends(
    iconik: IconikClient, sandbox: Sandbox, target: Path
) -> None:
    for nth in range(1, 13):
        sandbox.faults.append(Fault(CutAnswer(after=300_000), path=MEDIA, nth=nth))

    await iconik.transfer.download(CLIP, target)

    assert content(target) == CONTENT


@pytest.mark.usefixtures("clip")
async def test_a_line_that_brings_hardly_anything_is_an_error_in_the_end(
    iconik: IconikClient, sandbox: Sandbox, target: Path
) -> None:
    for nth in range(1, 100):
        sandbox.faults.append(Fault(CutAnswer(after=1), path=MEDIA, nth=nth))

    with pytest.raises(errors.ConnectionFailed):
        await iconik.transfer.download(CLIP, target, min_rate=1e9)


# What is there already.


@pytest.mark.usefixtures("clip")
async def test_what_is_there_is_replaced_when_that_is_said(
    iconik: IconikClient, target: Path
) -> None:
    write(target, b"old")

    download = await iconik.transfer.download(CLIP, target, overwrite=True)

    assert content(target) == CONTENT
    assert not download.skipped
    assert names(target.parent) == ["clip.mp4"]


@pytest.mark.usefixtures("clip")
async def test_what_is_there_stays_until_the_new_one_is_whole(
    iconik: IconikClient, sandbox: Sandbox, target: Path
) -> None:
    write(target, b"old")
    sandbox.faults.extend(Fault(Refuse(500), path=MEDIA) for _ in range(20))

    with pytest.raises(errors.ServerError):
        await iconik.transfer.download(CLIP, target, overwrite=True)

    assert content(target) == b"old"


@pytest.mark.usefixtures("clip")
async def test_what_is_there_already_and_the_same_is_skipped(
    iconik: IconikClient, target: Path
) -> None:
    write(target, CONTENT)
    ranges = asked(iconik)

    download = await iconik.transfer.download(CLIP, target, skip_existing=True)

    assert ranges == []
    assert (download.skipped, download.sha256, download.verified) == (True, SHA256, True)


@pytest.mark.usefixtures("clip")
@pytest.mark.parametrize("other", [b"old", CONTENT[::-1]])
async def test_what_is_there_already_and_not_the_same_is_not_skipped(
    iconik: IconikClient, target: Path, other: bytes
) -> None:
    write(target, other)

    with pytest.raises(FileExistsError, match="is not the same; overwrite=True replaces it"):
        await iconik.transfer.download(CLIP, target, skip_existing=True)

    await iconik.transfer.download(CLIP, target, skip_existing=True, overwrite=True)
    assert content(target) == CONTENT


async def test_original_and_previews_do_not_clash_in_one_folder(
    iconik: IconikClient, film_upload: str, tmp_path: Path
) -> None:
    folder = f"{tmp_path}/out/"

    for kind in ("proxy", "original", "keyframe"):
        await iconik.transfer.download(film_upload, folder, kind=kind)
        await iconik.transfer.download_many([film_upload], folder, kind=kind)

    assert len(names(tmp_path / "out")) == 6


@pytest.fixture
async def film_upload(iconik: IconikClient, film: Path) -> str:
    return (await iconik.transfer.upload(film)).asset_id


@pytest.mark.usefixtures("clip")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
async def test_a_file_has_the_mode_that_the_umask_says(
    iconik: IconikClient, target: Path, umask: int, mode: int
) -> None:
    before = os.umask(umask)
    try:
        await iconik.transfer.download(CLIP, target)
    finally:
        os.umask(before)

    assert mode_of(target) == mode


# Uploads.


def uploading(master: Path, method: str) -> str:
    storage = seed.STORAGES[method]
    return f"transfer.upload({str(master)!r}, storage={storage!r}, progress=watch)"


@pytest.mark.parametrize("method", SESSIONS)
async def test_an_upload_goes_on_after_its_process_was_killed(
    iconik: IconikClient, sandbox: Sandbox, master: Path, method: str
) -> None:
    before = len(sandbox.state.store.list(ASSETS))
    killed(sandbox, uploading(master, method), after=6 * PART, part=PART)
    sizes = sent(iconik)

    upload = await iconik.transfer.upload(master, storage=seed.STORAGES[method])

    assert len(CONTENT) - 6 * PART <= sum(sizes) < len(CONTENT) - 2 * PART
    assert len(sandbox.state.store.list(ASSETS)) == before + 1
    assert upload.sha256 == SHA256
    assert await is_kept(sandbox, upload.asset_id, upload.version_id)
    assert names(master.parent) == ["master.mp4"]
    assert there(sandbox)["parts"] == []


async def test_a_version_goes_on_too(iconik: IconikClient, sandbox: Sandbox, master: Path) -> None:
    before = there(sandbox)["versions"][FILM]
    call = f"transfer.upload_version({FILM!r}, {str(master)!r}, progress=watch)"
    killed(sandbox, call, after=6 * PART, part=PART)

    upload = await iconik.transfer.upload_version(FILM, master)

    assert there(sandbox)["versions"][FILM] == [*before, upload.version_id]
    assert await is_kept(sandbox, FILM, upload.version_id)


async def test_a_state_of_an_upload_is_for_its_user_alone(sandbox: Sandbox, master: Path) -> None:
    killed(sandbox, uploading(master, "GCS"), after=6 * PART, part=PART)

    state, _ = names(master.parent)
    assert state.startswith(".master.mp4.")
    assert mode_of(master.with_name(state)) == 0o600


@pytest.mark.parametrize("change", ["title", "content", "part size"])
async def test_another_upload_of_the_file_begins_anew(
    iconik: IconikClient, sandbox: Sandbox, master: Path, change: str
) -> None:
    killed(sandbox, uploading(master, "S3"), after=6 * PART, part=PART)
    before = len(sandbox.state.store.list(ASSETS))
    title = None
    if change == "title":
        title = "Another title"
    elif change == "content":
        write(master, CONTENT[::-1])
    else:
        iconik.transfer.part_size *= 2

    upload = await iconik.transfer.upload(master, storage=seed.STORAGES["S3"], title=title)

    assert len(sandbox.state.store.list(ASSETS)) == before + 1
    original = files.original(sandbox.state, upload.asset_id, upload.version_id)
    assert original is not None
    assert original["blob"] == upload.sha256 == hashlib.sha256(content(master)).hexdigest()


@pytest.mark.parametrize("method", SESSIONS)
async def test_an_upload_whose_records_are_gone_begins_anew(
    iconik: IconikClient, sandbox: Sandbox, master: Path, method: str
) -> None:
    killed(sandbox, uploading(master, method), after=6 * PART, part=PART)
    (upload_,) = there(sandbox)["parts"]
    await iconik.assets.delete_asset(upload_.asset_id)

    upload = await iconik.transfer.upload(master, storage=seed.STORAGES[method])

    assert upload.asset_id != upload_.asset_id
    assert await is_kept(sandbox, upload.asset_id, upload.version_id)


@pytest.mark.parametrize("method", SESSIONS)
async def test_an_upload_that_the_storage_has_forgotten_begins_anew_there(
    iconik: IconikClient, sandbox: Sandbox, master: Path, method: str
) -> None:
    killed(sandbox, uploading(master, method), after=6 * PART, part=PART)
    (upload_,) = there(sandbox)["parts"]
    sandbox.state.store.delete("storage/uploads", upload_.id)

    upload = await iconik.transfer.upload(master, storage=seed.STORAGES[method])

    assert upload.asset_id == upload_.asset_id
    assert await is_kept(sandbox, upload.asset_id, upload.version_id)


@pytest.mark.parametrize("method", SESSIONS)
async def test_a_large_file_is_kept_when_the_storage_is_down_or_somebody_stops_it(
    sandbox: Sandbox, master: Path, method: str
) -> None:
    before = len(sandbox.state.store.list(ASSETS))
    async with client_of(sandbox) as iconik:
        iconik.transfer.keep_from = 1
        sandbox.faults.extend(
            Fault(CutRequest(after=0), path=r"^/storage/", nth=nth) for nth in range(6, 60)
        )
        with pytest.raises(errors.ConnectionFailed) as failed:
            await iconik.transfer.upload(master, storage=seed.STORAGES[method])
        sandbox.faults.clear()
        assert "the same call goes on from there" in failed.value.__notes__[0]
        with anyio.CancelScope() as scope:
            await iconik.transfer.upload(
                master, storage=seed.STORAGES[method], progress=lambda *_: scope.cancel()
            )
        assert there(sandbox)["parts"] != []
        sizes = sent(iconik)

        upload = await iconik.transfer.upload(master, storage=seed.STORAGES[method])

    assert sum(sizes) < len(CONTENT)
    assert len(sandbox.state.store.list(ASSETS)) == before + 1
    assert await is_kept(sandbox, upload.asset_id, upload.version_id)


async def test_a_large_file_that_is_refused_is_taken_back(
    iconik: IconikClient, sandbox: Sandbox, master: Path
) -> None:
    before = there(sandbox)
    iconik.transfer.keep_from = 1
    sandbox.faults.append(Fault(Refuse(400), method="PUT", path=r"^/storage/", nth=3))

    with pytest.raises(errors.BadRequest):
        await iconik.transfer.upload(master)

    assert there(sandbox) == before
    assert names(master.parent) == ["master.mp4"]


async def test_an_upload_that_ended_before_it_could_say_so_is_not_sent_again(
    iconik: IconikClient, sandbox: Sandbox, master: Path
) -> None:
    iconik.transfer.keep_from = 1
    job = Fault(Refuse(503, headers={"Retry-After": "0"}), method="PATCH", path="/jobs/v1/jobs/")
    sandbox.faults.extend([job] * 10)
    with pytest.raises(errors.ServiceUnavailable):
        await iconik.transfer.upload(master)
    sandbox.faults.clear()
    sizes = sent(iconik)

    upload = await iconik.transfer.upload(master)

    assert sizes == []
    assert upload.sha256 == SHA256
    assert len(upload.jobs) == 2
    assert names(master.parent) == ["master.mp4"]


async def test_a_folder_that_takes_no_state_is_uploaded_from_all_the_same(
    iconik: IconikClient, master: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:  # noqa: ANN401 - any file
        raise PermissionError("read-only")

    monkeypatch.setattr("tgiconik.iconik.transfer._state.opened", refuse)

    assert (await iconik.transfer.upload(master)).sha256 == SHA256


async def test_the_same_file_may_be_uploaded_twice_at_once(
    iconik: IconikClient, sandbox: Sandbox, master: Path
) -> None:
    outcomes = await iconik.transfer.upload_many([master, master])

    uploads = [outcome.upload for outcome in outcomes if outcome.upload]
    assert len({upload.asset_id for upload in uploads}) == 2
    assert [await is_kept(sandbox, u.asset_id, u.version_id) for u in uploads] == [True, True]


# Many.


async def test_many_are_uploaded_with_one_progress_and_one_that_fails_stops_no_other(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    paths = []
    for number in range(5):
        paths.append(tmp_path / f"film {number}.mp4")
        paths[-1].write_bytes(conftest.CONTENT[number:])
    paths[1].unlink()
    calls: list[tuple[int, int]] = []

    outcomes = await iconik.transfer.upload_many(paths, progress=lambda *c: calls.append(c))

    assert [outcome.file for outcome in outcomes] == paths
    assert isinstance(outcomes[1].error, FileNotFoundError)
    uploads = [outcome.upload for outcome in outcomes if outcome.upload]
    assert [upload.name for upload in uploads] == [f"film {n}.mp4" for n in (0, 2, 3, 4)]
    size = sum(upload.size for upload in uploads)
    assert calls[-1] == (size, size)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert sandbox.leaks == []


async def test_many_are_downloaded_with_one_progress(
    iconik: IconikClient, clip: str, tmp_path: Path
) -> None:
    calls: list[tuple[int, int]] = []

    outcomes = await iconik.transfer.download_many(
        [clip, FILM], tmp_path / "in", progress=lambda *c: calls.append(c)
    )

    size = sum(outcome.download.size for outcome in outcomes if outcome.download)
    assert size > len(CONTENT)
    assert calls[-1] == (size, size)
    again = await iconik.transfer.download_many([clip, FILM], tmp_path / "in", skip_existing=True)
    assert [o.download.skipped for o in again if o.download] == [True, True]


@pytest.mark.parametrize("bar", [True])
async def test_many_have_one_bar(
    iconik: IconikClient,
    clip: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    bar: bool,  # noqa: FBT001 - a parameter
) -> None:
    await iconik.transfer.download_many([clip], tmp_path / "in", progress=bar)

    assert "1 assets: 100%" in capsys.readouterr().err


async def test_one_where_several_are_wanted_is_refused(iconik: IconikClient) -> None:
    with pytest.raises(errors.ConfigurationError):
        await iconik.transfer.download_many(CLIP, "in")
    with pytest.raises(errors.ConfigurationError):
        await iconik.transfer.upload_many("film.mp4")


def test_a_state_is_lines_of_json(tmp_path: Path) -> None:
    state = StateFile.held(tmp_path / "x.json", private=True)
    assert state is not None
    assert StateFile.held(tmp_path / "x.json", private=True) is None
    state.note(a=1)
    state.note(a=2, b="ü")
    state.close()

    lines = (tmp_path / "x.json").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"a": 1}, {"a": 2, "b": "ü"}]
    (tmp_path / "x.json").write_bytes((tmp_path / "x.json").read_bytes() + b'{"a": 3')
    again = StateFile.held(tmp_path / "x.json", private=True)
    assert again is not None
    assert again.known == {"a": 2, "b": "ü"}
    again.note(a=4)
    again.close()
    assert (tmp_path / "x.json").read_text().splitlines()[-1] == '{"a": 4}'


@pytest.mark.usefixtures("clip")
async def test_a_partial_file_with_a_second_name_is_not_written_to(
    iconik: IconikClient, sandbox: Sandbox, target: Path
) -> None:
    await interrupted(iconik, sandbox, target)
    partial = target.with_name("clip.mp4.part")
    other = target.with_name("other.mp4")
    os.link(partial, other)
    before = content(other)

    await iconik.transfer.download(CLIP, target)

    assert content(other) == before
    assert content(target) == CONTENT
