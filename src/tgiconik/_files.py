"""Atomic writes: a file is replaced completely, or stays as it was."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex


@contextmanager
def atomic_write(target: str | Path) -> Iterator[Path]:
    """Write a new file beside the target, and put it in the target's place when the block ends.

    When the block or the disk fails, the target stays as it was and the new file is removed. Its
    mode follows the umask. A target that is no regular file, such as a pipe, is written directly.

    Args:
        target: the file to create or replace. A symbolic link stays, and its file is replaced.

    Yields:
        The path to write to. Close what was opened there before the block ends.

    Raises:
        OSError: the file cannot be written, or the disk is full.
    """
    path = Path(target).resolve()
    if path.exists() and not path.is_file():
        yield path
        return
    new = path.with_name(f".tgiconik-{token_hex(8)}.part")
    try:
        # Not `mkstemp`: its files are readable by their owner alone.
        new.open("xb").close()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        yield new
        _sync(new)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    """Wait until the disk has the file: a rename must not come before its content."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
