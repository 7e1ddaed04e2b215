"""How the examples tell what happens."""

import sys
from collections.abc import Iterable

from tgiconik.workflows import Step, Verb

_SHOWN = {Verb.DECIDED: "·", Verb.WROTE: "→", Verb.WOULD_WRITE: "?", Verb.WAITS: "…"}


def chapter(title: str) -> None:
    """A new part of the story."""
    sys.stdout.write(f"\n{title}\n")


def tell(line: str) -> None:
    """One line of it."""
    sys.stdout.write(f"  {line}\n")


def tell_steps(steps: Iterable[Step]) -> None:
    """What a workflow decided and did, and whom it waits for; what it only read is left out."""
    for step in steps:
        if step.verb in _SHOWN:
            tell(f"{_SHOWN[step.verb]} {step.what}")
