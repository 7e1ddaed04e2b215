"""Errors leave the package without the local variables of its frames, and callers keep theirs."""

import traceback
from typing import Any

import pytest

from tgiconik import errors
from tgiconik._frames import forget_locals, without_locals
from tgiconik._http._surface import Surface

CANARY = "canary-4711"


def shown(error: BaseException) -> str:
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(
        f"{frame.name}: {frame.locals}"
        for frame in told.stack
        if not frame.name.startswith("test_")
    )


def fail(body: dict[str, str]) -> None:
    copied = dict(body)
    raise errors.ConfigurationError(f"{len(copied)} fields")


# The frames of modules of ours alone are emptied, and this one is to be taken for one.
OURS: dict[str, Any] = {"__name__": "tgiconik.pretended", "fail": fail, "errors": errors}
exec(  # noqa: S102 - a function whose module is called as ours are
    """
def plainly(body):
    fail(body)

async def later(self, body):
    inner = body
    try:
        fail(inner)
    except errors.ConfigurationError as error:
        raise errors.Inconsistent("so") from error
""",
    OURS,
)


def test_a_function_shows_nothing() -> None:
    with pytest.raises(errors.ConfigurationError) as raised:
        without_locals(OURS["plainly"])({"password": CANARY})

    assert CANARY not in shown(raised.value)
    assert "plainly" in shown(raised.value)


async def test_a_method_shows_nothing_nor_do_the_errors_behind_its_own() -> None:
    class Service(Surface):
        call: Any = OURS["later"]
        _private: Any = OURS["later"]

    service = Service()
    with pytest.raises(errors.Inconsistent) as raised:
        await service.call({"password": CANARY})

    assert CANARY not in shown(raised.value)
    assert raised.value.__cause__ is not None
    assert CANARY not in shown(raised.value.__cause__)

    with pytest.raises(errors.Inconsistent) as raised:
        await service._private({"password": CANARY})
    assert CANARY in shown(raised.value)


def test_frames_of_callers_are_left_alone() -> None:
    with pytest.raises(errors.ConfigurationError) as raised:
        fail({"password": CANARY})

    forget_locals(raised.value)

    assert CANARY in shown(raised.value)


def test_groups_and_circles_of_errors_are_gone_through_once() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__context__, other.__context__ = other, one

    forget_locals(ExceptionGroup("both", [one, other]))
