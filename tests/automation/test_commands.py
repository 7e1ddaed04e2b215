"""`worker` and `runs` on the command line."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.automation import Automation, Cause, CauseKind, on_asset_approved, on_issue
from tgiconik.automation.__main__ import main
from tgiconik.automation.commands.worker import TOKEN, load
from tgiconik.sandbox import Sandbox, world
from tgiconik.workflows import distribute_approved_asset

ROOT = Path(__file__).parents[2]
SERVICE = """
from tgiconik.automation import Automation, on_request
from tgiconik.sandbox import world
from tgiconik.workflows import fulfill_media_request

automation = Automation(
    [on_request("media_request", fulfill_media_request, policy=world.policy())]
)
other = 7
"""


async def refuse(grid: TradingGridClient, iconik: IconikClient, id_: str) -> None:
    del grid, iconik
    raise errors.UnknownIssue(f"there is no issue {id_}")


@pytest.fixture
def worked(tmp_path: Path) -> str:
    """A database with a run that succeeded, and a cause that is parked."""
    url = f"sqlite:///{tmp_path / 'automation.db'}"
    asyncio.run(work(url))
    return url


async def work(url: str) -> None:
    sandbox = Sandbox()
    automation = Automation(
        [on_issue(refuse), on_asset_approved(distribute_approved_asset, policy=world.policy())]
    )
    async with automation.worker(database=url, clients=sandbox.clients) as worker:
        await worker.submit(Cause(CauseKind.ASSET_APPROVED, world.asset_id("lookbook")))
        await worker.settled()
        await worker.submit(Cause(CauseKind.ISSUE, "ISS-1"))
        await worker.settled()
    sandbox.close()


def test_the_latest_runs_are_listed(worked: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "list", "--database", worked]) == 0

    failed, done = capsys.readouterr().out.splitlines()
    assert "UnknownIssue: there is no issue ISS-1" in failed
    assert "asset_approved:distribute_approved_asset" in done
    assert "distribution of Summer lookbook" in done


def test_only_failures_are_listed_as_json(worked: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "list", "--failed", "--json", "--database", worked]) == 0

    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["subject"] == "issues/ISS-1"


def test_a_run_is_shown_with_its_result_and_its_report(
    worked: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    assert main(["runs", "show", "1", "--html", str(page), "--database", worked]) == 0
    assert main(["runs", "show", "2", "--database", worked]) == 1
    assert main(["runs", "show", "9", "--database", worked]) == 2

    said = capsys.readouterr()
    assert '"outcomes"' in said.out
    assert "/share/" not in said.out + page.read_text("utf-8")
    assert "there is no run 9" in said.err


def test_what_is_parked_is_shown_and_tried_again(
    worked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "parked", "--json", "--database", worked]) == 0
    id_ = json.loads(capsys.readouterr().out)["id"]
    assert main(["runs", "retry", "--database", worked]) == 2
    assert main(["runs", "retry", str(id_), "--database", worked]) == 0
    assert main(["runs", "retry", str(id_), "--database", worked]) == 2
    assert main(["runs", "waiting", "--database", worked]) == 0
    assert "issues/ISS-1" in capsys.readouterr().out


def test_a_database_is_given_or_in_the_environment(
    worked: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TGICONIK_AUTOMATION_URL", raising=False)
    assert main(["runs", "list"]) == 2
    assert "TGICONIK_AUTOMATION_URL" in capsys.readouterr().err
    monkeypatch.setenv("TGICONIK_AUTOMATION_URL", worked)
    assert main(["runs", "list"]) == 0


@pytest.mark.parametrize("name", ["service", "service:", ":x", "no_such:x", "json:x", "json:dumps"])
def test_a_name_that_is_no_automation_is_refused(name: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        load(name)


def test_a_worker_runs_the_rules_of_a_module_until_sigterm(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(SERVICE, "utf-8")
    database = f"sqlite:///{tmp_path / 'automation.db'}"
    sandbox = Sandbox()
    with sandbox.serve() as url:
        command = ["worker", "service:automation", "--database", database, "--watch", "1"]
        with subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-m", "tgiconik.automation", *command, "--listen", "127.0.0.1:0"],
            cwd=tmp_path,
            env={**os.environ, **sandbox.environment(url), TOKEN: "a-token-that-is-long-enough"},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            assert "works" in process.stdout.readline()
            assert httpx.get(f"{address}/readyz").status_code == 200
            headers = {"Authorization": "Bearer a-token-that-is-long-enough"}
            for _ in range(600):
                state = httpx.get(f"{address}/now", headers=headers).json()
                if len(state["ended"]) >= 5 and not state["running"]:
                    break
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    sandbox.close()
    assert {run["subject"] for run in state["ended"]} >= {"requests/REQ-1042"}
