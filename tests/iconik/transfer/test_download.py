"""Media come whole, under a name that stays in its folder, or not at all."""

import hashlib
import logging
from pathlib import Path
from typing import Any

import pytest
from sandbox.iconik.world import FILM, POSTER

from tgiconik import IconikClient, errors
from tgiconik.iconik.transfer import MediaKind
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.iconik.kinds import FILES, FORMATS
from tgiconik.sandbox.media import mp4

from .conftest import CONTENT

FIRST, SECOND = (mp4("film.mp4", f"Film, version {number}").content for number in (1, 2))


def change(sandbox: Sandbox, kind: str, version: int = 2, **fields: Any) -> None:  # noqa: ANN401 - any field
    """Change what iconik says of the film's file or format."""
    store = sandbox.state.store
    for document in store.list(kind, parent=FILM):
        if document["version_id"] == seed.version_id(FILM, version):
            store.put(kind, f"{FILM}/{document['id']}", document | fields, parent=FILM)


def inside(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def only(folder: Path) -> Path:
    """The one file of a folder: nothing temporary is left beside it."""
    (path,) = inside(folder)
    return path


async def test_the_current_version_comes_into_a_folder_under_its_name(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    calls: list[tuple[int, int]] = []

    download = await iconik.transfer.download(
        FILM, tmp_path, progress=lambda *call: calls.append(call)
    )

    assert download.path == tmp_path / "film.mp4" == only(tmp_path)
    assert download.path.read_bytes() == SECOND
    assert download.sha256 == hashlib.sha256(SECOND).hexdigest()
    assert (download.size, download.version_id) == (len(SECOND), seed.version_id(FILM, 2))
    assert download.verified
    assert calls == sorted(calls)
    assert calls[-1] == (len(SECOND), len(SECOND))
    assert sandbox.leaks == []


async def test_an_older_version_comes_when_it_is_named(
    iconik: IconikClient, tmp_path: Path
) -> None:
    target = tmp_path / "old.mp4"

    await iconik.transfer.download(FILM, target, version_id=seed.version_id(FILM, 1))

    assert target.read_bytes() == FIRST


@pytest.mark.parametrize(("kind", "start"), [("proxy", b"\x00\x00\x00"), ("keyframe", b"\x89PNG")])
async def test_previews_come_too(
    iconik: IconikClient, film: Path, tmp_path: Path, kind: MediaKind, start: bytes
) -> None:
    upload = await iconik.transfer.upload(film)

    download = await iconik.transfer.download(upload.asset_id, f"{tmp_path}/out/", kind=kind)

    assert download.kind == kind
    assert download.path.read_bytes().startswith(start)


@pytest.mark.parametrize("wrong", ["proxies", "Proxy", "thumbnail", "", None, ["proxy"]])
async def test_another_kind_of_media_is_refused_before_anything_is_asked(
    iconik: IconikClient,
    tmp_path: Path,
    wrong: Any,  # noqa: ANN401 - anything
) -> None:
    words = "kind must be original, proxy or keyframe, not "
    with pytest.raises(errors.ConfigurationError, match=words):
        await iconik.transfer.download(FILM, f"{tmp_path}/out/", kind=wrong)
    with pytest.raises(errors.ConfigurationError, match=words):
        await iconik.transfer.download_many([FILM], tmp_path, kind=wrong)

    assert iconik.traffic.calls == 0
    assert inside(tmp_path) == []


async def test_a_folder_that_ends_with_a_slash_is_made(
    iconik: IconikClient, tmp_path: Path
) -> None:
    download = await iconik.transfer.download(FILM, f"{tmp_path}/a/b/")

    assert download.path == tmp_path / "a" / "b" / "film.mp4"


async def test_a_new_path_without_a_slash_is_the_file(iconik: IconikClient, tmp_path: Path) -> None:
    download = await iconik.transfer.download(FILM, tmp_path / "new")

    assert download.path == tmp_path / "new"
    assert only(tmp_path) == download.path


async def test_a_template_makes_the_name(iconik: IconikClient, tmp_path: Path) -> None:
    download = await iconik.transfer.download(
        FILM, tmp_path, name="{title} {stem}-{kind}{suffix} {asset_id} {version_id} {name}"
    )

    version_id = seed.version_id(FILM, 2)
    assert only(tmp_path) == download.path
    assert download.path.name == (
        f"Launch film (EMEA)_ film-original.mp4 {FILM} {version_id} film.mp4"
    )


@pytest.mark.parametrize("name", ["{nothing}", "{name", "{0}", "{name.parent.x}"])
async def test_a_template_that_asks_for_something_else_is_refused(
    iconik: IconikClient, tmp_path: Path, name: str
) -> None:
    with pytest.raises(errors.ConfigurationError, match="and nothing else"):
        await iconik.transfer.download(FILM, tmp_path, name=name)

    assert inside(tmp_path) == []


async def test_a_template_has_no_meaning_for_a_file(iconik: IconikClient, tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigurationError, match="name= has no meaning"):
        await iconik.transfer.download(FILM, tmp_path / "film.mp4", name="{name}")


@pytest.mark.parametrize(
    "hostile", ["../../evil.mp4", "/etc/passwd", "a\\b:c.mp4", "\u202emp4.exe", "CON", "🎬" * 99]
)
async def test_a_servers_name_never_leads_out_of_the_folder(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path, hostile: str
) -> None:
    change(sandbox, FILES, name=hostile, original_name=hostile)
    folder = tmp_path / "in"
    folder.mkdir()

    download = await iconik.transfer.download(FILM, folder)

    assert download.path.parent == folder
    assert only(folder).read_bytes() == SECOND
    assert inside(tmp_path) == [folder]


async def test_what_is_there_already_is_left_alone(iconik: IconikClient, tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    target.write_bytes(b"mine")

    with pytest.raises(FileExistsError, match="is there already"):
        await iconik.transfer.download(FILM, tmp_path)

    assert only(tmp_path).read_bytes() == b"mine"


async def test_what_appears_meanwhile_is_left_alone(iconik: IconikClient, tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"

    with pytest.raises(FileExistsError):
        await iconik.transfer.download(
            FILM, target, progress=lambda *_: target.write_bytes(b"theirs")
        )

    assert only(tmp_path).read_bytes() == b"theirs"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"size": 1}, "has 1 bytes, and"),
        ({"checksum": "0" * 32}, "came with another md5"),
        ({"checksum": "0" * 40}, "came with another sha1"),
        ({"checksum": "0" * 64}, "came with another sha256"),
    ],
)
async def test_what_is_not_as_iconik_says_is_not_kept(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path, fields: dict[str, Any], said: str
) -> None:
    change(sandbox, FILES, **fields)

    with pytest.raises(errors.Corrupted, match=said):
        await iconik.transfer.download(FILM, tmp_path)

    assert inside(tmp_path) == []


@pytest.mark.parametrize("checksum", [None, "", "not hexadecimal", "abc123"])
async def test_without_a_checksum_that_is_one_nothing_is_verified(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path, checksum: str | None
) -> None:
    change(sandbox, FILES, checksum=checksum)

    download = await iconik.transfer.download(FILM, tmp_path)

    assert not download.verified


async def test_an_archived_original_says_so(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    seed.archive_original(sandbox.state, FILM)

    with pytest.raises(errors.NotOnline, match="is ARCHIVED: restore it first"):
        await iconik.transfer.download(FILM, tmp_path)


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        (FORMATS, {"is_online": False}, "is offline"),
        (FORMATS, {"name": "PPRO_PROXY"}, "has no file"),
        (FILES, {"status": "OPEN"}, "is not all there: OPEN"),
        (FILES, {"status": "MISSING"}, "is not all there: MISSING"),
    ],
)
async def test_an_original_that_cannot_be_fetched_says_why(  # noqa: PLR0917 - fixtures
    iconik: IconikClient,
    sandbox: Sandbox,
    tmp_path: Path,
    kind: str,
    fields: dict[str, Any],
    said: str,
) -> None:
    change(sandbox, kind, **fields)

    with pytest.raises(errors.NotOnline, match=said):
        await iconik.transfer.download(FILM, tmp_path)

    assert inside(tmp_path) == []


async def test_a_sequence_of_files_is_not_one_file(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    store = sandbox.state.store
    for document in store.list(FILES, parent=FILM):
        second = document | {"id": seed.fixed_id(f"second {document['id']}")}
        store.put(FILES, f"{FILM}/{second['id']}", second, parent=FILM)

    with pytest.raises(errors.Unsupported, match="is a sequence of 2 files"):
        await iconik.transfer.download(FILM, tmp_path)


async def test_a_preview_that_is_not_made_yet_says_so(iconik: IconikClient, tmp_path: Path) -> None:
    with pytest.raises(errors.NotOnline, match="has no keyframe; wait_until_ready waits"):
        await iconik.transfer.download(POSTER, tmp_path, kind="keyframe")


async def test_many_come_at_once_and_one_that_fails_stops_no_other(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    ids = []
    for number in range(6):
        ids.append(seed.fixed_id(f"many {number}"))
        seed.add_asset(
            sandbox.state, id_=ids[-1], title="Clip", media=mp4("clip.mp4", f"Clip {number}")
        )
    seed.archive_original(sandbox.state, ids[2])

    outcomes = await iconik.transfer.download_many([*ids, "gone"], tmp_path, max_concurrency=3)

    assert [outcome.asset_id for outcome in outcomes] == [*ids, "gone"]
    assert isinstance(outcomes[2].error, errors.NotOnline)
    assert isinstance(outcomes[-1].error, errors.NotFound)
    there = [outcome.download for outcome in outcomes if outcome.download]
    assert len(there) == 5
    assert len({download.path for download in there}) == 5
    assert there[0].path.name == f"{ids[0]} clip.mp4"
    assert len(inside(tmp_path)) == 5


async def test_no_signed_query_is_logged(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    await iconik.transfer.download(FILM, tmp_path)

    assert "/media/" in caplog.text
    assert "signature=" not in caplog.text
    assert sandbox.leaks == []


async def test_what_was_uploaded_comes_back(
    iconik: IconikClient, film: Path, tmp_path: Path
) -> None:
    upload = await iconik.transfer.upload(film)

    download = await iconik.transfer.download(upload.asset_id, tmp_path / "back.mp4")

    assert download.path.read_bytes() == CONTENT
    assert download.sha256 == upload.sha256
