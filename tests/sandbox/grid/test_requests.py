"""Requests and issues: their status machine, claims, comments, preconditions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik.tradinggrid.collaboration import transitions

from .community import Community, problem
from .world import Clock, fresh_community

REQUEST = "/requests/REQ-1042"
ISSUE = "/issues/ISS-7"
NEW = {"kind": "media_request", "subject": "A poster", "partner_id": "GCPARTNER1"}
MACHINES = {REQUEST: transitions.REQUEST_MOVES, ISSUE: transitions.ISSUE_MOVES}


async def test_a_new_request_begins_as_submitted_with_its_first_history_entry(
    community: Community,
) -> None:
    answer = await community.call("POST", "/requests", NEW)
    assert answer.status_code == 201
    made = answer.json()
    assert made["status"] == "submitted"
    assert [(entry["from"], entry["to"]) for entry in made["history"]] == [(None, "submitted")]
    assert made["claim"]["holder"] is None
    assert (await community.http.get(answer.headers["location"])).json() == made


async def test_a_move_is_kept_in_the_history(community: Community, clock: Clock) -> None:
    first = await community.get(REQUEST)
    clock.passes(minutes=5)
    moved = await community.write(
        "PUT",
        f"{REQUEST}/status",
        {"status": "in_review", "note": "Looking", "actor": "fulfil"},
        match=first["etag"],
    )
    assert moved["status"] == "in_review"
    assert moved["updated_at"] > first["updated_at"]
    assert moved["history"][-1] == {
        "from": "submitted",
        "to": "in_review",
        "at": "2026-03-01T12:05:00.000000Z",
        "actor": "fulfil",
        "note": "Looking",
        "written_by": "operator",
    }


async def test_an_illegal_move_says_where_it_could_go(community: Community) -> None:
    request = await community.get(REQUEST)
    answer = await community.call(
        "PUT", f"{REQUEST}/status", {"status": "fulfilled"}, match=request["etag"]
    )
    assert problem(answer) == (409, "illegal-move")
    assert answer.json()["from"] == "submitted"
    assert answer.json()["to"] == "fulfilled"
    assert answer.json()["allowed"] == ["in_review", "withdrawn"]
    assert await community.get(REQUEST) == request


@given(
    path=st.sampled_from([REQUEST, ISSUE]),
    draws=st.lists(st.integers(min_value=0, max_value=99), max_size=12),
)
async def test_no_walk_leaves_the_declared_machine(path: str, draws: list[int]) -> None:
    moves = MACHINES[path]
    async with fresh_community(Clock()) as community:
        thing = await community.get(path)
        walked = [thing["status"]]
        for draw in draws:
            to = sorted(moves)[draw % len(moves)]
            answer = await community.call(
                "PUT", f"{path}/status", {"status": to}, match=thing["etag"]
            )
            allowed = transitions.may_move(moves, thing["status"], to)
            assert answer.status_code == (200 if allowed else 409)
            walked += [to] if allowed else []
            thing = await community.get(path)
            assert [entry["to"] for entry in thing["history"]] == walked


async def test_a_change_needs_the_entity_tag_that_was_read(community: Community) -> None:
    request = await community.get(REQUEST)
    change = {"description": "For the autumn launch"}
    assert problem(await community.call("PATCH", REQUEST, change)) == (428, "precondition-required")
    stale = await community.call("PATCH", REQUEST, change, match='"0"')
    assert problem(stale) == (412, "stale")
    bare = await community.call("PATCH", REQUEST, change, match="1")
    assert problem(bare) == (400, "invalid")
    changed = await community.write("PATCH", REQUEST, change, match=request["etag"])
    assert changed == {
        **request,
        **change,
        "etag": changed["etag"],
        "updated_at": changed["updated_at"],
    }
    again = await community.call("PATCH", REQUEST, change, match=request["etag"])
    assert problem(again) == (412, "stale")


async def test_a_change_that_changes_nothing_keeps_the_entity_tag(
    community: Community, clock: Clock
) -> None:
    request = await community.get(REQUEST)
    clock.passes(minutes=1)
    same = await community.write("PATCH", REQUEST, {}, match=request["etag"])
    assert same == request


async def test_what_is_not_there_is_404_wherever_it_stands_in_the_path(
    community: Community,
) -> None:
    for path in ("/requests/REQ-0", "/requests/REQ-0/comments", "/issues/ISS-0/claim"):
        assert problem(await community.call("GET", path)) == (404, "not-found")
    status = await community.call("PUT", "/requests/REQ-0/status", {"status": "in_review"})
    assert problem(status) == (404, "not-found")


# Claims


async def test_of_two_who_want_a_claim_one_gets_it(community: Community) -> None:
    etag = (await community.get(f"{REQUEST}/claim"))["etag"]
    first, second = {"holder": "run-1", "seconds": 60}, {"holder": "run-2", "seconds": 60}
    claim = await community.write("PUT", f"{REQUEST}/claim", first, match=etag)
    late = await community.call("PUT", f"{REQUEST}/claim", second, match=etag)
    assert problem(late) == (412, "stale")
    informed = await community.call("PUT", f"{REQUEST}/claim", second, match=claim["etag"])
    assert problem(informed) == (409, "claimed")
    assert informed.json()["holder"] == "run-1"
    assert informed.json()["expires_at"] == "2026-03-01T12:01:00.000000Z"
    assert (await community.get(REQUEST))["claim"] == claim


async def test_a_claim_can_be_renewed_until_somebody_else_takes_it(
    community: Community, clock: Clock
) -> None:
    claim = await community.claim(REQUEST, "run-1", seconds=60)
    clock.passes(seconds=60)
    body = {"holder": "run-1", "seconds": 60}
    renewed = await community.write("PUT", f"{REQUEST}/claim", body, match=claim["etag"])
    assert renewed["expires_at"] == "2026-03-01T12:02:00.000000Z"
    clock.passes(seconds=60)
    await community.claim(REQUEST, "run-2")
    late = await community.call("PUT", f"{REQUEST}/claim", body, match=renewed["etag"])
    assert problem(late) == (412, "stale")


async def test_a_lease_runs_out_by_the_clock_and_still_says_who_had_it(
    community: Community, clock: Clock
) -> None:
    claim = await community.claim(REQUEST, "run-1", seconds=60)
    clock.passes(seconds=60)
    assert await community.get(f"{REQUEST}/claim") == claim
    assert (await community.claim(REQUEST, "run-2"))["holder"] == "run-2"


async def test_a_claim_given_back_is_free(community: Community) -> None:
    claim = await community.claim(REQUEST, "run-1")
    freed = await community.write("DELETE", f"{REQUEST}/claim", match=claim["etag"])
    assert (freed["holder"], freed["expires_at"]) == (None, None)
    twice = await community.call("DELETE", f"{REQUEST}/claim", match=claim["etag"])
    assert problem(twice) == (412, "stale")
    await community.claim(REQUEST, "run-2")


async def test_a_claim_does_not_change_the_entity_tag_of_what_is_claimed(
    community: Community,
) -> None:
    before = await community.get(REQUEST)
    await community.claim(REQUEST, "run-1")
    assert (await community.get(REQUEST))["etag"] == before["etag"]


@pytest.mark.parametrize("path", [REQUEST, ISSUE])
async def test_while_a_lease_lasts_only_its_holder_writes(
    community: Community, clock: Clock, path: str
) -> None:
    await community.claim(path, "run-1")
    etag = (await community.get(path))["etag"]
    to = "in_review" if path == REQUEST else "acknowledged"

    for holder, refusal in ((None, (409, "claimed")), ("run-2", (412, "claim-lost"))):
        move = await community.call(
            "PUT", f"{path}/status", {"status": to}, match=etag, holder=holder
        )
        assert problem(move) == refusal
        change = await community.call(
            "PATCH", path, {"subject": "Other"}, match=etag, holder=holder
        )
        assert problem(change) == refusal

    await community.write("PUT", f"{path}/status", {"status": to}, match=etag, holder="run-1")
    clock.passes(minutes=1)
    late = await community.call(
        "PUT", f"{path}/status", {"status": "withdrawn"}, match=etag, holder="run-1"
    )
    assert problem(late) == (412, "claim-lost")


async def test_the_partners_own_moves_pass_a_foreign_lease(community: Community) -> None:
    await community.claim(REQUEST, "run-1")
    await community.move(REQUEST, "in_review", "fulfilled", holder="run-1")
    await community.move(REQUEST, "reopened")
    assert (await community.move(REQUEST, "withdrawn"))["status"] == "withdrawn"


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["run-1", "run-2", "run-3"]),
            st.sampled_from(["take", "give back", "write", "wait"]),
            st.integers(min_value=1, max_value=90),
        ),
        max_size=12,
    )
)
async def test_no_two_ever_hold_the_same_claim(steps: list[tuple[str, str, int]]) -> None:
    clock = Clock()
    leases: dict[str, float] = {}
    tags: dict[str, str] = {}
    async with fresh_community(clock) as community:
        for who, action, seconds in steps:
            now = clock().timestamp()
            live = {holder for holder, ends in leases.items() if now < ends}
            match action:
                case "take":
                    etag = (await community.get(f"{REQUEST}/claim"))["etag"]
                    body = {"holder": who, "seconds": seconds}
                    answer = await community.call("PUT", f"{REQUEST}/claim", body, match=etag)
                    assert answer.is_success == (live <= {who})
                    if answer.is_success:
                        leases, tags[who] = {who: now + seconds}, answer.json()["etag"]
                case "give back":
                    tag = tags.get(who, '"claim-none"')
                    answer = await community.call("DELETE", f"{REQUEST}/claim", match=tag)
                    assert answer.is_success == (who in leases)
                    leases = {} if answer.is_success else leases
                case "write":
                    answer = await community.call(
                        "POST", f"{REQUEST}/comments", {"body": "Done."}, holder=who
                    )
                    assert answer.is_success == (who in live)
                case _:
                    clock.passes(seconds=seconds)


# Comments


async def test_comments_come_oldest_first_and_do_not_change_the_request(
    community: Community,
) -> None:
    before = await community.get(REQUEST)
    for text in ("One", "Two", "Three"):
        await community.write("POST", f"{REQUEST}/comments", {"body": text})
    said = await community.items(f"{REQUEST}/comments")
    assert [comment["body"] for comment in said] == ["One", "Two", "Three"]
    assert {comment["visibility"] for comment in said} == {"partner"}
    assert await community.get(REQUEST) == before
    assert await community.items(f"{ISSUE}/comments") == []


async def test_a_comment_under_a_lost_claim_is_not_written(
    community: Community, clock: Clock
) -> None:
    await community.claim(REQUEST, "run-1")
    clock.passes(minutes=1)
    answer = await community.call(
        "POST", f"{REQUEST}/comments", {"body": "Here it is."}, holder="run-1"
    )
    assert problem(answer) == (412, "claim-lost")
    assert await community.items(f"{REQUEST}/comments") == []


async def test_a_lease_does_not_keep_others_from_commenting(community: Community) -> None:
    await community.claim(REQUEST, "run-1")
    await community.write("POST", f"{REQUEST}/comments", {"body": "Any news?"})


async def test_an_external_id_names_one_thing_in_its_collection(community: Community) -> None:
    first = await community.call(
        "POST", f"{REQUEST}/comments", {"body": "One", "external_id": "done"}
    )
    second = await community.call(
        "POST", f"{REQUEST}/comments", {"body": "Two", "external_id": "done"}
    )
    elsewhere = await community.call(
        "POST", f"{ISSUE}/comments", {"body": "Three", "external_id": "done"}
    )
    assert (first.status_code, second.status_code, elsewhere.status_code) == (201, 200, 201)
    assert second.json() == first.json()
    assert elsewhere.json()["body"] == "Three"
    (found,) = await community.items(f"{REQUEST}/comments", external_id="done")
    assert found == first.json()
