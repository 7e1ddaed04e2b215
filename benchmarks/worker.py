"""A process that measures one thing, whenever it is told to.

Each client and each decoder is measured in a process of its own: the heap of one would slow the
garbage collection of another, and what one must not have can be kept from it by refusing its
import. They all run at the same time and wait for their turn. `working` is what runs in them.
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
    """What a worker does: made once, asked often, closed at the end."""

    def answer(self, **question: Any) -> Any:  # noqa: ANN401 - JSON
        """Measure."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


@attrs.frozen
class Task:
    """Which job a worker gets.

    Attributes:
        name: what tables call it.
        job: where its class is, `module:name`.
        arguments: of the class.
        refused: packages that it has to do without.
        serves: whether others are clients of it.
    """

    name: str
    job: str
    arguments: Sequence[Any] = ()
    refused: Sequence[str] = ()
    serves: bool = False


class AbsentError(Exception):
    """A job that cannot be done here, and why."""


class Worker:
    """The process, from outside."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._process = subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-m", "benchmarks.working", json.dumps(attrs.asdict(task))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> None:
        """Wait until it is, and hold it to the core that it belongs to.

        Raises:
            AbsentError: it cannot be.
        """
        self._read()
        hold = machine.for_servers if self.task.serves else machine.for_clients
        hold(self._process.pid)

    def ask(self, **question: Any) -> Any:  # noqa: ANN401 - JSON
        """Measure, and wait for the answer."""
        if self._process.stdin is None:
            raise AssertionError
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        """End it."""
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
    """Workers for all tasks that can be done here, by name, and why the others cannot."""
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
