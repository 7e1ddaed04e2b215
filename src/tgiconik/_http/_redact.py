"""Masks secret values in URLs and bodies before they are shown."""

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

MASK = "***"

_SECRET_NAME = re.compile(
    r"token|secret|passw|signature|credential|hash|(^|[-_])(code|key|sig|auth)([-_]|$)",
    re.IGNORECASE,
)
#: Every call's URL is shown, in a log if nowhere else; most have nothing to hide.
_PLAIN = re.compile(r"[^?@#]*")
# Shorter strings would mask ordinary words wherever a server repeats them.
_SHORTEST_SECRET = 6


class Hidden(dict[str, str]):
    """Headers that a traceback with its local variables does not show."""

    def __repr__(self) -> str:
        return MASK


def without_traceback(error: Exception) -> Exception:
    """An error of a library below as the cause of ours, without the frames that it came through.

    Their local variables are headers and bodies, whole.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def reason(error: Exception) -> str:
    """Why an error of a library below was raised; some leave that to the errors behind them."""
    behind: BaseException | None = error
    while behind is not None and not str(behind):
        behind = behind.__cause__ or behind.__context__
    return f"{type(error).__name__}: {behind or 'no reason given'}"


def shown_url(url: str) -> str:
    """A URL fit for logs and errors: no user part, and no value of a secret-looking parameter."""
    if _PLAIN.fullmatch(url):
        return url
    parts = urlsplit(url)
    query = urlencode(
        [
            (name, MASK if _SECRET_NAME.search(name) else value)
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        ],
        safe="*",
    )
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def secrets_in(headers: Mapping[str, str]) -> list[str]:
    """The values of headers that are credentials: whole, and without the scheme before them."""
    values = [
        value
        for name, value in headers.items()
        if name.lower() == "authorization" or _SECRET_NAME.search(name)
    ]
    return [*values, *(value.partition(" ")[2] for value in values)]


def secrets_sent(content: bytes | None) -> list[str]:
    """The texts of a JSON body that stand under a secret-looking name, such as `loginPassword`."""
    try:
        body = json.loads(content or b"")
    except (ValueError, RecursionError):
        return []
    found: list[str] = []
    ahead = [(body, False)]
    while ahead:
        value, secret = ahead.pop()
        if isinstance(value, dict):
            ahead += [
                (inner, secret or bool(_SECRET_NAME.search(name))) for name, inner in value.items()
            ]
        elif isinstance(value, list):
            ahead += [(inner, secret) for inner in value]
        elif secret and isinstance(value, str):
            found.append(value)
    return found


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text with every one of the secrets replaced, for servers that repeat what they got."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            for written in _spellings(secret):
                text = text.replace(written, MASK)
    return text


def _spellings(text: str) -> set[str]:
    """A text as it is, as JSON has it, and as a page shows it."""
    # Errors alone need it, and every program would pay for it when it starts.
    from html import escape  # noqa: PLC0415

    in_json = {json.dumps(text, ensure_ascii=ascii_)[1:-1] for ascii_ in (True, False)}
    return {text, escape(text), *in_json}
