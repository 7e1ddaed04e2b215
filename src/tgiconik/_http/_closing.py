"""Objects with connections: closed at the end of an `async with`, and never pickled."""

from types import TracebackType
from typing import NoReturn, Self

from tgiconik._http._surface import Listed


class NotPicklable:
    """Refuses to be pickled: it holds credentials or connections."""

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} holds credentials and is not pickled; make another one where "
            "it is needed, with from_env()"
        )


class Closeable(NotPicklable, Listed):
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
