"""The place of an error is a line of the user's code, whatever lies below it."""

import inspect
import json
import re
from collections.abc import Callable
from functools import partial

import attrs
import pytest

from tgiconik import errors
from tgiconik._place import name_of, place_of, type_and_place
from tgiconik.release import ReleasePolicy


def raised(function: object, *args: object) -> BaseException:
    assert callable(function)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any
        function(*args)
    return caught.value


def in_our_own_code() -> None:
    dict[str, int]()["secret"]


def in_the_standard_library() -> None:
    json.loads("secret")


def in_an_installed_package() -> None:
    attrs.fields(3)  # type: ignore[arg-type]


def in_tgiconik() -> None:
    ReleasePolicy(min_approvers="secret")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (in_our_own_code, "KeyError"),
        (in_the_standard_library, "JSONDecodeError"),
        (in_an_installed_package, "TypeError"),
        (in_tgiconik, "ConfigurationError"),
    ],
)
def test_the_innermost_line_of_the_users_is_named(function: Callable[[], None], kind: str) -> None:
    error = raised(function)

    line = inspect.getsourcelines(function)[1] + 1
    assert type_and_place(error) == f"{kind} at {__name__}:{line}"
    assert "secret" not in type_and_place(error)


def test_an_error_that_was_not_raised_has_no_place() -> None:
    assert place_of(KeyError("secret")) is None
    assert type_and_place(KeyError("secret")) == "KeyError"


def test_an_error_from_within_tgiconik_alone_has_its_innermost_line() -> None:
    error = raised(ReleasePolicy.from_toml, "")
    trace = error.__traceback__
    assert trace is not None
    error.__traceback__ = trace.tb_next

    assert isinstance(error, errors.ConfigurationError)
    assert re.fullmatch(r"tgiconik\.release:\d+", place_of(error) or "")


def test_a_function_is_named_by_module_and_name() -> None:
    class Report:
        def __call__(self) -> None: ...

        def send(self) -> None: ...

    inner = "test_a_function_is_named_by_module_and_name.<locals>.Report"
    assert name_of(in_tgiconik) == name_of(partial(in_tgiconik)) == f"{__name__}.in_tgiconik"
    assert name_of(Report()) == f"{__name__}.{inner}"
    assert name_of(Report().send) == f"{__name__}.{inner}.send"
