"""What an event keeps of what it is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik.workflows.audit import EventKind

from .stories import event

HOST = "app.iconik.io"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (f"Film: https://{HOST}/share/1-2, until May.", f"Film: https://{HOST}/…, until May."),
        (f"(https://{HOST}/share/1)", f"(https://{HOST}/…)"),
        (f"HTTPS://{HOST}?key=1#2", f"HTTPS://{HOST}/…"),
        ("https://user:pw@host/x", "https://host/…"),
        ("sftp://user:pw@host", "sftp://host"),
        ("https://one.test/a\nhttps://two.test/b", "https://one.test/…\nhttps://two.test/…"),
        (f"See {HOST}.", f"See {HOST}."),
        ("16:9 or 4:3 // either", "16:9 or 4:3 // either"),
    ],
)
def test_of_a_link_in_a_text_its_host_is_kept(written: str, kept: str) -> None:
    told = event(EventKind.COMMENTED, text=written, title=written)

    assert (told.text, told.title) == (kept, kept)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text("ab/:?#@.,;)", max_size=20))
def test_no_way_in_is_left_and_what_was_kept_stays_so(text: str, path: str) -> None:
    told = event(EventKind.COMMENTED, text=f"{text} https://{HOST}/share/hush{path} {text}")

    assert told.text is not None
    assert "hush" not in told.text.replace(text, "")
    assert event(EventKind.COMMENTED, text=told.text).text == told.text
