"""`python -m tgiconik.community keys`: make, list and revoke keys of a served community."""

import argparse
from contextlib import closing
from datetime import datetime

from tgiconik.community.commands.options import add_company, add_database, company_of, store_of
from tgiconik.community.commands.output import say
from tgiconik.community.commands.parsers import Subparsers
from tgiconik.community.keys import Keys
from tgiconik.community.store.keys import Key


def add_parser(subparsers: Subparsers) -> None:
    """Add `keys add`, `keys list` and `keys revoke`.

    Args:
        subparsers: the commands of `python -m tgiconik.community`.
    """
    group = subparsers.add_parser("keys", help="make, list and revoke keys of a served community")
    commands = group.add_subparsers(required=True, metavar="COMMAND")
    add = commands.add_parser(
        "add",
        help="make a key and show its token, once",
        description="Make a key and show its token. The database keeps a digest of it only.",
    )
    add_database(add)
    add_company(add)
    caller = add.add_mutually_exclusive_group(required=True)
    caller.add_argument("--operator", metavar="NAME", help="a key that may do everything")
    caller.add_argument("--partner", metavar="BUID", help="a key of a partner with a profile")
    add.set_defaults(run=run_add)
    listed = commands.add_parser("list", help="list the keys of a company, without their tokens")
    add_database(listed)
    add_company(listed)
    listed.set_defaults(run=run_list)
    revoke = commands.add_parser("revoke", help="refuse a key from now on")
    revoke.add_argument("id", metavar="ID", help="as `keys list` shows it")
    add_database(revoke)
    add_company(revoke)
    revoke.set_defaults(run=run_revoke)


def run_add(options: argparse.Namespace) -> int:
    """Make a key and show its token.

    Args:
        options: `database`, `company`, and either `operator` or `partner`.

    Returns:
        The exit code: 0.

    Raises:
        ConfigurationError: an option is missing, or the partner has no profile.
        StoreError: the database failed.
    """
    company_id = company_of(options)
    with closing(store_of(options)) as store:
        if options.partner is not None:
            made = Keys(store).add_partner(company_id, options.partner)
        else:
            made = Keys(store).add_operator(company_id, options.operator)
    say(f"# {made.key.id}: {_caller(made.key)} of {company_id}; the token is not shown again")
    say(f"TRADING_GRID_COMMUNITY_KEY={made.token}")
    return 0


def run_list(options: argparse.Namespace) -> int:
    """List the keys of a company.

    Args:
        options: `database` and `company`.

    Returns:
        The exit code: 0.

    Raises:
        ConfigurationError: an option is missing.
        StoreError: the database failed.
    """
    company_id = company_of(options)
    with closing(store_of(options)) as store:
        keys = Keys(store).all_of(company_id)
    for key in keys:
        say(
            f"{key.id}  {_caller(key)}  made {_day(key.created_at)}  "
            f"used {_day(key.last_used_at)}{_end(key)}"
        )
    if not keys:
        say(f"{company_id} has no keys; `keys add` makes one")
    return 0


def run_revoke(options: argparse.Namespace) -> int:
    """Revoke a key.

    Args:
        options: `database`, `company` and `id`.

    Returns:
        The exit code: 0.

    Raises:
        ConfigurationError: an option is missing, or there is no such key.
        StoreError: the database failed.
    """
    company_id = company_of(options)
    with closing(store_of(options)) as store:
        key = Keys(store).revoke(company_id, options.id)
    say(f"{key.id} ({_caller(key)}) is refused since {_moment(key.revoked_at)}")
    return 0


def _caller(key: Key) -> str:
    return f"operator {key.name}" if key.partner_id is None else f"partner {key.name}"


def _end(key: Key) -> str:
    return "" if key.revoked_at is None else f"  revoked {_moment(key.revoked_at)}"


def _day(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d}"


def _moment(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"
