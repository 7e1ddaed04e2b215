"""Look for bytes that a reader lets through, for as long as one likes.

    python -m tests.fuzz [--minutes 10] [--only NAME]

Guided by what code they reach where atheris is installed, by chance elsewhere. What is found is
written out, and the exit code is 1.
"""

import argparse
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.mutation import mutated
from fuzz.targets import Target, targets


def look(target: Target, seconds: float, chance: random.Random) -> int:
    """How many inputs there were; the first that gets through is shown and raised."""
    tried = 0
    end = time.monotonic() + seconds
    pool = list(target.seeds)
    while time.monotonic() < end:
        data = mutated(pool, chance)
        tried += 1
        try:
            target.takes(data)
        except Exception:
            sys.stderr.write(f"{target.name}: {data!r}\n")
            raise
        # Some of them are the beginning of others: changes add up.
        if len(data) < 20_000 and chance.random() < 0.01:
            pool[len(target.seeds) :] = [*pool[len(target.seeds) :], data][-50:]
    return tried


def main() -> None:
    """Look at every target for its share of the time."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    chosen = [target for target in targets() if given.only in target.name]
    seed = random.SystemRandom().randrange(2**32)
    sys.stdout.write(f"seed {seed}\n")
    for target in chosen:
        tried = look(target, given.minutes * 60 / len(chosen), random.Random(seed))  # noqa: S311 - no secret
        sys.stdout.write(f"{target.name}: {tried} inputs\n")


if __name__ == "__main__":
    main()
