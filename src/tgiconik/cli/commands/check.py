"""`tgiconik check`: do credentials, roles and policy work; writes nothing."""

import argparse

from tgiconik._report import as_dict
from tgiconik.cli.connection import optional_policy_of, with_clients
from tgiconik.cli.exit_codes import ExitCode
from tgiconik.cli.options import add_common, add_json, add_policy
from tgiconik.cli.output import show
from tgiconik.cli.parser import Subparsers
from tgiconik.iconik import IconikClient
from tgiconik.iconik.check import IconikCheck
from tgiconik.release import ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.check import GridCheck


def add_parser(subparsers: Subparsers) -> None:
    """Add `check`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "check",
        help="check credentials, roles and policy",
        description="Check that both platforms accept the credentials, which roles are missing for "
        "which workflow, and that the fields of the policy exist. Nothing is written.",
    )
    add_policy(parser)
    add_json(parser)
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check both platforms.

    Args:
        options: `policy` and `json`.

    Returns:
        The exit code.

    Raises:
        ConfigurationError: something that a client needs is missing, or the policy is not valid.
    """
    policy = optional_policy_of(options)
    grid, iconik = with_clients(options, lambda grid, iconik, _: _check(grid, iconik, policy))
    ok = grid.ok and iconik.ok
    data = {"ok": ok, "trading_grid": as_dict(grid), "iconik": as_dict(iconik)}
    show(options, _text(grid, iconik), data)
    # As every other command ends, which would raise the error.
    if grid.misconfigured or iconik.misconfigured:
        return ExitCode.CONFIGURATION
    return ExitCode.DONE if ok else ExitCode.REFUSED


async def _check(
    grid: TradingGridClient, iconik: IconikClient, policy: ReleasePolicy | None
) -> tuple[GridCheck, IconikCheck]:
    return await grid.check(), await iconik.check(policy)


def _text(grid: GridCheck, iconik: IconikCheck) -> str:
    user = [f"iconik: signed in as {iconik.user}"] if iconik.user else []
    return "\n".join(
        [
            *(f"Trading Grid: {one}" for one in grid.works),
            *(f"Trading Grid: problem: {one}" for one in grid.problems),
            *user,
            *(f"iconik: problem: {one}" for one in iconik.problems),
            "ready" if grid.ok and iconik.ok else "not ready",
        ]
    )
