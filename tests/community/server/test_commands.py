"""`keys` and `serve`, as a person runs them; and a server that is killed while it writes."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tgiconik.community.__main__ import main

from .conftest import BASE, COMPANY, PARTNER, add_partners, bearer

KEY = re.compile(r"^TRADING_GRID_COMMUNITY_KEY=(tgc_\S{43})$", re.MULTILINE)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TRADING_GRID_COMPANY_ID", COMPANY)
    monkeypatch.delenv("TRADING_GRID_COMMUNITY_URL", raising=False)
    return f"sqlite:///{tmp_path}/community.db"


@contextmanager
def command(database: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own; ends it by SIGKILL if it has not ended."""
    process = subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-m", "tgiconik.community", "serve", "--database", database, "--port=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert process.stdout is not None
    try:
        said = process.stdout.readline() + process.stdout.readline()
        found = re.search(r"^export TRADING_GRID_COMMUNITY_URL=(\S+)$", said, re.MULTILINE)
        assert found is not None, said
        yield process, found[1]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def new_key(database: str, capsys: pytest.CaptureFixture[str], *caller: str) -> str:
    capsys.readouterr()
    assert main(["keys", "add", "--database", database, *caller]) == 0
    found = KEY.search(capsys.readouterr().out)
    assert found is not None
    return found[1]


def test_keys_are_made_listed_and_revoked_by_commands(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    token = new_key(database, capsys, "--operator", "portal")
    assert main(["keys", "list", "--database", database]) == 0
    listed = capsys.readouterr().out
    assert "operator portal" in listed
    assert token not in listed
    id_ = listed.split()[0]
    for _ in range(2):
        assert main(["keys", "revoke", id_, "--database", database]) == 0
    assert main(["keys", "list", "--database", database]) == 0
    assert "revoked" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["keys", "list"], "--database"),
        (["keys", "list", "--database", "sqlite://"], "memory"),
        (["keys", "list", "--database", "https://c.test"], "no URL of a database"),
        (["keys", "add", "--partner", "GCNOBODY"], "partners import"),
        (["keys", "revoke", "KEY-0"], "has no key"),
        (["serve", "--host", "0.0.0.0"], "--allow-host"),  # noqa: S104 - it is refused
        (["serve", "--rate", "0"], "rate"),
        (["serve", "--max-body", "-1"], "bodies"),
        (["serve", "--port", "70000"], "cannot listen"),
    ],
)
def test_a_command_that_cannot_do_it_says_why(
    database: str, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    given = [] if "--database" in arguments or said == "--database" else ["--database", database]
    assert main([*arguments, *given]) == 2
    assert said in capsys.readouterr().err


def test_a_company_must_be_given(
    database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRADING_GRID_COMPANY_ID")
    assert main(["keys", "list", "--database", database]) == 2
    assert "TRADING_GRID_COMPANY_ID" in capsys.readouterr().err


def test_a_server_stops_by_a_signal_and_logs_no_token(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    token = new_key(database, capsys, "--operator", "portal")
    with command(database) as (process, url):
        assert httpx.get(f"{url}{BASE}/requests", headers=bearer(token)).status_code == 200
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"GET {BASE}/requests 200" in log
    assert token not in out + log


def test_what_a_killed_server_has_acknowledged_is_there_and_nothing_twice(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = bearer(new_key(database, capsys, "--operator", "portal"))
    body = {"kind": "media_request", "subject": "Film", "partner_id": PARTNER}

    def write(url: str, number: int) -> str | None:
        try:
            answer = httpx.post(
                f"{url}{BASE}/requests",
                json=body,
                headers={**headers, "Idempotency-Key": f"write-{number}"},
            )
        except httpx.TransportError:
            return None
        assert answer.status_code == 201, answer.text
        id_: str = answer.json()["id"]
        if number == 20:
            process.kill()
        return id_

    with command(database) as (process, url), ThreadPoolExecutor(4) as pool:
        add_partners(url, headers)
        acknowledged = list(pool.map(lambda number: write(url, number), range(60)))
    assert None in acknowledged
    with command(database) as (process, url):
        again = [write(url, number) for number in range(60) if number != 20]
        listed = httpx.get(f"{url}{BASE}/requests?limit=1000", headers=headers).json()["items"]
    before = [id_ for number, id_ in enumerate(acknowledged) if number != 20]
    assert all(was in {None, now} for was, now in zip(before, again, strict=True))
    assert len(listed) == len(set(again)) + 1 == 60
