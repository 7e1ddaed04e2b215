"""`runs`: what an automation did, what waits, what is parked; and to try that again."""

import argparse
import json
import sys
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from typing import Any, Final

import attrs

from tgiconik import errors
from tgiconik._report import one_line, shortened
from tgiconik.automation.commands.options import Subparsers, add_database, database_of
from tgiconik.automation.database import parse_database
from tgiconik.automation.store import Run, Store
from tgiconik.community.commands.output import say

_FAILED: Final = 1
_WIDEST: Final = 160


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add `runs` with its commands.

    Args:
        subparsers: the commands that it becomes one of.

    Returns:
        Its parser.
    """
    parser = subparsers.add_parser(
        "runs",
        help="what an automation did, what waits, and what is parked",
        description="What an automation did, what waits, and what is parked. No worker needs to "
        "run.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listed = _command(commands, "list", "the latest runs, newest first", run_list)
    listed.add_argument("--failed", action="store_true", help="only runs that failed")
    listed.add_argument(
        "--limit", type=int, default=20, metavar="N", help="how many to look at (%(default)s)"
    )
    shown = _command(commands, "show", "one run, with its result", run_show)
    shown.add_argument("number", type=int, help="as `runs list` shows it")
    shown.add_argument("--html", metavar="FILE", help="write its report there")
    _command(commands, "parked", "causes that failed for good, with reasons", run_parked)
    waiting = _command(
        commands, "waiting", "causes that wait, those due first at the top", run_waiting
    )
    waiting.add_argument(
        "--limit", type=int, default=20, metavar="N", help="how many to show (%(default)s)"
    )
    retried = _command(commands, "retry", "try parked causes again", run_retry)
    retried.add_argument("ids", type=int, nargs="*", metavar="ID", help="as `runs parked` shows it")
    retried.add_argument("--all", action="store_true", help="all that are parked")
    return parser


def _command(
    commands: Subparsers,
    name: str,
    text: str,
    run: Any,  # noqa: ANN401 - a function of options
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    add_database(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, one value per line")
    parser.set_defaults(run=run)
    return parser


def _store(options: argparse.Namespace) -> "closing[Store]":
    return closing(Store(parse_database(database_of(options))))


def run_list(options: argparse.Namespace) -> int:
    """Show the latest runs.

    Args:
        options: `database`, `failed`, `limit` and `json`.

    Raises:
        ConfigurationError: no database is given.
        StoreError: it cannot be read.
    """
    with _store(options) as store:
        found = store.runs.latest(options.limit)
    wanted = [run for run in found if run.reason is not None or not options.failed]
    _show(
        wanted,
        options,
        lambda run: _line(run.number, run.began_at, run.rule, run.subject, _end(run)),
    )
    return 0


def run_show(options: argparse.Namespace) -> int:
    """Show a run with its result.

    Args:
        options: `database`, `number`, `html` and `json`.

    Returns:
        The exit code: 1 if the run failed.

    Raises:
        ConfigurationError: there is no such run, or it has no report.
        StoreError: the database cannot be read.
    """
    with _store(options) as store:
        run = store.runs.get(options.number)
        report = store.runs.report(options.number) if options.html else None
    if run is None:
        raise errors.ConfigurationError(f"there is no run {options.number}; see `runs list`")
    if options.html:
        if report is None:
            raise errors.ConfigurationError(f"run {options.number} has no report")
        with open(options.html, "w", encoding="utf-8") as file:  # noqa: PTH123 - as the user named it
            file.write(report)
    if options.json:
        say(json.dumps(_plain(run), ensure_ascii=False))
    else:
        say(_line(run.number, run.began_at, run.rule, run.subject, _end(run)))
        if run.result is not None:
            say(json.dumps(run.result, indent=2, ensure_ascii=False))
    return 0 if run.reason is None else _FAILED


def run_parked(options: argparse.Namespace) -> int:
    """Show what failed for good.

    Args:
        options: `database` and `json`.

    Raises:
        ConfigurationError: no database is given.
        StoreError: it cannot be read.
    """
    with _store(options) as store:
        found = store.causes.parked()
    _show(
        found, options, lambda one: _line(one.id, one.stored_at, one.rule, one.subject, one.reason)
    )
    return 0


def run_waiting(options: argparse.Namespace) -> int:
    """Show what waits.

    Args:
        options: `database`, `limit` and `json`.

    Raises:
        ConfigurationError: no database is given.
        StoreError: it cannot be read.
    """
    with _store(options) as store:
        found = store.causes.waiting(options.limit)
    _show(
        found, options, lambda one: _line("", one.due_at, one.rule, one.subject, one.reason or "")
    )
    return 0


def run_retry(options: argparse.Namespace) -> int:
    """Let parked causes wait again.

    Args:
        options: `database`, `ids`, `all` and `json`.

    Raises:
        ConfigurationError: no id is given, or one that is not parked.
        StoreError: the database cannot be written.
    """
    if bool(options.ids) == options.all:
        raise errors.ConfigurationError("give ids of `runs parked`, or --all")
    with _store(options) as store:
        ids = [one.id for one in store.causes.parked()] if options.all else options.ids
        for id_ in ids:
            if not store.causes.retry(id_):
                raise errors.ConfigurationError(f"no cause {id_} is parked; see `runs parked`")
            say(json.dumps({"id": id_}) if options.json else f"{id_} waits again")
    return 0


def _show(found: Iterable[Any], options: argparse.Namespace, line: Any) -> None:  # noqa: ANN401 - rows
    for one in found:
        say(json.dumps(_plain(one), ensure_ascii=False) if options.json else line(one))
    sys.stdout.flush()


def _plain(value: attrs.AttrsInstance) -> dict[str, Any]:
    return attrs.asdict(
        value,
        value_serializer=lambda _, __, one: one.isoformat() if isinstance(one, datetime) else one,
    )


def _end(run: Run) -> str:
    if run.ended_at is None:
        return f"runs in {run.worker}"
    return run.reason or run.summary or "done"


def _line(id_: object, at: datetime, *words: str) -> str:
    text = "  ".join((f"{id_:>6}", f"{at:%Y-%m-%d %H:%M:%S}", *words))
    return shortened(one_line(text) if not str(id_) else text.replace("\n", " "), _WIDEST)
