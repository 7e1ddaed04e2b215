"""A workflow's steps as a bar, which says what happened last and how much before it."""

import subprocess
import sys

import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.sandbox import world
from tgiconik.workflows import ProgressBar, distribute_approved_asset, fulfill_media_request


async def test_the_bar_counts_the_steps_and_says_the_last_one(
    grid: TradingGridClient, iconik: IconikClient, capsys: pytest.CaptureFixture[str]
) -> None:
    result = await fulfill_media_request(
        grid, iconik, "REQ-1042", policy=world.policy(), progress=ProgressBar("REQ-1042")
    )

    shown = capsys.readouterr().err.split("\r")[-1]
    assert shown.startswith(f"REQ-1042: {len(result.timeline)} steps ")
    assert str(result.timeline[-1])[:20] in shown
    assert shown.endswith("\n")


async def test_one_bar_goes_along_with_several_workflows(
    grid: TradingGridClient, iconik: IconikClient, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = 0
    with ProgressBar() as progress:
        for request_id in ("REQ-1042", "REQ-1043"):
            result = await fulfill_media_request(
                grid, iconik, request_id, policy=world.policy(), progress=progress
            )
            steps += len(result.timeline)
    progress.close()

    shown = capsys.readouterr().err.split("\r")[-1]
    assert shown.startswith(f"{steps} steps ")


async def test_the_bar_says_how_much_is_done_and_that_it_is_a_dry_run(
    grid: TradingGridClient, iconik: IconikClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await distribute_approved_asset(
        grid,
        iconik,
        world.asset_id("lookbook"),
        policy=world.policy(),
        dry_run=True,
        progress=ProgressBar("lookbook"),
    )

    shown = capsys.readouterr().err.split("\r")[-1]
    assert shown.startswith("lookbook (dry run): ")
    assert "3 of 3 done" in shown


def test_a_bar_without_tqdm_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)

    with pytest.raises(errors.ConfigurationError, match=r"tgiconik\[progress\]"):
        ProgressBar()


def test_workflows_do_without_tqdm_until_a_bar_is_wanted() -> None:
    loaded = "import sys, tgiconik.workflows; print('tqdm' in sys.modules)"

    run = subprocess.run(  # noqa: S603 - written here
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )

    assert run.stdout == "False\n"
