"""A file of partners is read back as it was written, and spreadsheets run nothing of it."""

import csv
from io import StringIO
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import UNSET, errors
from tgiconik.community.partner_import import (
    ContactProfile,
    PartnerProfile,
    partner_csv,
    read_partner_csv,
    write_partner_csv,
)

#: Text of a cell: what means something in a CSV file is as likely as everything else.
TEXTS = (
    st.text(
        st.one_of(
            st.sampled_from("=+-@''\"\\;;|, ＝x"),  # noqa: RUF001 - full-width on purpose
            st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]),
        ),
        min_size=1,
        max_size=12,
    )
    .map(str.strip)
    .filter(bool)
)
IDS = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8).filter(
    lambda text: text not in {".", ".."}
)
LISTS = st.lists(TEXTS, max_size=3, unique=True).map(tuple)
CONTACTS = st.lists(
    st.builds(
        ContactProfile,
        email=st.sampled_from(["a@x.example", "=b+c@x.example", "-d@x.example"]),
        name=st.none() | TEXTS,
        role=st.none() | TEXTS,
        login_id=st.none() | TEXTS,
    ),
    max_size=3,
    unique_by=lambda one: (one.email, one.role),
).map(tuple)
PROFILES = st.lists(
    st.builds(
        PartnerProfile,
        company_id=IDS,
        name=TEXTS,
        contacts=CONTACTS,
        regions=LISTS,
        languages=st.lists(st.sampled_from(["de", "pt-BR", "zh-Hant"]), unique=True).map(tuple),
        groups=LISTS,
    ),
    max_size=4,
    unique_by=lambda one: one.company_id.casefold(),
).map(tuple)

ALPIN = PartnerProfile(company_id="GC1", name="Alpin", contacts=(), regions=("AT",), groups=())


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))


@given(PROFILES)
def test_what_is_written_is_read(profiles: tuple[PartnerProfile, ...]) -> None:
    assert read_partner_csv(partner_csv(profiles)) == profiles


@given(PROFILES)
def test_no_cell_begins_a_formula(profiles: tuple[PartnerProfile, ...]) -> None:
    for line in cells(partner_csv(profiles)):
        pieces = [piece for cell in line for piece in cell.split(";")]
        assert not [one for one in pieces if one.lstrip()[:1] in {"=", "+", "-", "@", "＝"}]  # noqa: RUF001


@given(PROFILES)
def test_a_file_in_other_delimiters_is_the_same(profiles: tuple[PartnerProfile, ...]) -> None:
    for delimiter in (";", "\t"):
        out = StringIO(newline="")
        csv.writer(out, delimiter=delimiter).writerows(cells(partner_csv(profiles)))
        assert read_partner_csv(out.getvalue().encode()) == profiles


def test_a_cell_that_is_not_written_by_us_and_begins_a_formula_gets_an_apostrophe() -> None:
    profile = PartnerProfile(company_id="GC1", name='=cmd|"/c calc"!A1')

    assert cells(partner_csv([profile]))[1] == ["GC1", '\'=cmd|"/c calc"!A1']


def test_a_partner_has_a_line_for_each_contact_and_its_lists_once() -> None:
    contacts = [ContactProfile(email=f"{one}@x.example", role=None) for one in "ab"]
    profile = PartnerProfile(
        company_id="GC1", name="Alpin", contacts=contacts, regions=["AT", "DE"]
    )

    assert cells(partner_csv([profile])) == [
        ["company id", "name", "e-mail", "role", "regions"],
        ["GC1", "Alpin", "a@x.example", "", "AT|DE"],
        ["GC1", "Alpin", "b@x.example", "", ""],
    ]


def test_a_field_that_is_unset_in_all_has_no_column() -> None:
    assert "languages" not in cells(partner_csv([ALPIN]))[0]
    assert read_partner_csv(partner_csv([ALPIN])) == (ALPIN,)


@pytest.mark.parametrize("field", ["contacts", "regions", "groups"])
def test_a_field_that_is_unset_in_some_is_refused(field: str) -> None:
    unset: Any = {field: UNSET}
    known = attrs.evolve(ALPIN, company_id="GC2", name="Fjell")
    other = attrs.evolve(known, **unset)

    with pytest.raises(errors.ConfigurationError, match="of GC2 is UNSET, and of others it is not"):
        partner_csv([ALPIN, other])


def test_a_file_is_replaced_completely_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "partners.csv"
    write_partner_csv(file, [ALPIN])
    before = file.read_bytes()

    with pytest.raises(errors.ConfigurationError):
        write_partner_csv(file, [ALPIN, PartnerProfile(company_id="GC2", name="Fjell")])

    assert file.read_bytes() == before == partner_csv([ALPIN])
    assert list(tmp_path.iterdir()) == [file]
