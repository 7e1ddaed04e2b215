"""Global Trade Item Numbers: their check digit, and the forms in which one number is written.

Source: GS1 General Specifications. A GTIN has 8, 12, 13 or 14 digits, the last of which follows
from the others; with zeros before it, a shorter one is the same number.
"""

from typing import Final

_LENGTHS: Final = (14, 13, 12, 8)
_LONGEST: Final = 14
#: Characters that people write between digits.
_BETWEEN: Final = str.maketrans("", "", " -")
_NAMES: Final = frozenset({"ean", "upc"})


def is_gtin_scheme(scheme: str) -> bool:
    """Whether numbers of a scheme are GTINs: `GTIN`, `GTIN-13`, `EAN`, `UPC`, in any case."""
    name = scheme.strip().casefold()
    return name.startswith("gtin") or name.split("-")[0] in _NAMES


def gtin_problem(text: str) -> str | None:
    """Why a text is no GTIN, in words; None for one that is."""
    digits = _digits(text)
    if not (digits.isascii() and digits.isdigit()):
        return "a GTIN has digits only"
    if len(digits) not in _LENGTHS:
        return f"a GTIN has 8, 12, 13 or 14 digits, not {len(digits)}"
    if check_digit(digits[:-1]) != digits[-1]:
        return "its check digit is wrong"
    return None


def check_digit(digits: str) -> str:
    """The digit that follows the others of a GTIN.

    Args:
        digits: the digits before it.
    """
    weighted = (
        int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits))
    )
    return str(-sum(weighted) % 10)


def gtin_forms(text: str) -> tuple[str, ...]:
    """The digits of a GTIN in every length that it can be written in, as given first.

    Args:
        text: a GTIN without a problem.
    """
    digits = _digits(text)
    padded = digits.zfill(_LONGEST)
    forms = (padded[-length:] for length in _LENGTHS if not padded[:-length].strip("0"))
    return tuple(dict.fromkeys([digits, *forms]))


def _digits(text: str) -> str:
    return text.translate(_BETWEEN)
