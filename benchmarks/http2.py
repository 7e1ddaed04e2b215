# ruff: noqa: PLC0415 - hypercorn and httpx are imported where they are measured, and nowhere else
"""HTTP/2 compared with HTTP/1.1: the same library, server and responses."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Final

from benchmarks import bodies, machine, peers
from benchmarks.effort import Stage
from benchmarks.results import Figure, Section, Table
from benchmarks.worker import Task, workers

_AT_ONCE: Final = 32
_HTTP1: Final = "httpx, HTTP/1.1"
_HTTP2: Final = "httpx, HTTP/2"
_CALLS: Final = {"get": "an asset", "search": "150 hits"}


def http2(stage: Stage) -> Section:
    """Measure both by httpx, and our client, 32 calls concurrently, against hypercorn."""
    title = "HTTP/2"
    text = (
        "httpx alone, 32 at once, against hypercorn, which speaks both (HTTP/2 without encryption, "
        "known beforehand), and our plain client, which speaks HTTP/1.1 on connections of its own "
        "instead of httpx's pool. The server is the slower side here, so that what a call costs "
        "the client, in its own processor's time, says more than how many there are."
    )
    missing = [name for name in ("h2", "hypercorn") if find_spec(name) is None]
    if missing:
        return Section(
            title=title, text=text, left_out=[f"{name} is not installed" for name in missing]
        )
    rates: dict[tuple[str, str], list[float]] = {}
    costs: dict[tuple[str, str], list[float]] = {}
    with _serve() as origin:
        tasks = [
            Task(_HTTP1, "benchmarks.load:Load", ("httpx", origin, "own")),
            Task(_HTTP2, "benchmarks.load:Load", ("httpx", origin, "http2")),
            *peers.tasks(origin, [peers.PLAIN]),
        ]
        with workers(tasks) as (able, left_out):
            for _ in range(stage.effort.rounds):
                for call in _CALLS:
                    for name, worker in able.items():
                        said = worker.ask(call=call, at_once=_AT_ONCE, seconds=stage.effort.seconds)
                        key = name, call
                        rates.setdefault(key, []).append(said["calls"] / said["seconds"])
                        costs.setdefault(key, []).append(said["cpu"] * 1000 / max(1, said["calls"]))
    rows = [
        (name, what, str(Figure(rates[name, call])), str(Figure(costs[name, call])))
        for call, what in _CALLS.items()
        for name in able
    ]
    columns = ("", "", "calls per second", "client's milliseconds per call")
    return Section(title=title, text=text, tables=[Table(columns, rows)], left_out=left_out)


@contextmanager
def _serve() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        port = listener.getsockname()[1]
        with subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-m", "benchmarks.http2", str(listener.fileno())],
            pass_fds=[listener.fileno()],
        ) as process:
            machine.for_servers(process.pid)
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()


def _main(listener: str) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener}"]
    # Unlimited connections, because connecting is not measured.
    config.keep_alive_max_requests = sys.maxsize
    config.loglevel = "ERROR"
    answers = {"GET": bodies.asset(), "POST": bodies.hits()}

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        body = answers[scope["method"]]
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    asyncio.run(serve(app, config))


if __name__ == "__main__":
    _main(sys.argv[1])
