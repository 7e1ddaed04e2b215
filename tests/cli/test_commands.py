"""The commands on a served sandbox: what they do, their exit codes, and their output."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tgiconik.cli.exit_codes import ExitCode
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.iconik.kinds import USERS
from tgiconik.sandbox.iconik.seed import CURRENT_USER

from .conftest import ENHANCEMENT, FILM, ISSUE, NEWCOMER, POSTER, REQUEST, Files, Run, version_of

#: The words of every workflow that writes, and the exit code in the sandbox's world.
WORKFLOWS: dict[str, tuple[Callable[[Files], tuple[str, ...]], int]] = {
    "fulfil": (lambda _: (REQUEST,), 5),
    "distribute": (lambda _: (FILM, "--partner", world.NORDLICHT), 0),
    "distribute --tagged": (lambda _: (), 4),
    "launch": (lambda files: (files.campaign,), 5),
    "comply": (lambda _: (POSTER, "--partner", world.SUMMIT), 0),
    "recall": (lambda _: (FILM, version_of(FILM), "--reason", "A product is not sold."), 0),
    "onboard": (lambda files: (world.YAMA, "--template", files.template), 4),
    "resolve": (lambda _: (ISSUE,), 5),
    "enhance": (lambda _: (ENHANCEMENT,), 5),
}


def words(name: str, files: Files) -> tuple[str, ...]:
    return (*name.split(), *WORKFLOWS[name][0](files), "--policy", files.policy)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_is_done_and_says_so_by_its_exit_code(
    name: str, platforms: Sandbox, files: Files, run: Run
) -> None:
    done = run(*words(name, files))

    assert (done.code, done.err) == (WORKFLOWS[name][1], "")
    assert platforms.writes != []
    assert "Dry run" not in done.out
    assert len(done.out.splitlines()) <= 24


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_dry_run_writes_nothing_and_has_the_same_exit_code(
    name: str, platforms: Sandbox, files: Files, run: Run
) -> None:
    done = run(*words(name, files), "--dry-run")

    assert (done.code, done.err) == (WORKFLOWS[name][1], "")
    assert platforms.writes == []
    assert done.out.startswith("Dry run: nothing was written.\n")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_json_is_the_result_without_links_and_secrets(
    name: str, platforms: Sandbox, files: Files, run: Run
) -> None:
    done = run(*words(name, files), "--json")

    assert done.code == WORKFLOWS[name][1]
    assert done.data["dry_run"] is False
    assert done.data["timeline"] != []
    assert '"link"' not in done.out
    assert platforms.state.base_url not in done.out
    for secret in (credentials.AUTH_TOKEN, credentials.CLIENT_SECRET):
        assert secret not in done.out


@pytest.mark.usefixtures("platforms")
def test_a_second_run_goes_on_where_the_first_one_ended(files: Files, run: Run) -> None:
    first = run(*words("distribute", files), "--json").data
    again = run(*words("distribute", files), "--json").data

    shares = [[one["share_id"] for one in run["outcomes"]] for run in (first, again)]
    assert shares[0] == shares[1] != [None]
    assert not [step for step in again["timeline"] if step["verb"] == "wrote"]


@pytest.mark.usefixtures("platforms")
def test_a_request_is_fulfilled_with_the_assets_that_are_given(files: Files, run: Run) -> None:
    lookbook = world.asset_id("lookbook")

    unknown = run("fulfil", REQUEST, "--policy", files.policy, "--asset", "d0d0")
    done = run("fulfil", REQUEST, "--policy", files.policy, "--asset", lookbook, "--json")

    assert (unknown.code, unknown.out) == (6, "")
    assert "there is no asset d0d0" in unknown.err
    assert [outcome["asset_id"] for outcome in done.data["outcomes"]] == [lookbook]


@pytest.mark.usefixtures("platforms")
def test_fulfill_is_the_same_as_fulfil(files: Files, run: Run) -> None:
    assert run("fulfill", REQUEST, "--policy", files.policy, "--dry-run").code == 5


@pytest.mark.usefixtures("platforms")
def test_a_result_is_also_written_as_a_page(files: Files, folder: Path, run: Run) -> None:
    run(*words("fulfil", files), "--html", "report.html")

    page = (folder / "report.html").read_text("utf-8")
    assert REQUEST in page
    assert page.lower().startswith("<!doctype html>")


@pytest.mark.usefixtures("platforms")
def test_check_says_what_works_and_what_does_not(
    files: Files, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = run("check", "--policy", files.policy)
    data = run("check", "--policy", files.policy, "--json").data
    monkeypatch.setenv("ICONIK_AUTH_TOKEN", "wrong-token-4711")
    wrong = run("check")

    assert (ready.code, ready.out.splitlines()[-1]) == (0, "ready")
    assert data["ok"] is True
    assert (wrong.code, wrong.out.splitlines()[-1]) == (3, "not ready")
    assert "iconik: problem:" in wrong.out
    assert "wrong-token-4711" not in wrong.out


@pytest.mark.usefixtures("platforms")
@pytest.mark.parametrize("name", ["ICONIK_AUTH_TOKEN", "TRADING_GRID_CLIENT_SECRET"])
def test_wrong_credentials_have_the_same_code_in_every_command(
    files: Files, run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "wrong-4711")

    codes = {run("check").code, run(*words("fulfil", files)).code}

    assert codes == {ExitCode.CONFIGURATION}


@pytest.mark.usefixtures("platforms")
def test_a_problem_that_is_none_of_the_credentials_is_a_finding(
    files: Files, run: Run, platforms: Sandbox
) -> None:
    user = platforms.state.store.get(USERS, CURRENT_USER)
    assert user is not None
    platforms.state.store.put(USERS, CURRENT_USER, user | {"roles": []})

    assert run("check", "--policy", files.policy).code == ExitCode.REFUSED


@pytest.mark.usefixtures("platforms")
def test_readiness_and_status_write_nothing(platforms: Sandbox, files: Files, run: Run) -> None:
    before = run("launch", files.campaign, "--readiness")
    status = run("onboard", world.YAMA, "--template", files.template, "--status")
    data = run("launch", files.campaign, "--readiness", "--json").data

    assert (before.code, before.out.splitlines()[0]) == (5, "not ready")
    assert status.code in {4, 5}
    assert data["partners"][0]["partner"] == world.NORDLICHT
    assert platforms.writes == []


@pytest.mark.usefixtures("platforms")
def test_readiness_is_written_as_a_page_too(tmp_path: Path, files: Files, run: Run) -> None:
    page = tmp_path / "readiness.html"

    run("launch", files.campaign, "--readiness", "--html", str(page))

    assert world.NORDLICHT in page.read_text("utf-8")
    assert '<p class="kind">Readiness</p>' in page.read_text("utf-8")


@pytest.mark.usefixtures("platforms")
def test_a_partner_who_is_not_in_the_directory_is_waited_for(files: Files, run: Run) -> None:
    done = run("onboard", NEWCOMER, "--template", files.template, "--policy", files.policy)

    assert done.code == 5
    assert f"{NEWCOMER} to be in the partner directory" in done.out


@pytest.mark.usefixtures("platforms")
def test_first_passwords_come_from_a_program_and_are_not_shown(
    files: Files, folder: Path, run: Run
) -> None:
    (folder / "password").write_text('#!/bin/sh\necho "Canary-4711-$1"\n', "utf-8")
    (folder / "password").chmod(0o755)
    (folder / "users.toml").write_text(
        f'company = "{credentials.COMPANY_ID}"\n[[users]]\nlogin_id = "eva@yama.example"\n'
        'first_name = "Eva"\nlast_name = "Huber"\nemail = "eva@yama.example"\n'
        'roles = ["Community Viewer"]\nconsents = true\nwants_marketing = false\n'
        "has_summer_time = true\n",
        "utf-8",
    )
    command = ("onboard", world.YAMA, "--template", files.template, "--users", "users.toml")

    done = run(
        *command, "--password-command", f"{folder}/password", "--policy", files.policy, "--json"
    )

    assert done.data["users"] == [{"login_id": "eva@yama.example", "ready": True, "error": None}], (
        done
    )
    assert "Canary-4711" not in done.out + done.err


@pytest.mark.usefixtures("platforms")
def test_a_user_without_a_password_fails_alone(files: Files, folder: Path, run: Run) -> None:
    (folder / "users.json").write_text(
        f'{{"company": "{credentials.COMPANY_ID}", "users": [{{"login_id": "eva@yama.example", '
        '"first_name": "Eva", "last_name": "Huber", "email": "eva@yama.example", "roles": [], '
        '"consents": true, "wants_marketing": false, "has_summer_time": true}]}',
        "utf-8",
    )
    command = ("onboard", world.YAMA, "--template", files.template, "--users", "users.json")
    done = run(*command, "--password-command", "/no/such/program", "--policy", files.policy)

    assert done.code == 1
    assert "--password-command gave no password for eva@yama.example" in done.out


@pytest.mark.usefixtures("platforms")
def test_links_are_checked_for_one_asset_and_for_all(files: Files, run: Run) -> None:
    run(*words("distribute", files))
    one = run("verify", FILM, "--policy", files.policy)
    every = run("verify", "--all", "--policy", files.policy)
    data = run("verify", "--all", "--policy", files.policy, "--json").data

    assert one.code == 4
    assert (every.code, every.out) == (0, "1 open ways: every way is right\n")
    assert len(data["ways"]) == 1


def test_reconcile_closes_what_a_stricter_policy_refuses(
    platforms: Sandbox, files: Files, folder: Path, run: Run
) -> None:
    run(*words("distribute", files))
    platforms.writes.clear()
    (folder / "strict.json").write_text(
        f'{{"metadata_view": "{world.RELEASE_VIEW}", "min_approvers": 3}}', "utf-8"
    )
    strict = ("--policy", "strict.json")
    dry = run("reconcile", *strict, "--dry-run")
    assert platforms.writes == []
    done = run("reconcile", FILM, *strict, "--json")
    again = run("reconcile", *strict, "--json")

    assert (dry.code, dry.out.splitlines()[0]) == (0, "Dry run: nothing was written.")
    assert (done.code, done.data["links_closed"]) == (0, 1)
    assert (again.code, again.data["links_closed"]) == (0, 0)


@pytest.mark.usefixtures("platforms")
def test_an_audit_record_is_written_and_verified(
    files: Files, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEAL_KEY", "canary-key-" * 4)
    run(*words("distribute", files))
    key = ("--seal-key-env", "SEAL_KEY")

    made = run("audit", FILM, "--output", "record.jsonl", *key, "--html", "record.html", "--json")
    head = made.data["head"]
    good = run("verify", "--record", "record.jsonl", "--head", head, *key)
    record = (folder / "record.jsonl").read_text("utf-8")
    (folder / "record.jsonl").write_text(record.replace(world.NORDLICHT, world.SUMMIT), "utf-8")
    bad = run("verify", "--record", "record.jsonl", "--head", head, *key, "--json")

    assert made.code == (4 if made.data["findings_by_code"] else 0)
    assert (folder / "record.html").exists()
    assert good.code == 0
    assert "its signature is right" in good.out
    assert bad.code == 4
    assert bad.data["ok"] is False
    assert "canary-key" not in made.out + good.out + bad.out


@pytest.mark.usefixtures("platforms")
def test_an_audit_of_a_partner_who_does_not_exist_fails_and_says_so(run: Run) -> None:
    unknown = run("audit", "--partner", "NOPE", "--output", "record.jsonl")
    by_name = run("audit", "--partner", "Nordlicht", "--output", "record.jsonl")

    assert (unknown.code, by_name.code) == (1, 1)
    assert "no profile and no event has the company id 'NOPE'" in unknown.out
    assert f"the name is that of {world.NORDLICHT} (" in by_name.out


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (("audit", "--output", "r.jsonl"), "name assets or --partner"),
        (("audit", FILM, "--everything", "--output", "r.jsonl"), "name assets or --partner"),
        (("audit", FILM, "--output", "r.jsonl", "--seal-key-env", "NO_KEY"), "NO_KEY is not set"),
        (("verify", FILM, "--head", "abc"), "--head and --seal-key-env go with --record"),
        (("verify", "--record", "r.jsonl", "--html", "r.html"), "--html goes with assets"),
        (("verify", "--record", "missing.jsonl"), "missing.jsonl"),
        (("distribute", "--tagged", "--group", "G"), "leave out --group and --partner"),
        (("fulfil", REQUEST), "there is no release policy"),
        (("fulfil", REQUEST, "--policy", "missing.toml"), "missing.toml"),
        (("launch", "missing.toml"), "missing.toml cannot be read"),
    ],
)
def test_what_is_not_configured_is_said_in_one_paragraph(
    command: tuple[str, ...], problem: str, run: Run
) -> None:
    done = run(*command)

    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"tgiconik {command[0]}: ")
    assert problem in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("unknown",),
        ("fulfil",),
        ("distribute",),
        ("distribute", FILM, "--tagged"),
        ("distribute", FILM, "--max-concurrency", "0"),
        ("audit", FILM, "--output", "r", "--since", "yesterday"),
        ("fulfil", REQUEST, "--dry"),
    ],
)
def test_a_wrong_command_line_ends_with_2(command: tuple[str, ...], run: Run) -> None:
    done = run(*command)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("usage: ")


@pytest.mark.usefixtures("platforms")
@pytest.mark.parametrize(
    "command", [("fulfil", "REQ-9"), ("resolve", "ISS-9"), ("distribute", "d0d0"), ("enhance", "x")]
)
def test_what_does_not_exist_ends_with_6(command: tuple[str, ...], files: Files, run: Run) -> None:
    done = run(*command, "--policy", files.policy)

    assert (done.code, done.out) == (6, "")
    assert done.err.endswith("Check the id, and the profile or environment.\n")


@pytest.mark.usefixtures("platforms")
def test_wrong_credentials_end_with_3(
    files: Files, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADING_GRID_CLIENT_SECRET", "wrong-secret-4711")
    done = run("fulfil", REQUEST, "--policy", files.policy)

    assert done.code == 3
    assert "Check the credentials" in done.err
    assert "wrong-secret-4711" not in done.err


def test_a_platform_that_is_not_there_ends_with_1_and_says_to_run_it_again(
    files: Files, run: Run, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    for name, value in sandbox.environment("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    done = run("fulfil", REQUEST, "--policy", files.policy)

    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("Run the same command again to go on: nothing is done twice.\n")


def test_an_unexpected_error_is_one_paragraph_without_links_and_a_traceback_with_debug(
    files: Files, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise TypeError("look at https://share.example/canary-4711?sig=1")

    monkeypatch.setattr("tgiconik.cli.commands.fulfil.with_clients", broken)
    command = ("fulfil", REQUEST, "--policy", files.policy)
    short, long = run(*command), run(*command, "--debug")

    assert (short.code, long.code) == (1, 1)
    assert short.err.startswith("tgiconik fulfil: unexpected TypeError: look at https://share")
    assert "canary-4711" not in short.err
    assert "Traceback" not in short.err
    assert "Traceback (most recent call last)" in long.err


def test_a_stopped_command_ends_with_130(
    files: Files, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("tgiconik.cli.commands.fulfil.with_clients", stopped)
    done = run("fulfil", REQUEST, "--policy", files.policy)

    assert (done.code, done.out) == (130, "")
    assert re.fullmatch(r"tgiconik fulfil: stopped\. Run the same command again .+\n", done.err)


@pytest.mark.usefixtures("platforms")
def test_the_commands_of_the_community_are_the_same(folder: Path, run: Run) -> None:
    database = f"sqlite:///{folder}/community.db"
    (folder / "partners.csv").write_text("company id,name\nGC1,Alpin\n", "utf-8")

    imported = run("community", "partners", "import", "partners.csv")
    keys = run("community", "keys", "add", "--database", database, "--operator", "me")
    missing = run("community", "backup", "--database", "sqlite:///no.db", "--output", "x")

    assert (imported.code, imported.out.partition("\n")[0]) == (
        0,
        "import of partners: 1 created, 0 changed, 0 unchanged, 0 failed",
    )
    assert (keys.code, "TRADING_GRID_COMMUNITY_KEY=tgc_" in keys.out) == (0, True)
    assert (missing.code, missing.out) == (3, "")
