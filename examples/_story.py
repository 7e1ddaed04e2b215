"""Output of the examples: titles, lines and the steps of a workflow."""

import sys
from collections.abc import Iterable

from tgiconik.workflows import Step, Verb

_SHOWN = {Verb.DECIDED: "·", Verb.WROTE: "→", Verb.WOULD_WRITE: "?", Verb.WAITS: "…"}


def chapter(title: str) -> None:
    """Print a title."""
    sys.stdout.write(f"\n{title}\n")


def tell(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"  {line}\n")


def tell_steps(steps: Iterable[Step]) -> None:
    """Print the decisions, writes and waits of a workflow, without its reads."""
    for step in steps:
        if step.verb in _SHOWN:
            tell(f"{_SHOWN[step.verb]} {step.what}")
