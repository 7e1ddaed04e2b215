"""Parse JSON bodies from untrusted clients."""

import json
from typing import Any, NoReturn


def parse(content: bytes) -> Any:  # noqa: ANN401 - JSON
    """The decoded body.

    Raises:
        ValueError: it is not JSON, or cannot be written as JSON again: lone surrogates, NaN and
            infinity, excessive nesting.
    """
    try:
        body = json.loads(content, parse_constant=_refuse)
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return body


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
