"""The completion scripts, run by the shells themselves."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tgiconik.cli.commands import COMMANDS
from tgiconik.cli.completion import SHELLS, places, script
from tgiconik.cli.parser import build_whole_parser

from .conftest import Run

NAMES = sorted({name for command in COMMANDS for name in command.names})
#: The words so far, the last one unfinished, and what may stand in its place.
CASES = [
    (("",), NAMES),
    (("di",), ["distribute"]),
    (("distribute", "--p"), ["--partner", "--policy", "--profile"]),
    (("distribute", "--policy", ""), ["policy.toml"]),
    (("--profile", "community", "keys", ""), NAMES),
    (("--profile", "prod", "community", "keys", ""), ["add", "list", "revoke"]),
    (("community", "keys", "add", "--op"), ["--operator"]),
    (("completion", ""), sorted(SHELLS)),
    (("sandbox", "--world", ""), ["large", "small"]),
    (("audit", "--since", ""), []),
    (("launch", "po"), ["policy.toml"]),
    (("nonsense", ""), NAMES),
]
#: In bash, as it calls the function: with the words and the number of the last one.
BASH = """
source "$1"; shift
COMP_WORDS=(tgiconik "$@"); COMP_CWORD=$#
_tgiconik
printf '%s\\n' "${COMPREPLY[@]}"
"""
#: In zsh, with its functions for files and described values replaced by ones that write.
ZSH = """
compdef() { : }
_describe() { print -l -- ${${(P)2}%%:*} }
_files() { print -l -- *(N) }
source "$1"; shift
words=(tgiconik "$@"); CURRENT=$(($# + 1)); PREFIX="${words[CURRENT]}"
_tgiconik
"""
FISH = (
    "source $argv[1]; complete -C (string join -- ' ' tgiconik $argv[2..]) | string split -f1 \\t"
)

PROGRAMS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    parser = build_whole_parser()
    folder = tmp_path_factory.mktemp("completion")
    made = {shell: folder / f"tgiconik.{shell}" for shell in SHELLS}
    for shell, path in made.items():
        path.write_text(script(parser, shell), "utf-8")
    return made


def completed(shell: str, path: Path, words: tuple[str, ...]) -> list[str]:
    done = subprocess.run(  # noqa: S603 - the shell under test
        [*([shell, "--norc"] if shell == "bash" else [shell]), "-c", PROGRAMS[shell]]
        + ([] if shell == "fish" else [shell])
        + [str(path), *words],
        capture_output=True,
        text=True,
        # Of the last command, which in fish says whether it changed anything.
        check=False,
        env={**os.environ, "HOME": str(path.parent)},
    )
    assert done.stderr == ""
    return sorted(filter(None, done.stdout.splitlines()))


@pytest.mark.parametrize(("words", "expected"), CASES)
# Debian has bash everywhere; the others where somebody installed them.
@pytest.mark.parametrize("shell", [one for one in SHELLS if one == "bash" or shutil.which(one)])
def test_a_shell_offers_what_may_follow(
    shell: str,
    words: tuple[str, ...],
    expected: list[str],
    scripts: dict[str, Path],
    folder: Path,
) -> None:
    (folder / "policy.toml").touch()
    found = completed(shell, scripts[shell], words)

    # zsh itself leaves out what does not begin with the word.
    assert [one for one in found if one.startswith(words[-1])] == expected


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_is_printed(shell: str, run: Run) -> None:
    done = run("completion", shell)

    assert (done.code, done.err) == (0, "")
    assert done.out.count("\n") > 100


def test_every_option_of_every_command_is_in_the_scripts(scripts: dict[str, Path]) -> None:
    for place in places(build_whole_parser()):
        for option in place.options:
            for name in option.names:
                assert all(name.lstrip("-") in path.read_text("utf-8") for path in scripts.values())


def test_scripts_do_not_depend_on_the_terminal() -> None:
    command = [sys.executable, "-m", "tgiconik", "completion", "bash"]
    made = {
        subprocess.run(  # noqa: S603 - ours
            command, capture_output=True, check=True, env={**os.environ, "COLUMNS": columns}
        ).stdout
        for columns in ("20", "200")
    }

    assert len(made) == 1
