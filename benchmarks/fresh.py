"""Some lines of Python in a process that has done nothing before: `fresh.run`.

What a statement costs that is the first one depends on all that was imported already: that is
nothing here, but what Python itself begins with.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks import machine
from benchmarks.refusal import refuse

#: It makes httpx import more than it does where it is not installed.
_REFUSED = ["h2"]


def run(code: str, refused: Sequence[str] = ()) -> tuple[float, int] | str:
    """Seconds that some code takes, and all the memory of its process; or why it cannot run."""
    given = json.dumps([code, [*_REFUSED, *refused]])
    with subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-m", "benchmarks.fresh", given], stdout=subprocess.PIPE, text=True
    ) as process:
        machine.for_clients(process.pid)
        said, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"it failed: {code}")
    answer = json.loads(said)
    return answer if isinstance(answer, str) else (answer[0], answer[1])


def _main() -> None:
    code, refused = json.loads(sys.argv[1])
    refuse(refused)
    compiled = compile(code, "<fresh>", "exec")
    begin = time.perf_counter()
    try:
        exec(compiled, {})  # noqa: S102 - ours
    except ModuleNotFoundError as error:
        sys.stdout.write(json.dumps(str(error)))
        return
    seconds = time.perf_counter() - begin
    sys.stdout.write(json.dumps([seconds, machine.memory("VmHWM")]))


if __name__ == "__main__":
    _main()
