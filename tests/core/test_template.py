"""Paths without their ids: an operation's is known, a raw call's loses all that may be one."""

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik._http import build
from tgiconik._http._message import build_literal
from tgiconik._http._target import link_template
from tgiconik._http._template import masked_path

FACTS = Path(__file__).parents[2] / "codegen" / "facts" / "iconik"
PATHS = [
    f"/API/{file.stem}{path}"
    for file in sorted(FACTS.glob("*.json"))
    for path in json.loads(file.read_text("utf-8"))["paths"]
]


def test_an_operation_is_counted_by_its_template() -> None:
    call = build("GET", "/v1/assets/{}/files/{}/", "a b", "c", query={"token": "t"})

    assert call.template == "/v1/assets/{id}/files/{id}/"


def test_a_raw_call_to_any_operation_of_iconik_is_counted_by_its_template() -> None:
    for path in PATHS:
        template = re.sub(r"\{[^}]+\}", "{id}", path)
        raw = re.sub(r"\{[^}]+\}", lambda _: str(uuid4()), path)
        assert build_literal("GET", f"{raw}?page=2").template == template


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/TGCommunityServices/v1/companies/GC100US", "/TGCommunityServices/v1/companies/{id}"),
        ("/visibility_transaction_search", "/visibility_transaction_search"),
        (
            "/community/v1/companies/GC1/requests/REQ-1042",
            "/community/v1/companies/{id}/requests/{id}",
        ),
        ("/API/x/eyJhbGciOiJIUzI1NiJ9.e30.abc/", "/API/x/{id}/"),
        ("/API/x/a%20b/%7B/", "/API/x/{id}/{id}/"),
        ("/API/x/ZZ:ACME", "/API/x/{id}"),
    ],
)
def test_whatever_may_be_an_id_is_masked_in_a_raw_path(path: str, template: str) -> None:
    assert masked_path(path) == template


@given(st.from_regex(r"[A-Za-z0-9_-]{22,64}", fullmatch=True).filter(lambda t: re.search(r"\d", t)))
def test_no_token_with_a_digit_stays_in_a_raw_path(token: str) -> None:
    assert masked_path(f"/API/share/{token}/") == "/API/share/{id}/"


def test_a_link_is_counted_by_its_origin() -> None:
    assert link_template("https://s.example:444/b/film.mp4") == "https://s.example:444/{object}"
