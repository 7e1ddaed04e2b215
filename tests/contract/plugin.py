"""Every call of our clients to iconik's sandbox, in all tests, is held against the documents.

The run fails on what is not as they have it and is no exception, and on an exception that nothing
needs any more. The latter takes all tests, or all but the heavy ones; fewer prove nothing.

With `pytest -n`, each worker hands what it found to the process that started it, which judges.
"""

from collections.abc import Collection, Sequence
from typing import Final, Protocol

import pytest
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from tgiconik.sandbox import app

from .exceptions import EXCEPTIONS
from .recorder import FOUND, Recorded

_PROBLEMS = pytest.StashKey[list[str]]()
_FOUND: Final = "tgiconik_contract_found"
#: Options by which fewer tests are run.
_LESS: Final = (
    "collectonly",
    "deselect",
    "ignore",
    "ignore_glob",
    "keyword",
    "lf",
    "stepwise",
)
_application = app.application


class Worker(Protocol):
    """A process of pytest-xdist, as the one that started it sees it."""

    #: What it left when it ended; missing where it crashed.
    workeroutput: dict[str, list[str]]


def listen() -> None:
    """Listen to every sandbox that is made from now on."""

    def application(routes: Sequence[BaseRoute]) -> ASGIApp:
        return Recorded(_application(routes))

    app.application = application  # type: ignore[assignment]  # an app around the app


def unexplained(found: Collection[str], *, whole: bool) -> list[str]:
    """What is wrong, one line each."""
    wrong = [f"not as documented: {one}" for one in sorted(found) if one not in EXCEPTIONS]
    if whole:
        wrong += [f"no longer needed: {one}" for one in EXCEPTIONS if one not in found]
    return wrong


def is_whole(session: pytest.Session) -> bool:
    """Whether every quick test was run to its end."""
    config = session.config
    return (
        config.args == config.getini("testpaths")
        and config.getoption("markexpr") in {"", "not heavy"}
        and not session.testsfailed
        and not session.shouldstop
        # Plugins that are turned off have no options.
        and not any(config.getoption(name, default=None) for name in _LESS)
    )


def pytest_configure() -> None:
    """Begin."""
    listen()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Worker) -> None:
    """Take over what a worker found."""
    FOUND.update(getattr(node, "workeroutput", {}).get(_FOUND, ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A deviation that nobody explains fails the run."""
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput[_FOUND] = sorted(FOUND)
        return
    problems = unexplained(FOUND, whole=is_whole(session))
    config.stash[_PROBLEMS] = problems
    if problems:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what is wrong."""
    problems = config.stash.get(_PROBLEMS, [])
    if problems:
        terminalreporter.section("the published documents of iconik")
        for problem in problems:
            terminalreporter.line(problem)
