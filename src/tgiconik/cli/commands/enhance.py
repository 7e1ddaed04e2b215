"""`tgiconik enhance`: hand a partner's feedback to the media team, and deliver what came of it."""

import argparse

from tgiconik.cli.connection import policy_of, with_clients
from tgiconik.cli.options import add_workflow
from tgiconik.cli.output import finish
from tgiconik.cli.parser import Subparsers
from tgiconik.workflows import process_enhancement_request


def add_parser(subparsers: Subparsers) -> None:
    """Add `enhance`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "enhance",
        help="process an enhancement request",
        description="Process an enhancement request: hand the feedback to the media team, and "
        "deliver the new version when there is one.",
    )
    parser.add_argument("request", metavar="REQUEST", help="id of the request")
    parser.add_argument("--queue", metavar="ID", help="iconik collection of the team's open work")
    parser.add_argument("--notes", metavar="TEXT", help="the change, which the partner reads")
    add_workflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Process an enhancement request.

    Args:
        options: `request`, `queue`, `notes`, and the options of all workflows.

    Returns:
        The exit code.

    Raises:
        TgIconikError: see `tgiconik.workflows.process_enhancement_request`.
    """
    policy = policy_of(options)
    result = with_clients(
        options,
        lambda grid, iconik, progress: process_enhancement_request(
            grid,
            iconik,
            options.request,
            policy=policy,
            queue=options.queue,
            notes=options.notes,
            dry_run=options.dry_run,
            progress=progress,
        ),
    )
    return finish(options, result)
