"""Whatever breaks, and wherever: the file arrives whole, or nothing of it stays."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tgiconik import IconikClient, errors
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.faults import CutRequest, Effect, Expire, Fault, LoseAnswer, Refuse
from tgiconik.sandbox.iconik import files, seed

from .conftest import CONTENT, METHODS, PART, client_of, there

SHA256 = hashlib.sha256(CONTENT).hexdigest()
STORAGE = r"^/storage/"


async def arrives(
    iconik: IconikClient, sandbox: Sandbox, film: Path, method: str, *, strays: int = 0
) -> None:
    """An upload that has everything it needs to succeed, and does."""
    upload = await iconik.transfer.upload(film, storage=seed.STORAGES[method])

    original = files.original(sandbox.state, upload.asset_id, upload.version_id)
    assert original is not None
    assert original["blob"] == upload.sha256 == SHA256
    assert len(sandbox.open_uploads()) == strays
    assert sandbox.faults == []


@pytest.mark.parametrize("nth", [1, 2, pytest.param(3, marks=pytest.mark.enumeration)])
@pytest.mark.parametrize(
    "effect",
    [
        Refuse(503, headers={"Retry-After": "0"}),
        Refuse(408),
        Refuse(429, headers={"Retry-After": "0"}),
        CutRequest(),
        CutRequest(after=70_000),
        LoseAnswer(),
        Expire(),
    ],
    ids=str,
)
@pytest.mark.parametrize("method", METHODS)
async def test_a_storages_bad_moment_passes(  # noqa: PLR0917 - fixtures
    iconik: IconikClient, sandbox: Sandbox, film: Path, method: str, effect: Effect, nth: int
) -> None:
    if nth > 1 and method == "AZURE":
        nth = 1  # There is one request.
    if isinstance(effect, Expire) and method == "GCS" and nth > 1:
        nth = 1  # Only the link that begins a session runs out.
    sandbox.faults.append(Fault(effect, path=STORAGE, nth=nth))
    # Nobody can give up what was begun when the answer that names it is lost.
    unnamed = isinstance(effect, LoseAnswer) and nth == 1 and method in {"S3", "GCS"}

    await arrives(iconik, sandbox, film, method, strays=int(unnamed))


@pytest.mark.parametrize("method", METHODS)
async def test_a_storage_that_stays_broken_is_an_error_and_leaves_nothing(
    iconik: IconikClient, sandbox: Sandbox, film: Path, method: str
) -> None:
    before = there(sandbox)
    sandbox.faults.extend(Fault(Refuse(500), method="PUT", path=STORAGE) for _ in range(200))
    sandbox.faults.extend(Fault(Refuse(500), method="POST", path=STORAGE) for _ in range(200))

    with pytest.raises(errors.ServerError, match="500"):
        await iconik.transfer.upload(film, storage=seed.STORAGES[method])

    sandbox.faults.clear()
    assert there(sandbox) == before
    await arrives(iconik, sandbox, film, method)


@pytest.mark.parametrize("method", METHODS)
async def test_links_that_always_run_out_are_an_error_in_the_end(
    iconik: IconikClient, sandbox: Sandbox, film: Path, method: str
) -> None:
    before = there(sandbox)
    sandbox.faults.extend(Fault(Expire(), path=STORAGE) for _ in range(100))

    with pytest.raises(errors.LinkRefused, match="ask the platform for a new one"):
        await iconik.transfer.upload(film, storage=seed.STORAGES[method])

    sandbox.faults.clear()
    assert there(sandbox) == before


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    method=st.sampled_from(METHODS),
    nth=st.integers(1, 16),
    after=st.integers(0, PART) | st.none(),
)
async def test_a_cut_at_any_byte_of_any_call_leaves_all_of_it_or_nothing(
    sandbox: Sandbox, film: Path, method: str, nth: int, after: int | None
) -> None:
    before = there(sandbox)
    effect: Effect = LoseAnswer() if after is None else CutRequest(after=after)
    sandbox.faults.append(Fault(effect, nth=nth))
    async with client_of(sandbox) as iconik:
        try:
            upload = await iconik.transfer.upload(film, storage=seed.STORAGES[method])
        except errors.TgIconikError as error:
            sandbox.faults.clear()
            left = there(sandbox)
            arrived = any("has arrived" in note for note in getattr(error, "__notes__", ()))
            if after is None:
                # What was made by the call whose answer is lost is known to nobody.
                assert count(left) <= count(before) + (4 if arrived else 1)
            elif not arrived:
                assert left == before
            await arrives(iconik, sandbox, film, method, strays=len(left["parts"]))
            return
        sandbox.faults.clear()
    original = files.original(sandbox.state, upload.asset_id, upload.version_id)
    assert original is not None
    assert original["blob"] == SHA256


def count(left: dict[str, Any]) -> int:
    """How many things an upload has made that are there."""
    return len(left["versions"]) + len(left["records"]) + len(left["running"]) + len(left["parts"])


@pytest.mark.parametrize("way", ["scope", "task"])
@pytest.mark.parametrize("done", [0, 1, PART, len(CONTENT) // 2])
@pytest.mark.parametrize("method", METHODS)
async def test_whoever_leaves_leaves_nothing_behind(  # noqa: PLR0917 - fixtures
    iconik: IconikClient, sandbox: Sandbox, film: Path, method: str, done: int, way: str
) -> None:
    before = there(sandbox)
    reached = anyio.Event()

    def watch(sent: int, _total: int) -> None:
        if sent >= done:
            reached.set()

    async def upload() -> None:
        await iconik.transfer.upload(film, storage=seed.STORAGES[method], progress=watch)
        raise AssertionError("it was to be cancelled")

    if way == "task":
        task = asyncio.ensure_future(upload())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(upload)
            await reached.wait()
            tasks.cancel_scope.cancel()

    assert there(sandbox) == before
    await arrives(iconik, sandbox, film, method)


async def test_a_retry_at_a_storage_is_a_warning_that_names_its_host_alone(
    iconik: IconikClient, sandbox: Sandbox, film: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.append(Fault(Refuse(503, headers={"Retry-After": "0"}), path=STORAGE))

    await arrives(iconik, sandbox, film, "S3")

    (retry,) = [vars(one) for one in caplog.records if one.name == "tgiconik.http"]
    assert (retry["event"], retry["levelname"]) == ("http.retried", "WARNING")
    assert (retry["status"], retry["attempt"]) == (503, 1)
    assert retry["url_template"].endswith("/{object}")
    assert "/storage/" not in retry["url_template"]
