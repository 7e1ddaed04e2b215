"""The commands of the post office. They need the extra `community`."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

from tgiconik import errors
from tgiconik.community import Community
from tgiconik.community.commands.database import with_community
from tgiconik.community.commands.options import company_of
from tgiconik.community.commands.output import say
from tgiconik.community.post import MessageState, PostOffice, Templates
from tgiconik.community.post.channel import Channel
from tgiconik.community.post.folder import FolderChannel
from tgiconik.community.post.legible import paragraphs
from tgiconik.community.post.mail import MailChannel
from tgiconik.community.post.mailbox import MailboxChannel

T = TypeVar("T")

_VARIABLE: Final = "POST_CHANNELS"
#: How each channel is made of the environment, by the name that `--channel` takes.
CHANNELS: Final[Mapping[str, Callable[[], Channel]]] = {
    "folder": FolderChannel.from_env,
    "mail": MailChannel.from_env,
    "mailbox": MailboxChannel.from_env,
}


def run_post(options: argparse.Namespace) -> int:
    """Run the post office: once, or until SIGINT or SIGTERM.

    Args:
        options: those of `post`.

    Returns:
        The exit code: 0, or 1 when a person must look at something.

    Raises:
        ConfigurationError: something is missing or wrong, or a server refuses the credentials.
        PostUnavailable: with `--check`, a server does not answer.
        StoreError: the database failed.
    """
    company_id, channels = company_of(options), _channels(options)

    async def run(community: Community) -> int:
        templates = None if options.templates is None else Templates.load(options.templates)
        async with PostOffice(
            community,
            company_id,
            channels=channels,
            all_channels=options.all_channels,
            templates=templates,
            zone=options.zone,
            patience=options.patience,
            since_change=options.since_change,
        ) as office:
            if options.check:
                return await _check(channels)
            if options.every is not None:
                return await _forever(office, options.every)
            report = await office.run_once(dry_run=options.dry_run)
            say(report)
            return int(report.needs_attention)

    return with_community(options, run)


def run_undelivered(options: argparse.Namespace) -> int:
    """List undelivered letters, retry or dismiss some.

    Args:
        options: those of `undelivered`.

    Returns:
        The exit code: 0, or 1 when letters are undelivered.

    Raises:
        ConfigurationError: something is missing or wrong, or there is no such letter.
        StoreError: the database failed.
    """
    channels = _channels(options) if options.retry else ()

    async def work(office: PostOffice) -> int:
        for name in options.retry or ():
            say(await office.retry(name))
        for name in options.dismiss or ():
            if not options.by or not options.why:
                raise errors.ConfigurationError("--dismiss needs --by and --why")
            say(await office.dismiss(name, by=options.by, why=options.why))
        if options.retry or options.dismiss:
            return 0
        found = await office.undelivered(older_than=options.older_than)
        for letter in found:
            say(letter)
        for contact in await office.bounced():
            say(contact)
        say(f"{len(found):,} letters are undelivered")
        return int(bool(found))

    return _with_office(options, work, channels)


def run_list(options: argparse.Namespace) -> int:
    """List the messages in quarantine.

    Args:
        options: `database` and `company`.

    Returns:
        The exit code: 0, or 1 when there are any.

    Raises:
        ConfigurationError: an option is missing.
        StoreError: the database failed.
    """

    async def work(office: PostOffice) -> int:
        found = await office.quarantined()
        for message in found:
            say(message)
        say(f"{len(found):,} messages are in quarantine")
        return int(bool(found))

    return _with_office(options, work)


def run_show(options: argparse.Namespace) -> int:
    """Show a message.

    Args:
        options: `database`, `company`, `id` and `output`.

    Returns:
        The exit code: 0.

    Raises:
        ConfigurationError: an option is missing, or there is no such message.
        StoreError: the database failed.
        OSError: the file cannot be written.
    """

    async def work(office: PostOffice) -> int:
        message, raw = await office.message(options.id)
        say(message)
        if message.act is not None:
            say(f"it asks for: {message.act}")
        if options.output is not None:
            await asyncio.to_thread(Path(options.output).write_bytes, raw)
            say(f"{len(raw):,} bytes written to {options.output}; do not open attachments")
        else:
            # What somebody sent must not control a terminal.
            say(paragraphs(raw.decode("utf-8", "replace")))
        return 0

    return _with_office(options, work)


def run_replay(options: argparse.Namespace) -> int:
    """Carry out a message in quarantine.

    Args:
        options: `database`, `company`, `id` and `by`.

    Returns:
        The exit code: 0, or 1 when the rules refuse it.

    Raises:
        ConfigurationError: an option is missing, or there is no such message in quarantine.
        StoreError: the database failed.
    """

    async def work(office: PostOffice) -> int:
        message = await office.replay(options.id, by=options.by)
        say(message)
        return int(message.state == MessageState.QUARANTINED)

    return _with_office(options, work)


def run_discard(options: argparse.Namespace) -> int:
    """Decide that a message in quarantine is not carried out.

    Args:
        options: `database`, `company`, `id`, `by` and `why`.

    Returns:
        The exit code: 0.

    Raises:
        ConfigurationError: an option is missing, or there is no such message in quarantine.
        StoreError: the database failed.
    """

    async def work(office: PostOffice) -> int:
        say(await office.discard(options.id, by=options.by, why=options.why))
        return 0

    return _with_office(options, work)


def _with_office(
    options: argparse.Namespace,
    work: Callable[[PostOffice], Awaitable[T]],
    channels: Sequence[Channel] = (),
) -> T:
    company_id = company_of(options)

    async def run(community: Community) -> T:
        async with PostOffice(community, company_id, channels=channels) as office:
            return await work(office)

    return with_community(options, run)


def _channels(options: argparse.Namespace) -> list[Channel]:
    """The channels in the order of preference.

    Raises:
        ConfigurationError: none is named, one is unknown, or its settings are missing.
    """
    named = options.channel or [
        name.strip() for name in os.environ.get(_VARIABLE, "").split(",") if name.strip()
    ]
    if not named:
        raise errors.ConfigurationError(
            f"give --channel, or set {_VARIABLE} in the environment to names out of "
            f"{', '.join(sorted(CHANNELS))}"
        )
    unknown = [name for name in named if name not in CHANNELS]
    if unknown:
        raise errors.ConfigurationError(
            f"{unknown[0]} is no channel; name some of {', '.join(sorted(CHANNELS))}"
        )
    return [CHANNELS[name]() for name in dict.fromkeys(named)]


async def _check(channels: Sequence[Channel]) -> int:
    for channel in channels:
        facts = await channel.check()
        say(f"{channel.name}: " + ", ".join(f"{name} {value}" for name, value in facts.items()))
    return 0


async def _forever(office: PostOffice, every: timedelta) -> int:
    """Passes until a signal; one that has begun is finished."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(one, stop.set)
    code = 0
    while not stop.is_set():
        try:
            report = await office.run_once()
        except errors.StoreUnavailable as error:
            sys.stderr.write(f"{error}\n")
            code = 1
        else:
            code = int(report.needs_attention)
            if report.steps or report.unavailable:
                say(report)
                sys.stdout.flush()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every.total_seconds())
    return code
