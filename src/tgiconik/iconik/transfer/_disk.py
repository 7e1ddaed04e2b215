"""Bytes on this machine's disk: written whole, or an error; with the mode that the umask says."""

import os
from io import FileIO
from pathlib import Path
from typing import Final

#: Windows would change line ends otherwise.
_BINARY: Final = getattr(os, "O_BINARY", 0)
_SHARED: Final = 0o666
_PRIVATE: Final = 0o600


def write_all(file: FileIO, content: bytes) -> None:
    """Write all bytes.

    Raises:
        OSError: not all of them could be written.
    """
    # A disk that is nearly full takes a part, and says no to the rest.
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) or 0 :]


def opened(path: Path, *, private: bool = False, new: bool = False) -> FileIO:
    """A file to read and write, made if it is not there, with what it has.

    Args:
        path: the file; a symbolic link is not followed.
        private: only this user may read it.
        new: it must not be there yet.

    Raises:
        OSError: it cannot be.
    """
    flags = os.O_RDWR | os.O_CREAT | _BINARY | getattr(os, "O_NOFOLLOW", 0)
    if new:
        flags |= os.O_EXCL
    file = FileIO(os.open(path, flags, _PRIVATE if private else _SHARED), "r+b")
    if not new and _belongs_to_another_user(file):
        file.close()
        raise PermissionError(f"{path} belongs to another user")
    return file


def _belongs_to_another_user(file: FileIO) -> bool:
    # In a folder that all may write to, somebody could leave the beginning of a file for us.
    user = getattr(os, "geteuid", None)
    return user is not None and os.fstat(file.fileno()).st_uid != user()
