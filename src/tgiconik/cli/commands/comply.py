"""`tgiconik comply`: distribute exactly the version that is marked as compliant."""

import argparse

from tgiconik.cli.connection import policy_of, with_clients
from tgiconik.cli.options import add_audience, add_max_concurrency, add_restore, add_workflow
from tgiconik.cli.output import finish
from tgiconik.cli.parser import Subparsers
from tgiconik.workflows import distribute_compliant_version


def add_parser(subparsers: Subparsers) -> None:
    """Add `comply`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "comply",
        help="distribute the compliant version only",
        description="Distribute the version of an asset that is marked as compliant, and revoke "
        "links to any other version.",
    )
    parser.add_argument("asset", metavar="ASSET", help="id of the asset")
    add_audience(parser)
    parser.add_argument(
        "--no-pin",
        action="store_true",
        help="share the asset itself, instead of an asset that holds only this version",
    )
    add_restore(parser)
    add_max_concurrency(parser)
    add_workflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Distribute the compliant version.

    Args:
        options: `asset`, `group`, `partner`, `no_pin`, `restore`, `max_concurrency`, and the
            options of all workflows.

    Returns:
        The exit code.

    Raises:
        TgIconikError: see `tgiconik.workflows.distribute_compliant_version`.
    """
    policy = policy_of(options)
    result = with_clients(
        options,
        lambda grid, iconik, progress: distribute_compliant_version(
            grid,
            iconik,
            options.asset,
            policy=policy,
            groups=options.group,
            partners=options.partner,
            pin=not options.no_pin,
            restore=options.restore,
            max_concurrency=options.max_concurrency,
            dry_run=options.dry_run,
            progress=progress,
        ),
    )
    return finish(options, result)
