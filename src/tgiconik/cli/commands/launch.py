"""`tgiconik launch`: coordinate a campaign launch."""

import argparse

from tgiconik.cli.connection import optional_policy_of, policy_of, with_clients
from tgiconik.cli.exit_codes import ExitCode
from tgiconik.cli.options import FILE, add_max_concurrency, add_restore, add_workflow
from tgiconik.cli.output import finish, show
from tgiconik.cli.parser import Subparsers
from tgiconik.cli.plans import read_campaign
from tgiconik.workflows import Campaign, Readiness, coordinate_campaign_launch, launch_readiness


def add_parser(subparsers: Subparsers) -> None:
    """Add `launch`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "launch",
        help="coordinate a campaign launch",
        description="Coordinate a campaign launch: take the steps that are possible now, from the "
        "project with its checklist to each partner's package.",
    )
    parser.add_argument(
        "campaign", metavar=FILE, help="campaign, TOML or JSON: key, title, launch_at, partners, …"
    )
    parser.add_argument(
        "--readiness", action="store_true", help="only say what is missing, per partner"
    )
    add_restore(parser)
    add_max_concurrency(parser)
    add_workflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Coordinate a launch, or say what is missing for it.

    Args:
        options: `campaign`, `readiness`, `restore`, `max_concurrency`, and the options of all
            workflows.

    Returns:
        The exit code.

    Raises:
        ConfigurationError: the campaign's file is not valid, or there is no policy.
        TgIconikError: see `tgiconik.workflows.coordinate_campaign_launch`.
    """
    campaign = read_campaign(options.campaign)
    if options.readiness:
        return _show_readiness(options, campaign)
    policy = policy_of(options)
    result = with_clients(
        options,
        lambda grid, iconik, progress: coordinate_campaign_launch(
            grid,
            iconik,
            campaign,
            policy=policy,
            restore=options.restore,
            max_concurrency=options.max_concurrency,
            dry_run=options.dry_run,
            progress=progress,
        ),
    )
    return finish(options, result)


def _show_readiness(options: argparse.Namespace, campaign: Campaign) -> int:
    policy = optional_policy_of(options)
    readiness = with_clients(
        options,
        lambda grid, iconik, progress: launch_readiness(
            grid, iconik, campaign, policy=policy, progress=progress
        ),
    )
    if options.html is not None:
        readiness.to_html(options.html)
    show(options, _text(readiness), readiness.to_dict())
    return ExitCode.DONE if readiness.ready else ExitCode.WAITING


def _text(readiness: Readiness) -> str:
    if readiness.ready:
        return "ready"
    late = ", overdue" if readiness.overdue else ""
    return "\n".join([f"not ready{late}", *(f"  {line}" for line in readiness.blocks)])
