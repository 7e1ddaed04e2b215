"""Policies from TOML: every attribute, and a clear sentence for whatever is not one."""

import re
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from tgiconik.errors import ConfigurationError
from tgiconik.release import ForeignShares, Purpose, ReasonCode, ReleasePolicy

WHOLE = """
metadata_view = "1f0a3c52"
regions_field = "Territories"
languages_field = "Tongues"
usages_field = "Media"
unrestricted_when_missing = ["languages"]
worldwide = ["World"]
embargo_field = "NotBefore"
licence_start_field = "From"
licence_end_field = "Until"
restrictions_field = "Say"
holds_field = "Stop"
compliant_version_field = "Good"
compliant_sha256_field = "GoodDigest"
require_compliant = true
min_approvers = 2
required_approvers = ["u1"]
max_approval_age = "52w"
allow_download = false
link_lifetime = "7d"
renew_before = "36h"
freshness = "5s"
external_reviewers = ["ann@agency.example"]
probation = "20m"
keep_former_recipients = false
foreign_shares = "report"
"""
PAGE = Path(__file__).parents[2] / "docs" / "release.md"


def test_every_attribute_is_read_from_toml() -> None:
    policy = ReleasePolicy.from_toml(WHOLE)

    assert policy == ReleasePolicy(
        metadata_view="1f0a3c52",
        regions_field="Territories",
        languages_field="Tongues",
        usages_field="Media",
        unrestricted_when_missing=frozenset({"languages"}),
        worldwide=("World",),
        embargo_field="NotBefore",
        licence_start_field="From",
        licence_end_field="Until",
        restrictions_field="Say",
        holds_field="Stop",
        compliant_version_field="Good",
        compliant_sha256_field="GoodDigest",
        require_compliant=True,
        min_approvers=2,
        required_approvers=frozenset({"u1"}),
        max_approval_age=timedelta(weeks=52),
        allow_download=False,
        link_lifetime=timedelta(days=7),
        renew_before=timedelta(hours=36),
        freshness=timedelta(seconds=5),
        external_reviewers=frozenset({"ann@agency.example"}),
        probation=timedelta(minutes=20),
        keep_former_recipients=False,
        foreign_shares=ForeignShares.REPORT,
    )
    default = ReleasePolicy()
    for field in attrs.fields(ReleasePolicy):
        assert getattr(policy, field.name) != getattr(default, field.name), field.name


def test_a_policy_of_which_nothing_is_said() -> None:
    assert ReleasePolicy() == ReleasePolicy(
        metadata_view=None,
        regions_field="Regions",
        languages_field="Languages",
        usages_field="Usages",
        unrestricted_when_missing=frozenset(),
        worldwide=("Worldwide", "Global"),
        embargo_field="EmbargoUntil",
        licence_start_field="LicenceStart",
        licence_end_field="LicenceEnd",
        restrictions_field="UsageRestrictions",
        holds_field="HeldVersions",
        compliant_version_field="CompliantVersion",
        compliant_sha256_field="CompliantSHA256",
        require_compliant=False,
        min_approvers=1,
        required_approvers=frozenset(),
        max_approval_age=None,
        allow_download=True,
        link_lifetime=timedelta(days=14),
        renew_before=timedelta(days=2),
        freshness=timedelta(seconds=10),
        external_reviewers=frozenset(),
        probation=None,
        keep_former_recipients=True,
        foreign_shares=ForeignShares.CLOSE,
    )


def test_the_policy_in_the_documentation_is_whole_and_can_be_loaded() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)

    policy = ReleasePolicy.from_toml(block)

    assert policy.min_approvers >= 1
    for field in attrs.fields(ReleasePolicy):
        assert re.search(rf"^{field.name} = ", block, re.MULTILINE), field.name


def test_the_documentation_has_a_row_for_every_reason() -> None:
    codes = re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)

    assert sorted(codes) == sorted(ReasonCode)


def test_an_empty_text_is_the_default_policy() -> None:
    assert ReleasePolicy.from_toml("\n") == ReleasePolicy()


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(WHOLE, encoding="utf-8")

    assert ReleasePolicy.from_toml(file) == ReleasePolicy.from_toml(str(file))
    assert ReleasePolicy.from_toml(file) == ReleasePolicy.from_toml(WHOLE)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gone\.toml.*No such file"):
        ReleasePolicy.from_toml(tmp_path / "gone.toml")


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_bytes(b'holds_field = "St\xf6p"\n')

    with pytest.raises(ConfigurationError, match=r"policy\.toml: .*utf-8"):
        ReleasePolicy.from_toml(file)


def test_a_mistake_in_a_file_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text("min_approvers = 'two'\n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"policy\.toml: min_approvers must be a whole"):
        ReleasePolicy.from_toml(file)


def test_what_is_no_toml_says_where_it_goes_wrong() -> None:
    with pytest.raises(ConfigurationError, match=r"policy: .*line 2"):
        ReleasePolicy.from_toml("min_approvers = 1\nmin_approvers 2\n")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"min_approvers = {'9' * 5000}", id="a number of thousands of digits"),
        pytest.param(f"worldwide = {'[' * 20_000}", id="nested too deeply"),
        pytest.param("link_lifetime = 2026-02-30", id="a day that is none"),
        pytest.param("worldwide = '\0'", id="a character that TOML forbids"),
    ],
)
def test_hostile_toml_is_one_clear_error(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^policy: \w"):
        ReleasePolicy.from_toml(text)


@pytest.mark.parametrize("path", ["", ".", "a\0b", "\ud800"])
def test_a_path_that_is_no_file_is_one_clear_error(path: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^.+: ."):
        ReleasePolicy.from_toml(path)


@pytest.mark.parametrize("blank", ["", "  ", "\t"])
def test_a_blank_source_is_told_apart_from_a_path(blank: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^policy: the text is empty: give TOML text"):
        ReleasePolicy.from_toml(blank)


def test_a_folder_in_place_of_a_file_is_told_so(tmp_path: Path) -> None:
    for source in (tmp_path, str(tmp_path)):
        with pytest.raises(ConfigurationError, match="this is a folder"):
            ReleasePolicy.from_toml(source)
    folder = tmp_path / "policy.json"
    folder.mkdir()
    with pytest.raises(ConfigurationError, match="this is a folder"):
        ReleasePolicy.from_file(folder)


def test_an_unknown_key_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(ConfigurationError, match=r"; did you mean min_approvers\?$"):
        ReleasePolicy.from_toml("min_aprovers = 2")
    with pytest.raises(ConfigurationError, match=r"no xyzzy in a policy$"):
        ReleasePolicy.from_toml("xyzzy = 2")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("min_approvers = true", "a whole number"),
        ("min_approvers = 1.5", "a whole number"),
        ("min_approvers = '2'", "a whole number"),
        ("require_compliant = 1", "true or false"),
        ("require_compliant = 'yes'", "true or false"),
        ("metadata_view = 7", "text"),
        ("holds_field = ['A']", "text"),
        ("worldwide = 'All'", "a list of texts"),
        ("worldwide = [1]", "a list of texts"),
        ("required_approvers = [['u1']]", "a list of texts"),
        ("external_reviewers = 'ann'", "a list of texts"),
        ("keep_former_recipients = 'no'", "true or false"),
        ("foreign_shares = true", "text"),
        ("probation = 15", 'a duration such as "14d"'),
        ("required_approvers = {u1 = true}", "a list of texts"),
        ("link_lifetime = 14", 'a duration such as "14d"'),
        ("link_lifetime = true", 'a duration such as "14d"'),
        ("link_lifetime = 2026-01-01", 'a duration such as "14d"'),
        ("max_approval_age = []", 'a duration such as "14d"'),
        ("freshness = {seconds = 5}", 'a duration such as "14d"'),
        (f"freshness = 0x{'f' * 5000}", 'a duration such as "14d"'),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(line: str, kind: str) -> None:
    name = line.partition(" ")[0]

    with pytest.raises(ConfigurationError, match=rf"^policy: {name} must be {kind}$"):
        ReleasePolicy.from_toml(line)


@pytest.mark.parametrize(
    "text", ["", "14", "d", "14 d", "1.5h", "-1d", "14D", "1d2h", "٣d", "1y", "999999999s"]
)
def test_a_duration_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match='link_lifetime must be a duration such as "14d"'):
        ReleasePolicy.from_toml(f'link_lifetime = "{text}"')


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("12h", timedelta(hours=12)),
        (" 9d ", timedelta(days=9)),
        ("2w", timedelta(weeks=2)),
        ("99999999s", timedelta(seconds=99_999_999)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, meant: timedelta) -> None:
    assert ReleasePolicy.from_toml(f'max_approval_age = "{text}"').max_approval_age == meant


@pytest.mark.parametrize(
    "name", ["max_approval_age", "link_lifetime", "renew_before", "freshness", "probation"]
)
@pytest.mark.parametrize("text", ["0d", "300w", "99999999w"])
def test_a_duration_is_above_zero_and_at_most_five_years(name: str, text: str) -> None:
    with pytest.raises(
        ConfigurationError, match=f"policy: {name} must be above zero and at most 5 years$"
    ):
        ReleasePolicy.from_toml(f'{name} = "{text}"')


def test_a_duration_does_not_run_backwards() -> None:
    with pytest.raises(ConfigurationError, match=r"freshness must be above zero"):
        ReleasePolicy(freshness=timedelta(seconds=-1))


def test_five_years_is_still_fine() -> None:
    longest = timedelta(days=5 * 366)

    assert ReleasePolicy.from_toml('link_lifetime = "1830d"').link_lifetime == longest
    with pytest.raises(ConfigurationError):
        ReleasePolicy(link_lifetime=longest + timedelta(microseconds=1))


@pytest.mark.parametrize("number", ["0", "-1", "101", "0x" + "f" * 5000])
def test_a_policy_demands_at_least_one_approver_and_no_crowd(number: str) -> None:
    with pytest.raises(ConfigurationError, match=r"min_approvers must be from 1 to 100$"):
        ReleasePolicy.from_toml(f"min_approvers = {number}")


def test_one_approver_and_a_hundred_are_fine() -> None:
    assert ReleasePolicy(min_approvers=1).min_approvers == 1
    assert ReleasePolicy(min_approvers=100).min_approvers == 100


@pytest.mark.parametrize("renew_before", [timedelta(days=1), timedelta(days=2)])
def test_links_are_renewed_before_they_end_and_not_before_they_begin(
    renew_before: timedelta,
) -> None:
    with pytest.raises(
        ConfigurationError, match=r"renew_before must be shorter than link_lifetime$"
    ):
        ReleasePolicy(link_lifetime=timedelta(days=1), renew_before=renew_before)


@pytest.mark.parametrize("probation", [timedelta(days=14), timedelta(days=15)])
def test_a_first_lifetime_is_shorter_than_the_whole_one(probation: timedelta) -> None:
    with pytest.raises(ConfigurationError, match=r"probation must be shorter than link_lifetime$"):
        ReleasePolicy(probation=probation)


def test_a_new_link_for_compliance_lasts_a_quarter_of_an_hour_at_first() -> None:
    quarter = timedelta(minutes=15)

    assert ReleasePolicy().first_lifetime(Purpose()) is None
    assert ReleasePolicy().first_lifetime(Purpose(compliance=True)) == quarter
    assert ReleasePolicy(require_compliant=True).first_lifetime(Purpose()) == quarter


def test_a_policy_that_names_a_first_lifetime_means_every_purpose() -> None:
    policy = ReleasePolicy(probation=timedelta(minutes=5), require_compliant=True)

    assert policy.first_lifetime(Purpose()) == timedelta(minutes=5)
    assert policy.first_lifetime(Purpose(compliance=True)) == timedelta(minutes=5)


def test_no_first_lifetime_is_longer_than_the_whole_one() -> None:
    short = ReleasePolicy(link_lifetime=timedelta(minutes=9), renew_before=timedelta(minutes=1))

    assert short.first_lifetime(Purpose(compliance=True)) == timedelta(minutes=9)


@pytest.mark.parametrize("word", ["", "Close", "keep"])
def test_shares_of_others_are_closed_or_reported(word: str) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"^policy: foreign_shares must be close or report, not '{word}'"
    ):
        ReleasePolicy.from_toml(f"foreign_shares = '{word}'")


def test_only_what_restricts_can_be_missing() -> None:
    with pytest.raises(
        ConfigurationError, match=r"knows languages, regions, usages, not a, b, c, d$"
    ):
        ReleasePolicy(unrestricted_when_missing=["d", "regions", "b", "c", "a"])


def test_what_is_never_read_is_not_missing() -> None:
    with pytest.raises(ConfigurationError, match=r"_missing needs a metadata_view$"):
        ReleasePolicy(unrestricted_when_missing={"regions"})


@pytest.mark.parametrize(
    "name",
    ["metadata_view", *(f.name for f in attrs.fields(ReleasePolicy) if f.name.endswith("_field"))],
)
@pytest.mark.parametrize("blank", ["", " "])
def test_what_names_a_field_or_a_view_is_not_blank(name: str, blank: str) -> None:
    with pytest.raises(ConfigurationError, match=f"policy: {name} must not be blank$"):
        ReleasePolicy.from_toml(f"{name} = '{blank}'")


@pytest.mark.parametrize(
    "name",
    ["worldwide", "required_approvers", "external_reviewers", "unrestricted_when_missing"],
)
def test_one_text_is_no_list_of_texts(name: str) -> None:
    with pytest.raises(ConfigurationError, match="'regions' must be a list of texts"):
        ReleasePolicy(**{name: "regions"})  # type: ignore[arg-type]  # any attribute


def test_what_does_not_go_together_names_the_file_too(tmp_path: Path) -> None:
    file = tmp_path / "strict.toml"
    file.write_text('link_lifetime = "1d"', encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"strict\.toml: renew_before must be shorter"):
        ReleasePolicy.from_toml(file)


def test_a_table_in_the_file_is_told_from_a_misspelled_key() -> None:
    with pytest.raises(ConfigurationError, match=r"has no \[policy\]: its keys stand at"):
        ReleasePolicy.from_toml("[policy]\nmin_approvers = 2\n")
