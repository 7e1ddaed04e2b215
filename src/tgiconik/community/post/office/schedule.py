"""When a letter is tried again, given up or tracked, and what news changes: pure rules."""

from datetime import datetime, timedelta
from typing import Final

from tgiconik.community.post.channel import SendState

#: How long a letter is tried before it is given up.
PATIENCE: Final = timedelta(hours=24)
#: How long a process has for one letter or message before another one may take it over.
LEASE: Final = timedelta(minutes=5)
#: How long a sent letter is asked for. Networks keep a file some 30 days.
TRACKED_FOR: Final = timedelta(days=30)
#: How long a reply to a letter is taken.
TOKENS_VALID_FOR: Final = timedelta(days=90)

_FIRST_DELAY: Final = timedelta(minutes=1)
_LONGEST_DELAY: Final = timedelta(hours=4)
_TRACK_FIRST: Final = timedelta(minutes=5)
_TRACK_LAST: Final = timedelta(hours=6)

#: No news comes after these.
FINAL: Final = frozenset({
    SendState.DELIVERED, SendState.DUPLICATE, SendState.VALIDATION_ERROR, SendState.FAILED,
    SendState.BOUNCED, SendState.ANSWERED, SendState.OVERTAKEN, SendState.GIVEN_UP,
})  # fmt: skip
#: The partner does not have the letter, and nobody will change that unasked.
REFUSED: Final = frozenset({
    SendState.GIVEN_UP, SendState.FAILED, SendState.VALIDATION_ERROR, SendState.BOUNCED,
    SendState.ON_HOLD,
})  # fmt: skip
#: The network has the letter, and the partner does not have it yet.
UNDER_WAY: Final = frozenset({
    SendState.SENT, SendState.BATCHED, SendState.IN_PROGRESS, SendState.READY_FOR_PICKUP,
})  # fmt: skip


def delay(attempt: int) -> timedelta:
    """How long to wait after a failed try: from a minute, three times as long each time.

    Args:
        attempt: number of the try that failed, from 1.
    """
    return min(_FIRST_DELAY * int(3 ** min(attempt - 1, 10)), _LONGEST_DELAY)


def next_try(
    attempt: int, since: datetime, now: datetime, patience: timedelta = PATIENCE
) -> datetime | None:
    """When to try again; None if it is to be given up.

    Args:
        attempt: number of the try that failed, from 1.
        since: since when the letter is tried.
        now: the time.
        patience: how long it is tried.
    """
    return None if now - since >= patience else min(now + delay(attempt), since + patience)


def next_look(sent_at: datetime, now: datetime) -> datetime | None:
    """When to ask again what became of a letter; None if it is not asked for any more.

    The intervals grow with the letter's age.

    Args:
        sent_at: when it was sent.
        now: the time.
    """
    age = now - sent_at
    if age >= TRACKED_FOR:
        return None
    return now + min(max(age / 4, _TRACK_FIRST), _TRACK_LAST)


def state_after(before: SendState, news: SendState) -> SendState:
    """The state of a sent letter after news of it, in whatever order they come.

    Args:
        before: its state.
        news: what a channel learned.
    """
    if before in {SendState.WAITING, SendState.OVERTAKEN, SendState.GIVEN_UP, SendState.ANSWERED}:
        # It was not sent, or is dealt with.
        return before
    if news in {SendState.ANSWERED, SendState.BOUNCED}:
        return news
    is_ours = news in {SendState.WAITING, SendState.OVERTAKEN, SendState.GIVEN_UP}
    return before if is_ours or before in FINAL else news
