"""Tracking of letters that were sent."""

from tgiconik import errors
from tgiconik.community.post.channel import SendState, Tracking
from tgiconik.community.post.office import outbox, schedule, trail
from tgiconik.community.post.office.ending import note_failure
from tgiconik.community.post.office.outbox import OutboxLetter
from tgiconik.community.post.office.report import PostStep, Step
from tgiconik.community.post.office.run import Run, Task
from tgiconik.community.store.sql import SqlTransaction

#: Letters that one question asks for.
_AT_ONCE = 500


async def track(run: Run) -> None:
    """Ask channels what became of the letters that were sent and are not at their end.

    Raises:
        ConfigurationError: a server refuses the credentials, or is not the expected one.
        StoreError: the database failed.
    """
    for name in run.channels_for(Task.TRACK):
        channel = run.settings.channels[name]
        if not channel.tracks:
            continue
        asked = await run.write(_asked, name)
        if not asked:
            continue
        try:
            news = await channel.track([letter.name for letter in asked])
        except errors.PostError as error:
            run.leave(name, Task.TRACK, error)
            continue
        except (errors.ConfigurationError, errors.StoreError):
            raise
        except Exception as error:  # noqa: BLE001 - one channel must not stop all others for good
            run.leave(name, Task.TRACK, run.unexpected(name, error))
            continue
        run.tell(await run.write(_put_all, {one.name: one for one in news}, asked))


def put_news(
    transaction: SqlTransaction, letter: OutboxLetter, tracking: Tracking
) -> list[PostStep]:
    """Write what a channel learned about a letter; nothing if that is known.

    Args:
        transaction: one that writes.
        letter: the letter.
        tracking: what was learned.
    """
    # It may have changed since it was read.
    letter = outbox.must_get(transaction, letter.name)
    state = schedule.state_after(letter.state, tracking.state)
    text = trail.one_line(tracking.text)
    if state == letter.state:
        return []
    sent_at = letter.sent_at or transaction.now
    is_open = state not in schedule.FINAL
    track_at = schedule.next_look(sent_at, transaction.now) if is_open else None
    outbox.put_news(transaction, letter.name, state, text, track_at)
    if state in schedule.REFUSED and state != SendState.GIVEN_UP:
        note_failure(transaction, f"post.{state}", letter, text)
    return [
        PostStep(step=Step.TRACKED, channel=letter.channel, id=letter.name, text=f"{state} {text}")
    ]


def _asked(transaction: SqlTransaction, channel: str) -> list[OutboxLetter]:
    """The letters to ask for; other processes do not ask for them in the same minutes."""
    found = outbox.to_track(transaction, channel, _AT_ONCE)
    for letter in found:
        sent_at = letter.sent_at or letter.since
        again = schedule.next_look(sent_at, transaction.now)
        outbox.put_look(transaction, letter.name, again)
    return found


def _put_all(
    transaction: SqlTransaction, news: "dict[str, Tracking]", asked: "list[OutboxLetter]"
) -> list[PostStep]:
    return [
        step
        for letter in asked
        if letter.name in news
        for step in put_news(transaction, letter, news[letter.name])
    ]
