"""`python -m tgiconik.community erase` and `prune`."""

import argparse
import re
from datetime import timedelta

from tgiconik.community.commands.database import add_company, with_community
from tgiconik.community.commands.options import add_database
from tgiconik.community.commands.output import say
from tgiconik.community.commands.parsers import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add `erase` and `prune`.

    Args:
        subparsers: the commands of `python -m tgiconik.community`.
    """
    erase = subparsers.add_parser(
        "erase",
        help="replace a person by a pseudonym, everywhere",
        description="Replace a person by a pseudonym in records, history and answers.",
    )
    add_database(erase)
    add_company(erase)
    erase.add_argument("--contact", required=True, metavar="EMAIL", help="the person's address")
    erase.add_argument("--dry-run", action="store_true", help="say where the person is, and stop")
    erase.set_defaults(run=run_erase)

    prune = subparsers.add_parser(
        "prune",
        help="delete expired answers, old entries of the journal and old post",
        description="Delete expired answers and, if asked, old entries of the journal and letters "
        "and messages that are done with. Records stay.",
    )
    add_database(prune)
    add_company(prune)
    prune.add_argument(
        "--journal-older-than",
        type=days,
        metavar="DAYS",
        help="such as 365d; without it, the journal stays",
    )
    prune.add_argument(
        "--post-older-than",
        type=days,
        metavar="DAYS",
        help="such as 365d; without it, letters, messages and reply tokens stay",
    )
    prune.add_argument("--dry-run", action="store_true", help="count, and delete nothing")
    prune.set_defaults(run=run_prune)


def days(text: str) -> timedelta:
    """A number of days such as `365d`.

    Args:
        text: the number and `d`.

    Returns:
        The time.

    Raises:
        ArgumentTypeError: it is not written so, or is less than a day or more than a century.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,4})d", text, re.ASCII)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days; write it as 365d")
    return timedelta(days=int(found[1]))


def run_erase(options: argparse.Namespace) -> int:
    """Erase a person.

    Args:
        options: `database`, `company`, `contact` and `dry_run`.

    Returns:
        The exit code: 0.

    Raises:
        ConfigurationError: there is no such database or company, or this is no address.
        StoreError: the database does not answer, or cannot be written.
    """
    found = with_community(
        options,
        lambda community: community.erase(
            options.contact, company_id=options.company, dry_run=options.dry_run
        ),
    )
    for one in found:
        say(one)
    if not found:
        say("nobody with this address was found")
    return 0


def run_prune(options: argparse.Namespace) -> int:
    """Delete what has served its time.

    Args:
        options: `database`, `company`, `journal_older_than` and `dry_run`.

    Returns:
        The exit code: 0.

    Raises:
        ConfigurationError: there is no such database or company.
        StoreError: the database does not answer, or cannot be written.
    """
    found = with_community(
        options,
        lambda community: community.prune(
            journal_older_than=options.journal_older_than,
            post_older_than=options.post_older_than,
            company_id=options.company,
            dry_run=options.dry_run,
        ),
    )
    say("dry run, nothing was deleted:" if options.dry_run else "deleted:")
    for one in found:
        say(f"  {one}")
    return 0
