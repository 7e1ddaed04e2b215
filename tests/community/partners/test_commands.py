"""`python -m tgiconik.community partners`, as a person runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tgiconik import TradingGridClient
from tgiconik.community.__main__ import main
from tgiconik.community.partner_import import read_partner_csv
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.faults import Fault, Refuse

FILE = (
    "company id,name,e-mail,regions,groups\n"
    "GC10000499AT,Alpin Sport,eva@alpin.example,AT,Austria\n"
    "GC10000500NO,Fjell,,NO,\n"
)
SUMMARY = """\
import of partners: 2 created, 0 changed, 0 unchanged, 0 failed
groups created: Austria
without contact: GC10000500NO
  created GC10000499AT Alpin Sport: joins Austria
  created GC10000500NO Fjell
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "partners.csv"
    path.write_text(FILE, "utf-8")
    return str(path)


@pytest.mark.usefixtures("sandbox_url")
def test_a_file_is_imported_and_exported_by_commands(file: str, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tgiconik.community", "partners", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    shown = run("import", file, "--dry-run")
    first = run("import", file)
    again = run("import", file)
    exported = run("export", "--output", str(tmp_path / "out.csv"))

    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == SUMMARY.replace("import of partners", "dry run, nothing was written")
    assert (first.returncode, first.stdout, first.stderr) == (0, SUMMARY, "")
    assert again.stdout.startswith(
        "import of partners: 0 created, 0 changed, 2 unchanged, 0 failed\n"
    )
    assert exported.stdout == f"5 partners written to {tmp_path / 'out.csv'}\n"
    ids = [one.company_id for one in read_partner_csv(tmp_path / "out.csv")]
    assert ids == [world.NORDLICHT, world.SUMMIT, world.YAMA, "GC10000499AT", "GC10000500NO"]


@pytest.mark.usefixtures("sandbox_url")
def test_a_terminal_without_the_characters_gets_question_marks(tmp_path: Path) -> None:
    file = tmp_path / "partners.csv"
    file.write_text(f"BUID,name,regions\n{world.NORDLICHT},Käse,日本\n", "utf-8")
    command = [sys.executable, "-m", "tgiconik.community", "partners", "import", str(file)]

    done = subprocess.run(  # noqa: S603 - ours
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "K?se: name: Nordlicht Handels GmbH ? K?se; regions: DE ? ??" in done.stdout


@pytest.mark.usefixtures("sandbox_url")
def test_an_export_goes_to_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["partners", "export"]) == 0

    assert len(read_partner_csv(capfdbinary.readouterr().out)) == 3


@pytest.mark.usefixtures("sandbox_url")
def test_the_directory_is_imported_and_compared_with_the_file(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["partners", "import", file, "--directory"]) == 0
    assert capsys.readouterr().out.startswith(
        "partners of the directory without a profile: 0\n"
        "not in the directory: GC10000499AT, GC10000500NO\n"
        "import of partners: 2 created"
    )
    assert main(["partners", "import", "--directory"]) == 0


@pytest.mark.usefixtures("sandbox_url")
async def test_prune_leaves_groups(
    tmp_path: Path, grid: TradingGridClient, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "partners.csv"
    file.write_text(
        f"BUID,name,groups\n{world.NORDLICHT},Nordlicht Handels GmbH,Retailers\n", "utf-8"
    )

    assert _in_a_thread("partners", "import", str(file), "--prune") == 0

    assert "leaves Launch partners" in capsys.readouterr().out
    assert (await grid.community.partners.get(world.NORDLICHT)).groups == ("GRP-RETAIL",)


def _in_a_thread(*arguments: str) -> int:
    """A command has an event loop of its own, and this thread has one already."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(main, arguments).result()


@pytest.mark.usefixtures("sandbox_url")
def test_a_partner_that_failed_is_exit_code_1(
    file: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.faults.append(Fault(Refuse(422), method="PUT", path="partners/GC10000499AT"))

    assert main(["partners", "import", file]) == 1

    assert "1 created, 0 changed, 0 unchanged, 1 failed" in capsys.readouterr().out


@pytest.mark.usefixtures("sandbox_url")
def test_a_platform_that_does_not_answer_is_exit_code_1(
    file: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.faults.append(Fault(Refuse(404), method="GET", path="community/"))

    assert main(["partners", "import", file]) == 1

    assert "404 Not Found" in capsys.readouterr().err


@pytest.mark.usefixtures("sandbox_url")
def test_a_bad_file_is_exit_code_2_with_all_problems_and_writes_nothing(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "partners.csv"
    file.write_text("BUID,name\nGC1,\n,Alpin\n", "utf-8")
    sandbox.writes.clear()

    assert main(["partners", "import", str(file)]) == 2

    assert capsys.readouterr().err == (
        "the file of partners is not valid; correct it and import it again:\n"
        "line 2: GC1 has no name\n"
        "line 3: the company id is missing\n"
    )
    assert sandbox.writes == []


def test_a_file_that_is_not_there_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["partners", "import", "none.csv"]) == 2
    assert "No such file" in capsys.readouterr().err


def test_nothing_to_import_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["partners", "import"]) == 2
    assert capsys.readouterr().err == "give a file of partners, or --directory\n"


def test_missing_configuration_is_exit_code_2(
    file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRADING_GRID_CLIENT_SECRET", raising=False)

    assert main(["partners", "import", file]) == 2

    assert "TRADING_GRID_CLIENT_SECRET" in capsys.readouterr().err


@pytest.mark.usefixtures("sandbox_url")
def test_wrong_credentials_are_exit_code_2_and_not_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADING_GRID_CLIENT_SECRET", "wrong-secret")

    assert main(["partners", "export"]) == 2

    captured = capsys.readouterr()
    assert "wrong-secret" not in captured.err
    assert credentials.CLIENT_SECRET not in captured.err
    assert captured.out == ""


def test_help_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in (
        (["--help"], ["partners", "TRADING_GRID_CLIENT_ID"]),
        (["partners", "import", "--help"], ["--dry-run", "--prune", "--directory"]),
        (["partners", "export", "--help"], ["--output"]),
    ):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 0
        shown = capsys.readouterr().out
        assert [word for word in words if word not in shown] == []
