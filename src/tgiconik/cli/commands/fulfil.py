"""`tgiconik fulfil`: answer a partner's media request."""

import argparse

from tgiconik.cli.connection import policy_of, with_clients
from tgiconik.cli.options import add_workflow
from tgiconik.cli.output import finish
from tgiconik.cli.parser import Subparsers
from tgiconik.tradinggrid.collaboration import RequestStatus
from tgiconik.workflows import fulfill_media_request


def add_parser(subparsers: Subparsers) -> None:
    """Add `fulfil`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "fulfil",
        aliases=["fulfill"],
        help="answer a partner's media request",
        description="Answer a partner's media request: find the assets, share what the policy "
        "allows, and tell the partner.",
    )
    parser.add_argument("request", metavar="REQUEST", help="id of the request, such as REQ-1042")
    parser.add_argument(
        "--asset",
        action="append",
        metavar="ID",
        help="answer with this asset instead of searching; may be repeated",
    )
    add_workflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Fulfil a request.

    Args:
        options: `request`, `asset`, and the options of all workflows.

    Returns:
        The exit code.

    Raises:
        TgIconikError: see `tgiconik.workflows.fulfill_media_request`.
    """
    policy = policy_of(options)
    result = with_clients(
        options,
        lambda grid, iconik, progress: fulfill_media_request(
            grid,
            iconik,
            options.request,
            policy=policy,
            assets=options.asset,
            dry_run=options.dry_run,
            progress=progress,
        ),
    )
    judged = result.candidates.judged if result.candidates is not None else ()
    refused = result.status != RequestStatus.FULFILLED and any(
        not one.decision.allowed for one in judged
    )
    return finish(options, result, refused=refused)
