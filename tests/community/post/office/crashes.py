"""An office on a folder channel, for a process that dies after any of its writes.

A write is a committed transaction of a pass, a file, or a move of one. What the channel was given
to send is appended to the file `sent`.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from forked import dies_after

from tgiconik.community import Community
from tgiconik.community.community import open_store
from tgiconik.community.post import PostOffice, PostReport
from tgiconik.community.post.channel import Arrival, Outgoing, Tracking
from tgiconik.community.post.folder import FolderChannel
from tgiconik.community.post.office.run import Run
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.url import parse

from ..world import COMPANY  # noqa: TID252 - one world for all letters
from .scripted import ANNA, BEN, a_world, move, new_request


class CountedChannel(FolderChannel):
    """A folder channel that tells each write, and writes down what it sent."""

    written: Callable[[], object] = staticmethod(lambda: None)
    record: Path

    @property
    def uses_tokens(self) -> bool:
        return True

    async def send(self, outgoing: Outgoing) -> Tracking:
        tracking = await super().send(outgoing)
        tokens = {contact: one.token for contact, one in outgoing.tokens.items()}
        line = json.dumps([outgoing.name, outgoing.letter.id, tokens])
        with self.record.open("a") as file:
            file.write(f"{line}\n")
        self.written()
        return tracking

    async def acknowledge(self, arrival: Arrival) -> None:
        await super().acknowledge(arrival)
        self.written()


def count_commits(written: Callable[[], object]) -> Callable[[], None]:
    """Tell each transaction of an office that is committed; returns what ends that."""
    write = Run.write

    async def counted(self: Run, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - any work
        answer = await write(self, *args, **options)
        written()
        return answer

    Run.write = counted  # type: ignore[method-assign]  # the point of this function

    def end() -> None:
        Run.write = write  # type: ignore[method-assign]

    return end


def count_writes(written: Callable[[], object], channel: CountedChannel) -> Callable[[], None]:
    """Tell each write of an office; returns what ends that."""
    channel.written = written
    return count_commits(written)


def prepare(store: BaseStore, folder: Path) -> None:
    """A company with letters to write, and messages that wait."""
    world = a_world(store)
    first = new_request(world)
    new_request(world, BEN)
    move(world, first, "in_review")
    for partner_id in (ANNA, BEN):
        for name in ("letters", "messages"):
            (folder / name / partner_id).mkdir(parents=True)
    messages: dict[str, dict[str, Any]] = {
        "1": {"kind": "request", "body": {"kind": "media_request", "subject": "By post"}},
        "2": {"kind": "comment", "noun": "requests", "record_id": first, "body": {"body": "Hi"}},
        "3": {"kind": "move", "noun": "requests", "record_id": first,
              "body": {"status": "confirmed"}, "comment": "Too early"},
        "4": {"kind": "move", "noun": "requests", "record_id": first,
              "body": {"status": "withdrawn"}},
        "5": {"kind": "nothing"},
    }  # fmt: skip
    for name, message in messages.items():
        (folder / "messages" / ANNA / f"{name}.json").write_text(json.dumps(message))


def channel_in(folder: Path) -> CountedChannel:
    channel = CountedChannel(folder / "letters", folder / "messages")
    channel.record = folder / "sent"
    return channel


async def one_pass(store: BaseStore, channel: CountedChannel) -> PostReport:
    office = PostOffice(Community(store), COMPANY, channels=[channel], since_change=0)
    return await office.run_once()


def end_state(store: BaseStore) -> dict[str, Any]:
    """All that a pass leaves in the store but times, tries and tokens."""
    with store.transaction(COMPANY, write=False) as transaction:

        def rows(columns: str, table: str) -> list[Any]:
            found = transaction.execute(f"SELECT {columns} FROM community_{table}", {})  # noqa: S608
            return sorted(map(list, found))

        return {
            "records": [
                [*key, _without_times(json.loads(fields))]
                for *key, fields in rows("noun, above, id, revision, written_by, fields", "records")
            ],
            "journal": rows("change, noun, above, id, revision, written_by", "journal"),
            "outbox": rows("name, letter, channel, revision, state, text, record", "outbox"),
            "inbox": rows("channel, message, id, raw, digest, state, reason, act", "inbox"),
            "tokens": rows("name, partner, contact, noun, record, above", "reply_tokens"),
        }


def sent_in(folder: Path) -> list[Any]:
    """What the channel was given to send: name, id and tokens of each letter."""
    return [json.loads(line) for line in (folder / "sent").read_text().splitlines()]


def _without_times(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {name: _without_times(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_times(one) for one in value]
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value
    return "a time"


def dying_pass(url: str, folder: Path, write: int) -> None:
    """One pass of a process that dies after a write; after none if that is 0."""
    channel = channel_in(folder)
    count_writes(dies_after(write), channel)
    asyncio.run(one_pass(open_store(parse(url)), channel))
