"""The one table of faults of the mail server and of mailboxes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.channel_faults import Fault, FaultKind, Faults


@given(skip=st.integers(0, 5), times=st.none() | st.integers(0, 5), asked=st.integers(0, 12))
def test_a_fault_happens_as_often_as_it_says(skip: int, times: int | None, asked: int) -> None:
    faults = Faults([Fault("DATA", "drop", skip=skip, times=times)])
    happened = [faults.due("DATA") is not None for _ in range(asked)]

    after = max(asked - skip, 0)
    wanted = after if times is None else min(after, times)
    assert happened == [False] * min(skip, asked) + [True] * wanted + [False] * (after - wanted)


def test_a_fault_happens_to_its_command_where_its_kind_can() -> None:
    faults = Faults([Fault("WRITE", "refuse"), Fault("WRITE", "drop_within")])

    assert faults.due("READ") is None
    assert faults.due("WRITE", FaultKind.DROP_WITHIN) is faults[1]
    assert faults.due("WRITE", FaultKind.DROP_WITHIN) is None
    assert faults.due("WRITE") is faults[0]


def test_names_that_are_none_are_errors() -> None:
    with pytest.raises(ValueError, match="explode"):
        Fault("DATA", "explode")
    with pytest.raises(AttributeError):
        Faults().is_full = True  # type: ignore[attr-defined]


def test_the_servers_of_a_sandbox_share_its_table() -> None:
    sandbox = Sandbox(world=False)
    with sandbox.mail_server() as mail, sandbox.mailboxes() as boxes:
        assert mail.faults is sandbox.channel_faults
        assert boxes.network.faults is sandbox.channel_faults
    sandbox.close()
