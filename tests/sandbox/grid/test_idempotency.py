"""Idempotency keys: the first successful answer is the answer."""

from hypothesis import given
from hypothesis import strategies as st

from .community import Community, problem
from .world import Clock, fresh_community

REQUEST = "/requests/REQ-1042"


async def test_the_same_call_under_one_key_happens_once(community: Community) -> None:
    first = await community.call("POST", f"{REQUEST}/comments", {"body": "Done."}, key="k-1")
    again = await community.call("POST", f"{REQUEST}/comments", {"body": "Done."}, key="k-1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert len(await community.items(f"{REQUEST}/comments")) == 1


async def test_another_call_under_the_same_key_is_refused(community: Community) -> None:
    await community.write("POST", f"{REQUEST}/comments", {"body": "Done."}, key="k-1")
    body = await community.call("POST", f"{REQUEST}/comments", {"body": "Not done."}, key="k-1")
    path = await community.call("POST", "/issues/ISS-7/comments", {"body": "Done."}, key="k-1")
    assert problem(body) == problem(path) == (422, "idempotency-key-reused")
    assert await community.items("/issues/ISS-7/comments") == []


async def test_a_key_is_looked_at_before_preconditions_and_claims(
    community: Community, clock: Clock
) -> None:
    await community.claim(REQUEST, "run-1")
    etag = (await community.get(REQUEST))["etag"]
    move = {"status": "in_review"}
    first = await community.write(
        "PUT", f"{REQUEST}/status", move, match=etag, holder="run-1", key="k-1"
    )
    await community.move(REQUEST, "declined", holder="run-1")
    clock.passes(hours=1)
    again = await community.write(
        "PUT", f"{REQUEST}/status", move, match='"5"', holder="run-2", key="k-1"
    )
    assert again == first
    assert (await community.get(REQUEST))["status"] == "declined"


async def test_a_refusal_is_not_remembered(community: Community) -> None:
    body = {"status": "in_review"}
    refused = await community.call("PUT", f"{REQUEST}/status", body, match='"0"', key="k-1")
    assert problem(refused) == (412, "stale")
    etag = (await community.get(REQUEST))["etag"]
    await community.write("PUT", f"{REQUEST}/status", body, match=etag, key="k-1")


async def test_an_answer_without_a_body_is_remembered_too(community: Community) -> None:
    member = "/groups/GRP-EMEA/members/GCPARTNER2"
    await community.write("PUT", member, key="k-1")
    await community.write("DELETE", member)
    again = await community.call("PUT", member, key="k-1")
    assert again.status_code == 204
    assert (await community.get("/groups/GRP-EMEA"))["member_count"] == 1


async def test_a_key_that_is_no_key_is_refused(community: Community) -> None:
    answer = await community.call("POST", "/groups", {"name": "g"}, key="two words")
    assert problem(answer) == (400, "invalid")


@given(
    calls=st.lists(
        st.tuples(st.sampled_from(["k-1", "k-2", "k-3"]), st.sampled_from(["A", "B"])), max_size=10
    )
)
async def test_each_key_has_one_effect_however_often_it_is_sent(
    calls: list[tuple[str, str]],
) -> None:
    first: dict[str, str] = {}
    async with fresh_community(Clock()) as community:
        for key, body in calls:
            answer = await community.call("POST", f"{REQUEST}/comments", {"body": body}, key=key)
            assert answer.is_success == (first.setdefault(key, body) == body)
        said = [comment["body"] for comment in await community.items(f"{REQUEST}/comments")]
    assert said == list(first.values())
