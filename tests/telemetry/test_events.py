"""The events: each has a level, a logger, a line in the documentation, and a place in the code."""

import ast
import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest

from tgiconik import telemetry
from tgiconik.telemetry import LEVELS, Event, Fields

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "tgiconik"
PAGE = (ROOT / "docs" / "logging.md").read_text("utf-8")
#: The rows of the page's table: event, level, and the fields besides those that all records have.
ROWS = re.findall(r"^\| `(\w+\.\w+)` \| (\w+) \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)
#: The parts that log all of their events.
COMPLETE = ("http.", "workflow.", "post.", "worker.", "webhooks.")
#: Those that do not log events: a server's access log, other libraries' loggers, and what shows
#: the worker's events in a terminal.
OWN_LOGGERS = {
    "automation/commands/worker.py",
    "sandbox/mail/smtp.py",
    "_http/_wire_log.py",
    "community/commands/serve.py",
    "community/server/access_log.py",
    "telemetry/events.py",
}


def events_in(path: Path) -> set[Event]:
    """The events that a file names."""
    return {
        Event[node.attr]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Event"
        and node.attr in Event.__members__
    }


def test_the_documentation_has_every_event_with_its_level() -> None:
    assert {name: level for name, level, _ in ROWS} == {
        event.value: logging.getLevelName(level) for event, level in LEVELS.items()
    }
    assert len(ROWS) == len(Event)


def test_the_documentation_has_every_field() -> None:
    in_rows = {name for _, _, fields in ROWS for name in re.findall(r"`(\w+)`", fields)}

    assert in_rows == set(get_type_hints(Fields))


def test_every_event_of_calls_and_runs_is_logged_somewhere() -> None:
    files = [path for path in SOURCE.rglob("*.py") if path != SOURCE / "telemetry" / "events.py"]
    logged = {event for path in files for event in events_in(path)}

    assert {event for event in set(Event) - logged if event.startswith(COMPLETE)} == set()


def test_only_events_are_logged() -> None:
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if "getLogger" in path.read_text("utf-8")
    }

    assert found <= OWN_LOGGERS


@pytest.mark.parametrize("event", Event)
def test_an_event_is_logged_on_its_logger_at_its_level_with_its_fields(
    event: Event, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    telemetry.log(event, "said %s", "this", status=200)

    (record,) = caplog.records
    assert record.name == f"tgiconik.{event.value.partition('.')[0]}"
    assert record.levelno == LEVELS[event]
    assert record.getMessage() == "said this"
    assert record.filename == Path(__file__).name
    told = vars(record)
    assert (told["event"], told["status"], told["run_id"]) == (event.value, 200, None)


def test_no_field_has_the_name_of_an_attribute_that_every_record_has() -> None:
    usual = vars(logging.makeLogRecord({}))

    names = {*get_type_hints(Fields), "event", "run_id", "workflow", "subject"}
    assert names.isdisjoint({*usual, "message", "asctime"})


def test_an_event_to_which_nobody_listens_is_no_work(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="tgiconik.http")

    class Unprintable:
        def __str__(self) -> str:
            raise AssertionError("nobody asked for it")

    telemetry.log(Event.HTTP_ANSWERED, "%s", Unprintable())

    assert not telemetry.is_logged(Event.HTTP_ANSWERED)
    assert telemetry.is_logged(Event.HTTP_RETRIED)
    assert caplog.records == []


def in_a_program_of_its_own(*lines: str) -> str:
    program = "\n".join(
        [
            "import logging",
            "from tgiconik import telemetry",
            *lines,
            "for event in telemetry.Event:",
            "    telemetry.log(event, event.value)",
        ]
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return done.stdout + done.stderr


def test_a_program_that_configures_no_logging_hears_the_workers_failures_and_nothing_else() -> None:
    worker = [
        event.value
        for event in Event
        if event.startswith("worker.") and telemetry.LEVELS[event] >= logging.WARNING
    ]

    assert in_a_program_of_its_own().split() == worker
    assert Event.WORKER_HOOK_FAILED in worker


@pytest.mark.parametrize("name", ["tgiconik", "tgiconik.worker"])
def test_a_program_can_be_quiet_about_the_worker_too(name: str) -> None:
    quiet = f"logging.getLogger('{name}').addHandler(logging.NullHandler())"

    assert in_a_program_of_its_own(quiet) == ""
