"""What runs in a fresh process: the code that its command line has, without some packages."""

import sys
import time

from benchmarks.memory import most
from benchmarks.refusal import refuse


def main(code: str, *refused: str) -> None:
    """Run it, and print what it took: seconds and bytes; or what it did not find."""
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
