"""Each workflow's example runs alone and tells its story."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("example", "told"),
    [
        (
            "distribute_approved_asset",
            [
                "? share Summer lookbook with GC10000401DE by link",
                "0 things were written",
                "→ announce Summer lookbook to 2 partners",
                "GC10000403JP does not get it: Not cleared for JP.",
                "GC10000402US has done: downloaded",
                "→ announce Summer lookbook to 1 partner",
                "does not get it: The version is held back.",
                "0 links are open",
            ],
        ),
        (
            "process_enhancement_request",
            [
                "asks in REQ-",
                "the media team to make a new version",
                "The approval of the version is none.",
                "→ share Spring launch film with GC10000401DE by link",
                "confirms REQ-",
                "is confirmed: nothing to do",
            ],
        ),
        (
            "build_audit_record",
            [
                "REQ-1042 is fulfilled",
                "its link is forgotten",
                "0 gaps",
                "! GC10000401DE: The share is still open, and should not be: its document was",
                "0 things were written to the platforms",
                "record.html",
                "as they were sealed: yes",
                "was altered.",
            ],
        ),
    ],
)
def test_an_example_tells_its_story(example: str, told: list[str]) -> None:
    command = [sys.executable, str(EXAMPLES / f"{example}.py")]

    run = subprocess.run(  # noqa: S603 - our own script
        command, capture_output=True, text=True, encoding="utf-8", check=False
    )

    assert run.stderr == ""
    assert run.returncode == 0
    place = 0
    for line in told:
        assert line in run.stdout[place:], run.stdout
        place = run.stdout.index(line, place)
