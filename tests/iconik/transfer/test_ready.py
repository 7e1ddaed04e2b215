"""Whether previews are made, or which job failed and why."""

from pathlib import Path

import anyio
import pytest

from tgiconik import IconikClient, errors
from tgiconik.iconik.models import assets as m
from tgiconik.sandbox import Sandbox


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    pause = anyio.sleep

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await pause(0)

    monkeypatch.setattr("tgiconik.iconik.transfer._ready.anyio.sleep", sleep)
    return waited


@pytest.mark.parametrize("named", [True, False], ids=["jobs named", "jobs found"])
async def test_what_is_ready_is_told_at_once(
    iconik: IconikClient,
    film: Path,
    waits: list[float],
    named: bool,  # noqa: FBT001 - a parameter
) -> None:
    upload = await iconik.transfer.upload(film)

    ready = await iconik.transfer.wait_until_ready(
        upload.asset_id, upload.version_id, jobs=upload.jobs if named else ()
    )

    assert (len(ready.proxies), len(ready.keyframes)) == (1, 1)
    assert set(ready.jobs) == set(upload.jobs)
    assert waits == []


async def test_it_is_looked_at_again_ever_more_patiently(
    iconik: IconikClient, sandbox: Sandbox, film: Path, waits: list[float]
) -> None:
    sandbox.transcoding.reads = 3
    upload = await iconik.transfer.upload(film)

    ready = await iconik.transfer.wait_until_ready(
        upload.asset_id, upload.version_id, jobs=upload.jobs
    )

    assert len(ready.proxies) == 1
    assert waits[:2] == [0.5, 1.0]


async def test_a_job_that_failed_says_why(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    sandbox.transcoding.errors["TRANSCODE"] = "the codec is not known"
    upload = await iconik.transfer.upload(film)

    with pytest.raises(errors.NotReady, match=r"\(TRANSCODE\) is FAILED: the codec is not known"):
        await iconik.transfer.wait_until_ready(upload.asset_id, upload.version_id, jobs=upload.jobs)


async def test_when_time_is_over_it_says_what_is_there(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    sandbox.transcoding.reads = 1_000
    upload = await iconik.transfer.upload(film)

    with pytest.raises(errors.NotReady, match=r"within 0\.2 s: 0 proxies, 0 keyframes yet"):
        await iconik.transfer.wait_until_ready(
            upload.asset_id, upload.version_id, timeout=0.2, jobs=upload.jobs
        )


async def test_jobs_of_an_earlier_version_do_not_count(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    sandbox.transcoding.errors["TRANSCODE"] = "the first one was broken"
    first = await iconik.transfer.upload(film)
    sandbox.transcoding.errors.clear()
    second = await iconik.transfer.upload_version(first.asset_id, film)

    ready = await iconik.transfer.wait_until_ready(second.asset_id, second.version_id)

    assert set(ready.jobs) == set(second.jobs)


async def test_previews_that_nobody_asked_for_are_asked_for(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    upload = await iconik.transfer.upload(film)
    place = upload.asset_id, upload.version_id
    assert await iconik.transfer.has_previews(*place)
    asked = len([write for write in sandbox.writes if write.path.endswith("/keyframes/")])

    jobs = await iconik.transfer.request_previews(*place)

    assert len(jobs) == len(upload.jobs)
    again = [write for write in sandbox.writes if write.path.endswith("/keyframes/")]
    assert len(again) == asked + 1


async def test_a_version_without_previews_or_jobs_has_none(iconik: IconikClient) -> None:
    asset = await iconik.assets.create_asset(body={"title": "Nothing yet"})
    version = await iconik.assets.add_version(str(asset.id), m.CreateAssetVersionInput())

    assert not await iconik.transfer.has_previews(str(asset.id), str(version.id))
    assert await iconik.transfer.request_previews(str(asset.id), str(version.id)) == ()
