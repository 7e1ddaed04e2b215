"""The served community with made-up calls, by an operator's key and by a partner's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from sandbox.grid.test_fuzzed import (
    EXPECTED,
    keep_to_what_a_schema_cannot_say,
)
from schemathesis.schemas import BaseSchema

from tgiconik.community.server.app import Limits

from .conftest import COMPANY, PARTNER, Served, serving

pytestmark = pytest.mark.fuzz

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "collaboration-openapi.json"


def loaded(*more: str) -> BaseSchema:
    """The document; `more` are further refusals of a call that keeps to it."""
    schema = schemathesis.openapi.from_dict(
        {**json.loads(DOCUMENT.read_text("utf-8")), "security": []}
    )
    checks = schema.config.checks
    checks.positive_data_acceptance.expected_statuses = [*EXPECTED, *more]
    checks.missing_required_header.expected_statuses = ["400", "412", "428", *more]
    checks.negative_data_rejection.expected_statuses = [
        "400", "401", "404", "405", "409", "412", "415", "422", "428", *more,
    ]  # fmt: skip
    return schema


as_operator, as_partner = loaded(), loaded("403")
Case: TypeAlias = schemathesis.Case[Any]
few = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    database = f"sqlite:///{tmp_path_factory.mktemp('fuzzed')}/community.db"
    with serving(database, Limits(rate=100_000)) as served:
        yield served


def judge(case: Case, served: Served, headers: dict[str, str]) -> None:
    if case.meta and case.meta.generation.mode.is_positive:
        keep_to_what_a_schema_cannot_say(case)
        case.path_parameters["companyId"] = COMPANY
        if "partnerId" in case.path_parameters:
            case.path_parameters["partnerId"] = PARTNER
        if "If-Match" in case.headers:
            # Here the partner is there, and so the form of its revision is looked at.
            case.headers["If-Match"] = '"0"'
    case.headers.pop("Idempotency-Key", None)
    case.call_and_validate(base_url=served.url, headers=headers)


@as_operator.parametrize()
@few
def test_made_up_calls_of_an_operator_are_answered_as_documented(case: Case, quick: Served) -> None:
    judge(case, quick, quick.operator)


@as_partner.parametrize()
@few
def test_made_up_calls_of_a_partner_are_answered_as_documented(case: Case, quick: Served) -> None:
    judge(case, quick, quick.partner)
