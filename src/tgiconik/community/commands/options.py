"""Options that several groups of commands have: the database and the company."""

import argparse
import os
from collections.abc import Mapping
from typing import Final

from tgiconik import errors
from tgiconik.community.community import open_store
from tgiconik.community.store import url as urls
from tgiconik.community.store.base import BaseStore

DATABASE: Final = "TRADING_GRID_COMMUNITY_URL"
COMPANY: Final = "TRADING_GRID_COMPANY_ID"


def add_database(parser: argparse.ArgumentParser) -> None:
    """Add `--database`."""
    parser.add_argument(
        "--database",
        metavar="URL",
        help=f"sqlite:///FILE or postgresql://…; default: {DATABASE} in the environment, which "
        "keeps a password out of the list of processes",
    )


def add_company(parser: argparse.ArgumentParser) -> None:
    """Add `--company`."""
    parser.add_argument(
        "--company",
        metavar="BUID",
        help=f"the company; default: {COMPANY} in the environment",
    )


def url_of(options: argparse.Namespace) -> str:
    """URL of the database; it may hold a password.

    Raises:
        ConfigurationError: none is given.
    """
    return _given(options, options.database, "--database", DATABASE)


def store_of(options: argparse.Namespace) -> BaseStore:
    """Open the database.

    Raises:
        ConfigurationError: none is given, or it is none.
        StoreError: it cannot be opened.
    """
    database = urls.parse(url_of(options))
    if isinstance(database, urls.SqliteUrl) and database.path is None:
        raise errors.ConfigurationError(
            "a database in memory ends with this command; name a file, as sqlite:///community.db"
        )
    return open_store(database)


def company_of(options: argparse.Namespace) -> str:
    """BUID of the company.

    Raises:
        ConfigurationError: none is given.
    """
    return _given(options, options.company, "--company", COMPANY)


def _given(options: argparse.Namespace, value: str | None, option: str, variable: str) -> str:
    # Another environment than that of the process, such as a profile's.
    environ: Mapping[str, str] = getattr(options, "environ", os.environ)
    found = value or environ.get(variable)
    if not found:
        raise errors.ConfigurationError(f"give {option}, or set {variable} in the environment")
    return found
