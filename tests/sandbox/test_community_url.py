"""A sandbox whose community is in a database that others use too."""

from contextlib import closing
from pathlib import Path

import pytest

from tgiconik import TradingGridClient, errors
from tgiconik.sandbox import Sandbox, credentials


def url_in(folder: Path) -> str:
    return f"sqlite:///{folder}/community.db"


async def test_a_client_on_the_same_database_sees_what_the_sandbox_has(tmp_path: Path) -> None:
    url = url_in(tmp_path)
    own = TradingGridClient(
        "https://grid.test", "id", "secret", credentials.COMPANY_ID, community_url=url
    )
    with closing(Sandbox(community=url)) as sandbox:
        async with sandbox.clients() as (grid, _), own:
            request = await own.community.requests.get("REQ-1042")

            assert await grid.community.requests.get("REQ-1042") == request


def test_sample_data_are_not_mixed_with_records_that_are_there(tmp_path: Path) -> None:
    url = url_in(tmp_path)
    Sandbox(community=url).close()

    with pytest.raises(errors.ConfigurationError, match="world=False"):
        Sandbox(community=url)

    Sandbox(community=url, world=False).close()


def test_a_sandbox_with_both_files_opens_again(tmp_path: Path) -> None:
    file, url = tmp_path / "sandbox.db", url_in(tmp_path)
    Sandbox(db=file, community=url).close()

    Sandbox(db=file, community=url).close()


def test_what_is_no_database_is_refused() -> None:
    with pytest.raises(errors.ConfigurationError, match="no URL of a database"):
        Sandbox(community="https://community.example")
