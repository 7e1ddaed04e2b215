"""`tgiconik distribute`: send approved assets to the partners that they are tagged for."""

import argparse

from tgiconik import errors
from tgiconik.cli.connection import policy_of, with_clients
from tgiconik.cli.options import add_audience, add_max_concurrency, add_restore, add_workflow
from tgiconik.cli.output import finish
from tgiconik.cli.parser import Subparsers
from tgiconik.workflows import distribute_approved_asset, distribute_tagged_assets


def add_parser(subparsers: Subparsers) -> None:
    """Add `distribute`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "distribute",
        help="send approved assets to their partners",
        description="Send an approved asset, or all that are tagged and due, to the groups of "
        "partners that it is tagged for.",
    )
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument("asset", nargs="?", metavar="ASSET", help="id of one asset")
    subject.add_argument("--tagged", action="store_true", help="all tagged assets")
    add_audience(parser)
    add_restore(parser)
    add_max_concurrency(parser)
    add_workflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Distribute one asset, or all tagged ones.

    Args:
        options: `asset` or `tagged`, `group`, `partner`, `restore`, `max_concurrency`, and the
            options of all workflows.

    Returns:
        The exit code.

    Raises:
        ConfigurationError: partners are named for all tagged assets, or there is no policy.
        TgIconikError: see the two functions of `tgiconik.workflows`.
    """
    if options.tagged:
        return _distribute_tagged(options)
    policy = policy_of(options)
    result = with_clients(
        options,
        lambda grid, iconik, progress: distribute_approved_asset(
            grid,
            iconik,
            options.asset,
            policy=policy,
            groups=options.group,
            partners=options.partner,
            restore=options.restore,
            max_concurrency=options.max_concurrency,
            dry_run=options.dry_run,
            progress=progress,
        ),
    )
    return finish(options, result)


def _distribute_tagged(options: argparse.Namespace) -> int:
    if options.group or options.partner:
        raise errors.ConfigurationError(
            "--tagged goes by the tags of each asset: leave out --group and --partner, or name one "
            "asset"
        )
    policy = policy_of(options)
    result = with_clients(
        options,
        lambda grid, iconik, progress: distribute_tagged_assets(
            grid,
            iconik,
            policy=policy,
            restore=options.restore,
            max_concurrency=options.max_concurrency,
            dry_run=options.dry_run,
            progress=progress,
        ),
    )
    return finish(options, result)
