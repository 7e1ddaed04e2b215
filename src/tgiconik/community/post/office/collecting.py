"""Collects what came: each message is stored, and only then acknowledged."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from tgiconik import errors
from tgiconik.community.post.channel import Arrival, Channel
from tgiconik.community.post.office import inbox
from tgiconik.community.post.office.report import PostStep, Step
from tgiconik.community.post.office.run import Run, Task

#: Messages that are stored already and are looked through in one pass, besides the new ones.
#: A mailbox keeps what was read: what a process had read when it was killed is among these.
_MOST_KNOWN: Final = 1000


async def collect(run: Run) -> None:
    """Collect from all channels, from each no more new messages than a pass may.

    Raises:
        ConfigurationError: a server refuses the credentials, or is not the expected one.
        StoreError: the database failed.
    """
    for channel in run.settings.channels.values():
        try:
            await _collect_from(run, channel)
        except errors.PostError as error:
            run.leave(channel.name, Task.COLLECT, error)
        except (errors.ConfigurationError, errors.StoreError):
            raise
        except Exception as error:  # noqa: BLE001 - one channel must not stop all others for good
            run.leave(channel.name, Task.COLLECT, run.unexpected(channel.name, error))


async def _collect_from(run: Run, channel: Channel) -> None:
    most = run.settings.messages_per_pass
    new = 0
    async with aclosing(arrivals(channel, most + _MOST_KNOWN)) as found:
        async for arrival in found:
            stored = await run.write(inbox.add, channel.name, arrival)
            if stored is not None:
                run.tell([_collected(channel.name, stored)])
                new += 1
            await channel.acknowledge(arrival)
            if new >= most:
                return


async def arrivals(channel: Channel, limit: int) -> AsyncGenerator[Arrival, None]:
    """The first messages that wait to be collected.

    Args:
        channel: the channel.
        limit: how many at most.

    Raises:
        PostUnavailable: the server does not answer.
    """
    found = channel.collect()
    count = 0
    try:
        # Not asked for one more than is wanted: a message may be as large as a server lets it be.
        while count < limit:
            try:
                arrival = await anext(found)
            except StopAsyncIteration:
                return
            count += 1
            yield arrival
    finally:
        close = getattr(found, "aclose", None)
        if close is not None:
            await close()


def _collected(channel: str, message: inbox.Message) -> PostStep:
    is_kept_whole = message.state == inbox.MessageState.STORED
    step = Step.COLLECTED if is_kept_whole else Step.QUARANTINED
    return PostStep(step=step, channel=channel, id=message.id, text=message.reason)
