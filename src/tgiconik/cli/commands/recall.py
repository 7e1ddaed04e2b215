"""`tgiconik recall`: take a version back from all partners."""

import argparse

from tgiconik.cli.connection import policy_of, with_clients
from tgiconik.cli.options import add_max_concurrency, add_workflow
from tgiconik.cli.output import finish
from tgiconik.cli.parser import Subparsers
from tgiconik.workflows import recall_version


def add_parser(subparsers: Subparsers) -> None:
    """Add `recall`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "recall",
        help="take a version back from all partners",
        description="Take a version of an asset back: hold it, close every link to it, and tell "
        "the partners who had it.",
    )
    parser.add_argument("asset", metavar="ASSET", help="id of the asset")
    parser.add_argument("version", metavar="VERSION", help="id of the version")
    parser.add_argument(
        "--reason", required=True, metavar="TEXT", help="the reason, which partners read"
    )
    add_max_concurrency(parser)
    add_workflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Recall a version.

    Args:
        options: `asset`, `version`, `reason`, `max_concurrency`, and the options of all workflows.

    Returns:
        The exit code.

    Raises:
        TgIconikError: see `tgiconik.workflows.recall_version`.
    """
    policy = policy_of(options)
    result = with_clients(
        options,
        lambda grid, iconik, progress: recall_version(
            grid,
            iconik,
            options.asset,
            options.version,
            reason=options.reason,
            policy=policy,
            max_concurrency=options.max_concurrency,
            dry_run=options.dry_run,
            progress=progress,
        ),
    )
    # A partner who is refused the version is what a recall is for.
    return finish(options, result, refusals=False)
