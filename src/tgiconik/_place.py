"""The place in the user's code where an error was raised, as logs may show it.

Of an error that is not ours only the type is told, since nobody knows what is in its message. The
type alone finds no mistake; its place, a module and a line, holds no value.
"""

import sysconfig
from functools import cache
from traceback import walk_tb
from types import FrameType
from typing import Final

_OURS: Final = "tgiconik"
_LIBRARY_PATHS: Final = ("stdlib", "platstdlib", "purelib", "platlib")


def type_and_place(error: BaseException) -> str:
    """An error's type and where it was raised, such as `KeyError at nightly:12`.

    Args:
        error: the error; of one without a traceback, the type alone is told.
    """
    place = place_of(error)
    return type(error).__name__ if place is None else f"{type(error).__name__} at {place}"


def place_of(error: BaseException) -> str | None:
    """Module and line of the innermost frame that is the user's; None without a traceback.

    Where no frame is outside of Python's library, installed packages and tgiconik, it is the
    outermost that is not tgiconik's: an installed program of the user's. Where there is none
    either, it is the innermost frame.

    Args:
        error: the error.
    """
    frames = [(frame, line) for frame, line in walk_tb(error.__traceback__)]
    if not frames:
        return None
    foreign = [one for one in frames if not _is_ours(one[0])]
    theirs = [one for one in foreign if not _is_of_a_library(one[0].f_code.co_filename)]
    frame, line = (theirs[-1:] or foreign[:1] or frames[-1:])[0]
    return f"{_module(frame)}:{line}"


def name_of(function: object) -> str:
    """Module and name of a function, such as `nightly.report`; of another object, its type's.

    Args:
        function: the function, method or other object that can be called.
    """
    inner = getattr(function, "func", function)
    named = inner if hasattr(inner, "__qualname__") else type(inner)
    return f"{named.__module__}.{named.__qualname__}"


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))


def _is_ours(frame: FrameType) -> bool:
    return _module(frame).partition(".")[0] == _OURS


@cache
def _library_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple({paths[name] for name in _LIBRARY_PATHS})


def _is_of_a_library(filename: str) -> bool:
    return filename.startswith(("<frozen ", *_library_folders()))
