"""A download that is cut goes on where it was; one that ends early leaves nothing."""

import asyncio
import errno
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tgiconik import IconikClient, errors
from tgiconik.iconik.transfer import _receiving
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.faults import CutAnswer, Effect, Expire, Fault, Refuse
from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.iconik.kinds import FILES
from tgiconik.sandbox.media import Media

from . import conftest
from .conftest import client_of

#: Longer than what is received at once, so that there is something to go on from.
CONTENT = conftest.CONTENT * 3

CLIP = seed.fixed_id("clip")
MEDIA = r"^/media/"


@pytest.fixture(autouse=True)
def clip(sandbox: Sandbox) -> None:
    media = Media("clip.mp4", "video/mp4", CONTENT)
    seed.add_asset(sandbox.state, id_=CLIP, title="Clip", media=media)


def inside(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def comes(iconik: IconikClient, folder: Path) -> None:
    await iconik.transfer.download(CLIP, folder)

    (path,) = inside(folder)
    assert path.read_bytes() == CONTENT
    path.unlink()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.integers(0, len(CONTENT) - 1), min_size=1, max_size=3))
async def test_a_cut_at_any_byte_is_gone_on_from(
    sandbox: Sandbox, tmp_path: Path, cuts: list[int]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    sandbox.faults.extend(Fault(CutAnswer(after=cut), path=MEDIA) for cut in cuts)

    async with client_of(sandbox) as iconik:
        await comes(iconik, folder)
    sandbox.faults.clear()


@pytest.mark.parametrize(
    "effect",
    [Refuse(503, headers={"Retry-After": "0"}), Refuse(429), Expire(), CutAnswer(after=0)],
    ids=str,
)
async def test_a_storages_bad_moment_passes(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path, effect: Effect
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sandbox.faults.append(Fault(effect, path=MEDIA))

    await comes(iconik, folder)

    assert sandbox.faults == []


async def test_what_came_before_a_cut_is_not_asked_for_again(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults.append(Fault(CutAnswer(after=1_500_000), path=MEDIA))
    asked: list[str | None] = []
    fetch = iconik.transfer._links.fetch

    def watched(url: str, *, headers: dict[str, str], min_rate: float) -> Any:  # noqa: ANN401 - a context
        asked.append(headers.get("Range"))
        return fetch(url, headers=headers, min_rate=min_rate)

    iconik.transfer._links.fetch = watched  # type: ignore[method-assign, assignment]
    await iconik.transfer.download(CLIP, tmp_path)

    before, after = asked
    assert before is None
    # aiohttp drops what it had read ahead when the connection broke.
    assert after is not None
    assert 1_000_000 < int(after.removeprefix("bytes=").removesuffix("-")) <= 1_500_000


async def test_a_link_that_runs_out_midway_is_fetched_anew(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sandbox.faults.append(Fault(CutAnswer(after=2_500_000), path=MEDIA))
    sandbox.faults.append(Fault(Expire(), path=MEDIA, nth=2))

    await comes(iconik, folder)


async def test_what_is_another_file_after_a_cut_begins_anew(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    store = sandbox.state.store
    other = CONTENT[::-1]
    seed.add_asset(
        sandbox.state,
        id_=seed.fixed_id("other"),
        title="Other",
        media=Media("clip.mp4", "video/mp4", other),
    )
    (mine,) = store.list(FILES, parent=CLIP)
    (theirs,) = store.list(FILES, parent=seed.fixed_id("other"))
    unverified = mine | {"checksum": None}
    store.put(FILES, f"{CLIP}/{mine['id']}", unverified, parent=CLIP)
    sandbox.faults.append(Fault(CutAnswer(after=1_500_000), path=MEDIA))
    calls: list[int] = []

    def watch(done: int, _total: int) -> None:
        calls.append(done)
        if done:
            changed = unverified | {"blob": theirs["blob"]}
            store.put(FILES, f"{CLIP}/{mine['id']}", changed, parent=CLIP)

    await iconik.transfer.download(CLIP, folder, progress=watch)

    (path,) = inside(folder)
    assert path.read_bytes() == other
    assert calls == sorted(calls)


async def test_a_storage_that_stays_broken_is_an_error_and_leaves_nothing(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    sandbox.faults.extend(Fault(Refuse(500), path=MEDIA) for _ in range(20))

    with pytest.raises(errors.ServerError):
        await iconik.transfer.download(CLIP, folder)

    assert inside(folder) == []


async def test_a_full_disk_is_pythons_own_error_and_leaves_nothing(
    iconik: IconikClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()

    def full(*_: Any) -> None:  # noqa: ANN401 - whatever is written
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_receiving, "write_all", full)

    with pytest.raises(OSError, match="No space left"):
        await iconik.transfer.download(CLIP, folder)

    assert inside(folder) == []


@pytest.mark.parametrize("way", ["scope", "task"])
@pytest.mark.parametrize("least", [0, 1])
async def test_whoever_leaves_leaves_what_can_be_gone_on_from(
    iconik: IconikClient, tmp_path: Path, least: int, way: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    reached = anyio.Event()

    def watch(done: int, _total: int) -> None:
        if done >= least:
            reached.set()

    async def download() -> None:
        await iconik.transfer.download(CLIP, folder, progress=watch)

    if way == "task":
        task = asyncio.ensure_future(download())
        await reached.wait()
        if not task.done():
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not (folder / "clip.mp4").exists()
    else:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(download)
            await reached.wait()
            tasks.cancel_scope.cancel()
        left = folder / "clip.mp4"
        assert not left.exists() or left.read_bytes() == CONTENT
    (folder / "clip.mp4").unlink(missing_ok=True)
    await comes(iconik, folder)
