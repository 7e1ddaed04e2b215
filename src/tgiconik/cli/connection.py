"""Clients and policy for a command: from the chosen profile, or from the environment."""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tgiconik import IconikClient, ReleasePolicy, TradingGridClient, errors
from tgiconik.cli.progress import Progress
from tgiconik.profiles import CONFIG_FILE, PROFILE_VARIABLE, Profile, load_profile

T = TypeVar("T")


def has_profile(options: argparse.Namespace) -> bool:
    """Whether a profile is chosen. A `--config` without one is an error that names its profiles.

    Args:
        options: `profile` and `config`.
    """
    return bool(options.profile or options.config or os.environ.get(PROFILE_VARIABLE))


def profile_of(options: argparse.Namespace) -> Profile | None:
    """The chosen profile; None for the environment.

    Args:
        options: `profile` and `config`.

    Raises:
        ConfigurationError: it cannot be read.
    """
    if not has_profile(options):
        return None
    return load_profile(options.profile, config=options.config)


def policy_of(options: argparse.Namespace) -> ReleasePolicy:
    """The release policy: `--policy`, or else that of the profile.

    Args:
        options: `policy`, `profile` and `config`.

    Raises:
        ConfigurationError: none is given, or it is not valid.
    """
    policy = optional_policy_of(options)
    if policy is None:
        raise errors.ConfigurationError(
            "there is no release policy, and no command that writes works without one: give "
            f'--policy FILE, or policy = "FILE" in a profile of {CONFIG_FILE}'
        )
    return policy


def optional_policy_of(options: argparse.Namespace) -> ReleasePolicy | None:
    """The release policy, for commands that work without one too; None where none is given.

    Args:
        options: `policy`, `profile` and `config`.

    Raises:
        ConfigurationError: it is not valid.
    """
    path = options.policy
    if path is None:
        profile = profile_of(options)
        path = None if profile is None else profile.policy
    return None if path is None else ReleasePolicy.from_file(path)


def grid_of(options: argparse.Namespace) -> TradingGridClient:
    """The client of Trading Grid.

    Args:
        options: `profile` and `config`.

    Raises:
        ConfigurationError: something that it needs is missing or not valid.
    """
    if has_profile(options):
        return TradingGridClient.from_profile(options.profile, config=options.config)
    return TradingGridClient.from_env()


def iconik_of(options: argparse.Namespace) -> IconikClient:
    """The client of iconik.

    Args:
        options: `profile` and `config`.

    Raises:
        ConfigurationError: something that it needs is missing or not valid.
    """
    if has_profile(options):
        return IconikClient.from_profile(options.profile, config=options.config)
    return IconikClient.from_env()


def with_clients(
    options: argparse.Namespace,
    work: Callable[[TradingGridClient, IconikClient, Progress], Awaitable[T]],
) -> T:
    """Connect, do something, and disconnect. Progress is shown where a person can see it.

    Args:
        options: `profile` and `config`.
        work: what to do with both clients; calls the progress with each step.

    Returns:
        The result of `work`.

    Raises:
        ConfigurationError: something that a client needs is missing or not valid.
    """

    async def run() -> T:
        with Progress() as progress:
            async with grid_of(options) as grid, iconik_of(options) as iconik:
                return await work(grid, iconik, progress)

    return asyncio.run(run())
