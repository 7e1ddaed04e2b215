"""Media go in and come out the same, over a real socket, as somebody runs it."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "upload_and_version.py"


def test_both_versions_come_back_as_they_were_sent() -> None:
    command = [sys.executable, str(SCRIPT)]

    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    assert run.stderr == ""
    assert run.returncode == 0
    came = re.findall(
        r"^(launch v\d\.mp4) came back the same: ([0-9a-f]{16})$", run.stdout, re.MULTILINE
    )
    assert [name for name, _ in came] == ["launch v1.mp4", "launch v2.mp4"]
    assert len({digest for _, digest in came}) == 2
