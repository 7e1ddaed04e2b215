"""The judge of calls and answers finds what is wrong, and nothing else."""

import attrs
import pytest

from .facts import Exchange, deviations, find

ASSET = "62244c99-4ec0-5774-9775-5d24e0fe57fc"
READ = Exchange(
    method="GET",
    path=f"/API/assets/v1/assets/{ASSET}/",
    query="include_users=true",
    body=None,
    status=200,
    answer={"id": ASSET, "title": "Film"},
)
WRITE = Exchange(
    method="POST",
    path="/API/assets/v1/assets/",
    query="",
    body={"title": "Film"},
    status=201,
    answer={"id": ASSET, "title": "Film"},
)


@pytest.mark.parametrize("exchange", [READ, WRITE], ids=["read", "write"])
def test_what_is_as_it_should_be_is_no_deviation(exchange: Exchange) -> None:
    assert list(deviations(exchange)) == []


@pytest.mark.parametrize(
    ("exchange", "said"),
    [
        (attrs.evolve(READ, path="/API/assets/v1/nothing/"), "no such operation"),
        (attrs.evolve(READ, method="PURGE"), "no such operation"),
        (attrs.evolve(READ, query="include_users=yes"), "query include_users is no boolean"),
        (attrs.evolve(READ, query="with_users=true"), "query has unknown with_users"),
        (attrs.evolve(READ, status=206), "answer 206 is none of 200, 400, 401, 404"),
        (attrs.evolve(READ, answer={"title": 7}), "answer title: is not of type"),
        (attrs.evolve(WRITE, body={}), "body itself: 'title' is a required property"),
        (attrs.evolve(WRITE, body={"title": 7}), "body title: is not of type"),
    ],
)
def test_what_is_not_is_said(exchange: Exchange, said: str) -> None:
    found = list(deviations(exchange))

    assert len(found) == 1
    assert said in found[0]


def test_a_patch_may_leave_out_what_is_required() -> None:
    patch = attrs.evolve(
        WRITE, method="PATCH", path=f"/API/assets/v1/assets/{ASSET}/", body={}, status=200
    )

    assert list(deviations(patch)) == []


def test_what_is_refused_is_not_held_against_the_answers() -> None:
    assert list(deviations(attrs.evolve(READ, status=404, answer={"errors": ["gone"]}))) == []


def test_of_two_operations_the_more_literal_one_is_meant() -> None:
    found = find("GET", "/API/users/v1/users/current/")

    assert found is not None
    assert found.path == "/v1/users/current/"


def test_at_the_same_path_a_uuid_is_an_id_and_all_else_a_name() -> None:
    by_id = find("GET", f"/API/assets/v1/assets/{ASSET}/segments/{ASSET}/")
    by_name = find("GET", f"/API/assets/v1/assets/{ASSET}/segments/COMMENT/")

    assert by_id is not None
    assert by_id.path.endswith("{segment_id}/")
    assert by_name is not None
    assert by_name.path.endswith("{segment_type}/")


def test_what_is_beyond_a_published_limit_is_a_deviation() -> None:
    exchange = Exchange(
        method="POST",
        path="/API/acls/v1/acl/",
        query="",
        body={"objects": [{}] * 501},
        status=200,
        answer=None,
    )

    assert "body objects: is not of maxItems 500" in "".join(deviations(exchange))


LIST = Exchange(
    method="GET",
    path="/API/assets/v1/shares/",
    query="per_page=100",
    body=None,
    status=200,
    answer={"objects": [], "page": 1, "per_page": 100},
)


@pytest.mark.parametrize(
    ("exchange", "said"),
    [
        (attrs.evolve(LIST, query="per_page=0"), "query per_page is below 1"),
        (attrs.evolve(LIST, query="per_page=101"), "query per_page is above 100"),
        (attrs.evolve(LIST, query=""), "answer per_page is not 10, the default of the query"),
        (
            attrs.evolve(LIST, answer={"objects": [], "page": 2, "per_page": 100}),
            "answer page is not 1, the default of the query",
        ),
    ],
)
def test_limits_and_defaults_of_a_query_are_held(exchange: Exchange, said: str) -> None:
    assert list(deviations(LIST)) == []

    assert [one.partition(": ")[2] for one in deviations(exchange)] == [said]


def asked(**changes: object) -> Exchange:
    """A request for approval, and its answer."""
    return Exchange(
        method="POST",
        path=f"/API/assets/v1/assets/{ASSET}/approvals/request/",
        query="",
        body={"users": [ASSET], **changes},
        status=201,
        answer={"users": [ASSET], "min_number": 1, "version_id": ASSET},
    )


def test_read_only_fields_are_not_sent() -> None:
    assert list(deviations(asked())) == []

    (problem,) = deviations(asked(version_id=ASSET))

    assert problem.endswith("body version_id: is the other side's to give")


def test_write_only_fields_are_not_answered() -> None:
    user = {"email": "a@b.example", "type": "POWER"}
    made = Exchange(
        method="POST",
        path="/API/users/v1/users/",
        query="",
        body={**user, "password": "secret"},
        status=201,
        answer=user,
    )
    assert list(deviations(made)) == []

    (problem,) = deviations(attrs.evolve(made, answer=made.body))

    assert problem.endswith("answer password: is the other side's to give")


def test_what_is_not_sent_has_its_default() -> None:
    exchange = attrs.evolve(asked(), answer={"users": [ASSET], "min_number": 2})

    (problem,) = deviations(exchange)

    assert problem.endswith("answer min_number is not 1, the default of the body")
    assert list(deviations(attrs.evolve(asked(min_number=2), answer=exchange.answer))) == []
