"""Faults of the mail server and of the network of mailboxes, in one table.

    server.faults.append(Fault("DATA", "drop_after"))
    server.faults.append(Fault("RENAME", "refuse", times=None))

A fault names the command or step that it happens to. The servers of a sandbox share one table,
`sandbox.channel_faults`; a mail server that stands alone has its own.

| command or step | faults | where |
| --- | --- | --- |
| `MAIL`, `RCPT`, `DATA`, `AUTH` | drop, drop_after, drop_within, delay, refuse | SMTP |
| `LOGIN`, `SELECT`, `UID FETCH`, `UID MOVE`, … | the same | IMAP |
| `READ` | drop | SFTP: a file is read |
| `WRITE` | drop_within, refuse | SFTP: a file is written |
| `RENAME` | refuse, refuse_after | SFTP: a file is renamed |
| `SEND` | hold, fail, refuse | the network takes a file: it is on hold, failed, or invalid |
| `SEND AGAIN` | refuse | the network takes a file of a name that was sent before |
| `ARRIVE` | late, twice, half | a file comes into a mailbox |
| `ACCEPT` | refuse | a file that was read is not moved to `ACCEPTED` |
| `SHOW` | late | Lens shows a file |
| `CATCH UP` | reverse | what was late happens |
"""

from enum import StrEnum

import anyio
import attrs


class FaultKind(StrEnum):
    """The effect of a fault on a command or step."""

    #: The connection ends before the command is carried out.
    DROP = "drop"
    #: The command is carried out, and the connection ends before the answer.
    DROP_AFTER = "drop_after"
    #: The command is carried out in part, or its answer begins, and the connection ends.
    DROP_WITHIN = "drop_within"
    #: The command takes longer.
    DELAY = "delay"
    #: The server refuses.
    REFUSE = "refuse"
    #: The command is carried out, and the server answers that it was not.
    REFUSE_AFTER = "refuse_after"
    #: A file is put on hold.
    HOLD = "hold"
    #: A file fails.
    FAIL = "fail"
    #: It happens with `MailboxNetwork.catch_up`.
    LATE = "late"
    #: It happens a second time, under another name.
    TWICE = "twice"
    #: The first half happens now, and the rest with `catch_up`.
    HALF = "half"
    #: It happens in the reverse order.
    REVERSE = "reverse"


@attrs.define
class Fault:
    """A fault that is to happen.

    Attributes:
        command: the command or step it happens to, such as `DATA`, `UID FETCH` or `RENAME`.
        kind: what happens.
        answer: the words of a refusal or failure: for SMTP with its code, for IMAP the words after
            `NO`.
        seconds: how long, for a delay.
        skip: how many commands go well before.
        times: how many commands it happens to after that; None for all.
    """

    command: str
    kind: FaultKind = attrs.field(converter=FaultKind)
    answer: str = attrs.field(default="451 4.3.0 try later", kw_only=True)
    seconds: float = attrs.field(default=0, kw_only=True)
    skip: int = attrs.field(default=0, kw_only=True)
    times: int | None = attrs.field(default=1, kw_only=True)


class Faults(list[Fault]):
    """The faults that are to happen. Append them, and clear or remove what is over."""

    # So that a misspelt name is an error.
    __slots__ = ()

    def due(self, command: str, *kinds: FaultKind) -> Fault | None:
        """The fault that happens to a command now. It is counted.

        Args:
            command: the command or step.
            kinds: the kinds that can happen here; any if there are none.
        """
        for fault in tuple(self):
            if fault.command != command or fault.times == 0:
                continue
            if kinds and fault.kind not in kinds:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
            return fault
        return None


async def wait_for(fault: Fault | None) -> None:
    """Take the time of a delay.

    Args:
        fault: the fault that is due, or None.
    """
    if fault is not None and fault.kind == FaultKind.DELAY:
        await anyio.sleep(fault.seconds)
