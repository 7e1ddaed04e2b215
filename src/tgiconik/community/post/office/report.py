"""The report of a pass of the post office."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import attrs


class Step(StrEnum):
    """A step of a pass."""

    COLLECTED = "collected"
    APPLIED = "applied"
    COMMENTED = "commented"
    ANSWERED = "answered"
    NOTED = "noted"
    QUARANTINED = "quarantined"
    POSTPONED = "postponed"
    WRITTEN = "written"
    SENT = "sent"
    FAILED = "failed"
    GIVEN_UP = "given_up"
    OVERTAKEN = "overtaken"
    TRACKED = "tracked"
    BOUNCED = "bounced"


@attrs.frozen(kw_only=True)
class PostStep:
    """One step, as `progress` is told and the report lists it.

    Attributes:
        step: the step.
        channel: name of the channel; empty if there is none.
        id: name of the letter, or id of the message in the inbox.
        text: what there is to say, such as an error; in one line, without links.
    """

    step: Step
    channel: str
    id: str
    text: str = ""

    def __str__(self) -> str:
        said = f": {self.text}" if self.text else ""
        return f"{self.step} {self.id} ({self.channel or 'no channel'}){said}"


#: Steps that the text of a report lists one by one.
_LISTED: Final = (Step.GIVEN_UP, Step.FAILED, Step.QUARANTINED, Step.COMMENTED)
_LINES: Final = 20


@attrs.frozen(kw_only=True)
class PostReport:
    """The work of one pass, done or, in a dry run, to be done.

    Attributes:
        dry_run: whether nothing was written, sent or acknowledged.
        steps: what was done, in this order.
        unavailable: what the servers of channels said that could not be asked, by channel.
        undelivered: how many letters a person must look at, after this pass.
        in_quarantine: how many messages are in quarantine, after this pass.
    """

    dry_run: bool
    steps: tuple[PostStep, ...]
    unavailable: Mapping[str, str]
    undelivered: int
    in_quarantine: int

    @property
    def needs_attention(self) -> bool:
        """Whether a letter is undelivered, a message in quarantine, or a channel unavailable."""
        return bool(self.undelivered or self.in_quarantine or self.unavailable)

    def count(self, step: Step) -> int:
        """How often a step was taken.

        Args:
            step: the step.
        """
        return sum(one.step == step for one in self.steps)

    def summary(self) -> str:
        """The pass in one line, for a log or a chat."""
        left = {"undelivered": self.undelivered, "in quarantine": self.in_quarantine}
        told = _told(self._counts() | left)
        told += [f"{name} is not available" for name in self.unavailable]
        begin = "post (dry run): " if self.dry_run else "post: "
        return begin + (", ".join(told) or "nothing to do")

    def __str__(self) -> str:
        lines = ["dry run: nothing was written or sent"] if self.dry_run else []
        lines.append(", ".join(_told(self._counts())) or "nothing to do")
        shown = [one for one in self.steps if one.step in _LISTED]
        lines += [f"  {one}" for one in shown[:_LINES]]
        if len(shown) > _LINES:
            lines.append(f"  and {len(shown) - _LINES:,} more")
        lines += [f"  {name} is not available: {why}" for name, why in self.unavailable.items()]
        if self.undelivered:
            lines.append(f"{self.undelivered:,} letters are undelivered")
        if self.in_quarantine:
            lines.append(f"{self.in_quarantine:,} messages are in quarantine")
        return "\n".join(lines)

    def _counts(self) -> dict[str, int]:
        return {step.replace("_", " "): self.count(step) for step in Step}


def _told(counts: Mapping[str, int]) -> list[str]:
    return [f"{count:,} {name}" for name, count in counts.items() if count]
