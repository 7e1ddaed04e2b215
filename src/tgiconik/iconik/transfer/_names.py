"""File names, from callers and from servers: what may be one, and what is made of one that may not.

A name from a server never leads out of the folder that was asked for, on any system.
"""

import unicodedata
from pathlib import PurePath
from typing import Final

from tgiconik.errors import ConfigurationError

#: Bytes in a name that most file systems allow.
_LONGEST: Final = 255
_NOT_IN_NAMES: Final = frozenset('/\\:*?"<>|')
#: Names that Windows takes for devices, whatever the suffix; it counts superscripts as digits.
_DEVICES: Final = frozenset(
    {
        *("con", "prn", "aux", "nul", "conin$", "conout$", "clock$"),
        *(f"{kind}{n}" for kind in ("com", "lpt") for n in "0123456789\u00b9\u00b2\u00b3"),
    }
)


def checked_name(name: str) -> str:
    """A name that iconik and every storage can have as it is.

    Raises:
        ConfigurationError: it is empty, has slashes or control characters, or is too long.
    """
    if name in {"", ".", ".."} or any(c in "/\\" or _is_control(c) for c in name):
        raise ConfigurationError(f"{name!r} cannot be the name of a file: say name=")
    if len(_encoded(name)) > _LONGEST:
        raise ConfigurationError(f"a file's name has at most {_LONGEST} bytes, not {name[:40]!r}…")
    return name


def safe_name(name: str) -> str:
    """A server's name as one that a file in a folder can have on every system."""
    cleaned = "".join("_" if c in _NOT_IN_NAMES or _is_control(c) else c for c in name)
    # Windows drops dots and spaces at the end; a dot at the beginning hides the file.
    cleaned = _shortened(cleaned.strip(". ") or "_")
    return _shortened(f"_{cleaned}") if _is_device(cleaned) else cleaned


def beside(name: str, suffix: str) -> str:
    """A name for a file beside another one, of which it is told by a suffix."""
    return _shortened(name, _LONGEST - len(_encoded(suffix))) + suffix


def _is_device(name: str) -> bool:
    """Whether Windows takes a name for a device; it drops blanks before the suffix."""
    return name.partition(".")[0].rstrip().lower() in _DEVICES


def _is_control(character: str) -> bool:
    # Format characters can hide what a name really ends in; surrogates cannot be written at all.
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _shortened(name: str, longest: int = _LONGEST) -> str:
    """A name cut to what file systems allow, before its suffix."""
    suffix = PurePath(name).suffix
    if len(_encoded(suffix)) >= longest // 2:
        suffix = ""
    stem = name.removesuffix(suffix)
    room = longest - len(_encoded(suffix))
    if len(_encoded(stem)) > room:
        # A cut may leave blanks or a dot at the end, which Windows drops.
        stem = _encoded(stem)[:room].decode(errors="ignore").rstrip(". ")
    return stem + suffix


def _encoded(name: str) -> bytes:
    return name.encode(errors="replace")
