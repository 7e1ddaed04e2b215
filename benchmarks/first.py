"""The main module of a new process: runs the code of its command line without some packages."""

import sys
import time

from benchmarks.memory import most
from benchmarks.refusal import refuse


def main(code: str, *refused: str) -> None:
    """Run the code, and print its time in seconds and memory in bytes, or the missing module."""
    refuse(refused)
    compiled = compile(code, "<first>", "exec")
    begin = time.perf_counter()
    try:
        exec(compiled, {})  # noqa: S102 - ours
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "tgiconik":
            raise
        print(repr(str(error)))
    else:
        print((time.perf_counter() - begin, most()))


if __name__ == "__main__":
    main(*sys.argv[1:])
