"""Test your code with pytest.

    pytest examples/write_a_test.py

Tests a function and a failed share on a sandbox. The fixtures `grid`, `iconik` and `sandbox` come
from tgiconik; `tgiconik_fixtures = short` in pytest's ini enables these short names.

Guide: docs/testing.md
"""

import pytest

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.faults import Fault, Refuse
from tgiconik.workflows import fulfill_media_request

pytestmark = pytest.mark.anyio


async def titles_of_requests(grid: TradingGridClient, partner_id: str) -> list[str]:
    """Code under test: the subjects of a partner's requests."""
    requests = grid.community.requests.list(partner_id=partner_id)
    return sorted([request.subject async for request in requests])


async def test_what_you_build(grid: TradingGridClient) -> None:
    """Test against the sandbox's sample data, which is the same in every run."""
    asked = await titles_of_requests(grid, world.SUMMIT)

    assert asked == ["A poster for the entrance", "Film and radio spot"]


async def test_a_bad_day(grid: TradingGridClient, iconik: IconikClient, sandbox: Sandbox) -> None:
    """If iconik rejects a share, the request stays open, and the next run answers it."""
    sandbox.faults.append(Fault(Refuse(403), method="POST", path="/shares/url/"))

    bad = await fulfill_media_request(grid, iconik, "REQ-1042", policy=sandbox.policy())
    good = await fulfill_media_request(grid, iconik, "REQ-1042", policy=sandbox.policy())

    assert [one.state for one in bad.outcomes] == ["failed"]
    assert [one.state for one in good.outcomes] == ["delivered"]
