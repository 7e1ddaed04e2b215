"""Where a sent file is, by what Lens says of it.

One file has several entries in Lens: as it came in, as a document, as it goes out; and again for
each time that it was sent. OpenText publishes four of the texts of `status`; the others here are
its short codes in words.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from tgiconik._secrets import LinkedText
from tgiconik.community.post.channel import SendState, Tracking
from tgiconik.community.post.legible import line
from tgiconik.tradinggrid.lens import Transaction

_S = SendState
_STATES: Final[Mapping[str, SendState]] = {
    "batched": _S.BATCHED,
    "completed": _S.IN_PROGRESS,
    "processing": _S.IN_PROGRESS,
    "inprogress": _S.IN_PROGRESS,
    "inprocess": _S.IN_PROGRESS,
    "deliveryinprogress": _S.IN_PROGRESS,
    "readyforpickup": _S.READY_FOR_PICKUP,
    "delivered": _S.DELIVERED,
    "onhold": _S.ON_HOLD,
    "hold": _S.ON_HOLD,
    "deliverydisabled": _S.ON_HOLD,
    "duplicate": _S.DUPLICATE,
    "validationerror": _S.VALIDATION_ERROR,
    "failed": _S.FAILED,
    "deliveryfailed": _S.FAILED,
}
#: Of several entries of one sending, the last of these tells where the file is.
_ORDER: Final = (
    _S.SENT,
    _S.BATCHED,
    _S.IN_PROGRESS,
    _S.READY_FOR_PICKUP,
    _S.ON_HOLD,
    _S.DUPLICATE,
    _S.VALIDATION_ERROR,
    _S.FAILED,
    _S.DELIVERED,
)
_PROBLEMS: Final = frozenset({_S.ON_HOLD, _S.DUPLICATE, _S.VALIDATION_ERROR, _S.FAILED})
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST: Final = 300


def state_of(status: str | None) -> SendState:
    """The state that a text of `status` means; `sent` for one that is not known.

    Args:
        status: Lens' text, whatever its case and spaces.
    """
    letters = "".join(character for character in (status or "").lower() if character.isalpha())
    return _STATES.get(letters, SendState.SENT)


def tracking_of(name: str, entries: Iterable[Transaction]) -> Tracking:
    """Where a letter is.

    Args:
        name: the letter's `Outgoing.name`.
        entries: at least one; all entries of its file.
    """
    sendings: defaultdict[str, list[Transaction]] = defaultdict(list)
    for entry in entries:
        sendings[entry.correlationid or entry.transactionid or ""].append(entry)
    told = [_furthest(sending) for sending in sendings.values()]
    # What was sent twice is a duplicate the second time: the first time tells where it is.
    firsts = [one for one in told if state_of(one.status) is not SendState.DUPLICATE] or told
    delivered = [one for one in firsts if state_of(one.status) is SendState.DELIVERED]
    entry = max(delivered or firsts, key=_when)
    return Tracking(name=name, state=state_of(entry.status), text=_text(entry), at=_at(entry))


def _furthest(entries: list[Transaction]) -> Transaction:
    return max(entries, key=lambda one: (_ORDER.index(state_of(one.status)), _when(one)))


def _at(entry: Transaction) -> datetime | None:
    return entry.statusdate or entry.deliverycompletedtimestamp or entry.arrivaltime


def _when(entry: Transaction) -> datetime:
    return _at(entry) or _BEGINNING


def _text(entry: Transaction) -> str:
    """The error in the network's words, or a status that is not known; links are cut out."""
    said = [entry.errortype, entry.errorcode, entry.externalerrormessage]
    if state_of(entry.status) not in _PROBLEMS:
        said = []
    if state_of(entry.status) is SendState.SENT:
        said = [entry.status]
    return line(LinkedText(": ".join(one for one in said if one)).shown, _LONGEST)
