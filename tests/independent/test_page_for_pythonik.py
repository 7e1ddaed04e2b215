"""The page for users of pythonik names calls that exist, and pairs those of one endpoint."""

import re
from pathlib import Path

from .theirs import operations

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| [^|]+ \| `(\w+)` \| `iconik\.(\w+)\.(\w+)` \| `([A-Z]+) /API/(\S+)` \|$",
    (ROOT / "docs" / "from-pythonik.md").read_text("utf-8"),
    re.MULTILINE,
)


def _anonymous(path: str) -> str:
    return re.sub(r"{[^}]*}", "{}", path)


def _our_routes() -> dict[tuple[str, str], tuple[str, str]]:
    names = (ROOT / "codegen" / "names.lock").read_text("utf-8")
    found = re.findall(r"^(\w+) ([A-Z]+) (\S+) = (\w+)$", names, re.MULTILINE)
    return {
        (service, name): (method, f"/API/{service}{_anonymous(path)}")
        for service, method, path, name in found
    }


def test_ten_tasks_are_compared() -> None:
    assert len(ROWS) == 10


def test_both_calls_of_a_row_ask_for_its_endpoint() -> None:
    ours = _our_routes()
    for theirs, service, name, method, path in ROWS:
        endpoint = (method, f"/API/{_anonymous(path)}")
        assert operations()[theirs].route == endpoint
        assert ours[service, name] == endpoint
