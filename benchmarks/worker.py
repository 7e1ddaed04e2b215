"""A worker process that measures one client or decoder on request.

Each client and each decoder has a separate process: the heap of one would slow the garbage
collection of another, and packages can be hidden from it. All processes run at the same time and
wait for their turn. `working` is their main module.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import attrs

from benchmarks import machine


class Job(Protocol):
    """A worker's job: created once, called repeatedly, closed at the end."""

    def answer(self, **question: Any) -> Any:  # noqa: ANN401 - JSON
        """Measure."""
        ...

    def close(self) -> None:
        """Release all resources."""
        ...


@attrs.frozen
class Task:
    """A worker's task.

    Attributes:
        name: the name in tables.
        job: the class of the job, as `module:name`.
        arguments: the arguments of the class.
        refused: packages to hide.
        serves: whether it is a server for other workers.
    """

    name: str
    job: str
    arguments: Sequence[Any] = ()
    refused: Sequence[str] = ()
    serves: bool = False


class AbsentError(Exception):
    """A job that cannot run here; the message has the reason."""


class Worker:
    """A handle of the process."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._process = subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-m", "benchmarks.working", json.dumps(attrs.asdict(task))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> None:
        """Wait until the process is ready, and pin it to its core.

        Raises:
            AbsentError: the job cannot run here.
        """
        self._read()
        hold = machine.for_servers if self.task.serves else machine.for_clients
        hold(self._process.pid)

    def ask(self, **question: Any) -> Any:  # noqa: ANN401 - JSON
        """Request a measurement, and wait for it."""
        if self._process.stdin is None:
            raise AssertionError
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _read(self) -> Any:  # noqa: ANN401 - JSON
        if self._process.stdout is None:
            raise AssertionError
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.task.name} ended without an answer")
        said = json.loads(line)
        if "absent" in said:
            raise AbsentError(said["absent"])
        return said["answer"]


@contextmanager
def workers(tasks: Iterable[Task]) -> Iterator[tuple[Mapping[str, Worker], Sequence[str]]]:
    """Start workers for all tasks, by name; and the reasons for tasks that cannot run."""
    started = [Worker(task) for task in tasks]
    able, left_out = {}, []
    try:
        for worker in started:
            try:
                worker.ready()
            except AbsentError as reason:
                left_out.append(f"{worker.task.name}: {reason}")
            else:
                able[worker.task.name] = worker
        yield able, left_out
    finally:
        for worker in started:
            worker.close()
