"""A CSV file of partners is read completely, or refused with all of its problems."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tgiconik import UNSET, errors
from tgiconik.community.partner_import import ContactProfile, PartnerProfile, read_partner_csv

HEADER = "company id,name,contact name,e-mail,role,regions,languages,groups\n"
EVA = "GC1,Alpin Sport,Eva Huber,eva@alpin.example,media,AT;DE,de,Retail\n"


def read(text: str) -> tuple[PartnerProfile, ...]:
    return read_partner_csv(text.encode())


def contacts_of(partner: PartnerProfile) -> Sequence[ContactProfile]:
    assert partner.contacts is not UNSET
    return partner.contacts


def problems(content: str | bytes) -> list[tuple[int, str]]:
    with pytest.raises(errors.InvalidPartnerFile) as refused:
        read_partner_csv(content.encode() if isinstance(content, str) else content)
    for line, problem in refused.value.problems[:20]:
        assert f"line {line}: {problem}" in str(refused.value)
    return list(refused.value.problems)


def test_a_line_is_a_partner_with_a_contact() -> None:
    assert read(HEADER + EVA) == (
        PartnerProfile(
            company_id="GC1",
            name="Alpin Sport",
            contacts=(ContactProfile(email="eva@alpin.example", name="Eva Huber", role="media"),),
            regions=("AT", "DE"),
            languages=("de",),
            groups=("Retail",),
        ),
    )


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "partners.csv").write_text(HEADER + EVA, "utf-8")

    assert read_partner_csv(tmp_path / "partners.csv") == read(HEADER + EVA)
    assert read_partner_csv(str(tmp_path / "partners.csv")) == read(HEADER + EVA)


def test_several_lines_are_several_contacts_and_their_lists_are_joined() -> None:
    (partner,) = read(HEADER + EVA + "GC1,,Max Lang,max@alpin.example,legal,CH|AT,fr,Launch\n")

    assert [one.email for one in contacts_of(partner)] == [
        "eva@alpin.example",
        "max@alpin.example",
    ]
    assert partner.regions == ("AT", "DE", "CH")
    assert partner.languages == ("de", "fr")
    assert partner.groups == ("Retail", "Launch")


def test_lines_of_a_partner_need_not_follow_each_other() -> None:
    found = read(HEADER + EVA + "GC2,Fjell,,,,,,\n" + "GC1,,,max@alpin.example,,,,\n")

    assert [(one.company_id, len(contacts_of(one))) for one in found] == [("GC1", 2), ("GC2", 0)]


def test_a_person_with_two_roles_is_two_contacts() -> None:
    (partner,) = read(HEADER + EVA + "GC1,,Eva Huber,eva@alpin.example,legal,,,\n")

    assert [one.role for one in contacts_of(partner)] == ["media", "legal"]


def test_a_column_that_is_left_out_leaves_its_field_unset() -> None:
    (partner,) = read("BUID,Name\nGC1,Alpin Sport\n")

    assert partner == PartnerProfile(company_id="GC1", name="Alpin Sport")
    assert partner.contacts is UNSET


def test_a_column_of_contacts_that_is_left_out_leaves_theirs_unset() -> None:
    (partner,) = read("company id,name,e-mail\nGC1,Alpin Sport,eva@alpin.example\n")

    assert partner.contacts == (ContactProfile(email="eva@alpin.example"),)


def test_an_empty_cell_is_an_empty_value() -> None:
    (partner,) = read(HEADER + "GC1,Alpin Sport,,,,,,\n")

    assert (partner.contacts, partner.regions, partner.groups) == ((), (), ())


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_recognised(delimiter: str) -> None:
    text = (HEADER + 'GC1,Alpin Sport,Eva,eva@alpin.example,media,"AT|DE",de,Retail\n').replace(
        ",", delimiter
    )

    assert read(text)[0].regions == ("AT", "DE")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_system_ends_them(end: str) -> None:
    assert read((HEADER + EVA).replace("\n", end)) == read(HEADER + EVA)


@pytest.mark.parametrize(
    "header", ["Company ID,NAME", "company_id,name", "Buid,Name", "CompanyId ,name"]
)
def test_columns_are_found_in_any_case_and_order(header: str) -> None:
    assert read(f"{header}\nGC1,Alpin\n")[0].company_id == "GC1"
    turned = ",".join(reversed(header.split(",")))
    assert read(f"{turned}\nAlpin,GC1\n")[0].company_id == "GC1"


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    assert read_partner_csv(b"\xef\xbb\xbf" + (HEADER + EVA).encode()) == read(HEADER + EVA)


def test_blank_lines_and_nameless_empty_columns_say_nothing() -> None:
    assert read("company id,name,,\n\nGC1,Alpin,,\n,,,\n\n")[0].name == "Alpin"


def test_a_value_in_a_nameless_column_is_a_problem() -> None:
    assert problems("company id,name,\nGC1,Alpin,x\n") == [(2, "column 3 has a value and no name")]


@pytest.mark.parametrize("name", ["=1+1", "+49 Sport", "-Sport", "@Sport", "=HYPERLINK(1)"])
def test_a_cell_that_looks_like_a_formula_is_text(name: str) -> None:
    assert read(f"company id,name\nGC1,{name}\n")[0].name == name
    assert read(f"company id,name\nGC1,'{name}\n")[0].name == name


def test_an_apostrophe_before_a_letter_stays() -> None:
    assert read("company id,name\nGC1,'t Hoen BV\n")[0].name == "'t Hoen BV"


def test_a_backslash_makes_a_separator_part_of_a_value() -> None:
    (partner,) = read('company id,name,groups\nGC1,Alpin,"A\\;B|C\\\\|D\\E"\n')

    assert partner.groups == ("A;B", "C\\", "D\\E")


def test_unknown_columns_are_named_with_the_known_ones() -> None:
    found = problems("company id,name,regoins,fax\nGC1,Alpin,DE,1\n")

    assert (1, "unknown column 'regoins'; did you mean regions?") in found
    assert (1, "unknown column 'fax'") in found
    assert any("e-mail, role, login id, regions" in text for _, text in found)


def test_a_required_column_that_is_missing_is_named() -> None:
    assert (1, "the column company id is missing") in problems("name\nAlpin\n")


def test_a_column_that_is_there_twice_is_named() -> None:
    assert problems("company id,BUID,name\nA,B,C\n") == [
        (1, "the column company id is there twice")
    ]


def test_contacts_need_the_column_of_addresses() -> None:
    assert problems("company id,name,role\nA,B,C\n") == [(1, "a contact needs the column e-mail")]


def test_every_bad_line_is_reported_with_its_number() -> None:
    found = problems(
        HEADER
        + ",No Id,,,,,,\n"
        + "GC1,Alpin,Eva,eva@@alpin,media,,,\n"
        + "GC2,Fjell,Nobody,,,,,\n"
        + "GC3,,,,,,,\n"
        + "GC4,Short\n"
        + "GC 5,Blank,,,,,,\n"
        + "GC6,Lingua,,,,,german language,\n"
    )

    assert found == [
        (2, "the company id is missing"),
        (3, "'eva@@alpin' is not an e-mail address"),
        (4, "there is a contact name and no e-mail"),
        (5, "GC3 has no name"),
        (6, "the line has 2 cells; the header has 8"),
        (7, "the company id 'GC 5' cannot be one"),
        (8, "'german language' is not a language tag, such as de or pt-BR"),
    ]


def test_a_line_is_counted_where_it_begins() -> None:
    assert problems('company id,name\nGC1,"Two\nlines"\nGC2,\n') == [
        (2, "the name 'Two\\nlines' has control characters or several lines"),
        (4, "GC2 has no name"),
    ]


def test_a_contact_that_is_there_twice_is_told() -> None:
    again = EVA.replace("eva@", "EVA@").replace("Eva Huber", "E. Huber")

    assert problems(HEADER + EVA + again) == [
        (3, "the contact 'EVA@alpin.example' is on line 2 already")
    ]


def test_two_names_of_one_partner_are_told() -> None:
    assert problems(HEADER + EVA + "GC1,Alpin GmbH,,,,,,\n") == [
        (3, "GC1 is called 'Alpin GmbH' and 'Alpin Sport'")
    ]


def test_company_ids_that_differ_in_case_alone_are_told() -> None:
    assert problems(HEADER + EVA + "gc1,Alpin Sport,,,,,,\n") == [(3, "'gc1' is 'GC1' on line 2")]


@pytest.mark.parametrize(
    "email",
    [
        "eva", "eva@", "@alpin.example", "eva@alpin", "eva h@alpin.example", "eva@al pin.example",
        "a@b.example,c@d.example", "eva@-alpin.example", "eva@alpin..example", ".eva@alpin.example",
        "<eva@alpin.example>", "eva@alpin.example\nBcc: x@y.example", "e" * 65 + "@a.example",
        "eva@" + "a" * 250 + ".example", "eva\x00@alpin.example", "mailto:eva@alpin.example",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(email: str) -> None:
    ((line, problem),) = problems(f'company id,name,e-mail\nGC1,Alpin,"{email}"\n')

    assert line == 2
    assert "is not an e-mail address" in problem


@pytest.mark.parametrize(
    "email", ["eva.huber+media@alpin.example", "o'neill@a-b.co.example", "eva@straße.example"]
)
def test_an_address_is_accepted(email: str) -> None:
    assert read(f"company id,name,e-mail\nGC1,Alpin,{email}\n")


def test_bytes_that_are_not_utf_8_are_named_with_their_position() -> None:
    content = HEADER.encode() + "GC1,Käse,,,,,,\n".encode("latin-1")

    assert problems(content) == [
        (2, f"byte {len(HEADER) + 5}: 0xE4 is not UTF-8; save the file as CSV in UTF-8")
    ]


def test_utf_16_is_named() -> None:
    assert problems((HEADER + EVA).encode("utf-16")) == [
        (1, "byte 0: the file is UTF-16; save it as CSV in UTF-8")
    ]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n", b" \r\n"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    ((_, problem),) = problems(content)

    assert problem.startswith("the file is empty; it begins with company id, name")


def test_a_header_alone_is_no_partner() -> None:
    assert read(HEADER) == ()


def test_a_quote_that_is_not_closed_is_a_problem() -> None:
    ((line, problem),) = problems('company id,name\nGC1,Alpin\nGC2,"Fjell\nGC3,Yama\n')

    assert line == 3
    assert problem.startswith("the line is not CSV")


def test_a_huge_cell_is_a_problem() -> None:
    found = problems("company id,name\nGC1," + "x" * 200_000 + "\n")

    assert found[0][0] == 2
    assert len(str(found)) < 500


def test_a_huge_file_is_refused_before_it_is_read() -> None:
    ((_, problem),) = problems(b"x" * (16 * 1024 * 1024 + 1))

    assert problem == "the file is larger than 16,777,216 bytes; import it in parts"


def test_too_many_lines_are_refused() -> None:
    found = problems("company id,name\n" + "GC1,Alpin\n" * 100_001)

    assert found[-1] == (100_001, "100,000 lines is the most; import the file in parts")


def test_too_many_values_are_refused() -> None:
    regions = "|".join(f"R{number}" for number in range(501))

    assert (2, "there are 501 regions; 500 is the most") in problems(
        f"company id,name,regions\nGC1,Alpin,{regions}\n"
    )


def test_the_message_of_many_problems_is_short_and_the_error_has_all() -> None:
    text = "company id,name\n" + ",Alpin\n" * 500

    with pytest.raises(errors.InvalidPartnerFile) as refused:
        read(text)

    assert len(refused.value.problems) == 500
    assert str(refused.value).endswith("and 480 more")
    assert len(str(refused.value)) < 2_000


@pytest.mark.parametrize("company_id", [".", "..", "x" * 201, "a\tb"])
def test_what_can_be_no_company_id_is_refused(company_id: str) -> None:
    ((line, _), *_) = problems(f'company id,name\n"{company_id}",Alpin\n')

    assert line == 2


def test_a_file_that_is_not_there_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_partner_csv(tmp_path / "none.csv")


@pytest.mark.parametrize("text", ["\t", "';", "'", " ;", "\\", "a@", "a.", "=", "a-"])
@pytest.mark.timeout(10)
def test_no_cell_takes_long(text: str) -> None:
    cell = (text * 130_000)[:130_000]

    assert problems(f'company id,name,e-mail,groups\nGC1,"{cell}","{cell}","{cell}"\n')
