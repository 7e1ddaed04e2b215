"""Letters: written once, sent by the right channel, tried for hours, and never lost from sight."""

from datetime import timedelta

import pytest

from tgiconik import errors
from tgiconik.community.post import PostStep, Step
from tgiconik.community.post.channel import Outgoing, SendState, Tracking

from ..world import World  # noqa: TID252 - one world for all letters
from .scripted import (
    ANNA,
    BEN,
    CARL,
    Clock,
    ScriptedChannel,
    a_world,
    activity,
    deliver,
    move,
    new_request,
    office,
)

DOWN = errors.PostUnavailable("scripted at post.test does not answer")
REFUSED = errors.PostError("scripted at post.test refuses https://post.test/secret")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    return a_world(clock=clock)


@pytest.fixture
def channel() -> ScriptedChannel:
    return ScriptedChannel()


async def test_a_change_is_told_once(world: World, channel: ScriptedChannel) -> None:
    post = office(world, channel)
    id_ = new_request(world)
    first, second = await post.run_once(), await post.run_once()
    assert [(one.letter.record_id, one.letter.partner_id) for one in channel.sent] == [(id_, ANNA)]
    assert first.count(Step.SENT) == 1
    assert second.steps == ()
    assert not second.needs_attention


async def test_an_office_that_is_switched_on_tells_nothing_of_the_past(
    world: World, channel: ScriptedChannel
) -> None:
    post = office(world, channel, since_change=None)
    new_request(world)
    assert (await post.run_once()).steps == ()
    later = new_request(world)
    await post.run_once()
    assert [one.letter.record_id for one in channel.sent] == [later]


async def test_where_an_office_began_is_kept(world: World, channel: ScriptedChannel) -> None:
    new_request(world)
    await office(world, channel, since_change=None).run_once()
    await office(world, channel, since_change=0).run_once()
    assert channel.sent == []


async def test_letters_go_by_the_first_channel_that_reaches_the_partner(world: World) -> None:
    first = ScriptedChannel(reached=[BEN], title="first")
    second = ScriptedChannel(title="second")
    for partner_id in (ANNA, BEN):
        new_request(world, partner_id)
    await office(world, first, second).run_once()
    assert [one.letter.partner_id for one in first.sent] == [BEN]
    assert [one.letter.partner_id for one in second.sent] == [ANNA]


async def test_letters_go_by_all_channels_if_asked_and_have_a_name_on_each(world: World) -> None:
    channels = [ScriptedChannel(title=one) for one in ("first", "second")]
    new_request(world)
    await office(world, *channels, all_channels=True).run_once()
    assert len({name for one in channels for name in one.names()}) == 2
    assert len({letter.letter.id for one in channels for letter in one.sent}) == 1


async def test_a_delivery_that_was_revoked_meanwhile_is_not_sent(
    world: World, channel: ScriptedChannel, clock: Clock
) -> None:
    document = world.add("/documents", {"title": "A film"})["id"]
    post = office(world, channel)
    deliver(world, document)
    channel.failures = [DOWN]
    await post.run_once()
    deliver(world, document, state="revoked")
    clock.forward(minutes=2)
    await post.run_once()
    assert [str(one.letter.kind) for one in channel.sent] == ["withdrawal"]
    assert "secret-7" not in channel.sent[0].letter.text
    assert await post.undelivered() == ()


async def test_a_letter_is_written_as_things_are_when_it_is_sent(
    world: World, channel: ScriptedChannel
) -> None:
    """Between two letters of a pass something may change."""
    ids = [new_request(world), new_request(world)]

    def withdraw(_: object) -> None:
        channel.on_send = lambda _: None
        move(world, ids[1], "withdrawn", by=ANNA)

    channel.on_send = withdraw
    report = await office(world, channel).run_once()
    assert [one.letter.record_id for one in channel.sent] == ids[:1]
    assert report.count(Step.OVERTAKEN) == 1


async def test_a_letter_that_waits_is_overtaken_by_one_of_a_higher_revision(
    world: World, channel: ScriptedChannel, clock: Clock
) -> None:
    post = office(world, channel)
    channel.failures = [DOWN]
    id_ = new_request(world)
    await post.run_once()
    move(world, id_, "in_review")
    clock.forward(hours=1)
    await post.run_once()
    assert [one.letter.revision for one in channel.sent] == [2]


async def test_a_letter_is_tried_again_with_growing_patience_under_the_same_name(
    world: World, channel: ScriptedChannel, clock: Clock
) -> None:
    post = office(world, channel)
    new_request(world)
    seen: list[Outgoing] = []
    channel.on_send = seen.append
    channel.failures = [DOWN, DOWN, DOWN]
    for minutes in (0, 0.5, 0.5, 2, 1, 9):
        clock.forward(minutes=minutes)
        await post.run_once()
    assert [one.attempt for one in seen] == [1, 2, 3, 4]
    assert len({one.name for one in seen}) == 1
    assert len({tuple(one.tokens) for one in seen}) == 1
    assert len({one.tokens["media@gc-pa.test"].token for one in seen}) == 1
    assert len(channel.sent) == 1


async def test_what_does_not_go_after_patience_is_given_up_and_seen_everywhere(
    world: World, channel: ScriptedChannel, clock: Clock
) -> None:
    post = office(world, channel, patience=timedelta(hours=6))
    id_ = new_request(world)
    channel.failures = [DOWN] * 100
    report = await post.run_once()
    assert report.needs_attention is False  # it is tried again
    for _ in range(20):
        clock.forward(hours=1)
        report = await post.run_once()
    (letter,) = await post.undelivered()
    assert letter.state == SendState.GIVEN_UP
    assert letter.record_id == id_
    assert report.undelivered == 1
    assert report.needs_attention
    (entry,) = activity(world)
    assert entry["kind"] == "post.given_up"
    assert entry["partner_id"] == ANNA
    assert (entry["subject_type"], entry["subject_id"]) == ("requests", id_)
    assert entry["detail"]["letter"] == letter.name
    tried = 100 - len(channel.failures)
    assert 4 < tried < 12


async def test_a_refused_letter_is_given_up_at_once_without_links_in_the_reason(
    world: World, channel: ScriptedChannel
) -> None:
    post = office(world, channel)
    new_request(world)
    channel.failures = [REFUSED]
    report = await post.run_once()
    (letter,) = await post.undelivered()
    assert report.count(Step.GIVEN_UP) == 1
    assert "refuses" in letter.text
    assert "secret" not in f"{letter}{report}{activity(world)}"


async def test_a_letter_that_was_given_up_goes_when_it_is_retried(
    world: World, channel: ScriptedChannel, clock: Clock
) -> None:
    post = office(world, channel)
    new_request(world)
    channel.failures = [REFUSED]
    await post.run_once()
    (letter,) = await post.undelivered()
    clock.forward(days=9)
    await post.retry(letter.name)
    channel.failures = [DOWN]  # patience is new as well
    await post.run_once()
    clock.forward(minutes=2)
    await post.run_once()
    assert channel.names() == [letter.name]
    assert await post.undelivered() == ()


async def test_only_undelivered_letters_are_retried_or_dismissed(
    world: World, channel: ScriptedChannel
) -> None:
    post = office(world, channel)
    new_request(world)
    await post.run_once()
    (name,) = channel.names()
    with pytest.raises(errors.ConfigurationError, match="is not undelivered: it is sent"):
        await post.retry(name)
    with pytest.raises(errors.ConfigurationError, match="is not undelivered: it is sent"):
        await post.dismiss(name, by="Eva", why="called")
    with pytest.raises(errors.ConfigurationError, match="has no letter LTR"):
        await post.retry("LTR")


async def test_a_letter_to_an_unreached_partner_is_undelivered_until_the_profile_is_complete(
    world: World, channel: ScriptedChannel
) -> None:
    channel.reached = []
    post = office(world, channel)
    new_request(world)
    await post.run_once()
    (letter,) = await post.undelivered()
    assert "no channel reaches the partner" in letter.text
    assert letter.channel == ""
    with pytest.raises(errors.ConfigurationError, match="still no channel reaches GC-PA"):
        await post.retry(letter.name)
    channel.reached = [ANNA]
    await post.retry(letter.name)
    await post.run_once()
    assert channel.names() == [letter.name]


async def test_a_dismissed_letter_is_out_of_sight_and_the_log_has_who_and_why(
    world: World, channel: ScriptedChannel
) -> None:
    post = office(world, channel)
    new_request(world)
    channel.failures = [REFUSED]
    await post.run_once()
    (letter,) = await post.undelivered()
    done = await post.dismiss(letter.name, by="Eva", why="I called them")
    assert done.state == SendState.OVERTAKEN
    assert await post.undelivered() == ()
    assert activity(world)[-1]["actor"] == "Eva"
    assert activity(world)[-1]["detail"]["note"] == "I called them"


async def test_a_server_that_is_down_is_left_alone_and_other_channels_go_on(world: World) -> None:
    broken = ScriptedChannel(reached=[ANNA], title="broken", failures=[DOWN] * 100)
    sound = ScriptedChannel(title="sound")
    for partner_id in (ANNA,) * 6 + (BEN, CARL):
        new_request(world, partner_id)
    report = await office(world, broken, sound).run_once()
    assert len(sound.sent) == 2
    assert report.count(Step.FAILED) == 3
    assert report.unavailable == {"broken": "scripted at post.test does not answer"}
    assert report.needs_attention


async def test_a_letter_that_breaks_a_channel_stops_no_other(
    world: World, channel: ScriptedChannel
) -> None:
    channel.failures = [ZeroDivisionError("1/0")]
    new_request(world)
    new_request(world, BEN)
    report = await office(world, channel).run_once()
    assert report.count(Step.FAILED) == 1
    assert [one.letter.partner_id for one in channel.sent] == [BEN]


async def test_wrong_credentials_end_the_pass_and_lose_nothing(
    world: World, channel: ScriptedChannel
) -> None:
    channel.failures = [errors.ConfigurationError("scripted refuses the password")]
    new_request(world)
    post = office(world, channel)
    with pytest.raises(errors.ConfigurationError, match="refuses the password"):
        await post.run_once()
    await post.run_once()
    assert len(channel.sent) == 1


async def test_a_dry_run_says_the_same_and_writes_nothing(
    world: World, channel: ScriptedChannel, clock: Clock
) -> None:
    post = office(world, channel)
    new_request(world)
    before = list(world.store._idle[0].iterdump())
    dry = await post.run_once(dry_run=True)
    assert list(world.store._idle[0].iterdump()) == before
    assert channel.sent == []
    assert dry.dry_run
    done = await post.run_once()
    written = [one for one in done.steps if one.step == Step.WRITTEN]
    assert list(dry.steps) == written
    channel.failures = [DOWN]
    new_request(world)
    await post.run_once()
    clock.forward(hours=1)
    dry = await post.run_once(dry_run=True)
    assert [(one.step, one.id) for one in dry.steps] == [
        (one.step, one.id) for one in (await post.run_once()).steps
    ]


async def test_progress_is_told_each_step_after_it_is_stored(
    world: World, channel: ScriptedChannel
) -> None:
    told: list[PostStep] = []
    new_request(world)
    report = await office(world, channel).run_once(progress=told.append)
    assert tuple(told) == report.steps


async def test_an_office_without_channels_looks_only(world: World) -> None:
    post = office(world)
    assert await post.undelivered() == ()
    with pytest.raises(errors.ConfigurationError, match="at least one channel"):
        await post.run_once()


async def test_channels_are_closed_with_the_office(world: World, channel: ScriptedChannel) -> None:
    async with office(world, channel):
        assert channel.closed == 0
    assert channel.closed == 1


@pytest.mark.parametrize(
    "how", [{"patience": timedelta(0)}, {"letters_per_pass": 0}, {"since_change": -1}]
)
def test_settings_that_make_no_sense_are_refused(world: World, how: dict[str, object]) -> None:
    with pytest.raises(errors.ConfigurationError):
        office(world, ScriptedChannel(), **how)


async def test_sent_letters_are_tracked_in_one_question_until_their_end(
    world: World, channel: ScriptedChannel, clock: Clock
) -> None:
    post = office(world, channel)
    for partner_id in (ANNA, BEN):
        new_request(world, partner_id)
    await post.run_once()
    anna, ben = channel.names()
    channel.news = {anna: Tracking(name=anna, state=SendState.DELIVERED)}
    clock.forward(minutes=6)
    report = await post.run_once()
    assert channel.asked == [sorted([anna, ben])]
    assert report.count(Step.TRACKED) == 1
    clock.forward(hours=7)
    await post.run_once()
    assert channel.asked[1:] == [[ben]]
    clock.forward(days=31)
    await post.run_once()
    await post.run_once()
    clock.forward(days=1)
    await post.run_once()
    assert len(channel.asked) == 3  # the network has forgotten it


@pytest.mark.parametrize("state", ["failed", "validation_error", "on_hold"])
async def test_a_letter_that_the_network_does_not_deliver_is_undelivered(
    world: World, channel: ScriptedChannel, clock: Clock, state: str
) -> None:
    post = office(world, channel)
    new_request(world)
    await post.run_once()
    (name,) = channel.names()
    channel.news[name] = Tracking(name=name, state=SendState(state), text="see https://x.test/s")
    clock.forward(minutes=6)
    await post.run_once()
    (letter,) = await post.undelivered()
    assert letter.state == state
    assert activity(world)[-1]["kind"] == f"post.{state}"
    assert "x.test/s" not in str(activity(world))


async def test_a_letter_that_is_under_way_for_too_long_is_undelivered(
    world: World, channel: ScriptedChannel, clock: Clock
) -> None:
    post = office(world, channel)
    new_request(world)
    await post.run_once()
    assert await post.undelivered() == ()
    clock.forward(hours=2)
    assert len(await post.undelivered(older_than=timedelta(hours=1))) == 1
    clock.forward(days=1)
    assert len(await post.undelivered()) == 1


async def test_what_a_channel_cannot_track_is_sent_and_no_more(
    world: World, channel: ScriptedChannel, clock: Clock
) -> None:
    channel.tracked = False
    post = office(world, channel)
    new_request(world)
    await post.run_once()
    clock.forward(days=3)
    await post.run_once()
    assert channel.asked == []
    assert await post.undelivered() == ()


async def test_letters_go_while_messages_cannot_be_collected(
    world: World, channel: ScriptedChannel
) -> None:
    """Mail comes in by another server than it goes out."""
    channel.down = True
    new_request(world)
    report = await office(world, channel).run_once()
    assert len(channel.sent) == 1
    assert report.unavailable == {"scripted": "scripted at post.test does not answer"}
