"""`tgiconik verify`: check the open links to assets, or an audit record; writes nothing."""

import argparse

from tgiconik import errors
from tgiconik._report import as_dict
from tgiconik.cli.commands.audit import key_in
from tgiconik.cli.connection import optional_policy_of, with_clients
from tgiconik.cli.exit_codes import ExitCode
from tgiconik.cli.options import FILE, add_common, add_policy, add_result
from tgiconik.cli.output import show
from tgiconik.cli.parser import Subparsers
from tgiconik.workflows import verify_audit_record, verify_distribution


def add_parser(subparsers: Subparsers) -> None:
    """Add `verify`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "verify",
        help="check open links, or an audit record",
        description="Check whether an open link leads to what may not be out, for one asset or for "
        "all; or whether an audit record is as it was sealed. Nothing is written.",
    )
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument("asset", nargs="?", metavar="ASSET", help="id of one asset")
    subject.add_argument("--all", action="store_true", help="all assets")
    subject.add_argument("--record", metavar=FILE, help="an audit record; calls no platform")
    parser.add_argument(
        "--head", metavar="HASH", help="hash of the record's seal, as it was written down"
    )
    parser.add_argument(
        "--seal-key-env", metavar="NAME", help="environment variable with the secret of the seal"
    )
    add_policy(parser)
    add_result(parser)
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check open links, or a record.

    Args:
        options: `asset`, `all` or `record`; `head`, `seal_key_env`, `policy`, `json` and `html`.

    Returns:
        The exit code.

    Raises:
        ConfigurationError: an option does not fit, or a value is not valid.
        CallError: a call to a platform failed.
        OSError: a file cannot be read or written.
    """
    if options.record is not None:
        return _verify_record(options)
    if options.head is not None or options.seal_key_env is not None:
        raise errors.ConfigurationError("--head and --seal-key-env go with --record")
    policy = optional_policy_of(options)
    found = with_clients(
        options,
        lambda grid, iconik, progress: verify_distribution(
            grid, iconik, options.asset, policy=policy, progress=progress
        ),
    )
    if options.html is not None:
        found.to_html(options.html)
    show(options, str(found), found.to_dict())
    if found.ok:
        return ExitCode.DONE
    return ExitCode.REFUSED if found.wrong or not found.unread else ExitCode.FAILED


def _verify_record(options: argparse.Namespace) -> int:
    if options.html is not None:
        raise errors.ConfigurationError("--html goes with assets, not with --record")
    found = verify_audit_record(options.record, head=options.head, key=key_in(options.seal_key_env))
    if found.problem is None:
        signed = ", and its signature is right" if found.signature_checked else ""
        text = f"{found.entries:,} entries are as they were sealed{signed}\nhead: {found.head}"
    else:
        text = f"not as it was sealed, in entry {found.problem.entry}: {found.problem.message}"
    show(options, text, {"ok": found.ok, **as_dict(found)})
    return ExitCode.DONE if found.ok else ExitCode.REFUSED
