"""Text that must not be shown: as a type, and masked in the text of errors and logs.

`Secret` is text that is itself a credential. `Mask` replaces what is known to be secret in any
other text; every error of a call is masked once, when it is made.
"""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit, urlunsplit

MASK: Final = "***"

_SECRET_NAME: Final = re.compile(
    r"token|secret|passw|signature|credential|hash|nonce"
    r"|(^|[-_])(otp|code|key|sig|auth)([-_]|$)",
    re.IGNORECASE,
)
#: Names of fields whose values open something for whoever has them.
_LINK_NAME: Final = re.compile(r"(^|_)(url|link|href|uri)s?$", re.IGNORECASE)
#: Every call's URL is shown, in a log if nowhere else; most have nothing to hide.
_PLAIN: Final = re.compile(r"[^?@#]*")
_URL: Final = re.compile(
    r"\b([a-z][a-z0-9+.-]*://)([^\s/?#\"'<>\\]*)([^\s\"'<>\\]*)", re.IGNORECASE
)
_FORM_PART: Final = re.compile(rb'name="([^"]*)"\r\n\r\n(.*?)\r\n--', re.DOTALL)
_JSON_PAIR: Final = re.compile(r'"([^"\\]*)"\s*:\s*"((?:[^"\\]|\\.)*)"')
#: Characters of a body that errors look at: more cannot be shown, and a hostile one is megabytes.
LONGEST_TEXT: Final = 16 * 1024
#: Characters that a secret has at the most; what was cut may end with part of one.
_LONGEST: Final = 4 * 1024
# Shorter strings would mask ordinary words wherever a server repeats them.
_SHORTEST: Final = 6


class Secret(str):
    """Text that is a credential, such as a token or a signed link: used like any other, not shown.

    `repr` masks it, so that neither tracebacks with local variables nor the `repr` of what holds it
    show it. `str` and everything that sends it have the text itself.
    """

    __slots__ = ()

    @property
    def shown(self) -> str:
        """The part of it that may be shown."""
        return MASK

    def __repr__(self) -> str:
        return repr(self.shown)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self


class LinkedText(Secret):
    """Text for people in which links may stand: `repr` shows it with their hosts alone."""

    __slots__ = ()

    @property
    def shown(self) -> str:
        """All of it, with the links reduced to their hosts."""
        return without_links(str(self))


class Hidden(dict[str, str]):
    """Names and secret values, such as headers, that `repr` does not show."""

    def __repr__(self) -> str:
        return MASK


class Mask:
    """Replaces what is known to be secret.

    Args:
        secrets: gives the secret texts; asked when the first text is masked, which is when a call
            failed.
    """

    def __init__(self, secrets: Callable[[], Iterable[str]] = tuple[str, ...]) -> None:
        self._secrets = secrets
        self._written: list[str] | None = None

    def __call__(self, text: str) -> str:
        """The text with every one of the secrets replaced, however it is written."""
        if self._written is None:
            known = {secret for secret in self._secrets() if len(secret) >= _SHORTEST}
            written = {one for secret in known for one in _spellings(secret)}
            # The longest first: a link goes before the signature in it.
            self._written = sorted(written, key=len, reverse=True)
        for secret in self._written:
            text = text.replace(secret, MASK)
        return text

    def told(self, text: str) -> str:
        """The beginning of what a server wrote, masked: links in it lose all behind their host."""
        if len(text) <= LONGEST_TEXT:
            return without_links(self(text))
        return without_links(self(text[:LONGEST_TEXT]))[:-_LONGEST]


def is_secret_name(name: str) -> bool:
    """Whether a field, header or parameter of this name holds a credential."""
    return _SECRET_NAME.search(name) is not None


def opens_something(name: str) -> bool:
    """Whether a field of this name holds a link, which opens something for whoever has it."""
    return _LINK_NAME.search(name) is not None


def without_links(text: str) -> str:
    """The text, with links in it reduced to their hosts."""
    return _URL.sub(_host_alone, text)


def shown_url(url: str) -> str:
    """A URL fit for logs and errors: no user part, and no value of a secret-looking parameter."""
    if _PLAIN.fullmatch(url):
        return url
    parts = urlsplit(url)
    query = urlencode(
        [
            (name, MASK if is_secret_name(name) else value)
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        ],
        safe="*",
    )
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def without_query(url: str) -> str:
    """A URL of somebody else's, fit for logs and errors: no user part, query or fragment."""
    return re.sub(r"^([^?#]*?//)[^/?#]*@", r"\1", url.partition("?")[0].partition("#")[0])


def secrets_in_headers(headers: Mapping[str, str]) -> Iterator[str]:
    """The values of headers that are credentials: whole, without their scheme, and decoded."""
    for name, value in headers.items():
        if name.lower() == "authorization" or is_secret_name(name):
            scheme, _, bare = value.partition(" ")
            yield from (value, bare)
            if scheme.lower() == "basic":
                yield from _decoded(bare).split(":", 1)[1:]


def secrets_in_query(query: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The values of secret-looking parameters."""
    return (value for name, value in query if is_secret_name(name))


def secrets_in_body(content: bytes | None) -> Iterator[str]:
    """The secret texts of a body that was sent, in whichever form it is.

    They are the texts under a secret-looking name, such as `loginPassword`, at whatever depth, and
    links, wherever they stand.
    """
    if not content:
        return
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        text = content.decode(errors="replace")
        yield from secrets_in_query(parse_qsl(text))
        for name, value in _FORM_PART.findall(content):
            if is_secret_name(name.decode(errors="replace")):
                yield value.decode(errors="replace")
    else:
        yield from _secrets_in_json(body)


def secrets_in_answer(content: bytes) -> Iterator[str]:
    """The secret texts of a body that was received, as far as errors look at it."""
    if len(content) <= LONGEST_TEXT:
        yield from secrets_in_body(content)
        return
    text = content[:LONGEST_TEXT].decode(errors="replace")
    for name, value in _JSON_PAIR.findall(text):
        if is_secret_name(name) or opens_something(name):
            yield value
    yield from secrets_in_links(text)


def _secrets_in_json(body: object) -> Iterator[str]:
    ahead: list[tuple[Any, bool]] = [(body, False)]
    while ahead:
        value, secret = ahead.pop()
        if isinstance(value, dict):
            ahead += [
                (inner, secret or is_secret_name(name) or opens_something(name))
                for name, inner in value.items()
            ]
        elif isinstance(value, list):
            ahead += [(inner, secret) for inner in value]
        elif isinstance(value, str):
            if secret:
                yield value
            yield from secrets_in_links(value)


def secrets_in_links(text: str) -> Iterator[str]:
    """The links in a text, each whole, and the values of their queries."""
    if "://" not in text:
        return
    for found in _URL.finditer(text):
        link = found[0].rstrip(".,;:!?)]}")
        if found[3].strip("/"):
            yield link
            yield from (value for _, value in parse_qsl(_query_of(link)))


def _query_of(link: str) -> str:
    return link.partition("#")[0].partition("?")[2]


def _host_alone(url: re.Match[str]) -> str:
    host = url[2].rpartition("@")[2]
    return f"{url[1]}{host}{f'/{MASK}' if url[3].strip('/') else url[3]}"


def _decoded(text: str) -> str:
    try:
        return b64decode(text).decode()
    except ValueError:
        return ""


def _spellings(text: str) -> set[str]:
    """A text as it is, as JSON has it, as a URL has it, as a page shows it, as Python quotes it."""
    # Errors alone need it, and every program would pay for it when it starts.
    from html import escape  # noqa: PLC0415

    whole = text.encode(errors="replace").decode()
    in_json = {json.dumps(text, ensure_ascii=ascii_)[1:-1] for ascii_ in (True, False)}
    in_urls = {quote(whole), quote(whole, safe=""), quote_plus(whole)}
    return {text, escape(text), str.__repr__(text)[1:-1], *in_json, *in_urls}
