"""The independent client gets through with each of its operations, but for some that are named."""

from collections.abc import Iterator
from typing import Final

import pytest

from tgiconik.sandbox import Sandbox

from .everything import Walk
from .in_process import InProcess
from .refused import REFUSED
from .theirs import Operation, operations

SERVICES: Final = sorted({operation.service for operation in operations().values()})


@pytest.fixture(scope="module")
def wire() -> Iterator[InProcess]:
    wire = InProcess(Sandbox())
    yield wire
    wire.sandbox.close()
    wire.close()


def problems(operation: Operation, wire: InProcess) -> list[str]:
    return list(Walk(operation, wire).problems())


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_is_accepted_and_read_but_for_those_that_are_named(
    service: str, wire: InProcess
) -> None:
    walked = [each for each in operations().values() if each.service == service]
    refused = {each.name: found for each in walked if (found := problems(each, wire))}

    assert {name: found for name, found in refused.items() if name not in REFUSED} == {}
    assert {each.name for each in walked} & REFUSED.keys() == refused.keys()


def test_what_is_refused_is_told(wire: InProcess) -> None:
    (plain, *_) = problems(operations()["get_face_recognition_person"], wire)

    assert plain.startswith("plain: 404 ")


def test_more_than_nine_hundred_operations_are_gone_through() -> None:
    assert REFUSED.keys() <= operations().keys()
    assert len(operations()) - len(REFUSED) > 900
