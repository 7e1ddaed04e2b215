"""The meaning of an answer of iconik: the thing itself, a job that makes it, or nothing.

A call that is answered 202 is not done yet, and one that is answered 207 not wholly. Neither ever
becomes a model without anything in it: what came is returned, or is in the error.
"""

from http import HTTPStatus
from typing import Any, TypeVar

import attrs

from tgiconik._http import Answer, unreadable
from tgiconik._models import DecodeError, Json, Model, decode, wire_names

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class JobStarted:
    """iconik has accepted the work (202), and a job does it.

    Attributes:
        job_id: the job, for `iconik.jobs.get_job`; None where iconik names none.
        body: all that iconik answered, as parsed JSON; None where that was nothing.
    """

    job_id: str | None = None
    body: Json = attrs.field(default=None, repr=False, hash=False)


def job_started(answer: Answer) -> JobStarted:
    """The job that an answer names."""
    body = answer.json()
    named = body.get("job_id") if isinstance(body, dict) else None
    return JobStarted(job_id=None if named is None else str(named), body=body)


def is_empty(answer: Answer) -> bool:
    """Whether an answer has no body: what was asked for was done, and that is all it says."""
    return answer.status == HTTPStatus.NO_CONTENT or not answer.content.strip()


def check_done(answer: Answer) -> None:
    """Look whether a call that answers with nothing was done by the time it was answered.

    Raises:
        UnreadableResponse: not yet, or not wholly.
    """
    if answer.status == HTTPStatus.ACCEPTED:
        raise unreadable(answer, _started(answer))
    if answer.status == HTTPStatus.MULTI_STATUS:
        raise unreadable(answer, "207: whether all of it was done is in the body alone")


def decoded(answer: Answer, into: type[T]) -> T:
    """The promised model.

    Raises:
        UnreadableResponse: something else came, or nothing.
    """
    if is_empty(answer):
        done = "" if answer.call.only_reads else ", and the write was done"
        raise unreadable(answer, f"no body came where one was promised{done}")
    try:
        value = decode(answer.content, into, parse=answer.json)
    except DecodeError as error:
        # Not as its cause: it quotes the body, and only our own error is masked.
        raise unreadable(answer, str(error)) from None
    if isinstance(value, Model):
        _check_form(value, answer)
    if answer.status in _NOT_WHOLLY_DONE and _is_something_else(value, answer):
        check_done(answer)
    return value


def _check_form(value: Model, answer: Answer) -> None:
    """Look whether a list came for one object, or one object for a list: neither has fields of it.

    An empty object is an empty list: what says nothing contradicts nothing.
    """
    promised_list = hasattr(type(value), "objects")
    if promised_list:
        suspicious = getattr(value, "objects", None) is None
    else:
        # Parsing twice costs; few answers of one object have the word at all.
        suspicious = b'"objects"' in answer.content
    body = answer.json() if suspicious else None
    if not isinstance(body, dict) or not body or ("objects" in body) == promised_list:
        return
    if not _own_fields(type(value)) & body.keys():
        came, promised = ("one object", "a list") if promised_list else ("a list", "one object")
        raise unreadable(answer, f"{came} came where {promised} was promised")


#: What stands around the entries of a list, in most lists.
_ENVELOPE = frozenset(
    {"objects", "facets", "page", "pages", "per_page", "total", "scroll_id"}
    | {"first_url", "last_url", "next_url", "prev_url"}
)


def _own_fields(model: type[Model]) -> set[str]:
    """The names on the wire that say that an answer is of a model."""
    names = wire_names(model)
    return names if hasattr(model, "objects") else names - _ENVELOPE


_NOT_WHOLLY_DONE = frozenset({HTTPStatus.ACCEPTED, HTTPStatus.MULTI_STATUS})


def _is_something_else(value: Any, answer: Answer) -> bool:  # noqa: ANN401 - as promised
    if not isinstance(value, Model):
        return False
    names_job = job_started(answer).job_id is not None and not hasattr(type(value), "job_id")
    return names_job or not vars(value)


def _started(answer: Answer) -> str:
    job = job_started(answer).job_id
    return f"accepted and not done yet: {f'job {job}' if job else 'a job'} does it"
