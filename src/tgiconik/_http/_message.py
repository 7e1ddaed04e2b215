"""Calls and answers as plain values: what is sent and what came back, without any I/O.

Services build a `Call` with `build`, a `Session` turns it into an `Answer`, and `problem` says
which error an answer is. Everything a caller gave (ids, query values) is checked and quoted here.
"""

import json
import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlencode

import attrs

from tgiconik import errors
from tgiconik._http._template import masked_path, path_template
from tgiconik._models import rfc3339, writable
from tgiconik._secrets import (
    MASK,
    Hidden,
    Mask,
    Secret,
    secrets_in_answer,
    secrets_in_body,
    secrets_in_headers,
    secrets_in_query,
    shown_url,
)
from tgiconik._validate import with_zone

Scalar: TypeAlias = str | int | float | bool | datetime | date
QueryValue: TypeAlias = Scalar | Sequence[Scalar] | None

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_KEY_HEADER: Final = "Idempotency-Key"
#: Methods that HTTP itself says may be repeated.
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_MOST_MESSAGES: Final = 20
_REQUEST_ID_HEADERS: Final = ("x-request-id", "request-id", "x-correlation-id", "traceparent")


@attrs.frozen(kw_only=True)
class Call:
    """One request, as data.

    Attributes:
        path: expanded and quoted, beginning with a slash.
        pattern: the path before ids were put into it, with `{}` for each.
        shown: the same path as errors and logs may show it.
        query: name and value pairs, in order; encoded when sent.
        secrets: what is secret in the path, or was signed into it.
        headers: what this call sends besides the session's own headers.
        content: the encoded body.
        repeatable: may be sent again after its answer was lost.
        authenticated: carries the session's credentials.
        base: another origin than the session's.
        accepts: statuses besides 2xx that the platform's documents promise, such as a redirect.
    """

    method: str
    path: str = attrs.field(repr=False)
    pattern: str = attrs.field(default="", repr=False, eq=False)
    shown: str
    query: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    secrets: tuple[str, ...] = attrs.field(default=(), repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    content: bytes | None = attrs.field(default=None, repr=False)
    repeatable: bool = False
    authenticated: bool = True
    base: str | None = None
    accepts: Collection[int] = ()

    @property
    def template(self) -> str:
        """The path with `{id}` for each id: for logs, traces and counters."""
        return path_template(self.pattern)

    @property
    def only_reads(self) -> bool:
        """Whether it changes nothing. What is written twice at no harm carries a key."""
        if self.method == "POST":
            return self.repeatable and _KEY_HEADER not in self.headers
        return self.method in _READS

    def mask(self, credentials: Mapping[str, str], content: bytes = b"") -> Mask:
        """Masks all that is secret in this call, and in its answer.

        Args:
            credentials: the session's, by whatever name.
            content: the answer's body.
        """

        def secrets() -> Iterator[str]:
            yield from credentials.values()
            yield from secrets_in_headers({**credentials, **self.headers})
            yield from self.secrets
            yield from secrets_in_query(self.query)
            yield from secrets_in_body(self.content)
            yield from secrets_in_answer(content)

        return Mask(secrets)

    def url(self, base: str) -> str:
        """The URL to send this to, below `base` unless the call names its own origin."""
        query = f"?{urlencode(self.query, quote_via=quote)}" if self.query else ""
        return f"{self.base or base}{self.path}{query}"

    def shown_url(self, base: str) -> str:
        """The URL as errors and logs may show it."""
        query = f"?{urlencode(self.query, quote_via=quote)}" if self.query else ""
        return shown_url(f"{self.base or base}{self.shown}{query}")


@attrs.frozen(kw_only=True)
class Answer:
    """The response to a call. Header names are lower-case.

    Attributes:
        call: the call.
        url: where it went, as errors and logs may show it.
        status: HTTP status code.
        headers: by lower-case name.
        content: the body.
        credentials: the session's own, of which its headers were made.
    """

    call: Call
    url: str
    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    content: bytes = attrs.field(repr=False)
    credentials: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)

    @property
    def mask(self) -> Mask:
        """Masks what errors may not show: what is secret in the call, and in this answer.

        A call's own headers and body may hold secrets too: a log-in, a share, a new user.
        """
        return self.call.mask(self.credentials, self.content)

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced, never an error."""
        return self.content.decode("utf-8", errors="replace")

    @property
    def request_id(self) -> str | None:
        """The platform's id of this call, when it gave one."""
        return next((self.headers[n] for n in _REQUEST_ID_HEADERS if n in self.headers), None)

    def json(self) -> Any:  # noqa: ANN401 - JSON is what it is
        """The parsed body; None for an empty one.

        Raises:
            UnreadableResponse: the body is not JSON.
        """
        if not self.content.strip():
            return None
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            why = str(error)
        # Not within the handler: the parser's error has the whole body.
        kind = self.headers.get("content-type", "no content type")
        raise unreadable(self, f"not JSON ({kind}): {why}")


_NOTHING: Final = object()
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_NO_SEGMENT: Final = frozenset({"", ".", ".."})


def build(
    method: str,
    path: str,
    *ids: str,
    query: Mapping[str, QueryValue] | None = None,
    json: object = _NOTHING,
    form: Mapping[str, str] | None = None,
    content: bytes | None = None,
    content_type: str | None = None,
    headers: Mapping[str, str | None] | None = None,
    repeatable: bool = False,
    authenticated: bool = True,
    base: str | None = None,
    accepts: Collection[int] = (),
) -> Call:
    """A call from a path template and what fills it.

    Args:
        method: HTTP method.
        path: template with one `{}` for each of `ids`.
        ids: what a caller names in the path; each becomes exactly one path segment.
        query: None is left out, a time is RFC 3339 in UTC, a list the same name several times.
        json: the body as JSON; None is the JSON null.
        form: the body as `application/x-www-form-urlencoded`.
        content: the body as bytes.
        content_type: what those bytes are.
        headers: headers of this call alone; a None is left out.
        repeatable: the call only reads, or carries an idempotency key.
        authenticated: send the session's credentials.
        base: another origin than the session's.
        accepts: statuses besides 2xx that the platform's documents promise.

    Raises:
        ConfigurationError: a method that is no word, an id that cannot be one path segment, a
            header value that is not printable ASCII, or text that cannot be encoded.
    """
    if not (method.isascii() and method.isalpha()):
        raise errors.ConfigurationError(f"{method!r} is no method of HTTP")
    sent = {name: header(name, value) for name, value in (headers or {}).items() if value}
    if json is not _NOTHING:
        content, content_type = _to_json(json), "application/json"
    elif form is not None:
        content, content_type = urlencode(form).encode(), "application/x-www-form-urlencoded"
    if content_type is not None and content is not None:
        sent["Content-Type"] = content_type
    segments = [_segment(id_) for id_ in ids]
    return Call(
        method=method,
        path=path.format(*segments),
        pattern=path,
        shown=path.format(*map(_shown_segment, ids, segments)),
        query=tuple(_pairs(query or {})),
        secrets=tuple(id_ for id_ in ids if isinstance(id_, Secret)),
        headers=Hidden(sent),
        content=content,
        repeatable=repeatable or method in _IDEMPOTENT,
        authenticated=authenticated,
        base=base,
        accepts=accepts,
    )


def build_literal(
    method: str,
    path: str,
    *,
    query: Mapping[str, QueryValue] | None = None,
    json: object = None,
    headers: Mapping[str, str | None] | None = None,
    repeatable: bool = False,
) -> Call:
    """A call whose path a caller wrote whole.

    Args:
        method: HTTP method.
        path: from the slash on, percent-encoded where it needs to be.
        query: names and values; a None is left out.
        json: the body; None for no body.
        headers: headers of this call alone.
        repeatable: the call only reads, whatever its method.

    Raises:
        ConfigurationError: as `literal_path` and `build` do.
    """
    body: dict[str, Any] = {} if json is None else {"json": json}
    path = literal_path(path, query)
    call = build(method, path, query=query, headers=headers, repeatable=repeatable, **body)
    return attrs.evolve(call, pattern=masked_path(path))


def literal_path(path: str, query: Mapping[str, QueryValue] | None = None) -> str:
    """A path that a caller wrote whole, as a template of `build` without places to fill.

    Raises:
        ConfigurationError: it does not begin with a slash, has characters that no path has, or has
            a query although another one is given.
    """
    if not path.startswith("/") or not path.isprintable() or "#" in path:
        raise errors.ConfigurationError(f"{path!r} is not a path that begins with a slash")
    if query and "?" in path:
        raise errors.ConfigurationError(f"{path!r} has a query, and query= is given too")
    return _encodable(path).replace("{", "%7B").replace("}", "%7D")


def _id_text(id_: object) -> str:
    """An id, which is text: None, or the thing itself, would name something else."""
    if isinstance(id_, str):
        return id_
    kind = type(id_).__name__
    has_id = isinstance(getattr(id_, "id", None), str)
    hint = f"; give the {kind}'s .id" if has_id else "; str(…) makes it text"
    if id_ is None:
        hint = "; was it read from something that has none?"
    raise errors.ConfigurationError(f"an id must be text, not {kind}{hint}")


def secret_id(id_: str) -> Secret:
    """An id that is itself a credential (a reset hash, say): sent in a path, but never shown.

    Raises:
        ConfigurationError: it is not text.
    """
    return Secret(_id_text(id_))


def _segment(id_: str) -> str:
    if _id_text(id_) in _NO_SEGMENT or _CONTROL.search(id_):
        raise errors.ConfigurationError(f"{id_!r} cannot be an id in a path")
    return quote(_encodable(id_), safe="")


def _shown_segment(id_: str, segment: str) -> str:
    return MASK if isinstance(id_, Secret) else segment


def basic(user_and_password: bytes) -> str:
    """The value of an `Authorization` header as HTTP Basic has it (RFC 7617)."""
    return f"Basic {b64encode(user_and_password).decode()}"


def header(name: str, value: str) -> str:
    """A value as a header can carry it, and nothing beside it.

    Raises:
        ConfigurationError: it cannot.
    """
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise errors.ConfigurationError(
            f"the value of header {name} must be printable ASCII without blanks around it"
        )
    return value


def _pairs(query: Mapping[str, QueryValue]) -> Iterable[tuple[str, str]]:
    for name, value in query.items():
        if value is None:
            continue
        for one in value if isinstance(value, list | tuple) else [value]:
            yield _encodable(name), _encodable(_query_text(name, one))


def _query_text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return rfc3339(with_zone(value, name))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return str(value)
    raise errors.ConfigurationError(
        f"{name} must be text, a number, a boolean, a time or a list of them, "
        f"not {type(value).__name__}"
    )


def _to_json(value: object) -> bytes:
    try:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode()
    # Not a number, a cycle, or half a character, as file names that are no UTF-8 have. The error of
    # half a character has all of the text.
    except (ValueError, RecursionError) as error:
        why = "half a character" if isinstance(error, UnicodeEncodeError) else str(error)
        raise errors.ConfigurationError(f"this cannot be sent as JSON: {why}") from None
    except TypeError:
        place, kind = next(_not_json(value, "body"), ("body", "this"))
        raise errors.ConfigurationError(
            f"{place} cannot be sent as JSON: it is a {kind}. Give text, a number, a boolean, "
            "None, a list or a mapping"
        ) from None


def _not_json(value: object, place: str) -> Iterator[tuple[str, str]]:
    """Where there is something that JSON has no word for, and of which type it is."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            if isinstance(name, str):
                yield from _not_json(one, f"{place}.{name}")
            else:
                yield f"a name in {place}", type(name).__name__
    elif isinstance(value, list | tuple):
        for index, one in enumerate(value):
            yield from _not_json(one, f"{place}[{index}]")
    elif not (value is None or isinstance(value, str | int | float)):
        yield place, type(value).__name__


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise errors.ConfigurationError(f"{text!r} has half a character") from None
    return text


def unreadable(answer: Answer, message: str) -> errors.UnreadableResponse:
    """The error for an answer that came but cannot be understood."""
    return errors.UnreadableResponse(
        message,
        method=answer.call.method,
        url=answer.url,
        status=answer.status,
        excerpt=answer.text,
        request_id=answer.request_id,
        mask=answer.mask,
    )


_YES: Final = 2
#: Seconds of the longest wait that a platform is granted.
_LONGEST_WAIT: Final = 3600.0
#: In `Retry-After`; servers send fractions too, although RFC 9110 has none.
_SECONDS: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{0,20})?", re.ASCII)
#: Longer than any count; Python itself refuses to read thousands of digits.
_DIGITS: Final = 20


def problem(answer: Answer, *, at: datetime) -> errors.StatusError | None:
    """The error that an answer is, or None for one that says yes.

    A redirect is none: nothing was done, whoever answered.

    Args:
        answer: what came back.
        at: the time now, against which a `Retry-After` date counts.
    """
    if says_yes(answer):
        return None
    kind = _error_class(answer.status)
    where = {"location": answer.headers.get("location")} if kind is errors.Redirected else {}
    asked = retry_after(answer.headers, at=at)
    said = messages(answer.content)
    if asked is not None and asked > _LONGEST_WAIT:
        said.append(f"asks to wait {asked:.0f} s, of which {_LONGEST_WAIT:.0f} s count")
    return kind(
        method=answer.call.method,
        url=answer.url,
        status=answer.status,
        messages=said,
        excerpt=answer.text,
        request_id=answer.request_id,
        problem_type=problem_type(answer.content),
        retry_after=None if asked is None else min(asked, _LONGEST_WAIT),
        only_reads=answer.call.only_reads,
        mask=answer.mask,
        **where,
    )


def says_yes(answer: Answer) -> bool:
    """Whether what was asked for was done: 2xx, or what the platform's documents promise."""
    return answer.status // 100 == _YES or answer.status in answer.call.accepts


_ERROR_CLASSES: Final[Mapping[int, type[errors.StatusError]]] = {
    400: errors.BadRequest,
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    410: errors.Gone,
    412: errors.PreconditionFailed,
    422: errors.Unprocessable,
    429: errors.TooManyRequests,
    502: errors.BadGateway,
    503: errors.ServiceUnavailable,
    504: errors.GatewayTimeout,
}


def is_page(answer: Answer) -> bool:
    """Whether a page for people came, such as a proxy's log-in. Programs are answered JSON."""
    kind = answer.headers.get("content-type", "").lower()
    return "html" in kind and answer.content.lstrip()[:1] == b"<"


_FAMILIES: Final[Mapping[int, type[errors.StatusError]]] = {
    1: errors.StatusError,
    3: errors.Redirected,
    4: errors.ClientError,
}


def _error_class(status: int) -> type[errors.StatusError]:
    """The error class of a status that does not say yes: its own, or that of its family."""
    return _ERROR_CLASSES.get(status) or _FAMILIES.get(status // 100, errors.ServerError)


def retry_after(headers: Mapping[str, str], *, at: datetime) -> float | None:
    """Seconds to wait, from a `Retry-After` header in either of its two forms; else None."""
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    until = http_date(value)
    return max(0.0, (until - at).total_seconds()) if until is not None else None


def http_date(value: str) -> datetime | None:
    """A moment in UTC from the date of a header (RFC 9110); None when it is none."""
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    # A year, an hour or a zone that no calendar has.
    except (ValueError, OverflowError):
        return None


def calls_left(headers: Mapping[str, str]) -> int | None:
    """How many more calls the platform allows for now, from `RateLimit-Remaining`; else None."""
    value = headers.get("ratelimit-remaining", "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < _DIGITS else None


def messages(content: bytes) -> list[str]:
    """The messages of an error body, in whichever of the known shapes it has.

    iconik: `{"errors": ["…"]}`, where errors can also be an object or null. The collaboration
    contract: RFC 9457's `title` and `detail`. OpenText's gateway: `{"fault": {"faultstring"}}`.
    OAuth2: RFC 6749's `error` and `error_description`. Everything else, HTML too, says nothing
    here and is kept as the error's excerpt.
    """
    body = _object(content)
    fault = body.get("fault")
    found = (
        _texts(body.get("errors"))
        or _texts(fault.get("faultstring") if isinstance(fault, dict) else None)
        or _texts([body.get("title"), body.get("detail")])
        or _texts([body.get("error"), body.get("error_description")])
        or _texts(body.get("message"))
    )
    return found[:_MOST_MESSAGES]


def problem_type(content: bytes) -> str | None:
    """The `type` of a problem as RFC 9457 has it; None for `about:blank`, which says nothing."""
    kind = _object(content).get("type")
    return writable(kind) if isinstance(kind, str) and kind != "about:blank" else None


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _texts(said: object) -> list[str]:
    if isinstance(said, str):
        return [writable(said)]
    if isinstance(said, dict):
        return [
            f"{writable(name)}: {text}" for name, value in said.items() for text in _texts(value)
        ]
    if isinstance(said, list):
        return [text for value in said for text in _texts(value)]
    return []
