"""The README's first command, as somebody runs it."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tgiconik.sandbox import Sandbox

SCRIPT = Path(__file__).parents[2] / "examples" / "quickstart.py"


def quickstart(
    *arguments: str, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ICONIK_", "TRADING_GRID_"))
    }
    return subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(SCRIPT), *arguments],
        env=clean | dict(environ or {}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_the_quickstart_tells_the_story_and_ends_fulfilled() -> None:
    run = quickstart()

    assert run.returncode == 0
    assert run.stderr == ""
    story = run.stdout
    assert story.splitlines()[-1] == "request REQ-1042 fulfilled"
    for chapter in ("On Trading Grid", "In iconik", "Back on Trading Grid", "At the partner's"):
        assert f"\n{chapter}\n" in story
    assert re.search(r"Link: {2}http://127\.0\.0\.1:\d+/share/", story)
    assert "The approval of the version is MIXED." in story
    assert "bytes of video/mp4" in story


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--live"], "--live needs --request and --policy"),
        (["--live", "--request", "REQ-1042"], "--live needs --request and --policy"),
        (["--request", "REQ-9999"], "there is no request REQ-9999"),
        (["--policy", "missing.toml"], "missing.toml"),
    ],
)
def test_what_cannot_work_is_one_sentence_and_exit_code_2(
    arguments: list[str], sentence: str
) -> None:
    run = quickstart(*arguments)

    assert run.returncode == 2
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr
    assert len(run.stderr.splitlines()) == 1


def live(folder: Path, policy: str = "") -> list[str]:
    """Arguments for the platforms of the environment, with a policy that says no more than this."""
    file = folder / "policy.toml"
    file.write_text(policy, encoding="utf-8")
    return ["--live", "--request", "REQ-1042", "--policy", str(file)]


def test_an_environment_without_platforms_says_what_is_missing(tmp_path: Path) -> None:
    run = quickstart(*live(tmp_path))

    assert run.returncode == 2
    assert "set TRADING_GRID_URL, TRADING_GRID_CLIENT_ID" in run.stderr
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize("variable", ["TRADING_GRID_CLIENT_SECRET", "ICONIK_AUTH_TOKEN"])
def test_a_refused_login_is_one_sentence_that_does_not_show_the_secret(
    variable: str, tmp_path: Path
) -> None:
    sandbox = Sandbox()
    with sandbox.serve() as url:
        environ = {**sandbox.environment(url), variable: "wrong-credential"}

        view = f'metadata_view = "{sandbox.policy().metadata_view}"'
        run = quickstart(*live(tmp_path, view), environ=environ)

    sandbox.close()
    assert run.returncode == 2
    assert "401 Unauthorized" in run.stderr
    assert "wrong-credential" not in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_live_means_the_platforms_of_the_environment(tmp_path: Path) -> None:
    sandbox = Sandbox()
    arguments = live(tmp_path, f'metadata_view = "{sandbox.policy().metadata_view}"')
    with sandbox.serve() as url:
        run = quickstart(*arguments, environ=sandbox.environment(url))

    sandbox.close()
    assert run.stdout.splitlines()[-1] == "request REQ-1042 fulfilled"
