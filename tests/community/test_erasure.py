"""A person is erased in every place, and nothing else changes; old entries are pruned."""

import asyncio
import io
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tgiconik import errors
from tgiconik.community import Community
from tgiconik.community.__main__ import main
from tgiconik.community.archive import export_to
from tgiconik.community.community import open_store
from tgiconik.community.erasure import Person
from tgiconik.community.erasure.documents import Known, Replacing
from tgiconik.community.store.url import parse
from tgiconik.tradinggrid.collaboration import (
    AnnouncementInput,
    Audience,
    CommentInput,
    Contact,
    PartnerInput,
    RequestInput,
)

from .workers import COMPANY, PARTNER, client

EMAIL = "Éva@alpin.example"
OTHER = Contact(name="Eva Berg", email="eva@other.example")


def without(text: str, email: str = "eva@x.example", *names: str) -> str:
    return Replacing(Person.of(email), Known(set(names)), "P").text(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("eva@x.example", "P@erased.invalid"),
        ("(EVA@X.Example).", "(P@erased.invalid)."),
        ("\uff25va\uff20x.example", "P@erased.invalid"),
        ("mailto:eva%40x.example?", "mailto:P%40erased.invalid?"),
        ("a\u0301 eva@x.example é", "a\u0301 P@erased.invalid é"),
        ("jeva@x.example", "jeva@x.example"),
        ("j.eva@x.example", "j.eva@x.example"),
        ("eva@x.example.org", "eva@x.example.org"),
        ("eva@x.examples", "eva@x.examples"),
    ],
)
def test_an_address_is_found_in_any_form_and_not_in_another_address(text: str, left: str) -> None:
    assert without(text) == left


def test_names_of_several_words_are_replaced_in_texts_and_single_words_are_not() -> None:
    assert without("Eva BERG, Eva Bergman", "eva@x.example", "eva berg") == "P, Eva Bergman"
    assert without("a will is Will", "eva@x.example", "will") == "a will is Will"


@pytest.mark.parametrize("email", ["", "eva", "@x", "eva@", "a b@x"])
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="one e-mail address"):
        Person.of(email)


async def fill(url: str) -> None:
    contact = Contact(name="Éva Berg", email=EMAIL, role="Buyer", login_id="eberg")
    async with Community.open(url) as community, client(community) as grid:
        mine = grid.community
        await mine.partners.put(
            PARTNER, PartnerInput(name="P", contacts=[contact, OTHER]), if_match=None
        )
        request = await mine.requests.create(
            RequestInput(
                kind="media_request",
                subject="Film for e\u0301va berg",
                partner_id=PARTNER,
                requester=contact,
                external_id=f"mail-<{EMAIL}>",
            ),
            idempotency_key="k",
        )
        await mine.requests.comment(request.id, CommentInput(body=f"Ask {EMAIL.upper()}."))
        await mine.requests.set_status(
            request.id, "in_review", if_match=request.etag, actor="EBERG", note="Éva Berg said"
        )
        await mine.announcements.create(
            AnnouncementInput(
                subject="New", body="By Éva Berg", audience=Audience(partners=(PARTNER,))
            )
        )


def lines(url: str) -> list[str]:
    file = io.BytesIO()
    with closing(open_store(parse(url))) as store:
        export_to(store, file)
    return file.getvalue().decode().splitlines()[1:-1]


async def test_a_person_is_erased_everywhere_and_nothing_else_changes(url: str) -> None:
    await fill(url)
    before = lines(url)
    async with Community.open(url) as community, client(community) as grid:
        shown = await community.erase("e\u0301VA@alpin.example", dry_run=True)
        assert lines(url) == before
        (done,) = await community.erase("e\u0301VA@alpin.example")
        assert shown[0].places == done.places
        assert shown[0].pseudonym is None
        assert {one.noun for one in done.places} == {
            "announcements",
            "answers",
            "comments",
            "journal",
            "names",
            "partners",
            "requests",
        }
        partner = await grid.community.partners.get(PARTNER)
        pseudonym = str(done.pseudonym)
        assert partner.contacts[0].name == partner.contacts[0].login_id == pseudonym
        assert partner.contacts[0].email == f"{pseudonym}@erased.invalid"
        assert partner.contacts[0].role == "Buyer"
        assert partner.contacts[1] == OTHER
        again = await grid.community.requests.create(
            RequestInput(
                kind="media_request",
                subject="x",
                partner_id=PARTNER,
                external_id=f"mail-<{pseudonym}@erased.invalid>",
            )
        )
        assert again.subject == f"Film for {pseudonym}"
        assert again.history[1].actor == pseudonym
        assert again.history[1].note == f"{pseudonym} said"
        entries = [entry async for entry in community.journal(COMPANY)]
        assert (entries[-1].noun, entries[-1].id) == ("erased", pseudonym)
        assert await community.erase(EMAIL) == ()
    found = "\n".join(lines(url)).lower()
    for trace in ("alpin.example", "\\u00e9va", "e\\u0301va", "eberg"):
        assert trace not in found


async def test_a_list_finds_by_what_is_left(url: str) -> None:
    await fill(url)
    async with Community.open(url) as community, client(community) as grid:
        (done,) = await community.erase(EMAIL)
        external_id = f"mail-<{done.pseudonym}@erased.invalid>"
        assert len([r async for r in grid.community.requests.list(external_id=external_id)]) == 1
        assert [r async for r in grid.community.requests.list(external_id=f"mail-<{EMAIL}>")] == []


async def test_old_entries_and_expired_answers_are_pruned_and_records_stay(url: str) -> None:
    await fill(url)
    later = datetime.now(UTC) + timedelta(days=30)
    async with Community.open(url, now=lambda: later) as community, client(community) as grid:
        with pytest.raises(errors.ConfigurationError, match="at least a day"):
            await community.prune(journal_older_than=timedelta(hours=1))
        (answers,) = await community.prune(dry_run=True)
        assert (answers.journal_entries, answers.answers > 0) == (0, True)
        (kept,) = await community.prune(journal_older_than=timedelta(days=31), dry_run=True)
        assert kept.journal_entries == 0
        last = [entry.change async for entry in community.journal(COMPANY)][-1]
        (done,) = await community.prune(journal_older_than=timedelta(days=29))
        assert (done.journal_entries, done.answers) == (last, answers.answers)
        await grid.community.partners.put("GCQ", PartnerInput(name="Q"), if_match=None)
        assert [entry.change async for entry in community.journal(COMPANY)] == [last + 1]
        assert len([one async for one in grid.community.requests.list()]) == 1


def test_commands_erase_and_prune(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(fill(url))
    assert main(["erase", "--database", url, "--contact", EMAIL, "--dry-run"]) == 0
    assert "places would be replaced\n" in capsys.readouterr().out
    assert main(["erase", "--database", url, "--contact", EMAIL]) == 0
    assert f"partners/{PARTNER} /contacts/0/email" in capsys.readouterr().out
    assert main(["erase", "--database", url, "--contact", EMAIL]) == 0
    assert capsys.readouterr().out == "nobody with this address was found\n"
    assert main(["prune", "--database", url, "--journal-older-than", "365d"]) == 0
    assert "GC1: 0 journal entries, 0 expired answers" in capsys.readouterr().out
