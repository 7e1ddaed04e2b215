"""No letter has what its partner may not know, whatever a community has been through.

The judge knows nothing of the rules of access: every text is written with a marker, and with the
partners that may read it.
"""

import json
import os
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tgiconik.community.rules.problems import ProblemError
from tgiconik.community.shapes import Document
from tgiconik.community.store.interface import Place
from tgiconik.tradinggrid.collaboration.transitions import (
    ISSUE_MOVES,
    REQUEST_MOVES,
    next_statuses,
)

from .world import PARTNERS, everything_in, new_world

VALIDATOR = Draft202012Validator(
    json.loads((Path(__file__).parents[3] / "docs" / "letter.schema.json").read_text("utf-8"))
)


def closed(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """A schema that allows no other fields: of ours, none is unknown."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(one) for name, one in schema.items()}
    # Branches of `oneOf` name some of the fields only.
    is_whole = schema.get("type") == "object" and "properties" in schema
    return inner | {"additionalProperties": False} if is_whole else inner


CLOSED = Draft202012Validator(closed(VALIDATOR.schema))


class Player:
    """Makes a step of a community's life, from numbers."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - a test's
        self.world = new_world()

    def play(self, step: Callable[["Player"], None]) -> None:
        try:
            step(self)
        except ProblemError as problem:
            # A partner's move that is the company's, or a document that was withdrawn before.
            if problem.status not in {403, 404, 409}:
                raise

    def somebody(self) -> str:
        return self.random.choice(PARTNERS)

    def author(self, partner: str) -> str | None:
        return self.random.choice([None, partner])

    def one(self, noun: str) -> Document:
        made = self.world.made.get(noun)
        if not made:
            self.make(noun)
            made = self.world.made[noun]
        return self.random.choice(made)

    def make(self, noun: str) -> None:
        makers = {
            "requests": self.ticket,
            "issues": self.ticket,
            "projects": self.project,
            "tasks": self.task,
            "documents": self.document,
            "exceptions": self.exception,
        }
        maker: Callable[[], None] = makers[noun]
        while not self.world.made.get(noun):
            maker()

    def audience(self) -> tuple[Document, Callable[[], Collection[str]]]:
        partners = self.random.sample(PARTNERS, self.random.randrange(3))
        groups = [g["id"] for g in self.world.made["groups"] if self.random.random() < 0.3]
        return {"partners": partners, "groups": groups}, lambda: {*partners, *self.members(groups)}

    def members(self, groups: Collection[str]) -> set[str]:
        with self.world.store.transaction("GC-US", write=False) as state:
            found = state.records(Place("partners"))
        return {one.id for one in found if not set(one.fields["groups"]).isdisjoint(groups)}

    def ticket(self) -> None:
        partner, world = self.somebody(), self.world
        mine = world.text(lambda: [partner])
        common = {"subject": mine, "partner_id": partner, "description": mine}
        if self.random.random() < 0.5:
            world.add("/requests", {"kind": "enhancement", **common}, by=self.author(partner))
        else:
            words = {"severity": "low", "category": "rights"}
            world.add("/issues", common | words, by=self.author(partner))

    def move(self) -> None:
        noun = self.random.choice(["requests", "issues"])
        ticket = self.one(noun)
        partner = ticket["partner_id"]
        status = self.random.choice(sorted(self.next_of(noun, ticket["id"])))
        note = self.world.text(lambda: [partner])
        body = {"status": status, "note": note}
        by = self.author(partner)
        self.world.call(f"PUT /{noun}/{{{noun}}}/status", body, by=by, **{noun: ticket["id"]})

    def next_of(self, noun: str, id_: str) -> Collection[str]:
        with self.world.store.transaction("GC-US", write=False) as state:
            record = state.record(Place(noun), id_)
        assert record is not None
        moves = REQUEST_MOVES if noun == "requests" else ISSUE_MOVES
        return next_statuses(moves, record.fields["status"]) or [record.fields["status"]]

    def comment(self) -> None:
        noun = self.random.choice(["requests", "issues", "projects"])
        above = self.one(noun)
        by = self.author(above.get("partner_id", self.somebody()))
        is_internal = by is None and self.random.random() < 0.5
        readers = self.readers_of(noun, above)

        def commenting() -> Collection[str]:
            if is_internal:
                return ()
            return readers() if by is None else [by]

        body = {
            "body": self.world.text(commenting),
            "links": [f"https://x.test/{self.world.text(commenting)}".replace(" ", "/")],
            "visibility": "internal" if is_internal else "partner",
        }
        self.world.add(f"/{noun}/{{{noun}}}/comments", body, by=by, **{noun: above["id"]})

    def readers_of(self, noun: str, above: Document) -> Callable[[], Collection[str]]:
        if noun != "projects":
            return lambda: [above["partner_id"]]
        return self.world.readers[re.findall(r"mk\d+z", above["name"])[0]]

    def project(self) -> None:
        audience, readers = self.audience()
        name = self.world.text(readers)
        self.world.add("/projects", {"kind": "launch", "name": name, "audience": audience})

    def task(self) -> None:
        project, partner = self.one("projects"), self.somebody()
        readers = self.readers_of("projects", project)
        title = self.world.text(lambda: {partner} & {*readers()})
        body = {"kind": "todo", "title": title, "assignee_partner_id": partner}
        self.world.add("/projects/{projects}/tasks", body, projects=project["id"])

    def exception(self) -> None:
        project, partner = self.one("projects"), self.somebody()
        readers = self.readers_of("projects", project)
        mine = self.world.text(lambda: {partner} & {*readers()})
        body = {"subject": mine, "partner_id": partner}
        path = "/projects/{projects}/exceptions"
        made = self.world.add(path, body, projects=project["id"])
        self.world.call(
            "PATCH /projects/{projects}/exceptions/{exceptions}",
            {"status": "resolved", "resolution": mine},
            projects=project["id"],
            exceptions=made["id"],
        )

    def document(self) -> None:
        audience, readers = self.audience()
        earlier = self.one("documents")["id"] if "documents" in self.world.made else None
        had: set[str] = set()
        title = self.world.text(lambda: {*readers(), *had})
        body = {
            "title": title,
            "restrictions": [title],
            "audience": audience,
            "request_id": self.one("requests")["id"],
            "supersedes": self.random.choice([None, earlier]),
        }
        self.world.add("/documents", body)["had"] = had

    def deliver(self) -> None:
        document, partner = self.one("documents"), self.somebody()
        mine = self.world.text(lambda: [partner], "x").replace(" ", "-")
        body = {
            "link": f"https://iconik.test/{mine}",
            "restrictions": [mine],
            "state": self.random.choice(["active", "active", "revoked"]),
            "note": mine,
        }
        path = "PUT /documents/{documents}/deliveries/{partners}"
        self.world.call(path, body, documents=document["id"], partners=partner)
        document["had"].add(partner)

    def withdraw(self) -> None:
        path = "PUT /documents/{documents}/state"
        self.world.call(path, {"state": "withdrawn"}, documents=self.one("documents")["id"])

    def announce(self) -> None:
        audience, readers = self.audience()
        mine = self.world.text(readers)
        documents = [one["id"] for one in self.world.made.get("documents", ())]
        body = {"subject": mine, "body": mine, "audience": audience, "document_ids": documents}
        self.world.add("/announcements", body)

    def leave_or_join(self) -> None:
        operation = self.random.choice(["PUT", "DELETE"])
        group = self.one("groups")["id"]
        path = f"{operation} /groups/{{groups}}/members/{{partners}}"
        self.world.call(path, groups=group, partners=self.somebody())


STEPS = (
    Player.ticket, Player.ticket, Player.move, Player.move, Player.move, Player.comment,
    Player.comment, Player.comment, Player.project, Player.task, Player.exception, Player.document,
    Player.deliver, Player.deliver, Player.deliver, Player.withdraw, Player.announce,
    Player.leave_or_join,
)  # fmt: skip


_VALID: set[str] = set()


def check_schema(data: Mapping[str, Any]) -> None:
    """Check a letter's data; nearly half of the time would be the validator's.

    What differs in a marker or in a digest alone has the same length and form, and so is valid if
    the other one is.
    """
    assert re.fullmatch("LTR-[0-9a-f]{32}", data["id"])
    form = re.sub(r"mk\d{5}z", "mk00000z", json.dumps({**data, "id": f"LTR-{0:032}"}))
    if form not in _VALID:
        assert CLOSED.is_valid(data), list(CLOSED.iter_errors(data))
        _VALID.add(form)


def check_a_community(seed: int, steps: list[Callable[[Player], None]]) -> None:
    player = Player(seed)
    world = player.world
    for step in steps:
        player.play(step)
    journal = world.journal()
    found = world.letters(journal)

    for letter in found:
        whole = everything_in(letter)
        for marker in set(re.findall(r"mk\d+z", whole)):
            assert letter.partner_id in set(world.readers[marker]()), (marker, letter)
        for other in PARTNERS:
            assert other == letter.partner_id or other.lower() not in whole.lower()
        assert "GRP-" not in whole
        check_schema(letter.data)
        assert "https://iconik.test/x-" not in repr(letter)
    again = [*journal, *player.random.sample(journal, len(journal) // 2)]
    player.random.shuffle(again)
    assert world.letters(again) == found
    world.store.close()


#: In parts, which the heavy tests run beside each other.
MANY, PARTS = int(os.environ.get("TGICONIK_COMMUNITIES", "10000")), 10
COMMUNITIES = given(
    st.integers(0, 2**32), st.lists(st.sampled_from(STEPS), min_size=4, max_size=30)
)


@COMMUNITIES
@settings(max_examples=200)
def test_no_letter_has_what_its_partner_may_not_know(
    seed: int, steps: list[Callable[[Player], None]]
) -> None:
    check_a_community(seed, steps)


@pytest.mark.enumeration
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_letter_of_many_communities_has_what_its_partner_may_not_know(part: int) -> None:
    # Without a seed of its own, each part would have the same communities.
    seeded(part)(settings(max_examples=MANY // PARTS)(COMMUNITIES(check_a_community)))()


def test_the_communities_have_letters_of_every_kind() -> None:
    kinds = set()
    for seed in range(30):
        player = Player(seed)
        for step in player.random.choices(STEPS, k=30):
            player.play(step)
        kinds |= {letter.kind for letter in player.world.letters()}
        player.world.store.close()

    assert len(kinds) == 8


def test_letters_to_some_partners_are_those_that_all_letters_have_for_them() -> None:
    for seed in range(30):
        player = Player(seed)
        for step in player.random.choices(STEPS, k=30):
            player.play(step)
        every = player.world.letters()
        for partner_id in PARTNERS:
            mine = [letter for letter in every if letter.partner_id == partner_id]
            assert player.world.letters(partners=[partner_id]) == mine
