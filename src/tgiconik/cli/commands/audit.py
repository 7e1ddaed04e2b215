"""`tgiconik audit`: one sealed record of requests, approvals, access and downloads."""

import argparse
import os
from datetime import UTC, datetime

from tgiconik import errors
from tgiconik.cli.connection import optional_policy_of, with_clients
from tgiconik.cli.exit_codes import ExitCode
from tgiconik.cli.options import FILE, add_common, add_policy, add_result
from tgiconik.cli.output import show
from tgiconik.cli.parser import Subparsers
from tgiconik.workflows import AuditRecord, Subject, build_audit_record


def add_parser(subparsers: Subparsers) -> None:
    """Add `audit`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "audit",
        help="write a sealed audit record",
        description="Read who asked, approved, had access and got what, on both platforms, and "
        "write it as one sealed record. `tgiconik verify --record` checks it.",
    )
    parser.add_argument("asset", nargs="*", metavar="ASSET", help="ids of assets")
    parser.add_argument(
        "--partner", action="append", default=[], metavar="BUID", help="partner; may be repeated"
    )
    parser.add_argument("--everything", action="store_true", help="all assets and partners")
    parser.add_argument("--output", required=True, metavar=FILE, help="the record, in JSON Lines")
    parser.add_argument(
        "--since",
        type=moment,
        metavar="TIME",
        help="leave out earlier events; 2026-03-01 or longer",
    )
    parser.add_argument(
        "--until", type=moment, metavar="TIME", help="leave out events from then on"
    )
    parser.add_argument(
        "--pseudonymise", action="store_true", help="give people other names in the record"
    )
    parser.add_argument(
        "--seal-key-env",
        metavar="NAME",
        help="environment variable with a secret of 32 bytes or more, which signs the seal",
    )
    add_policy(parser)
    add_result(parser)
    add_common(parser)
    parser.set_defaults(run=run)


def moment(text: str) -> datetime:
    """A time in ISO 8601; without a zone, it is UTC.

    Args:
        text: such as `2026-03-01` or `2026-03-01T08:00+01:00`.

    Returns:
        The time, with its zone.

    Raises:
        ArgumentTypeError: it is not one.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time such as 2026-03-01 or 2026-03-01T08:00Z"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def key_in(variable: str | None) -> bytes | None:
    """The secret in an environment variable.

    Args:
        variable: its name; None for no secret.

    Returns:
        The secret, or None.

    Raises:
        ConfigurationError: the variable is not set.
    """
    if variable is None:
        return None
    secret = os.environ.get(variable)
    if not secret:
        raise errors.ConfigurationError(
            f"the environment variable {variable} is not set: set it to the secret of the seal"
        )
    return secret.encode()


def run(options: argparse.Namespace) -> int:
    """Write an audit record.

    Args:
        options: `asset`, `partner`, `everything`, `output`, `since`, `until`, `pseudonymise`,
            `seal_key_env`, `policy`, `json` and `html`.

    Returns:
        The exit code.

    Raises:
        ConfigurationError: nothing to audit is named, or a value is not valid.
        OSError: a file cannot be written.
    """
    if options.everything == bool(options.asset or options.partner):
        raise errors.ConfigurationError("name assets or --partner, or give --everything")
    subject = Subject(assets=options.asset, partners=options.partner)
    policy, key = optional_policy_of(options), key_in(options.seal_key_env)
    record = with_clients(
        options,
        lambda grid, iconik, progress: build_audit_record(
            grid,
            iconik,
            subject,
            policy=policy,
            since=options.since,
            until=options.until,
            pseudonymise=options.pseudonymise,
            seal_with=key,
            into=options.output,
            progress=progress,
        ),
    )
    if options.html is not None:
        record.to_html(options.html)
    show(options, _text(record), record.to_dict())
    if record.gaps:
        return ExitCode.FAILED
    return ExitCode.REFUSED if record.findings_by_code else ExitCode.DONE


def _text(record: AuditRecord) -> str:
    return "\n".join(
        [
            record.summary(),
            *(f"  could not be read: {gap}" for gap in record.gaps),
            *(f"  finding: {count:,} {code}" for code, count in record.findings_by_code.items()),
            f"written to {record.path}",
            f"head of the seal: {record.head}",
        ]
    )
