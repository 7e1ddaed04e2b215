"""The commands of the post office, on files."""

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tgiconik.community.__main__ import main
from tgiconik.community.community import open_store
from tgiconik.community.store.url import parse

from ..world import COMPANY, World  # noqa: TID252 - one world for all letters
from .scripted import ANNA, BEN, a_world, new_request


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A community with a folder channel in the environment."""
    url = f"sqlite:///{tmp_path}/community.db"
    with closing(open_store(parse(url))) as store:
        a_world(store)
    for name in ("letters", "messages"):
        (tmp_path / name / ANNA).mkdir(parents=True)
    for name, value in {
        "TRADING_GRID_COMMUNITY_URL": url,
        "TRADING_GRID_COMPANY_ID": COMPANY,
        "POST_CHANNELS": "folder",
        "POST_FOLDER_LETTERS": f"{tmp_path}/letters",
        "POST_FOLDER_MESSAGES": f"{tmp_path}/messages",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def ask_for(folder: Path, partner_id: str) -> str:
    with closing(open_store(parse(f"sqlite:///{folder}/community.db"))) as store:
        return new_request(World(store=store), partner_id)  # type: ignore[arg-type]


def test_a_pass_that_leaves_nothing_ends_with_0(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["post", "--once"]) == 0
    ask_for(folder, ANNA)
    assert main(["post"]) == 0
    assert "1 written, 1 sent" in capsys.readouterr().out
    assert main(["undelivered"]) == 0
    assert main(["quarantine", "list"]) == 0


def test_what_a_person_must_look_at_ends_with_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["post"])
    ask_for(folder, BEN)
    assert main(["post"]) == 1
    capsys.readouterr()
    assert main(["undelivered"]) == 1
    listed = capsys.readouterr().out
    name = listed.split()[0]
    assert "no channel reaches the partner" in listed
    (folder / "letters" / BEN).mkdir()
    assert main(["undelivered", "--retry", name]) == 0
    assert main(["post"]) == 0
    assert main(["undelivered"]) == 0


def test_a_letter_is_dismissed_by_somebody_for_a_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["post"])
    ask_for(folder, BEN)
    main(["post"])
    capsys.readouterr()
    main(["undelivered"])
    name = capsys.readouterr().out.split()[0]
    assert main(["undelivered", "--dismiss", name]) == 2
    assert "--dismiss needs --by and --why" in capsys.readouterr().err
    assert main(["undelivered", "--dismiss", name, "--by", "Eva", "--why", "called"]) == 0
    assert main(["post"]) == 0


def test_messages_are_listed_shown_replayed_and_discarded(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {"kind": "comment", "noun": "requests", "record_id": "REQ-9", "body": {"body": "x"}}
    (folder / "messages" / ANNA / "m.json").write_text(json.dumps(wrong) + "\x1b[2J")
    (folder / "messages" / ANNA / "n.json").write_text(json.dumps(wrong))
    assert main(["post"]) == 1
    capsys.readouterr()
    assert main(["quarantine", "list"]) == 1
    first, second = [line.split()[0] for line in capsys.readouterr().out.splitlines()[:2]]
    for id_ in (first, second):
        assert main(["quarantine", "show", id_]) == 0
    shown = capsys.readouterr().out
    assert "REQ-9" in shown
    assert "\x1b" not in shown
    assert main(["quarantine", "show", first, "--output", str(folder / "raw")]) == 0
    assert b"REQ-9" in (folder / "raw").read_bytes()
    understood = second if "no message" in shown.splitlines()[0] else first
    assert main(["quarantine", "replay", understood, "--by", "Eva"]) == 1
    for id_ in (first, second):
        assert main(["quarantine", "discard", id_, "--by", "Eva", "--why", "wrong id"]) == 0
    assert main(["quarantine", "list"]) == 0
    assert main(["quarantine", "discard", first, "--by", "Eva", "--why", "again"]) == 2


def test_a_dry_run_and_a_check_write_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask_for(folder, ANNA)
    assert main(["post", "--dry-run", "--since-change", "0"]) == 0
    assert "dry run" in capsys.readouterr().out
    assert main(["post", "--check"]) == 0
    assert capsys.readouterr().out == "folder: letters 1, messages 1\n"
    assert not list((folder / "letters").rglob("*.json"))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("POST_CHANNELS", "", "give --channel, or set POST_CHANNELS"),
        ("POST_CHANNELS", "pigeon", "pigeon is no channel; name some of folder"),
        ("POST_FOLDER_LETTERS", "", "set POST_FOLDER_LETTERS"),
        ("TRADING_GRID_COMPANY_ID", "", "give --company"),
    ],
)
def test_missing_configuration_ends_with_2_and_is_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    said: str,
) -> None:
    monkeypatch.setenv(variable, value)
    assert main(["post"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["60", "0s", "1w", "1.5h", "\u0661s"])
def test_times_have_units(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["post", "--every", wrong])
    assert "is no time" in capsys.readouterr().err


def test_a_zone_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["post", "--zone", "Europe/Nowhere"])
    assert "there is no time zone" in capsys.readouterr().err


def test_an_office_runs_until_it_is_stopped(folder: Path) -> None:
    program = [sys.executable, "-m", "tgiconik.community", "post", "--every", "1s"]
    ask_for(folder, ANNA)
    with subprocess.Popen(  # noqa: S603 - our own
        [*program, "--since-change", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ,
        text=True,
    ) as office:
        assert office.stdout is not None
        assert office.stdout.readline() == "1 written, 1 sent\n"
        office.send_signal(signal.SIGTERM)
        _, said = office.communicate(timeout=60)
    assert (office.returncode, said) == (0, "")
