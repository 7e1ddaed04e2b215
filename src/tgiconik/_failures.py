"""Failures as a person reads them: their kinds, and the exception group that names the first."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from tgiconik._report import one_line, shortened

_MOST_NAMED: Final = 3
_LONGEST_MESSAGE: Final = 200
#: Ids and numbers, which differ between failures of the same kind.
_VARIES: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b\w*\d\w*\b", re.IGNORECASE)


def described(error: Exception) -> str:
    """An error's type and text on one line."""
    text = one_line(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def kind_of(text: str) -> str:
    """A text without its ids and numbers, to compare it with others of the same kind."""
    return _VARIES.sub("#", one_line(text))


def failure_group(
    headline: str, failures: Iterable[tuple[str, Exception]]
) -> ExceptionGroup[Exception]:
    """All failures as one exception; its message counts them by type and names the first ones.

    Args:
        headline: the number of failures, and what failed.
        failures: who or what each failure is about, which may be empty, and the exception.
    """
    every: Sequence[tuple[str, Exception]] = list(failures)
    types = Counter(type(error).__name__ for _, error in every)
    kinds = ", ".join(f"{count:,} {name}" for name, count in types.most_common())
    first = "; ".join(
        shortened(": ".join(filter(None, (one_line(name), one_line(str(error))))), _LONGEST_MESSAGE)
        for name, error in every[:_MOST_NAMED]
    )
    more = len(every) - _MOST_NAMED
    rest = f"; and {more:,} more" if more > 0 else ""
    return ExceptionGroup(f"{headline} ({kinds}): {first}{rest}", [error for _, error in every])
