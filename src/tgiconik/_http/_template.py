"""Paths without the ids in them, for logs, traces and counters."""

import re
from typing import Final

#: A word of an API's path: lower case with `-` and `_`, capitalized words, or a version. Ids and
#: tokens have digits, or no such shape.
_WORD: Final = re.compile(
    r"[a-z]{1,20}(?:[-_][a-z]{1,20}){0,4}2?|(?:[A-Z]{1,3}[a-z]{2,20}){1,5}|API|e2e|s3|v[0-9]{1,2}",
    re.ASCII,
)
_ID: Final = "{id}"


def path_template(pattern: str) -> str:
    """The path of an operation, with `{id}` in each place that `build` fills.

    Args:
        pattern: as `build` was given it, with `{}`.
    """
    return pattern.replace("{}", _ID)


def masked_path(path: str) -> str:
    """A path that a caller wrote whole, with `{id}` for each segment that may be an id.

    Args:
        path: with or without a query, which is left out.
    """
    segments = path.partition("?")[0].split("/")
    return "/".join(
        segment if not segment or _WORD.fullmatch(segment) else _ID for segment in segments
    )
