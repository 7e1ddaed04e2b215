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
