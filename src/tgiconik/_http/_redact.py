"""What may be shown: URLs and bodies with every secret value masked."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

MASK = "***"

_SECRET_NAME = re.compile(
    r"token|secret|passw|signature|credential|hash|(^|[-_])(code|key|sig|auth)([-_]|$)",
    re.IGNORECASE,
)
# Shorter strings would mask ordinary words wherever a server repeats them.
_SHORTEST_SECRET = 6


def shown_url(url: str) -> str:
    """A URL fit for logs and errors: no user part, and no value of a secret-looking parameter."""
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


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text with every one of the secrets replaced, for servers that repeat what they got."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    return text
