"""The generator is not installed with the package: its tests find it beside them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))


@pytest.fixture
def anyio_backend() -> str:
    """Generated methods await one call: which loop runs them is the HTTP core's business."""
    return "asyncio"
