"""Reading JSON that strangers send."""

import json
from typing import Any, NoReturn


def parse(content: bytes) -> Any:  # noqa: ANN401 - JSON
    """What a body says.

    Raises:
        ValueError: it is not JSON, or JSON that could not be written again: half of a character, a
            number beyond all numbers, nesting without end.
    """
    try:
        body = json.loads(content, parse_constant=_refuse)
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return body


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
