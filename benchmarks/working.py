"""The main module of a worker process: runs its job for each line of input."""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Final

from benchmarks.refusal import refuse
from benchmarks.worker import AbsentError, Job, Task

#: A missing module of these is an error, not an optional package.
_OURS: Final = {"benchmarks", "tgiconik"}


def _job(task: Task) -> Job:
    refuse(task.refused)
    module, _, name = task.job.partition(":")
    make: Callable[..., Job] = getattr(import_module(module), name)
    return make(*task.arguments)


def _say(**message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the job of the command line."""
    try:
        job = _job(Task(**json.loads(sys.argv[1])))
    except AbsentError as error:
        _say(absent=str(error))
        return
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in _OURS:
            raise
        _say(absent=str(error))
        return
    _say(answer=None)
    for question in sys.stdin:
        _say(answer=job.answer(**json.loads(question)))
    job.close()


if __name__ == "__main__":
    main()
