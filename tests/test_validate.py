"""Arguments are checked where they are given, and the error names them."""

import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from tgiconik._models import rfc3339
from tgiconik._validate import (
    clock_with_zone,
    did_you_mean,
    known_word,
    not_blank,
    positive,
    several,
    texts,
    with_zone,
)
from tgiconik.automation.rules import on_request
from tgiconik.community import Community
from tgiconik.community.post import PostOffice
from tgiconik.community.post.mail.settings import ImapSettings, Security, SmtpSettings
from tgiconik.community.post.mailbox.settings import MailboxFolders, Publish
from tgiconik.community.store.sqlite import SqliteStore
from tgiconik.errors import ConfigurationError
from tgiconik.iconik.search import one_of
from tgiconik.release import Recipient, ReleasePolicy
from tgiconik.sandbox import Sandbox
from tgiconik.tradinggrid.lens import Selection

NAIVE = datetime(2026, 3, 29, 1, 30)  # noqa: DTZ001 - that it has no zone is the point
THERE = timezone(timedelta(hours=-4))


def test_one_text_is_not_taken_for_its_letters() -> None:
    assert texts(["DE", "FR"], "regions") == ("DE", "FR")
    with pytest.raises(ConfigurationError, match="regions: 'DE' must be a list of texts"):
        texts("DE", "regions")


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_a_blank_text_is_refused(blank: str) -> None:
    assert not_blank(" x ", "title") == " x "
    with pytest.raises(ConfigurationError, match="title must not be blank"):
        not_blank(blank, "title")


def test_searches_and_selections_take_lists() -> None:
    with pytest.raises(ConfigurationError, match="takes several values"):
        one_of("media_type", "video")
    with pytest.raises(ConfigurationError, match="fields: 'status'"):
        Selection(fields="status")


@pytest.mark.parametrize("wrong", ["DE", b"DE", None, 7, {"DE": 1}, ["DE", 7], [None], [b"DE"]])
def test_what_is_no_list_of_texts_is_refused(wrong: Any) -> None:  # noqa: ANN401 - anything
    with pytest.raises(ConfigurationError, match=r"regions: .* list of texts"):
        texts(wrong, "regions")


@pytest.mark.parametrize("right", [["DE"], ("DE",), {"DE"}, iter(["DE"]), {"DE": 1}.keys()])
def test_any_collection_of_texts_is_taken(right: Any) -> None:  # noqa: ANN401 - any of them
    assert texts(right, "regions") == ("DE",)


def test_one_where_several_are_wanted_says_how_to_write_it() -> None:
    with pytest.raises(ConfigurationError, match=r"steps: 7 must be a list of steps; write \[7\]"):
        several(7, "steps", int, "steps")  # type: ignore[arg-type]


def test_a_time_without_a_zone_is_refused_with_what_to_write() -> None:
    aware = datetime(2026, 3, 29, tzinfo=THERE)
    assert with_zone(aware, "expires") is aware
    for wrong, says in (
        (NAIVE, "expires needs a time zone: 2026-03-29T01:30:00 has none.*datetime.now.UTC"),
        ("2026-03-29", "expires must be a datetime, not '2026-03-29'"),
        (None, "expires must be a datetime, not None"),
    ):
        with pytest.raises(ConfigurationError, match=says):
            with_zone(wrong, "expires")  # type: ignore[arg-type]


def test_no_time_without_a_zone_is_written() -> None:
    assert rfc3339(datetime(2026, 3, 29, tzinfo=THERE)) == "2026-03-29T04:00:00Z"
    with pytest.raises(ConfigurationError, match="needs a time zone"):
        rfc3339(NAIVE)
    with pytest.raises(ConfigurationError, match="out of range"):
        rfc3339(datetime.max.replace(tzinfo=THERE))


def test_a_clock_is_read_in_utc_and_refused_without_a_zone() -> None:
    assert clock_with_zone(lambda: datetime(2026, 3, 29, tzinfo=THERE))().tzinfo is UTC
    with pytest.raises(ConfigurationError, match="now needs a time zone"):
        clock_with_zone(lambda: NAIVE)()


def test_a_sandbox_by_a_clock_without_a_zone_is_none() -> None:
    with pytest.raises(ConfigurationError, match="now needs a time zone"):
        Sandbox(now=lambda: NAIVE)


@pytest.mark.parametrize("wrong", [0, -1, math.nan, math.inf, True, "5", None, Decimal(1)])
def test_what_is_no_positive_number_is_refused(wrong: object) -> None:
    with pytest.raises(ConfigurationError, match="timeout must be a number above zero"):
        positive(wrong, "timeout")


def test_the_nearest_right_name_is_told_if_one_is_near() -> None:
    assert did_you_mean("titel", ["title", "status"]) == "; did you mean title?"
    assert did_you_mean("Regions", ["metadata_values"]) == ""
    assert did_you_mean(None, ["title"]) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_approvers": True},
        {"min_approvers": "2"},
        {"allow_download": "false"},
        {"require_compliant": "no"},
        {"require_compliant": 1},
        {"worldwide": [None]},
        {"worldwide": "Worldwide"},
        {"required_approvers": [5]},
        {"required_approvers": "u1"},
        {"freshness": 10},
        {"max_approval_age": 5},
        {"metadata_view": 5},
        {"embargo_field": None},
    ],
    ids=str,
)
def test_a_policy_in_code_is_held_to_its_types_too(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="policy"):
        ReleasePolicy(**wrong)


def test_a_recipient_takes_lists() -> None:
    assert Recipient(company_id="GC1", regions=["DE"]).regions == ("DE",)
    with pytest.raises(ConfigurationError, match=r"Recipient\.regions: 'DE' must be a list"):
        Recipient(company_id="GC1", regions="DE")
    with pytest.raises(ConfigurationError, match=r"Recipient\.languages: 'de' must be a list"):
        Recipient(company_id="GC1", languages="de")


def test_one_of_a_few_words_is_taken_as_it_is_known() -> None:
    assert known_word("tls", "security", Security) is Security.TLS
    assert known_word(Security.TLS, "security", ["tls"]) == "tls"
    assert MailboxFolders(publish_as="{name}", publish="direct").publish is Publish.DIRECT


@pytest.mark.parametrize(
    ("wrong", "end"),
    [
        ("startls", "'startls'; did you mean starttls?"),
        ("TLS", "'TLS'; did you mean tls?"),
        ("x", "'x'"),
        (None, "None"),
        (["tls"], "['tls']"),
    ],
)
def test_another_word_is_refused_with_the_right_ones(wrong: object, end: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        known_word(wrong, "security", Security)
    assert str(refused.value) == f"security must be tls, starttls or none, not {end}"


async def nothing(*_: object) -> None:
    """Do nothing, as the function of a rule."""


def test_whatever_takes_one_of_a_few_words_refuses_others() -> None:
    anything: Any = "medai_request"
    community = Community(SqliteStore(None))
    for take in (
        lambda: on_request(anything, nothing),
        lambda: SmtpSettings(host="mail.example", security=anything),
        lambda: ImapSettings(host="mail.example", authserv_id="x", username="x", security=anything),
        lambda: MailboxFolders(publish_as="{name}", publish=anything),
        lambda: MailboxFolders(publish_as="{name}", acknowledge=anything),
        lambda: ReleasePolicy(metadata_view="x", foreign_shares=anything),
        lambda: Sandbox(world=anything),
        lambda: PostOffice(community, "GC1", channels=[], roles={anything: ["media"]}),
    ):
        with pytest.raises(ConfigurationError, match=r"must be .*'medai_request'"):
            take()
    with pytest.raises(ConfigurationError, match="did you mean media_request"):
        on_request(anything, nothing)
