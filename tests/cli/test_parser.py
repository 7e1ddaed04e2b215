"""The parsers: each command is registered once, and only a named command is imported."""

import argparse
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from tgiconik.cli.commands import COMMANDS, Command
from tgiconik.cli.main import main
from tgiconik.cli.parser import build_parser, build_whole_parser, children

from .conftest import Run


def each_parser(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = ()
) -> list[tuple[str, argparse.ArgumentParser]]:
    below = [
        one for name, child in children(parser).items() for one in each_parser(child, (*path, name))
    ]
    return [(" ".join(path), parser), *below]


EVERY_PARSER = dict(each_parser(build_whole_parser()))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_list_says_what_the_module_says(command: Command) -> None:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    import_module(command.module).add_parser(subparsers)

    helps = {one.dest.partition(" ")[0]: one.help for one in subparsers._choices_actions}
    assert helps == {command.name: command.help}
    assert set(subparsers.choices) == command.names


def test_the_console_script_is_the_entry_point() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))

    assert project["project"]["scripts"] == {"tgiconik": f"{main.__module__}:{main.__name__}"}


def test_help_names_all_commands_and_exit_codes(run: Run) -> None:
    done = run("--help")

    assert done.code == 0
    assert all(f"    {command.name} " in done.out for command in COMMANDS)
    assert "130  Stopped by Ctrl-C" in done.out


@pytest.mark.parametrize("words", EVERY_PARSER)
def test_every_command_has_a_help_that_can_be_shown(words: str, run: Run) -> None:
    done = run(*words.split(), "--help")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("usage: tgiconik")


@pytest.mark.parametrize("words", [words for words in EVERY_PARSER if words])
def test_every_command_has_a_function_to_run(words: str) -> None:
    parser = EVERY_PARSER[words]

    assert children(parser) or callable(parser.get_default("run"))


@pytest.mark.parametrize("words", [["--profile", "a", "check"], ["check", "--profile", "a"]])
def test_a_profile_is_named_before_or_after_the_command(words: list[str]) -> None:
    options = build_parser(words).parse_args(words)

    assert (options.profile, options.config, options.debug) == ("a", None, False)


def test_help_loads_no_client_no_workflow_and_no_server() -> None:
    code = (
        "import sys\nfrom tgiconik.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    loaded = set(done.stdout.splitlines()[-1].split())

    assert loaded.isdisjoint({"httpx", "anyio", "asyncio", "cattrs", "starlette", "sqlite3"})
    ours = {module for module in loaded if module.startswith("tgiconik.")}
    assert not [one for one in ours if one.startswith(("tgiconik.work", "tgiconik.sand"))]


def test_a_command_without_its_extra_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [one for one in sys.modules if one.startswith("tgiconik.sandbox")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "tgiconik.cli.commands.sandbox")
    monkeypatch.setitem(sys.modules, "starlette", None)
    for name in [one for one in sys.modules if one.startswith("starlette.")]:
        monkeypatch.delitem(sys.modules, name)
    done = run("sandbox")

    assert done.code == 3
    assert done.err == ('tgiconik: the sandbox needs starlette: pip install "tgiconik[sandbox]"\n')
