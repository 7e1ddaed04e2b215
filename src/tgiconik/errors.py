"""Every exception that tgiconik raises on purpose, as one tree.

    TgIconikError
    ├── ConfigurationError            what the caller gave cannot work; nothing was sent
    │   ├── InvalidPartnerFile        a file of partners has lines that cannot be read
    │   └── InvalidArchive            a file of a community is not as it was exported
    ├── CallError                     a call to a platform that gave no usable answer
    │   ├── ConnectionFailed          no connection, or it broke
    │   ├── TimedOut                  no answer in time (also a TimeoutError)
    │   ├── ClientClosed              its client was closed before the answer came
    │   ├── UnreadableResponse        an answer that is not what was promised
    │   ├── GraphQLError              Lens answered, but with errors
    │   └── StatusError               an answer that says no, or does not say yes
    │       ├── Redirected            3xx: somebody else answered, and nothing was done
    │       ├── ClientError           4xx
    │       │   ├── BadRequest            400
    │       │   ├── Unauthorized          401
    │       │   ├── Forbidden             403
    │       │   ├── NotFound              404
    │       │   ├── Conflict              409
    │       │   ├── Gone                  410
    │       │   ├── PreconditionFailed    412
    │       │   ├── Unprocessable         422
    │       │   ├── TooManyRequests       429
    │       │   └── LinkRefused           a storage's no to a signed link: it may have run out
    │       └── ServerError           5xx
    │           ├── BadGateway            502
    │           ├── ServiceUnavailable    503
    │           └── GatewayTimeout        504
    ├── Inconsistent                  a platform said yes and shows something else
    ├── AuditRecordAltered            an audit record is not as it was sealed
    ├── WebhookRefused                something that came to us is not from iconik, or no event
    ├── TransferError                 media that could not be moved, or not as they are
    │   ├── Unsupported               no published fact settles how to do this
    │   ├── SourceChanged             the file changed while it was sent
    │   ├── Corrupted                 what arrived is not what was sent
    │   ├── NotOnline                 the media are archived, offline or not there
    │   ├── AssetIsShared             a new version would show through links that are out
    │   └── NotReady                  a job failed, or has not finished in time
    ├── StoreError                    the database of a community did not do it
    │   ├── StoreUnavailable          locked, or not reached: try again
    │   └── StoreNotWritable          full, or it may only be read
    ├── PostError                     a letter that will not go, or a channel that refuses
    │   └── PostUnavailable           the channel's server does not answer: try again
    └── WorkflowError                 a workflow that cannot take its next step
        ├── UnknownRequest            the request to work on does not exist
        ├── UnknownAsset              an asset to answer with does not exist
        ├── UnknownIssue              the issue to work on does not exist
        ├── UnknownPartner            nothing is known of the partner to audit
        └── ClaimLost                 somebody else holds the request, or our lease ran out

Each HTTP status that is listed has its own class; other statuses raise the class of their family.
Errors carry method, URL, status, request id and an excerpt of the body. They never carry headers.
All that an error of a call carries is masked when it is made: what the client knows to be secret,
however a server repeats it, and what stands behind the host in links.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from tgiconik._secrets import Mask, without_query

__all__ = [
    "AssetIsShared",
    "AuditRecordAltered",
    "BadGateway",
    "BadRequest",
    "CallError",
    "ClaimLost",
    "ClientClosed",
    "ClientError",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "Corrupted",
    "Forbidden",
    "GatewayTimeout",
    "Gone",
    "GraphQLError",
    "Inconsistent",
    "InvalidArchive",
    "InvalidPartnerFile",
    "LinkRefused",
    "NotFound",
    "NotOnline",
    "NotReady",
    "PostError",
    "PostUnavailable",
    "PreconditionFailed",
    "Redirected",
    "ServerError",
    "ServiceUnavailable",
    "SourceChanged",
    "StatusError",
    "StoreError",
    "StoreNotWritable",
    "StoreUnavailable",
    "TgIconikError",
    "TimedOut",
    "TooManyRequests",
    "TransferError",
    "Unauthorized",
    "UnknownAsset",
    "UnknownIssue",
    "UnknownPartner",
    "UnknownRequest",
    "Unprocessable",
    "UnreadableResponse",
    "Unsupported",
    "WebhookRefused",
    "WorkflowError",
]

_EXCERPT = 500
#: Methods of HTTP that change nothing.
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def __dir__() -> list[str]:
    return list(__all__)


class TgIconikError(Exception):
    """The root: catch this to catch everything that tgiconik raises on purpose."""


class ConfigurationError(TgIconikError, ValueError):
    """Something given by the caller cannot work. Nothing was sent to any platform."""


class InvalidPartnerFile(ConfigurationError):
    """A file of partners cannot be read; nothing of it was used.

    Attributes:
        problems: the line of each problem, counted from 1, and the problem in one sentence.
    """

    def __init__(self, message: str, problems: Sequence[tuple[int, str]] = ()) -> None:
        super().__init__(message)
        self.problems: tuple[tuple[int, str], ...] = tuple(problems)


class InvalidArchive(ConfigurationError):
    """An export of a community is cut off, changed, or a newer release's; nothing was imported."""


class CallError(TgIconikError):
    """A call to a platform that gave no usable answer.

    Attributes:
        method: HTTP method, in capitals.
        url: absolute URL; secret values in it are masked.
        request_id: the platform's id of this call, for a support ticket, when it gave one.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str,
        url: str,
        request_id: str | None = None,
        mask: Mask | None = None,
    ) -> None:
        mask = mask or Mask()
        message = mask.told(message)
        super().__init__(message)
        self.message = message
        self.method = method
        self.url: str = mask(url)
        self.request_id: str | None = None if request_id is None else mask.told(request_id)

    def __str__(self) -> str:
        request = f" (request id {self.request_id})" if self.request_id else ""
        return f"{self.method} {self.url}: {self.message}{request}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only arguments do not survive Exception's own way of pickling.
        return (_rebuilt, (type(self), self.args, self.__dict__))


class ConnectionFailed(CallError):
    """No connection could be made, or it broke before the answer was whole."""


class TimedOut(CallError, TimeoutError):
    """No answer within the time that the caller allows."""


class ClientClosed(CallError):
    """The client was closed, by the end of its `async with`, before the answer came.

    Whether a call in flight had its effect is not known: run the workflow again.

    Attributes:
        not_reached: ids of the partners whom a workflow had not served by then.
    """

    not_reached: tuple[str, ...] = ()


class UnreadableResponse(CallError):
    """The platform answered, but not with what it promises: not JSON, or not of that shape.

    Attributes:
        status: HTTP status of the answer.
        excerpt: the first part of the body, as text; empty where it may hold a credential.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str,
        url: str,
        status: int,
        excerpt: str,
        request_id: str | None = None,
        mask: Mask | None = None,
    ) -> None:
        mask = mask or Mask()
        super().__init__(message, method=method, url=url, request_id=request_id, mask=mask)
        self.status = status
        self.excerpt: str = mask.told(excerpt)[:_EXCERPT]

    def __str__(self) -> str:
        begins = f"; the body begins {self.excerpt[:120]!r}" if self.excerpt else ""
        return f"{super().__str__()}{begins}"


class GraphQLError(CallError):
    """Lens understood the call but not the query, or could not answer all of it.

    Attributes:
        messages: what Lens says of it, one entry per error.
    """

    def __init__(
        self,
        messages: Sequence[str],
        *,
        method: str,
        url: str,
        request_id: str | None = None,
        mask: Mask | None = None,
    ) -> None:
        mask = mask or Mask()
        said = "; ".join(messages) or "errors without a message"
        super().__init__(said, method=method, url=url, request_id=request_id, mask=mask)
        self.messages: tuple[str, ...] = tuple(map(mask.told, messages))


class StatusError(CallError):
    """The platform answered with a status that does not say yes.

    Attributes:
        status: HTTP status.
        messages: what the platform said, taken out of whatever shape it used.
        excerpt: the first part of the body, as text.
        problem_type: what kind of problem it is, for programs: the `type` of RFC 9457, when it has
            one.
        retry_after: seconds that the platform asks to wait, when it does; an hour at the most, and
            the message says what was asked for.
        roles: roles that the platform's documents ask for this operation, when they do.
        only_reads: whether the call changes nothing, whatever its method.
    """

    #: The next step, in one sentence; part of the message.
    hint: ClassVar[str] = ""

    def __init__(
        self,
        *,
        method: str,
        url: str,
        status: int,
        messages: Sequence[str] = (),
        excerpt: str = "",
        request_id: str | None = None,
        problem_type: str | None = None,
        retry_after: float | None = None,
        only_reads: bool | None = None,
        mask: Mask | None = None,
    ) -> None:
        mask = mask or Mask()
        # Masked before it is cut: half a secret is not recognised.
        excerpt = mask.told(excerpt)
        messages = [mask.told(message)[:_EXCERPT] for message in messages]
        said = "; ".join(messages) or excerpt[:120] or "no reason given"
        super().__init__(
            f"{status} {_phrase(status)}: {said}",
            method=method,
            url=url,
            request_id=request_id,
            mask=mask,
        )
        self.status = status
        self.messages: tuple[str, ...] = tuple(messages)
        self.excerpt: str = excerpt[:_EXCERPT]
        # Programs compare it: a problem's type may be a URL.
        self.problem_type: str | None = (
            None if problem_type is None else without_query(mask(problem_type))
        )
        self.retry_after = retry_after
        self.roles: tuple[str, ...] = ()
        self.only_reads: bool = method in _READS if only_reads is None else only_reads

    def __str__(self) -> str:
        role = f"Needs the role {' or '.join(self.roles)}." if self.roles else ""
        return ". ".join(filter(None, (super().__str__(), self.next_step, role)))

    @property
    def next_step(self) -> str:
        """The next step, in one sentence; empty where there is none to advise."""
        return self.hint


class Redirected(StatusError):
    """3xx: a proxy or a login page answered in the platform's place, and nothing was done.

    Redirects are not followed: credentials go to no other host.

    Attributes:
        location: where it leads, without its query; None when it does not say.
    """

    hint = (
        "A proxy or a login page answered, and nothing was done: check the URL of the platform, "
        "and whether this network lets calls through"
    )

    def __init__(
        self,
        *,
        location: str | None = None,
        mask: Mask | None = None,
        **said: Any,  # noqa: ANN401 - as StatusError
    ) -> None:
        mask = mask or Mask()
        self.location: str | None = None if location is None else without_query(mask(location))
        super().__init__(**said, mask=mask)

    def __str__(self) -> str:
        leads = f"It leads to {self.location}" if self.location else ""
        return ". ".join(filter(None, (super().__str__(), leads)))


class ClientError(StatusError):
    """4xx: the platform will not do this as it was asked."""


class BadRequest(ClientError):
    """400: the platform finds the call malformed."""


class Unauthorized(ClientError):
    """401: the credentials are missing, wrong or expired."""

    hint = "Check the credentials of this platform"


class Forbidden(ClientError):
    """403: the credentials are good, but not for this."""

    hint = "The user behind the credentials lacks a right for this"


class NotFound(ClientError):
    """404: there is no such thing, or it is hidden from these credentials."""


class Conflict(ClientError):
    """409: the thing is in a state that does not allow this."""


class Gone(ClientError):
    """410: it was there once."""


class PreconditionFailed(ClientError):
    """412: it has changed since it was read; read it again and decide anew."""

    hint = "Read it again, and decide anew"


class Unprocessable(ClientError):
    """422: the platform understood the call and rejects its content."""


class TooManyRequests(ClientError):
    """429: too many calls, still so after the retries that the time allowed."""

    hint = "Others may be calling with the same credentials; a lower rate= asks for less"


class LinkRefused(ClientError):
    """A storage refuses a signed link, be it 400, 401, 403 or 410: mostly the link has run out."""

    hint = "Signed links run out; ask the platform for a new one"


class ServerError(StatusError):
    """5xx: the platform failed. Whether a write had its effect is not known."""

    hint = "Whether a write had its effect is not known: look, or run the workflow again"

    @property
    def next_step(self) -> str:
        """For a write, how to go on; a read had no effect to doubt."""
        return "" if self.only_reads else self.hint


class BadGateway(ServerError):
    """502: something between us and the platform failed."""


class ServiceUnavailable(ServerError):
    """503: the platform is down or overloaded."""


class GatewayTimeout(ServerError):
    """504: something between us and the platform gave up waiting."""


class Inconsistent(TgIconikError):
    """A platform took a call and shows something else when it is read back."""


class AuditRecordAltered(TgIconikError):
    """The file of an audit record is not as it was sealed; nothing of it was exported."""


class WebhookRefused(TgIconikError):
    """A received event or action of iconik is not authentic, or not one: answer 4xx."""


class TransferError(TgIconikError):
    """Media could not be moved, or would not have arrived as they are."""


class Unsupported(TransferError):
    """No published fact settles how this is done, and guessing might lose media."""


class SourceChanged(TransferError):
    """The file changed while it was sent: what has arrived is neither the old nor the new one."""


class Corrupted(TransferError):
    """The media that arrived have another size or digest than those that were sent."""


class NotOnline(TransferError):
    """The media cannot be fetched now: archived, offline, still arriving, or not there."""


class AssetIsShared(TransferError):
    """Links to the asset are out, and a new version would show through them at once."""


class NotReady(TransferError):
    """A job that makes previews failed, or has not finished in time."""


class StoreError(TgIconikError):
    """The database of a community failed. Nothing of the transaction was changed.

    Over HTTP, and with `community=`, calls raise a `ServerError` with the same words instead.
    """


class StoreUnavailable(StoreError):
    """The database is locked or was not reached: try again.

    Where the connection broke while the transaction ended, its changes may have been made; the same
    call under the same idempotency key tells.
    """


class StoreNotWritable(StoreError):
    """The database cannot take more: its disk is full, or it may only be read."""


class PostError(TgIconikError):
    """A channel of the post office refused for good: trying again changes nothing."""


class PostUnavailable(PostError):
    """A channel's server did not answer, or asked to try again later."""


class WorkflowError(TgIconikError):
    """A workflow cannot take its next step; what it did so far stands and a re-run continues."""


class UnknownRequest(WorkflowError):
    """The request to work on does not exist on Trading Grid."""


class UnknownIssue(WorkflowError):
    """The issue to work on does not exist on Trading Grid."""


class UnknownAsset(WorkflowError):
    """An asset to answer with does not exist in iconik, or is hidden from these credentials."""


class UnknownPartner(WorkflowError):
    """No profile and no event has the company id (BUID) that an audit was asked about."""


class ClaimLost(WorkflowError):
    """Somebody else works on this request, or our lease ran out: nothing more was written."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(not a status that HTTP knows)"


def _rebuilt(
    kind: type[CallError], args: tuple[object, ...], state: dict[str, object]
) -> CallError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    error.args = args
    return error
