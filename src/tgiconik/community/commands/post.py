"""`python -m tgiconik.community post`, `undelivered` and `quarantine`: their options.

What they do needs the extra `community`, and is in `post_office`.
"""

import argparse
import re
from collections.abc import Callable
from datetime import UTC, timedelta, tzinfo
from importlib.util import find_spec
from typing import Final
from zoneinfo import ZoneInfo

from tgiconik.community.commands.options import add_company, add_database
from tgiconik.community.commands.parsers import Subparsers
from tgiconik.community.community import missing_extra

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def add_parser(subparsers: Subparsers) -> None:
    """Add `post`, `undelivered` and `quarantine`.

    Args:
        subparsers: the commands of `python -m tgiconik.community`.
    """
    _add_post(subparsers)
    _add_undelivered(subparsers)
    _add_quarantine(subparsers)


def _add_post(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "post",
        help="send letters to partners, and carry out what they answer",
        description="One pass of the post office, or passes until it is stopped. Exit code 1 says "
        "that a letter is undelivered, a message in quarantine, or a server not available.",
    )
    add_database(parser)
    add_company(parser)
    _add_channels(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="one pass (the default)")
    how.add_argument("--every", type=duration, metavar="TIME", help="a pass every 60s, 5m or 1h")
    how.add_argument("--dry-run", action="store_true", help="say what a pass would do, and stop")
    how.add_argument("--check", action="store_true", help="ask the servers of all channels only")
    parser.add_argument(
        "--all-channels",
        action="store_true",
        help="send by every channel that reaches a partner, not by the first one",
    )
    parser.add_argument("--templates", metavar="FOLDER", help="templates of your own")
    parser.add_argument("--zone", type=zone, default=UTC, help="such as Europe/Berlin")
    parser.add_argument(
        "--patience",
        type=duration,
        default=timedelta(hours=24),
        metavar="TIME",
        help="how long a letter is tried (24h)",
    )
    parser.add_argument(
        "--since-change",
        type=int,
        metavar="NUMBER",
        help="in the first pass ever: also tell of changes after this one; 0 for all",
    )
    parser.set_defaults(run=_run("run_post"))


def _add_channels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--channel",
        action="append",
        metavar="NAME",
        help="may be repeated, in the order of preference; default: the names in "
        "POST_CHANNELS in the environment, such as mailbox,mail",
    )


def _add_undelivered(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "undelivered",
        help="list letters that partners did not get, retry or dismiss them",
        description="List letters that were given up, refused or held, or take too long. Exit "
        "code 1 says that there are any.",
    )
    add_database(parser)
    add_company(parser)
    _add_channels(parser)
    parser.add_argument(
        "--older-than",
        type=duration,
        default=timedelta(days=1),
        metavar="TIME",
        help="from which age letters that wait or are under way count (1d)",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--retry", nargs="+", metavar="NAME", help="let the next pass send these")
    how.add_argument("--dismiss", nargs="+", metavar="NAME", help="do not send these any more")
    parser.add_argument("--by", help="who dismisses")
    parser.add_argument("--why", help="why they are dismissed")
    parser.set_defaults(run=_run("run_undelivered"))


def _add_quarantine(subparsers: Subparsers) -> None:
    group = subparsers.add_parser(
        "quarantine", help="list, show, replay and discard messages that were not carried out"
    )
    commands = group.add_subparsers(required=True, metavar="COMMAND")
    listed = commands.add_parser("list", help="list them; exit code 1 says that there are any")
    shown = commands.add_parser("show", help="show a message, whatever became of it")
    shown.add_argument("--output", metavar="FILE", help="write its bytes as they came")
    replayed = commands.add_parser("replay", help="carry a message out as its partner")
    discarded = commands.add_parser("discard", help="decide that it is not carried out")
    discarded.add_argument("--why", required=True, help="the reason, which is kept")
    for parser in (shown, replayed, discarded):
        parser.add_argument("id", metavar="ID", help="as `quarantine list` shows it")
    for parser in (replayed, discarded):
        parser.add_argument("--by", required=True, help="who decides so, for the activity log")
    actions = [
        (listed, "run_list"),
        (shown, "run_show"),
        (replayed, "run_replay"),
        (discarded, "run_discard"),
    ]
    for parser, name in actions:
        add_database(parser)
        add_company(parser)
        parser.set_defaults(run=_run(name))


def duration(text: str) -> timedelta:
    """A time such as `60s`, `5m`, `24h` or `3d`.

    Args:
        text: a number and its unit.

    Returns:
        The time.

    Raises:
        ArgumentTypeError: it is not written so.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", text, re.ASCII)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write it as 60s, 5m, 24h or 3d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def zone(text: str) -> tzinfo:
    """A time zone.

    Args:
        text: its name, such as `Europe/Berlin`.

    Returns:
        The zone.

    Raises:
        ArgumentTypeError: there is none of this name.
    """
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        raise argparse.ArgumentTypeError(
            f"there is no time zone {text!r}; write it as Europe/Berlin"
        ) from None


def _run(name: str) -> Callable[[argparse.Namespace], int]:
    """A command of `post_office`, which is read when it is run."""

    def run(options: argparse.Namespace) -> int:
        if find_spec("starlette") is None:
            raise missing_extra()
        from tgiconik.community.commands import post_office  # noqa: PLC0415 - an extra

        code: int = getattr(post_office, name)(options)
        return code

    return run
