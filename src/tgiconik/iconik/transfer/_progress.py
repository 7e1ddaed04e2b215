"""How far a transfer is, told to a caller's function or shown as a bar."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from tgiconik.errors import ConfigurationError

#: Called with bytes done and bytes in all; True for a bar; None or False for nothing.
Progress: TypeAlias = Callable[[int, int], object] | bool | None


class Meter:
    """Bytes done, over parts that may be sent more than once.

    Args:
        total: bytes in all.
        tell: called with bytes done and bytes in all, whenever more are done than ever before.
    """

    def __init__(self, total: int, tell: Callable[[int, int], object]) -> None:
        self._total = total
        self._tell = tell
        self._parts: dict[int, int] = {}
        self._done = 0
        self._told = -1
        self.reached(0, 0)

    def reached(self, part: int, done: int) -> None:
        """So many bytes of a part are done; fewer than before when it is sent again."""
        self._done += done - self._parts.get(part, 0)
        self._parts[part] = done
        if self._done > self._told:
            self._told = self._done
            self._tell(self._done, self._total)


@contextmanager
def metered(progress: Progress, total: int, title: str) -> Iterator[Meter]:
    """A meter for what the caller wants to see.

    Raises:
        ConfigurationError: a bar is wanted, and tqdm is not installed.
    """
    if progress is True:
        with _bar(total, title) as tell:
            yield Meter(total, tell)
    else:
        yield Meter(total, progress or _ignore)


class SharedProgress:
    """One progress of several transfers: the total grows as their sizes become known.

    Args:
        tell: called with bytes done and bytes in all, of all of them.
    """

    def __init__(self, tell: Callable[[int, int], object]) -> None:
        self._tell = tell
        self._done = 0
        self._total = 0

    def of_one(self) -> Callable[[int, int], object]:
        """The callback of one of the transfers."""
        before = (0, 0)

        def tell(done: int, total: int) -> None:
            nonlocal before
            self._done += done - before[0]
            self._total += total - before[1]
            before = (done, total)
            self._tell(self._done, self._total)

        return tell


@contextmanager
def shared_progress(progress: Progress, title: str) -> Iterator[SharedProgress]:
    """One progress of several transfers, for what the caller wants to see.

    Raises:
        ConfigurationError: a bar is wanted, and tqdm is not installed.
    """
    if progress is True:
        with _bar(0, title) as tell:
            yield SharedProgress(tell)
    else:
        yield SharedProgress(progress or _ignore)


def _ignore(_done: int, _total: int) -> None:
    pass


@contextmanager
def _bar(total: int, title: str) -> Iterator[Callable[[int, int], object]]:
    try:
        from tqdm.auto import tqdm  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError(
            'progress=True needs tqdm: pip install "tgiconik[progress]"'
        ) from error
    with tqdm(total=total, desc=title, unit="B", unit_scale=True, unit_divisor=1024) as bar:

        def tell(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield tell
