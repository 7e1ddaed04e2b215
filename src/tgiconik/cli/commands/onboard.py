"""`tgiconik onboard`: onboard a partner, with users, groups, a checklist and a bundle."""

import argparse
import shlex
import subprocess
from collections.abc import Callable

from tgiconik import errors
from tgiconik.cli.connection import optional_policy_of, policy_of, with_clients
from tgiconik.cli.options import FILE, add_restore, add_workflow
from tgiconik.cli.output import finish
from tgiconik.cli.parser import Subparsers
from tgiconik.cli.plans import read_template, read_users
from tgiconik.workflows import NewUser, OnboardingTemplate, onboard_partner, onboarding_status


def add_parser(subparsers: Subparsers) -> None:
    """Add `onboard`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "onboard",
        help="onboard a partner",
        description="Onboard a partner: take the steps that are possible now, from users and "
        "groups to the checklist and the bundle.",
    )
    parser.add_argument("partner", metavar="BUID", help="company id of the partner")
    parser.add_argument(
        "--template",
        required=True,
        metavar=FILE,
        help="template, TOML or JSON: key, title, asset_ids, groups, tasks, …",
    )
    parser.add_argument(
        "--users",
        metavar=FILE,
        help="users to create, TOML or JSON: company, and a list of users",
    )
    parser.add_argument(
        "--password-command",
        metavar="COMMAND",
        help="program that prints the first password of a new user; gets the login name as its "
        "last argument",
    )
    parser.add_argument("--status", action="store_true", help="only say how far the onboarding is")
    add_restore(parser)
    add_workflow(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Onboard a partner, or say how far that is.

    Args:
        options: `partner`, `template`, `users`, `password_command`, `status`, `restore`, and the
            options of all workflows.

    Returns:
        The exit code.

    Raises:
        ConfigurationError: a file is not valid, or there is no policy.
        TgIconikError: see `tgiconik.workflows.onboard_partner`.
    """
    template = read_template(options.template)
    company, users = read_users(options.users) if options.users else (None, ())
    if options.status:
        return _show_status(options, template, company, users)
    policy = policy_of(options)
    result = with_clients(
        options,
        lambda grid, iconik, progress: onboard_partner(
            grid,
            iconik,
            options.partner,
            template=template,
            users=users,
            users_company=company,
            password=_password_of(options.password_command),
            policy=policy,
            restore=options.restore,
            dry_run=options.dry_run,
            progress=progress,
        ),
    )
    return finish(options, result)


def _show_status(
    options: argparse.Namespace,
    template: OnboardingTemplate,
    company: str | None,
    users: tuple[NewUser, ...],
) -> int:
    policy = optional_policy_of(options)
    result = with_clients(
        options,
        lambda grid, iconik, progress: onboarding_status(
            grid,
            iconik,
            options.partner,
            template=template,
            users=users,
            users_company=company,
            policy=policy,
            progress=progress,
        ),
    )
    return finish(options, result)


def _password_of(command: str | None) -> Callable[[NewUser], str] | None:
    """Ask a program for first passwords: on a command line, other users of the machine saw them."""
    if command is None:
        return None
    words = shlex.split(command)

    def password(user: NewUser) -> str:
        try:
            asked = subprocess.run(  # noqa: S603 - the program that the caller names, without a shell
                [*words, str(user.login_id)], stdout=subprocess.PIPE, check=True, text=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise errors.ConfigurationError(
                f"--password-command gave no password for {user.login_id}: {words[0]} {_why(error)}"
            ) from None
        return asked.stdout.partition("\n")[0]

    return password


def _why(error: OSError | subprocess.CalledProcessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"ended with {error.returncode}"
    return f"cannot be started: {error.strerror}"
