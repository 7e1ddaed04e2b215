"""How all tests are run."""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["contract.plugin", "pytester"]

# Examples are held to what is right, not to a clock: the first text of a run builds a table of
# Unicode, which on a busy machine takes seconds.
settings.register_profile("tgiconik", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tgiconik")


@pytest.fixture
def anyio_backend() -> str:
    """The sandbox is served by asyncio; that the HTTP core runs on trio too is tested there."""
    return "asyncio"
