"""`tgiconik resolve`: stop the faulty version of an issue, and publish the corrected one."""

import argparse

from tgiconik.cli.connection import policy_of, with_clients
from tgiconik.cli.options import FILE, add_max_concurrency, add_workflow
from tgiconik.cli.output import finish
from tgiconik.cli.parser import Subparsers
from tgiconik.workflows import resolve_media_issue


def add_parser(subparsers: Subparsers) -> None:
    """Add `resolve`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "resolve",
        help="resolve a media issue",
        description="Resolve a media issue: stop the faulty version, and send the corrected one to "
        "all who had it.",
    )
    parser.add_argument("issue", metavar="ISSUE", help="id of the issue, such as ISS-77")
    corrected = parser.add_mutually_exclusive_group()
    corrected.add_argument(
        "--correction", metavar=FILE, help="corrected file, uploaded as a new version"
    )
    corrected.add_argument(
        "--version-id", metavar="ID", help="version in iconik that is the correction"
    )
    parser.add_argument("--notes", metavar="TEXT", help="the change, which partners read")
    add_max_concurrency(parser)
    add_workflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Resolve an issue.

    Args:
        options: `issue`, `correction`, `version_id`, `notes`, `max_concurrency`, and the options of
            all workflows.

    Returns:
        The exit code.

    Raises:
        TgIconikError: see `tgiconik.workflows.resolve_media_issue`.
    """
    policy = policy_of(options)
    result = with_clients(
        options,
        lambda grid, iconik, progress: resolve_media_issue(
            grid,
            iconik,
            options.issue,
            policy=policy,
            correction=options.correction,
            version_id=options.version_id,
            notes=options.notes,
            max_concurrency=options.max_concurrency,
            dry_run=options.dry_run,
            progress=progress,
        ),
    )
    return finish(options, result)
