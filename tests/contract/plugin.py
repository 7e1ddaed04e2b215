"""Every call of our clients to iconik's sandbox, in all tests, is held against the documents.

The run fails on what is not as they have it and is no exception, and on an exception that nothing
needs any more. The latter takes all tests, in one process; a part of them proves nothing.
"""

from collections.abc import Collection, Sequence

import pytest
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from tgiconik.sandbox import app

from .exceptions import EXCEPTIONS
from .recorder import FOUND, Recorded

_PROBLEMS = pytest.StashKey[list[str]]()
_application = app.application


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


def pytest_configure() -> None:
    """Begin."""
    listen()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A deviation that nobody explains fails the run."""
    config = session.config
    whole = (
        config.args == config.getini("testpaths")
        and not session.testsfailed
        and not session.shouldstop
        and not config.option.keyword
        and not hasattr(config, "workerinput")
        and not getattr(config.option, "numprocesses", None)
    )
    problems = unexplained(FOUND, whole=whole)
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
