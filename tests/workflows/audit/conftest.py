"""A launch to make records of."""

import pytest

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox
from workflows.conftest import Clock

from .launch import Launch


@pytest.fixture
def launch(sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Launch:
    return Launch(sandbox, grid, iconik, clock)
