"""Letters: which changes are told to whom, in which words, and under which id."""

import json
from collections.abc import Iterator
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tgiconik import errors
from tgiconik.community.post import Action, LetterKind

from .world import COMPANY, PARTNERS, World, new_world

A, B, C = PARTNERS
LINK = "https://iconik.test/share/s3cr3t-t0ken"
SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "letter.schema.json").read_text("utf-8"))


@pytest.fixture
def world() -> Iterator[World]:
    world = new_world()
    yield world
    world.store.close()


def request(world: World, partner: str = A, *, by: str | None = A, **fields: object) -> str:
    body = {"kind": "media_request", "subject": "A film", "partner_id": partner, **fields}
    return str(world.add("/requests", body, by=by)["id"])


def move(world: World, id_: str, *statuses: str, by: str | None = None, **body: str) -> None:
    for status in statuses:
        path = "PUT /requests/{requests}/status"
        world.call(path, {"status": status, **body}, by=by, requests=id_)


def document(world: World, **fields: object) -> str:
    return str(world.add("/documents", {"title": "Spot", **fields})["id"])


def deliver(world: World, document_id: str, partner: str = A, **fields: object) -> None:
    path = "PUT /documents/{documents}/deliveries/{partners}"
    body = {"link": LINK, **fields}
    world.call(path, body, documents=document_id, partners=partner)


def withdraw(world: World, id_: str) -> None:
    world.call("PUT /documents/{documents}/state", {"state": "withdrawn"}, documents=id_)


def test_a_delivery_has_its_link_its_ends_and_its_restrictions(world: World) -> None:
    made = document(world, restrictions=["No TV"], expires_at="2026-12-31T23:00:00Z")
    (letter,) = world.since(
        lambda: deliver(
            world, made, B, restrictions=["Web only"], expires_at="2026-04-01T10:05:00Z"
        )
    )

    assert (letter.kind, letter.partner_id, letter.language) == (LetterKind.DELIVERY, B, "en")
    assert letter.actions == (Action.ACKNOWLEDGE,)
    assert f"\n{LINK}\n" in letter.text
    assert f'<a href="{LINK}" rel="noreferrer">' in letter.html
    assert "1 April 2026, 10:05 (UTC)" in letter.text
    assert "31 December 2026, 23:00 (UTC)" in letter.text
    assert "- No TV\n- Web only" in letter.text
    assert letter.data["details"]["restrictions"] == ["No TV", "Web only"]


def test_times_are_written_in_the_language_and_in_a_zone_that_is_named(world: World) -> None:
    made = document(world)
    zone = timezone(timedelta(hours=2), "CEST")
    (letter,) = world.since(
        lambda: deliver(world, made, A, expires_at="2026-05-31T22:30:00Z"), zone=zone
    )

    assert "1. Juni 2026, 00:30 Uhr (CEST, UTC+02:00)" in letter.text


def test_a_partner_without_a_translation_is_written_to_in_english(world: World) -> None:
    (letter,) = world.since(lambda: request(world, C, by=C))

    assert letter.language == "en"


def test_no_link_that_does_not_work_is_sent(world: World) -> None:
    def change() -> None:
        deliver(world, document(world), link=None)
        deliver(world, document(world), expires_at="2026-02-28T00:00:00Z")
        deliver(world, document(world, expires_at="2026-02-28T00:00:00Z"))
        deliver(world, document(world), state="revoked")

    assert world.since(change) == []


def test_a_delivery_that_was_put_twice_is_one_letter_with_the_last_link(world: World) -> None:
    made = document(world)

    def change() -> None:
        deliver(world, made, link="https://iconik.test/share/old")
        deliver(world, made)

    (letter,) = world.since(change)
    assert letter.revision == 2
    assert LINK in letter.text
    assert "share/old" not in letter.html


def test_an_entry_that_a_later_one_has_overtaken_is_no_letter(world: World) -> None:
    made = document(world)
    before = len(world.journal())
    deliver(world, made, link="https://iconik.test/share/old")
    deliver(world, made)

    assert world.letters(world.journal()[before : before + 1]) == []


def test_a_revoked_delivery_is_told_although_its_details_changed_afterwards(world: World) -> None:
    made = document(world)
    deliver(world, made)

    def change() -> None:
        deliver(world, made, link=None, state="revoked", note="The rights have ended.")
        deliver(world, made, link=None, state="revoked", note="The rights have ended.", key="k")
        deliver(world, made, link=None, state="revoked", note="It ended.", restrictions=["x"])

    (letter,) = world.since(change)
    assert (letter.kind, letter.revision, letter.actions) == (LetterKind.WITHDRAWAL, 2, ())
    assert "It ended." in letter.text


def test_a_withdrawn_document_is_one_letter_to_each_partner_that_had_it(world: World) -> None:
    made = document(world, audience={"partners": [B]})
    deliver(world, made)

    def change() -> None:
        deliver(world, made, link=None, state="revoked")
        withdraw(world, made)

    found = world.since(change)
    assert [(one.kind, one.noun, one.partner_id) for one in found] == [
        (LetterKind.WITHDRAWAL, "documents", A),
        (LetterKind.WITHDRAWAL, "documents", B),
    ]


def test_a_link_to_a_withdrawn_document_is_not_sent(world: World) -> None:
    made = document(world)

    def change() -> None:
        deliver(world, made)
        withdraw(world, made)

    assert [one.kind for one in world.since(change)] == [LetterKind.WITHDRAWAL]


def test_a_replacement_names_the_new_document_to_whoever_sees_it(world: World) -> None:
    earlier = document(world, audience={"partners": [A, B]})
    found = world.since(
        lambda: document(world, title="Spot 2", supersedes=earlier, audience={"partners": [B]})
    )

    assert [(one.kind, one.partner_id) for one in found] == [
        (LetterKind.REPLACEMENT, A),
        (LetterKind.REPLACEMENT, B),
    ]
    assert "Spot 2" not in found[0].html
    assert found[0].data["details"]["replacement"] is None
    assert "Spot 2" in found[1].text


def test_a_question_has_the_candidates_that_the_company_names(world: World) -> None:
    claimed = {"asset_id": "claimed", "role": "candidate"}
    made = request(world, asset_references=[claimed])
    ours = {"asset_id": "a-1", "title": "Summer", "role": "candidate"}
    world.call(
        "PATCH /requests/{requests}",
        {"asset_references": [claimed, ours, {"asset_id": "a-2", "role": "delivered"}]},
        requests=made,
    )
    (letter,) = world.since(
        lambda: move(world, made, "in_review", "needs_information", note="Which one?")
    )

    assert letter.kind == LetterKind.QUESTION
    assert "Which one?" in letter.text
    assert "- Summer (a-1)" in letter.text
    assert [one["asset_id"] for one in letter.data["details"]["candidates"]] == ["a-1"]
    assert letter.actions == (Action.WITHDRAW,)


def test_a_paragraph_without_anything_to_say_is_left_out(world: World) -> None:
    made = request(world, B, by=B)
    (letter,) = world.since(lambda: move(world, made, "in_review", "needs_information"))

    assert "Is it one of these?" not in letter.text + letter.html
    assert "None" not in letter.text + letter.html


def test_of_several_moves_only_the_last_is_told(world: World) -> None:
    made = request(world)
    (letter,) = world.since(
        lambda: move(world, made, "in_review", "needs_information", "in_review", "fulfilled")
    )

    assert letter.kind == LetterKind.STATUS
    assert "erfüllt" in letter.subject
    assert letter.actions == (Action.CONFIRM, Action.REOPEN)
    assert letter.revision == 5


def test_partners_are_told_nothing_of_what_they_did_themselves(world: World) -> None:
    made = request(world)

    def change() -> None:
        path = "/requests/{requests}/comments"
        world.add(path, {"body": "Hello?", "visibility": "partner"}, by=A, requests=made)
        world.call("PATCH /requests/{requests}", {"subject": "Two films"}, by=A, requests=made)
        move(world, made, "withdrawn", by=A)

    assert world.since(change) == []


def test_a_new_request_is_answered_with_a_receipt(world: World) -> None:
    (letter,) = world.since(lambda: request(world))

    assert (letter.kind, letter.actions) == (LetterKind.STATUS, (Action.WITHDRAW,))
    assert letter.data["details"]["status"] == "submitted"


def test_an_internal_comment_is_no_letter(world: World) -> None:
    made = request(world)
    path = "/requests/{requests}/comments"
    body = {"body": "Not for them", "visibility": "internal"}

    assert world.since(lambda: world.add(path, body, requests=made)) == []


def test_a_comment_goes_to_the_partner_of_its_request_alone(world: World) -> None:
    made = request(world)
    body = {"body": "Have a look", "links": [LINK], "author": "Ann"}
    path = "/requests/{requests}/comments"
    (letter,) = world.since(lambda: world.add(path, body, requests=made))

    assert (letter.partner_id, letter.above) == (A, f"requests/{made}")
    assert letter.data["details"]["on"] == {"noun": "requests", "id": made}
    assert LINK in letter.html
    assert "Ann" in letter.text


def test_a_task_is_told_until_it_is_done_and_only_within_its_project(world: World) -> None:
    project = world.add(
        "/projects", {"kind": "launch", "name": "Launch", "audience": {"partners": [A]}}
    )["id"]
    path = "/projects/{projects}/tasks"

    def change() -> None:
        for partner, status in ((A, "todo"), (B, "todo"), (A, "done")):
            body = {"kind": "approval", "title": f"Do {status}", "assignee_partner_id": partner}
            world.add(path, {**body, "status": status}, projects=project)

    (letter,) = world.since(change)
    assert (letter.kind, letter.partner_id) == (LetterKind.TASK, A)
    assert "Freigabe" in letter.subject
    assert letter.actions == (Action.CONFIRM,)


def test_a_project_is_news_to_whoever_comes_into_it(world: World) -> None:
    project = world.add(
        "/projects", {"kind": "launch", "name": "Launch", "audience": {"partners": [A]}}
    )["id"]
    update = {"audience": {"partners": [A, B]}}
    found = world.since(lambda: world.call("PATCH /projects/{projects}", update, projects=project))

    assert [(one.partner_id, one.actions) for one in found] == [(B, (Action.CONFIRM,))]


def test_an_announcement_goes_to_its_audience_and_asks_for_what_is_missing(world: World) -> None:
    body = {
        "subject": "Recall",
        "body": "First.\n\nSecond.",
        "audience": {"groups": [world.made["groups"][0]["id"]]},
        "requires_acknowledgement": True,
    }

    def change() -> None:
        made = world.add("/announcements", body)["id"]
        path = "PUT /announcements/{announcements}/acknowledgements/{partners}"
        world.call(path, {}, by=B, announcements=made, partners=B)

    found = world.since(change)
    assert [(one.partner_id, one.actions) for one in found] == [
        (A, (Action.ACKNOWLEDGE,)),
        (B, ()),
    ]


def test_a_letter_has_the_same_id_in_whatever_order_and_however_often(world: World) -> None:
    made = request(world)
    move(world, made, "in_review", "declined")
    deliver(world, document(world))
    journal = world.journal()
    expected = world.letters(journal)

    assert len({one.id for one in expected}) == len(expected) > 1
    assert world.letters([*reversed(journal), *journal]) == expected


def test_ids_differ_by_record_revision_partner_and_kind(world: World) -> None:
    seen = set()
    made = request(world)
    for status in ("in_review", "declined"):
        seen |= {one.id for one in world.since(lambda now=status: move(world, made, now))}  # type: ignore[misc]
    seen |= {one.id for one in world.since(lambda: deliver(world, document(world), A))}
    seen |= {one.id for one in world.since(lambda: deliver(world, document(world), B))}

    assert len(seen) == 4


def test_answers_go_to_whoever_asked_if_the_profile_knows_them(world: World) -> None:
    (known,) = world.since(lambda: request(world, requester={"email": "BOSS@gc-pa.test"}))
    (stranger,) = world.since(lambda: request(world, requester={"email": "x@elsewhere.test"}))

    assert [one.email for one in known.recipients] == ["boss@gc-pa.test"]
    assert [one.email for one in stranger.recipients] == ["media@gc-pa.test"]


def test_roles_choose_the_recipients_and_nobody_fitting_means_all(world: World) -> None:
    made = document(world)
    roles = {LetterKind.DELIVERY: {"LEGAL"}}
    (chosen,) = world.since(lambda: deliver(world, made, A), roles=roles)
    (everybody,) = world.since(lambda: deliver(world, made, B), roles={LetterKind.DELIVERY: {"x"}})

    assert [one.email for one in chosen.recipients] == ["legal@gc-pa.test"]
    assert len(everybody.recipients) == 3


def test_an_address_that_would_break_a_header_is_no_recipient(world: World) -> None:
    contacts = [
        {"email": "a@b.test\r\nBcc: c@d.test"},
        {"email": "a@b.test, c@d.test"},
        {"email": "a@b.test", "name": "Eve\r\nBcc: c@d.test"},
        {"email": "A@b.test"},
    ]
    world.partner(A, contacts=contacts)
    (letter,) = world.since(lambda: request(world))

    assert [(one.email, one.name) for one in letter.recipients] == [
        ("a@b.test", "Eve Bcc: c@d.test")
    ]


def test_a_partner_without_contacts_has_a_letter_all_the_same(world: World) -> None:
    world.partner(A, contacts=[])
    (letter,) = world.since(lambda: request(world))

    assert letter.recipients == ()


def test_no_link_is_in_the_repr_of_a_letter_or_its_parts(world: World) -> None:
    made = document(world, title=f"Spot {LINK}")
    (letter,) = world.since(lambda: deliver(world, made))

    for one in (letter, letter.data, letter.text, letter.html, letter.subject, [letter.data]):
        assert "s3cr3t" not in repr(one)
    assert "s3cr3t" not in str(letter)
    assert "s3cr3t" in json.dumps(letter.data)


def test_buttons_are_plain_links_for_the_actions_of_the_letter(world: World) -> None:
    made = request(world, B, by=B)
    (letter,) = world.since(lambda: move(world, made, "in_review", "fulfilled"))
    url = "mailto:desk@us.test?subject=CONFIRM&body=x"
    links = {Action.CONFIRM: url, Action.ACKNOWLEDGE: "mailto:other@us.test"}

    assert 'href="mailto:desk@us.test?subject=CONFIRM&amp;body=x">Confirm</a>' in (
        letter.html_with(links)
    )
    assert f"Confirm: {url}" in letter.text_with(links)
    assert "other@us.test" not in letter.html_with(links) + letter.text_with(links)
    assert "<a " not in letter.html


@pytest.mark.parametrize("url", ["javascript:alert(1)", "mailto:a@b\r\nX: y", "http://a.test"])
def test_an_action_links_to_mail_or_an_encrypted_page_alone(world: World, url: str) -> None:
    (letter,) = world.since(lambda: request(world))

    with pytest.raises(errors.ConfigurationError) as caught:
        letter.html_with({Action.WITHDRAW: url})
    assert url not in str(caught.value)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_a_message_names_the_company_and_the_revision(world: World) -> None:
    (letter,) = world.since(lambda: request(world))

    assert letter.data["company_id"] == COMPANY
    assert letter.data["about"]["revision"] == letter.revision
    assert Draft202012Validator(SCHEMA).is_valid(letter.data)
    assert not Draft202012Validator(SCHEMA).is_valid({**letter.data, "kind": "delivery"})
