"""The numbers of `docs/verified.md`, from what the tests go through.

    python -m tests.contract.verified

writes them into the page; a test holds them there.
"""

import sys
from collections import Counter
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]
PAGE: Final = TESTS.parent / "docs" / "verified.md"
BEGIN: Final = "<!-- numbers -->\n"
END: Final = "<!-- /numbers -->\n"


def numbers() -> str:
    """What goes between the marks."""
    # Test folders are packages below `tests`, as pytest has them.
    sys.path.insert(0, str(TESTS))
    from independent.refused import REFUSED
    from independent.theirs import operations
    from tradinggrid.cartographer_calls import OPERATIONS
    from tradinggrid.forms import FORMS
    from tradinggrid.test_community_management import PUBLISHED

    from contract.exceptions import EXCEPTIONS

    names = operations().keys() - REFUSED.keys()
    services = Counter(operations()[name].service for name in names)
    reasons: dict[str, list[str]] = {}
    for name, why in REFUSED.items():
        reasons.setdefault(why, []).append(f"`{name}`")
    lines = [
        f"- The independent client has {len(operations()):,} operations. The sandbox accepts, and "
        f"the client reads, {len(names)} of them, with the smallest body, a full one, and every "
        "parameter of the query: "
        + ", ".join(f"{service} {count}" for service, count in sorted(services.items()))
        + ".",
        f"- Of the other {len(REFUSED)}:",
        *(f"    - {why}: {', '.join(all_)}." for why, all_ in sorted(reasons.items())),
        *(f"- Not as documented, on purpose: `{what}`; {why}." for what, why in EXCEPTIONS.items()),
        (
            f"- OpenText's published calls: {len(PUBLISHED)} operations of Community Management, "
            f"{len(OPERATIONS)} of Cartographer and {len(FORMS)} forms of Lens queries are sent "
            "exactly as published."
        ),
    ]
    return "\n".join(lines) + "\n"


def renewed(page: str) -> str:
    """The page with the numbers of now."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + numbers() + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text("utf-8")), "utf-8")
