"""The page's rows of files in mailboxes: one for each file that was sent."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from tgiconik.sandbox.page.recorder import PASSED, Recorder
from tgiconik.sandbox.page.rows import Row, facts, format_time, readable, tone
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

#: Where a word begins in texts such as `ReadyForPickup`.
_WORD: Final = re.compile("(?<=[a-z])(?=[A-Z])")


def files(state: State, recorder: Recorder) -> Iterable[Row]:
    """The files that passed through the network of mailboxes, the first first."""
    processes: defaultdict[str, list[Document]] = defaultdict(list)
    for entry in state.passed.all():
        processes[entry["correlationid"]].append(entry)
    for process, entries in processes.items():
        yield _row(process, entries, recorder)


def _row(process: str, entries: list[Document], recorder: Recorder) -> Row:
    # The last entry is that of the file as it goes out.
    last = entries[-1]
    state = readable(_WORD.sub(" ", last["status"]))
    copies = len([one for one in entries if one.get("deliveryfilename")])
    return Row(
        key=f"{PASSED}/{process}",
        name=process,
        title=last["receivefilename"],
        state=state,
        tone=tone(state),
        facts=facts(
            f"{last['senderaddress']} to {last['receiveraddress']}",
            f"{last['insize']:,} bytes",
            f"{copies} times" if copies > 1 else None,
            last.get("externalerrormessage"),
            format_time(last["statusdate"]),
        ),
        run=recorder.run_of(PASSED, process),
    )
