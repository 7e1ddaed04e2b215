"""Holds as people write them: whatever was meant for a version is never a yes for it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik.release import AssetFacts, ReasonCode, held

from .cases import POLICY, decision, facts, refusals

R = ReasonCode
FIELD = POLICY.holds_field
HELD = "1f0a3c52-7a0e-41ef-9c3c-0242ac12000b"
OTHER = "2e2b1a50-7a0e-41ef-9c3c-0242ac120002"


def holding(*values: Any, shown: str = HELD) -> AssetFacts:  # noqa: ANN401 - hostile input
    """Facts of an asset with two versions, one of which is shown, and these holds."""
    return facts(
        {FIELD: list(values)},
        version_id=shown,
        approval_version_id=shown,
        version_ids=frozenset({HELD, OTHER}),
    )


MEANT = [
    HELD,
    HELD.upper(),
    f"  {HELD}\t",
    HELD.replace("-", "\u2010"),
    HELD.replace("-", "\u2011"),
    HELD.replace("-", "\u2013"),
    HELD.replace("-", "\u2014"),
    HELD.replace("-", "\u2212"),
    HELD.replace("-", "\uff0d"),
    HELD.replace("-", "\ufe63"),
    f"\ufeff{HELD}",
    "\u200b".join(HELD),
    f"{HELD[:9]}\u00ad{HELD[9:]}\u2060",
    "".join(chr(ord(one) + 0xFEE0) if one.isalnum() else one for one in HELD),
    f'"{HELD}"',
    f"({HELD}).",
]


@pytest.mark.parametrize("written", MEANT, ids=ascii)
def test_a_hold_is_meant_for_its_version_and_no_other(written: str) -> None:
    assert refusals(decision(holding(written))) == [(R.HELD, FIELD)]
    assert decision(holding(written, shown=OTHER)).allowed


UNCLEAR = [
    HELD[:8],
    HELD[:-1],
    f"{HELD}0",
    HELD.replace("-", ""),
    HELD.replace("-", " "),
    HELD.replace("a", "\u0430"),
    HELD.replace("0", "O", 1),
    f"{HELD[:8]}…",
    "the last one",
    "3b3b3b3b-7a0e-41ef-9c3c-0242ac120003",
    "v1",
    "*",
    "none",
    "-",
    "\u200b",
    "All of them",
]


@pytest.mark.parametrize("written", UNCLEAR, ids=ascii)
@pytest.mark.parametrize("shown", [HELD, OTHER])
def test_a_hold_that_names_no_version_is_a_no_for_all(written: str, shown: str) -> None:
    made = decision(holding(written, shown=shown))

    assert (R.UNREADABLE, FIELD) in refusals(made)
    assert made.reasons[-1].message == (
        f"{FIELD} has a hold that names no version of the asset: write whole ids, or ALL."
    )


@pytest.mark.parametrize("separator", [",", ", ", " ", ";", "\n", " / ", " | ", "\u3000", " & "])
def test_one_value_may_hold_several_versions(separator: str) -> None:
    both = f"{OTHER}{separator}{HELD}"

    for shown in (HELD, OTHER):
        assert refusals(decision(holding(both, shown=shown))) == [(R.HELD, FIELD)]


def test_what_is_left_beside_an_id_could_be_a_hold_too() -> None:
    for beside in ("2e2b1a50", "and the other", "all"):
        made = decision(holding(f"{HELD}, {beside}", shown=OTHER))
        assert (R.UNREADABLE, FIELD) in refusals(made)


def test_every_value_must_name_a_version() -> None:
    made = decision(holding(HELD, "2e2b", shown=OTHER))

    assert refusals(made) == [(R.UNREADABLE, FIELD)]


@pytest.mark.parametrize("everything", ["ALL", "all", " All ", "A\u200bLL", "\uff21LL"])
def test_all_holds_everything(everything: str) -> None:
    for shown in (HELD, OTHER):
        assert refusals(decision(holding(everything, shown=shown))) == [(R.HELD, FIELD)]
    unlisted = facts({FIELD: [everything]})
    assert refusals(decision(unlisted)) == [(R.HELD, FIELD)]


def test_where_no_version_is_known_no_hold_names_one() -> None:
    bare = facts(
        {FIELD: [HELD]}, version_id=None, approval_version_id=None, version_ids=frozenset()
    )

    assert refusals(decision(bare)) == [(R.NO_VERSION, None), (R.UNREADABLE, FIELD)]


def test_an_id_that_begins_with_another_one_is_told_from_it() -> None:
    known = facts({FIELD: ["v2-b v2"]}, version_ids=frozenset({"v2", "v2-b", "v3"}))

    assert refusals(decision(known)) == [(R.HELD, FIELD)]


def test_the_holds_of_a_version_that_is_not_shown_can_be_asked_for() -> None:
    known = holding(HELD.upper(), shown=OTHER)

    assert held(POLICY, known, HELD)
    assert not held(POLICY, known, OTHER)
    assert held(POLICY, holding("ALL"), "whatever")
    for nothing in ("", " ", "\u200b"):
        assert not held(POLICY, holding("ALL"), nothing)


hyphens = st.sampled_from("-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\u02d7\ufe58\uff0d")
unseen = st.text("\u200b\u200c\u200d\u2060\ufeff\u00ad", max_size=2)


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """An id in the hand of somebody who copied it from anywhere."""
    written = [draw(hyphens if one == "-" else st.sampled_from([one, one.upper()])) for one in HELD]
    return "".join(one + draw(unseen) for one in written)


@given(spellings())
def test_however_an_id_is_spelt_its_version_is_held(written: str) -> None:
    assert refusals(decision(holding(written))) == [(R.HELD, FIELD)]


@given(st.text(min_size=1) | st.text("v0123456789abcdef-, ALl", min_size=1))
def test_whatever_else_a_hold_says_it_is_a_no_for_all(text: str) -> None:
    answers = [decision(holding(text, shown=shown)).allowed for shown in (HELD, OTHER)]

    assert answers == [False, False]
