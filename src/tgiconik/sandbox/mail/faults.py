"""Faults of the mail server, as ordered."""

from enum import StrEnum

import anyio
import attrs


class FaultKind(StrEnum):
    """The effect of a fault on a command."""

    #: The connection ends before the command is carried out.
    DROP = "drop"
    #: The command is carried out, and the connection ends before the answer.
    DROP_AFTER = "drop_after"
    #: The answer begins, and the connection ends in the middle of it.
    DROP_WITHIN = "drop_within"
    #: The command takes longer.
    DELAY = "delay"
    #: The server refuses.
    REFUSE = "refuse"


@attrs.define(kw_only=True)
class Fault:
    """A fault that is ordered.

    Attributes:
        command: the command it happens to, such as `DATA`, `RCPT`, `UID FETCH` or `AUTH`.
        kind: what happens.
        answer: the server's answer, for a refusal, such as `451 4.3.0 try later`; for IMAP, the
            words after `NO`.
        seconds: how long, for a delay.
        skip: how many commands go well before.
        times: how many commands it happens to after that.
    """

    command: str
    kind: FaultKind = attrs.field(converter=FaultKind)
    answer: str = "451 4.3.0 try later"
    seconds: float = 0
    skip: int = 0
    times: int = 1


@attrs.define
class Faults:
    """The faults that are ordered and have not happened yet."""

    ordered: list[Fault] = attrs.field(factory=list)

    def due(self, command: str) -> Fault | None:
        """The fault that happens to a command now."""
        for fault in self.ordered:
            if fault.command != command or not fault.times:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
        return None


async def wait_for(fault: Fault | None) -> None:
    """Take the time of a delay."""
    if fault is not None and fault.kind == FaultKind.DELAY:
        await anyio.sleep(fault.seconds)
