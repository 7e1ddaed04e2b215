"""The command line in processes of its own: the module, Ctrl-C, pipes and terminals."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.faults import Fault

from .conftest import REQUEST, Files


class Hang:
    """Does not answer before the client has gone away."""

    def __init__(self) -> None:
        self.began = Event()

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        del app, scope, send
        self.began.set()
        while (await receive())["type"] != "http.disconnect":
            pass


@contextmanager
def command(*words: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """A command in a process of its own; ends it by SIGKILL if it has not ended."""
    process = subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-m", "tgiconik", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.usefixtures("platforms")
def test_the_module_is_the_same_command(files: Files) -> None:
    with command("fulfil", REQUEST, "--policy", files.policy, "--dry-run") as process:
        out, err = process.communicate()

    assert (process.returncode, err) == (5, "")
    assert out.startswith("Dry run: nothing was written.\n")


def test_help_is_there_without_any_configuration() -> None:
    with command("--version") as process:
        out, err = process.communicate()

    assert (process.returncode, err) == (0, "")
    assert re.fullmatch(r"tgiconik \d+\.\d+\.\d+\n", out)


def test_ctrl_c_ends_a_workflow_cleanly(platforms: Sandbox, files: Files) -> None:
    hang = Hang()
    platforms.faults.append(Fault(hang, path="requests"))
    with command("fulfil", REQUEST, "--policy", files.policy) as process:
        assert hang.began.wait(60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()

    assert (process.returncode, out) == (130, "")
    assert err.startswith("tgiconik fulfil: stopped. Run the same command again to go on")
    assert err.count("\n") == 1


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_is_served_until_it_is_stopped(end: signal.Signals) -> None:
    with command("sandbox", "--port", "0") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        lines = []
        while "stop with Ctrl-C" not in line:
            line = process.stdout.readline()
            lines.append(line)
        process.send_signal(end)
        _, err = process.communicate()

    assert (process.returncode, err) == (0, "")
    assert f'# policy.toml: metadata_view = "{world.RELEASE_VIEW}"\n' in lines


def test_a_reader_who_has_read_enough_is_no_error() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [sys.executable, "-m", "tgiconik", "completion", "fish"],
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(theirs)

    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.usefixtures("platforms")
def test_characters_that_the_output_does_not_have_become_question_marks(files: Files) -> None:
    words = ("distribute", "--tagged", "--policy", files.policy)
    with command(*words, PYTHONIOENCODING="ascii") as process:
        out, err = process.communicate()

    assert (process.returncode, err) == (4, "")
    assert "1 ? Not cleared for JP." in out


@pytest.mark.usefixtures("platforms")
def test_progress_is_shown_on_a_terminal_alone(files: Files) -> None:
    ours, theirs = os.openpty()
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-m", "tgiconik", "fulfil", REQUEST, "--policy", files.policy, "--json"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=False,
        env={**os.environ, "COLUMNS": "40"},
    )
    os.close(theirs)
    shown = b""
    while chunk := _read(ours):
        shown += chunk
    os.close(ours)

    lines = shown.decode().split("\r\x1b[K")
    assert done.returncode == 5
    assert b"\x1b" not in done.stdout
    assert len(lines) > 5
    assert lines[-1] == ""
    assert all(len(line) < 40 for line in lines)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # The end of a terminal on Linux.
        return b""
