"""`tgiconik reconcile`: judge everything that is open, and close what may not be."""

import argparse

from tgiconik.cli.connection import policy_of, with_clients
from tgiconik.cli.options import add_max_concurrency, add_workflow
from tgiconik.cli.output import finish
from tgiconik.cli.parser import Subparsers
from tgiconik.workflows import reconcile_links


def add_parser(subparsers: Subparsers) -> None:
    """Add `reconcile`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "reconcile",
        help="close links that may not be open",
        description="Judge every open link by the policy, whoever made it, and close those that "
        "may not be open.",
    )
    parser.add_argument(
        "asset", nargs="*", metavar="ASSET", help="ids of assets; all assets when left out"
    )
    parser.add_argument(
        "--digest",
        action="store_true",
        help="fetch and digest the originals of compliant versions again",
    )
    add_max_concurrency(parser)
    add_workflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Reconcile links.

    Args:
        options: `asset`, `digest`, `max_concurrency`, and the options of all workflows.

    Returns:
        The exit code.

    Raises:
        TgIconikError: see `tgiconik.workflows.reconcile_links`.
    """
    policy = policy_of(options)
    result = with_clients(
        options,
        lambda grid, iconik, progress: reconcile_links(
            grid,
            iconik,
            policy=policy,
            asset_ids=options.asset or None,
            digest=options.digest,
            max_concurrency=options.max_concurrency,
            dry_run=options.dry_run,
            progress=progress,
        ),
    )
    # A partner who is refused what was open is what it is for.
    return finish(options, result, refusals=False)
