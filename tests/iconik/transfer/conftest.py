"""A served sandbox with tiny parts, a client that does not wait long, and files."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox.iconik.world import fill

from tgiconik import IconikClient
from tgiconik._http import Retry
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik.kinds import ASSETS, FILE_SETS, FILES, FORMATS, JOBS

METHODS = ["S3", "GCS", "B2", "AZURE"]
#: Four parts and a bit of a file of 1 MiB; Google takes no smaller ones.
PART = 256 * 1024
CONTENT = bytes(range(256)) * 4 * 1024 + b"the end"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(world=False)
    fill(sandbox)
    sandbox.state.smallest_part = 4
    with sandbox.serve():
        yield sandbox
    sandbox.close()


@pytest.fixture(autouse=True)
def on_each_engine(engine: str) -> str:
    """Also the clients that a test makes itself."""
    return engine


def client_of(sandbox: Sandbox, **options: Any) -> IconikClient:  # noqa: ANN401 - any option
    usual: dict[str, Any] = {"rate": None, "retry": Retry(attempts=4, base=0.001, cap=0.01)}
    iconik = IconikClient.from_env(
        environ=sandbox.environment() | {"TGICONIK_ENGINE": os.environ["TGICONIK_ENGINE"]},
        **usual | options,
    )
    iconik.transfer.part_size = PART
    return iconik


@pytest.fixture
async def iconik(sandbox: Sandbox) -> AsyncIterator[IconikClient]:
    async with client_of(sandbox) as client:
        yield client


@pytest.fixture
def film(tmp_path: Path) -> Path:
    file = tmp_path / "launch.mp4"
    file.write_bytes(CONTENT)
    return file


def there(sandbox: Sandbox) -> dict[str, Any]:
    """What an upload makes in iconik and on the storages, as far as it is not taken back."""
    store = sandbox.state.store
    return {
        "versions": {
            asset["id"]: [version["id"] for version in asset["versions"]]
            for asset in store.list(ASSETS)
            if asset["status"] == "ACTIVE"
        },
        "records": sorted(
            record["id"]
            for kind in (FORMATS, FILE_SETS, FILES)
            for record in store.list(kind)
            if record.get("status") != "DELETED"
        ),
        "running": [job["id"] for job in store.list(JOBS) if job["status"] == "STARTED"],
        "parts": sandbox.open_uploads(),
    }
