"""Messages: stored before they are acknowledged, carried out once as their partner, or kept."""

import random
from contextlib import closing
from datetime import timedelta
from typing import Any

import attrs
import pytest

from tgiconik import errors
from tgiconik.community.community import open_store
from tgiconik.community.post import MessageState, PostOffice, Step
from tgiconik.community.post.channel import (
    Act,
    AnswerWith,
    Arrival,
    Note,
    Quarantine,
    SendState,
    Tracking,
    Trust,
    Wait,
)
from tgiconik.community.post.intent import Intent, IntentKind
from tgiconik.community.post.office import inbox
from tgiconik.community.store.interface import Place, Record
from tgiconik.community.store.url import parse

from ..world import COMPANY, NOW, World  # noqa: TID252 - one world for all letters
from .scripted import (
    ANNA,
    BEN,
    Clock,
    ScriptedChannel,
    a_world,
    act,
    activity,
    deliver,
    move,
    new_request,
    office,
    request,
)

K = IntentKind


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    return a_world(clock=clock)


@pytest.fixture
def channel() -> ScriptedChannel:
    return ScriptedChannel()


@pytest.fixture
def post(world: World, channel: ScriptedChannel) -> PostOffice:
    return office(world, channel, since_change=None)


def records(world: World, noun: str, above: str = "") -> list[Record]:
    with world.store.transaction(COMPANY, write=False) as transaction:
        return transaction.records(Place(noun, above))


def states(world: World) -> dict[str, str]:
    with world.store.transaction(COMPANY, write=False) as transaction:
        rows = transaction.execute("SELECT message, state FROM community_inbox", {})
    return {str(message): str(state) for message, state in rows}


async def test_a_request_is_made_as_the_partner_and_answered_with_a_receipt(
    world: World, channel: ScriptedChannel, post: PostOffice
) -> None:
    channel.write("m-1", request())
    report = await post.run_once()
    (made,) = records(world, "requests")
    assert made.written_by == ANNA
    assert made.fields["external_id"] == "m-1"
    assert made.fields["partner_id"] == ANNA
    assert channel.waiting == {}
    assert [str(one.letter.kind) for one in channel.sent] == ["status"]
    assert report.count(Step.APPLIED) == 1
    (entry,) = activity(world)
    assert (entry["kind"], entry["actor"]) == ("post.applied", "media@gc-pa.test")
    assert entry["subject_id"] == made.id


def launch_of(world: World) -> dict[str, str]:
    """A record of each noun that a message can be about."""
    audience = {"groups": [], "partners": [ANNA]}
    request_id = new_request(world)
    for status in ("in_review", "fulfilled"):
        move(world, request_id, status)
    project = world.add("/projects", {"kind": "launch", "name": "L", "audience": audience})["id"]
    task = world.add(
        "/projects/{projects}/tasks",
        {"kind": "todo", "title": "T", "assignee_partner_id": ANNA},
        projects=project,
    )["id"]
    document = world.add("/documents", {"title": "A film"})["id"]
    deliver(world, document)
    announcement = world.add(
        "/announcements",
        {"subject": "S", "body": "B", "audience": audience, "requires_acknowledgement": True},
    )["id"]
    return {
        "requests": request_id,
        "projects": project,
        "tasks": task,
        "documents": document,
        "announcements": announcement,
    }


@pytest.fixture
def launch(world: World) -> dict[str, str]:
    return launch_of(world)


def acts(made: dict[str, str]) -> dict[str, Act]:
    """One act of each kind."""

    def about(kind: IntentKind, noun: str, **more: Any) -> Act:  # noqa: ANN401 - as they are
        return act(kind, noun=noun, record_id=made[noun], **more)

    issue = {"subject": "I", "severity": "low", "category": "quality"}
    return {
        "a": request(),
        "b": act(K.ISSUE, body=issue),
        "c": about(K.COMMENT, "requests", body={"body": "Hello"}, files=["a.pdf"]),
        "d": about(K.MOVE, "requests", body={"status": "confirmed", "note": "Fine"}),
        "e": about(K.CONFIRM, "projects"),
        "f": about(K.ACKNOWLEDGE, "announcements"),
        "g": about(K.RECEIPT, "documents", body={"kind": "acknowledged"}),
        "h": about(K.TASK, "projects", part_id=made["tasks"], body={"status": "done"}),
        "i": about(K.EXCEPTION, "projects", body={"subject": "E"}),
    }


def outcome(world: World, made: dict[str, str]) -> dict[str, Any]:
    """All that messages change, without the ids and times that depend on their order."""
    project = f"projects/{made['projects']}"
    (moved,) = [one for one in records(world, "requests") if one.id == made["requests"]]
    return {
        "requests": sorted(one.fields["subject"] for one in records(world, "requests")),
        "issues": [one.written_by for one in records(world, "issues")],
        "comments": sorted(
            (one.fields["author"], one.fields["body"], one.fields["external_id"])
            for one in records(world, "comments", f"requests/{made['requests']}")
        ),
        "status": (moved.fields["status"], moved.fields["history"][-1]["actor"]),
        "confirmations": [one.id for one in records(world, "confirmations", project)],
        "acknowledgements": [
            one.id
            for one in records(world, "acknowledgements", f"announcements/{made['announcements']}")
        ],
        "receipts": [one.fields["kind"] for one in records(world, "receipts")],
        "tasks": [one.fields["status"] for one in records(world, "tasks", project)],
        "exceptions": [one.fields["external_id"] for one in records(world, "exceptions", project)],
        "states": states(world),
    }


async def test_an_act_of_each_kind_is_one_call_of_the_contract(
    world: World, channel: ScriptedChannel, post: PostOffice, launch: dict[str, str]
) -> None:
    for id_, one in acts(launch).items():
        channel.write(id_, one)
    await post.run_once()
    assert outcome(world, launch) == {
        "requests": ["A film", "A film"],
        "issues": [ANNA],
        "comments": [("media@gc-pa.test", "Hello", "c")],
        "status": ("confirmed", "media@gc-pa.test"),
        "confirmations": [ANNA],
        "acknowledgements": [ANNA],
        "receipts": ["acknowledged"],
        "tasks": ["done"],
        "exceptions": ["i"],
        "states": dict.fromkeys("abcdefghi", "applied"),
    }
    files = [one["detail"].get("files") for one in activity(world)]
    assert files.count(["a.pdf"]) == 1


async def test_an_illegal_move_becomes_a_comment_and_an_activity_entry(
    world: World, channel: ScriptedChannel, post: PostOffice
) -> None:
    id_ = new_request(world)
    body = {"status": "confirmed"}
    channel.write(
        "m-1", act(K.MOVE, noun="requests", record_id=id_, body=body, comment="All is fine.")
    )
    report = await post.run_once()
    (comment,) = records(world, "comments", f"requests/{id_}")
    assert comment.fields["body"] == "All is fine."
    assert comment.written_by == ANNA
    assert report.count(Step.COMMENTED) == 1
    (entry,) = activity(world)
    assert entry["kind"] == "post.move_refused"
    assert "submitted does not become confirmed" in entry["detail"]["note"]


async def test_a_move_that_is_none_of_the_partners_becomes_a_comment(
    world: World, channel: ScriptedChannel, post: PostOffice
) -> None:
    id_ = new_request(world)
    channel.write("m-1", act(K.MOVE, noun="requests", record_id=id_, body={"status": "in_review"}))
    await post.run_once()
    (comment,) = records(world, "comments", f"requests/{id_}")
    assert comment.fields["body"] == "Asked for the status in_review."
    assert records(world, "requests")[0].fields["status"] == "submitted"


@pytest.mark.parametrize(
    "wrong",
    [
        act(K.COMMENT, BEN, noun="requests", record_id="REQ-100001", body={"body": "x"}),
        act(K.MOVE, BEN, noun="requests", record_id="REQ-100001", body={"status": "withdrawn"}),
        act(K.COMMENT, noun="requests", record_id="REQ-1", body={"body": "x"}),
        act(K.COMMENT, noun="requests", record_id="\0", body={"body": "x"}),
        act(K.MOVE, noun="requests", record_id="a\0", body={"status": "withdrawn"}),
        act(K.COMMENT, noun="requests", record_id="", body={"body": "x"}),
        act(K.COMMENT, noun="documents", record_id="DOC-1", body={"body": "x"}),
        act(K.COMMENT, noun="requests", record_id="REQ-100001", body={"body": ""}),
        act(
            K.COMMENT,
            noun="requests",
            record_id="REQ-100001",
            body={"body": "x", "visibility": "internal"},
        ),
        act(K.REQUEST, body={"kind": "media_request", "subject": "x", "partner_id": BEN}),
        act(K.REQUEST, body={"kind": "no kind", "subject": "x"}),
        act(K.ISSUE, "GC-UNKNOWN", body={}),
        act(K.REQUEST, "", body={"kind": "media_request", "subject": "x"}),
        act(K.TASK, noun="projects", record_id="PRJ-1", part_id="x\0", body={"status": "done"}),
    ],
)
async def test_what_the_rules_refuse_is_kept_in_quarantine_and_changes_nothing(
    world: World, channel: ScriptedChannel, post: PostOffice, wrong: Act
) -> None:
    new_request(world)
    before = len(world.journal())
    channel.write("m-1", wrong)
    await post.run_once()
    (message,) = await post.quarantined()
    assert message.reason.startswith("refused: ")
    assert message.act == wrong
    assert len(world.journal()) == before


async def test_a_message_that_comes_again_is_carried_out_once(
    world: World, channel: ScriptedChannel, post: PostOffice
) -> None:
    for _ in range(3):
        channel.write("m-1", request())
        await post.run_once()
    assert len(records(world, "requests")) == 1
    assert channel.waiting == {}


async def test_a_connection_that_is_cut_between_store_and_acknowledge_loses_and_repeats_nothing(
    world: World, channel: ScriptedChannel, post: PostOffice
) -> None:
    channel.write("m-1", request())

    def cut(_: Arrival) -> None:
        raise errors.PostUnavailable("the connection was cut")

    channel.on_acknowledge = cut
    report = await post.run_once()
    assert report.unavailable == {"scripted": "the connection was cut"}
    assert "m-1" in channel.waiting
    channel.on_acknowledge = lambda _: None
    await post.run_once()
    assert channel.waiting == {}
    assert len(records(world, "requests")) == 1


@pytest.mark.parametrize("orders", [25, pytest.param(1000, marks=pytest.mark.enumeration)])
async def test_messages_come_to_the_same_end_in_any_order(orders: int) -> None:
    """Also twice, and in any division into passes."""
    ends = []
    for seed in range(orders):
        shuffle = random.Random(seed)  # noqa: S311 - the same orders each time
        world = a_world(clock=Clock())
        made = launch_of(world)
        channel = ScriptedChannel(reached=())
        post = office(world, channel, since_change=None)
        given = list(acts(made).items())
        shuffle.shuffle(given)
        for id_, one in given:
            channel.write(id_, one)
            if shuffle.random() < 0.2:
                channel.write(*shuffle.choice(given))  # once more, or too early
            if shuffle.random() < 0.2:
                await post.run_once()
        await post.run_once()
        ends.append(outcome(world, made))
        if seed == 0:
            assert set(ends[0]["states"].values()) == {"applied"}
    assert all(one == ends[0] for one in ends)


async def test_what_waits_for_a_proof_is_looked_at_again_and_ends_in_quarantine(
    channel: ScriptedChannel, post: PostOffice, clock: Clock
) -> None:
    until = NOW + timedelta(hours=1)
    channel.waiting["m-1"] = b""
    channel.judged["m-1"] = lambda: Wait(reason="not in Lens yet", until=until)
    for _ in range(6):
        report = await post.run_once()
        clock.forward(minutes=9)
    assert report.in_quarantine == 0
    clock.forward(minutes=10)
    await post.run_once()
    (message,) = await post.quarantined()
    assert message.reason == "waited in vain: not in Lens yet"


async def test_what_was_waited_for_comes(
    world: World, channel: ScriptedChannel, post: PostOffice, clock: Clock
) -> None:
    channel.waiting["m-1"] = b""
    channel.judged["m-1"] = lambda: Wait(reason="…", until=NOW + timedelta(days=1))
    await post.run_once()
    channel.judged["m-1"] = request
    await post.run_once()
    assert records(world, "requests") == []  # not asked again at once
    clock.forward(minutes=2)
    await post.run_once()
    assert len(records(world, "requests")) == 1


async def test_messages_wait_while_what_proves_senders_is_down(
    world: World, channel: ScriptedChannel, post: PostOffice, clock: Clock
) -> None:
    channel.write("m-1", request())
    judge = channel.judge

    async def down(*_: object) -> Any:  # noqa: ANN401 - never returns
        raise errors.PostUnavailable("Lens does not answer")

    channel.judge = down  # type: ignore[method-assign, assignment]
    report = await post.run_once()
    assert report.unavailable == {"scripted": "Lens does not answer"}
    assert states(world) == {"m-1": "stored"}
    channel.judge = judge  # type: ignore[method-assign]
    clock.forward(minutes=2)
    await post.run_once()
    assert states(world) == {"m-1": "applied"}


async def test_a_message_that_breaks_the_channel_goes_into_quarantine_alone(
    world: World, channel: ScriptedChannel, post: PostOffice
) -> None:
    channel.write("m-1", request())
    channel.waiting["m-2"] = b"\xff not JSON"
    channel.write("m-3", request("Another"))
    await post.run_once()
    assert states(world) == {"m-1": "applied", "m-2": "quarantined", "m-3": "applied"}
    assert (await post.quarantined())[0].reason == "it cannot be read: UnicodeDecodeError"


async def test_a_message_that_is_too_large_is_kept_in_part(
    world: World, channel: ScriptedChannel, post: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "LARGEST", 100_000)
    channel.waiting["m-1"] = b"x" * 100_001
    await post.run_once()
    (message,) = await post.quarantined()
    assert message.reason == "too large: of 100,001 bytes the first 65,536 are kept"
    assert message.size == 100_001
    assert len((await post.message(message.id))[1]) == 65_536
    assert channel.waiting == {}
    assert records(world, "requests") == []


async def test_ten_thousand_messages_are_bounded_work_and_letters_go_on(
    world: World, channel: ScriptedChannel
) -> None:
    post = office(world, channel, messages_per_pass=50)
    id_ = new_request(world)
    spam = act(K.COMMENT, BEN, noun="requests", record_id=id_, body={"body": "x"})
    for number in range(10_000):
        channel.write(f"m-{number}", spam)
    taken = 0
    collect = channel.collect

    async def counted() -> Any:  # noqa: ANN401 - an iterator
        nonlocal taken
        async for one in collect():
            taken += 1
            yield one

    channel.collect = counted  # type: ignore[method-assign]
    report = await post.run_once()
    assert taken == 50
    assert report.count(Step.QUARANTINED) == 50
    assert report.count(Step.SENT) == 1
    assert len(channel.waiting) == 9_950
    assert len(str(report).splitlines()) < 30
    assert activity(world) == []  # the log of the partners' records is not flooded


async def test_a_bounce_marks_the_letter_and_the_contact(
    world: World, channel: ScriptedChannel, clock: Clock
) -> None:
    post = office(world, channel)
    new_request(world)
    await post.run_once()
    (name,) = channel.names()
    tracking = Tracking(name=name, state=SendState.BOUNCED, text="550 no such user")
    channel.waiting["m-1"] = b"bounce"
    channel.judged["m-1"] = lambda: Note(
        text="550 no such user", tracking=tracking, bounced="Media@GC-PA.test"
    )
    await post.run_once()
    (letter,) = await post.undelivered()
    assert letter.state == SendState.BOUNCED
    (contact,) = await post.bounced()
    assert (contact.email, contact.partner_id) == ("Media@GC-PA.test", ANNA)
    assert {one["kind"] for one in activity(world)} == {"post.bounced"}
    clock.forward(days=91)
    assert await post.bounced() == ()


async def test_a_bounce_of_a_letter_that_never_was_marks_nobody(
    channel: ScriptedChannel, post: PostOffice
) -> None:
    tracking = Tracking(name="0-forged", state=SendState.BOUNCED)
    channel.waiting["m-1"] = b"bounce"
    channel.judged["m-1"] = lambda: Note(text="550", tracking=tracking, bounced="a@b.test")
    report = await post.run_once()
    assert report.count(Step.NOTED) == 1
    assert await post.bounced() == ()


async def test_an_answer_marks_the_letter_whatever_comes_later(
    world: World, channel: ScriptedChannel, clock: Clock
) -> None:
    post = office(world, channel)
    id_ = new_request(world)
    await post.run_once()
    (name,) = channel.names()
    comment = act(K.COMMENT, noun="requests", record_id=id_, body={"body": "x"}, answers=name)
    channel.write("m-1", comment)
    await post.run_once()
    channel.news[name] = Tracking(name=name, state=SendState.FAILED)
    clock.forward(hours=1)
    await post.run_once()
    assert channel.asked == []
    assert await post.undelivered() == ()


async def test_another_partner_cannot_answer_a_letter(
    world: World, channel: ScriptedChannel
) -> None:
    post = office(world, channel)
    new_request(world)
    await post.run_once()
    (name,) = channel.names()
    channel.write("m-1", attrs.evolve(request(partner_id=BEN), answers=name))
    await post.run_once()
    with world.store.transaction(COMPANY, write=False) as transaction:
        rows = transaction.execute(
            "SELECT state FROM community_outbox WHERE name = :name", {"name": name}
        )
    assert rows[0][0] == "sent"


async def test_a_form_is_sent_once_for_a_message_and_a_few_times_a_day(
    channel: ScriptedChannel, post: PostOffice, clock: Clock, world: World
) -> None:
    answer = AnswerWith(partner_id=ANNA, contact="media@gc-pa.test", form="media_request")
    for number in range(8):
        channel.waiting[f"m-{number}"] = b"form please"
        channel.judged[f"m-{number}"] = lambda: answer
    await post.run_once()
    await post.run_once()
    assert len(channel.forms) == 5
    assert sorted(states(world).values()) == ["answered"] * 5 + ["noted"] * 3
    clock.forward(days=1, minutes=1)
    channel.waiting["m-9"] = b""
    channel.judged["m-9"] = lambda: answer
    await post.run_once()
    assert len(channel.forms) == 6


async def test_a_form_is_tried_again_and_ends_in_quarantine(
    channel: ScriptedChannel, post: PostOffice, clock: Clock, world: World
) -> None:
    channel.waiting["m-1"] = b"form please"
    channel.judged["m-1"] = lambda: AnswerWith(partner_id=ANNA, contact="a@b.test", form="x")
    channel.failures = [errors.PostUnavailable("down")] * 1000
    await post.run_once()
    assert states(world) == {"m-1": "stored"}
    for _ in range(26):
        clock.forward(hours=1)
        await post.run_once()
    (message,) = await post.quarantined()
    assert message.reason == "the form was not sent: down"


@pytest.fixture
async def doubtful(channel: ScriptedChannel, post: PostOffice) -> str:
    """A message in quarantine that is understood."""
    channel.waiting["m-1"] = b"please"
    channel.judged["m-1"] = lambda: Quarantine(
        reason="DMARC did not pass", trust=Trust.UNVERIFIED, act=request()
    )
    await post.run_once()
    (message,) = await post.quarantined()
    return message.id


async def test_an_operator_replays_a_message_once(
    world: World, post: PostOffice, doubtful: str
) -> None:
    message = await post.replay(doubtful, by="Eva")
    assert message.state == MessageState.APPLIED
    assert [one.written_by for one in records(world, "requests")] == [ANNA]
    with pytest.raises(errors.ConfigurationError, match="is not in quarantine: it is applied"):
        await post.replay(doubtful, by="Eva")
    assert ("post.replayed", "Eva") in [(one["kind"], one["actor"]) for one in activity(world)]


async def test_a_discarded_message_stays_with_who_and_why(
    world: World, post: PostOffice, doubtful: str
) -> None:
    done = await post.discard(doubtful, by="Eva", why="a forgery")
    assert (done.state, done.handled_by) == (MessageState.DISCARDED, "Eva")
    message, raw = await post.message(doubtful)
    assert raw == b"please"
    assert "a forgery" in message.reason
    assert "DMARC did not pass" in message.reason
    assert await post.quarantined() == ()
    assert records(world, "requests") == []


async def test_what_nobody_understands_cannot_be_replayed(
    channel: ScriptedChannel, post: PostOffice
) -> None:
    channel.waiting["m-1"] = b"?"
    channel.judged["m-1"] = lambda: Quarantine(reason="it is no message")
    await post.run_once()
    (message,) = await post.quarantined()
    with pytest.raises(errors.ConfigurationError, match="cannot be replayed"):
        await post.replay(message.id, by="Eva")


@pytest.mark.parametrize("blank", ["", " "])
async def test_who_decides_is_named(post: PostOffice, doubtful: str, blank: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="by"):
        await post.replay(doubtful, by=blank)
    with pytest.raises(errors.ConfigurationError, match="why"):
        await post.discard(doubtful, by="Eva", why=blank)


async def test_a_replay_that_the_rules_refuse_stays_in_quarantine_with_the_reason(
    channel: ScriptedChannel, post: PostOffice
) -> None:
    channel.waiting["m-1"] = b"?"
    wrong = Act(
        partner_id=ANNA,
        intent=Intent(kind=K.COMMENT, noun="requests", record_id="REQ-9", body={"body": "x"}),
        sender="x@y.test",
    )
    channel.judged["m-1"] = lambda: Quarantine(reason="doubtful", act=wrong)
    await post.run_once()
    (message,) = await post.quarantined()
    again = await post.replay(message.id, by="Eva")
    assert again.state == MessageState.QUARANTINED
    assert again.reason == "refused: there is no requests/REQ-9"


async def test_a_dry_run_judges_without_storing_or_acknowledging(
    world: World, channel: ScriptedChannel, post: PostOffice
) -> None:
    channel.write("m-1", request())
    report = await post.run_once(dry_run=True)
    assert [str(one.step) for one in report.steps] == ["collected", "applied"]
    assert "m-1" in channel.waiting
    assert states(world) == {}


async def test_a_channel_that_breaks_while_it_collects_stops_no_other(
    world: World, channel: ScriptedChannel
) -> None:
    broken = ScriptedChannel(title="broken", reached=())

    async def breaking() -> Any:  # noqa: ANN401 - an iterator
        for error in [KeyError("https://post.test/secret")]:
            raise error
        yield None

    broken.collect = breaking  # type: ignore[method-assign]
    channel.write("m-1", request())
    report = await office(world, broken, channel).run_once()
    assert report.unavailable == {"broken": "broken failed unexpectedly with KeyError"}
    assert report.count(Step.APPLIED) == 1


@pytest.mark.parametrize("name", ["\0", "\ud800", "1a" * 5000, "é\U0001f600" * 4000, " ", "a/../b"])
async def test_any_name_of_a_message_is_stored_on_both_databases(url: str, name: str) -> None:
    with closing(open_store(parse(url))) as store:
        world, channel = a_world(store), ScriptedChannel()
        channel.write(name, request())
        post = office(world, channel)
        await post.run_once()
        assert channel.waiting == {}
        (made,) = world.call("GET /requests")["items"]
        channel.write(name, request())
        await post.run_once()
        assert world.call("GET /requests")["items"] == [made]
