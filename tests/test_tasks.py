"""The first failure of concurrent tasks cancels the others and is raised as it is."""

import anyio
import pytest

from tgiconik import errors
from tgiconik._tasks import run_concurrently


async def test_the_first_failure_stops_the_others_and_keeps_its_cause() -> None:
    stopped: list[bool] = []

    async def fail() -> None:
        raise errors.TransferError("broken") from OSError("the disk is gone")

    async def wait() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            stopped.append(True)

    with pytest.raises(errors.TransferError) as failed:
        await run_concurrently(wait, fail, wait)

    assert isinstance(failed.value.__cause__, OSError)
    assert stopped == [True, True]
