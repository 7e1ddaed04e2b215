"""What has connections is closed at the end of an `async with`."""

from types import TracebackType
from typing import Self


class Closing:
    """`async with` for everything that has an `aclose`."""

    async def aclose(self) -> None:
        """Close all connections. Safe to call twice."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
