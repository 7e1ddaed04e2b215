"""Half a minute of `python -m tests.fuzz`, always the same."""

import random

import pytest

from .mutation import mutated
from .targets import Target, targets

#: Of each target.
MANY = 8_000


@pytest.mark.fuzz
@pytest.mark.timeout(600)
@pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)
def test_whatever_comes_is_read_or_refused(target: Target) -> None:
    chance = random.Random(target.name)  # noqa: S311 - no secret
    for seed in target.seeds:
        target.takes(seed)
    for _ in range(MANY):
        data = mutated(target.seeds, chance)
        try:
            target.takes(data)
        except Exception as error:
            error.add_note(f"{target.name} was given {data[:2000]!r}")
            raise
