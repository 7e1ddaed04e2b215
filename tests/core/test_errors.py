"""The exception tree: as it is drawn, whole after a pickle, and with what to do next."""

import inspect
import pickle
import re
from typing import Any

import pytest

from tgiconik import errors

KINDS = [
    kind
    for kind in vars(errors).values()
    if inspect.isclass(kind) and issubclass(kind, errors.TgIconikError)
]
WHERE: dict[str, Any] = {"method": "GET", "url": "https://iconik.test/x", "request_id": "r-1"}


def made(kind: type[errors.TgIconikError]) -> errors.TgIconikError:
    """An error of a kind, with everything that it can carry."""
    if issubclass(kind, errors.StatusError):
        return kind(status=418, messages=["no"], excerpt="no", retry_after=3.0, **WHERE)
    if issubclass(kind, errors.UnreadableResponse):
        return kind("odd", status=200, excerpt="<html>", **WHERE)
    if issubclass(kind, errors.GraphQLError):
        return kind(["no field x"], **WHERE)
    if issubclass(kind, errors.CallError):
        return kind("broke", **WHERE)
    return kind("what happened")


def test_the_tree_in_the_docstring_is_the_tree_there_is() -> None:
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^    ((?:│   |    )*)(?:[├└]── )?(\w+)(?:  |$)", line)
        if match is None:
            continue
        is_root = match[2] == "TgIconikError"
        depth = 0 if is_root else len(match[1]) // 4 + 1
        path[depth:] = [match[2]]
        drawn[match[2]] = path[depth - 1] if depth else "Exception"

    assert drawn == {kind.__name__: kind.__mro__[1].__name__ for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_the_same_after_a_pickle(kind: type[errors.TgIconikError]) -> None:
    error = made(kind)

    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own

    assert type(again) is kind
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize("kind", [k for k in KINDS if issubclass(k, errors.CallError)])
def test_a_call_that_failed_says_which_and_by_what_id(kind: type[errors.CallError]) -> None:
    assert str(made(kind)).startswith("GET https://iconik.test/x: ")
    assert "(request id r-1)" in str(made(kind))


def test_what_to_do_next_is_part_of_the_message() -> None:
    refused = errors.Unauthorized(status=401, **WHERE)
    forbidden = errors.Forbidden(status=403, **WHERE)
    forbidden.roles = ("can_read_assets", "can_write_assets")

    assert str(refused).endswith(". Check the credentials of this platform")
    assert str(forbidden).endswith(". Needs the role can_read_assets or can_write_assets.")


def test_a_timeout_is_a_timeout_and_a_mistake_a_value_error() -> None:
    assert issubclass(errors.TimedOut, TimeoutError)
    assert issubclass(errors.ConfigurationError, ValueError)


def test_every_error_has_a_docstring() -> None:
    assert [kind.__name__ for kind in KINDS if not kind.__doc__] == []


def test_an_unknown_status_is_shown() -> None:
    assert "799 (not a status that HTTP knows)" in str(errors.ServerError(status=799, **WHERE))
