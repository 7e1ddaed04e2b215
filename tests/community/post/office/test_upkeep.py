"""Export and import, erasure and prune know the tables of the post office, on both databases."""

import base64
import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import attrs
import pytest

from tgiconik import errors
from tgiconik.community import Community
from tgiconik.community.archive import export_to, import_from
from tgiconik.community.community import open_store
from tgiconik.community.post import PostOffice
from tgiconik.community.post.channel import Note, Quarantine, SendState, Tracking
from tgiconik.community.post.intent import IntentKind
from tgiconik.community.store import schema
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.url import parse

from ..world import COMPANY, World  # noqa: TID252 - one world for all letters
from .scripted import (
    ANNA,
    BEN,
    Clock,
    ScriptedChannel,
    a_world,
    act,
    new_request,
    office,
    request,
)

MIA = "media@gc-pa.test"
POST = ("outbox", "inbox", "reply_tokens")


@attrs.frozen
class Post:
    """A company with post of every kind."""

    store: BaseStore
    world: World
    channel: ScriptedChannel
    office: PostOffice
    clock: Clock


@pytest.fixture
def opened(url: str) -> Iterator[Callable[..., BaseStore]]:
    stores = []

    def made(at: str = url, **how: Any) -> BaseStore:  # noqa: ANN401 - as they are
        stores.append(open_store(parse(at), **how))
        return stores[-1]

    yield made
    for store in stores:
        store.close()


@pytest.fixture
async def post(opened: Callable[..., BaseStore]) -> Post:
    clock = Clock()
    store = opened(now=clock)
    world, channel = a_world(store), ScriptedChannel()
    found = Post(store, world, channel, office(world, channel), clock)
    new_request(world)
    new_request(world, BEN)
    channel.failures = [errors.PostError(f"550 no such user {MIA}")]
    await found.office.run_once()
    channel.write("m-1", request())
    mail = EmailMessage()
    mail["From"] = f"Mia Meier <{MIA}>"
    mail["Message-ID"] = f"<{MIA}>"
    mail.set_content("Grüße von Mia Meier, mia", cte="base64")
    channel.waiting[f"<{MIA}>"] = mail.as_bytes()
    comment = act(IntentKind.COMMENT, noun="requests", record_id="REQ-1", body={"body": MIA})
    channel.judged[f"<{MIA}>"] = lambda: Quarantine(reason=f"DMARC of {MIA}", act=comment)
    channel.waiting["m-3"] = b"bounce"
    bounce = Tracking(name=channel.names()[0], state=SendState.BOUNCED, text=f"no {MIA}")
    channel.judged["m-3"] = lambda: Note(text=f"no {MIA}", tracking=bounce, bounced=MIA)
    await found.office.run_once()
    return found


def raws(store: BaseStore) -> list[bytes]:
    """The contents of all messages."""
    with store.whole() as whole:
        found = whole.execute("SELECT raw FROM community_inbox", {})
        return [base64.b64decode(raw) for (raw,) in found]


def dump(store: BaseStore) -> dict[str, list[str]]:
    with store.whole() as whole:
        return {
            table: sorted(map(str, whole.execute(f"SELECT * FROM {table}", {})))  # noqa: S608
            for table in schema.TABLES
        }


async def test_an_import_has_the_post_as_it_was_and_the_office_goes_on(
    post: Post, opened: Callable[..., BaseStore], tmp_path: Path
) -> None:
    file = io.BytesIO()
    exported = export_to(post.store, file)
    assert exported.rows["letter"] >= 3
    assert exported.rows["message"] == 3
    assert exported.rows["token"] >= 2
    new = opened(f"sqlite:///{tmp_path}/imported.db", now=post.clock)
    import_from(new, io.BytesIO(file.getvalue()))
    assert dump(new) == dump(post.store)
    sent = len(post.channel.sent)
    there = PostOffice(Community(new), COMPANY, channels=[post.channel])
    post.clock.forward(minutes=20)
    await there.run_once()
    assert len(post.channel.sent) == sent
    assert len(await there.quarantined()) == 1


def test_an_archive_of_an_earlier_release_has_no_post_and_is_read(
    opened: Callable[..., BaseStore], tmp_path: Path
) -> None:
    store = opened(f"sqlite:///{tmp_path}/without.db")
    a_world(store)
    file = io.BytesIO()
    export_to(store, file)
    *lines, footer = file.getvalue().splitlines(keepends=True)
    content = json.loads(footer)
    for kind in ("letter", "message", "token"):
        assert content["footer"]["rows"].pop(kind) == 0
    old = b"".join(lines) + json.dumps(content).encode() + b"\n"
    new = opened(f"sqlite:///{tmp_path}/new.db")
    assert import_from(new, io.BytesIO(old)).rows["letter"] == 0


async def test_an_erased_person_is_in_no_letter_message_token_or_mark(post: Post) -> None:
    (erasure,) = await Community(post.store).erase(MIA)
    left = [line for table in dump(post.store).values() for line in table]
    assert [line for line in left if MIA in line] == []
    assert all(b"mia" not in one.lower() for one in raws(post.store))
    nouns = {place.noun for place in erasure.places}
    assert {*POST, "bounces"} <= nouns
    assert await Community(post.store).erase(MIA) == ()


async def test_erasure_leaves_the_post_of_others_as_it_was(post: Post) -> None:
    def tables() -> list[list[str]]:
        found = dump(post.store)
        return [found[f"community_{table}"] for table in POST]

    before = tables()
    await Community(post.store).erase("somebody@else.test")
    assert tables() == before
    await Community(post.store).erase(MIA, dry_run=True)
    assert tables() == before
    await Community(post.store).erase("media@gc-pb.test")
    assert MIA in str(dump(post.store)["community_reply_tokens"])


async def test_a_name_in_an_encoded_body_is_found(post: Post) -> None:
    """Whoever is known by name is erased from a mail that has no address in plain sight."""
    post.world.partner(ANNA, contacts=[{"email": "eva@gc-pa.test", "name": "Eva Örtel"}])
    mail = EmailMessage()
    mail.set_content("Eva Örtel says hello", cte="base64", charset="iso-8859-1")
    post.channel.waiting["m-9"] = mail.as_bytes()
    post.channel.judged["m-9"] = lambda: Note(text="hello")
    await post.office.run_once()
    await Community(post.store).erase("eva@gc-pa.test")
    assert b"" in raws(post.store)


async def test_prune_keeps_what_waits_is_undelivered_or_in_quarantine(post: Post) -> None:
    community = Community(post.store)
    post.clock.forward(days=400)
    counted = await community.prune(
        journal_older_than=timedelta(days=1), post_older_than=timedelta(days=90), dry_run=True
    )
    (pruned,) = await community.prune(
        journal_older_than=timedelta(days=1), post_older_than=timedelta(days=90)
    )
    assert counted == (pruned,)
    assert pruned.messages == 2
    assert pruned.tokens == len(set(post.channel.names())) + 1
    assert pruned.letters >= 1
    kept = await post.office.undelivered()
    assert {one.state for one in kept} == {SendState.BOUNCED, SendState.GIVEN_UP}
    assert len(await post.office.quarantined()) == 1
    (given_up, *_) = [one for one in kept if one.state in {"given_up", "bounced"}]
    sent = len(post.channel.sent)
    await post.office.retry(given_up.name)
    await post.office.run_once()
    assert len(post.channel.sent) == sent + 1


async def test_prune_keeps_the_journal_that_the_office_has_not_read(post: Post) -> None:
    id_ = new_request(post.world)
    post.clock.forward(days=400)
    await Community(post.store).prune(journal_older_than=timedelta(days=1))
    await post.office.run_once()
    assert post.channel.sent[-1].letter.record_id == id_


async def test_young_post_is_not_pruned(post: Post) -> None:
    with pytest.raises(errors.ConfigurationError, match="at least 90 days"):
        await Community(post.store).prune(post_older_than=timedelta(days=89))
    (pruned,) = await Community(post.store).prune(post_older_than=timedelta(days=90))
    assert (pruned.letters, pruned.messages, pruned.tokens) == (0, 0, 0)
