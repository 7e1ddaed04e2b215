"""How all tests are run."""

import os
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["community.plugin", "contract.plugin", "pytester"]

#: The kinds of heavy tests; `-m heavy` selects all of them.
HEAVY: Final = frozenset(
    {"backends", "bench", "browser", "database", "dovecot", "enumeration", "fuzz", "scale", "soak"},
)

# Examples are held to what is right, not to a clock: the first text of a run builds a table of
# Unicode, which on a busy machine takes seconds.
_any_time = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _any_time, max_examples=25)
settings.register_profile("thorough", _any_time, max_examples=100)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every kind of heavy test as heavy."""
    if not HEAVY.isdisjoint(marker.name for marker in item.iter_markers()):
        item.add_marker("heavy")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """For `-n auto`, one process more than the machine has cores: many tests wait for others.

    None, where the environment has the number: xdist reads it.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return (os.cpu_count() or 1) + 1


@pytest.fixture
def anyio_backend() -> str:
    """The sandbox is served by asyncio; that the HTTP core runs on trio too is tested there."""
    return "asyncio"
