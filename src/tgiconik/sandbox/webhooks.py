"""Delivers iconik's webhooks for the definitions that the sandbox keeps, from a thread of its own.

    sandbox.webhooks.repeats = 1     # each event comes twice
    sandbox.webhooks.jitter = 0.2    # and up to 0.2 s later than it should, so out of order

Only this machine is called, unless `Sandbox(webhook_hosts=…)` names others. Known facts: a
definition that keeps failing gets the status FAILING, with `last_error` and `last_payload`. How
often and when iconik tries again is not published: `retries` is an assumption, and so is that a
definition gets nothing more while it is FAILING.
"""

import heapq
import http.client
import ipaddress
import itertools
import json
import random
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Collection, Mapping
from contextlib import closing
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from tgiconik._validate import texts

__all__ = ["WebhookDelivery", "Webhooks"]

#: Attempts that are kept.
_KEPT: Final = 10_000
_SUCCESS: Final = range(200, 300)
#: Bytes of an answer that are read.
_ANSWER: Final = 64 * 1024
_ELSEWHERE: Final = (
    "not sent: the sandbox calls this machine only; name other hosts in webhook_hosts"
)


@attrs.frozen(kw_only=True)
class WebhookDelivery:
    """One attempt to deliver an event.

    Attributes:
        webhook_id: the definition.
        url: where to.
        event: the event's body.
        attempt: counted from 1.
        status: the HTTP status of the answer; None without one.
        error: why it failed; None if the answer was 2xx.
    """

    webhook_id: str
    url: str
    event: Mapping[str, Any]
    attempt: int
    status: int | None
    error: str | None


@attrs.frozen(kw_only=True)
class _Task:
    webhook_id: str
    url: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    event: Mapping[str, Any]
    attempt: int = 1


class Webhooks:
    """How webhooks are delivered, and those that were.

    Times are real ones, whatever the sandbox's clock says. Events are sent one at a time.

    Args:
        hosts: hosts that may be called besides this machine.

    Raises:
        ConfigurationError: `hosts` is a single text.

    Attributes:
        delay: seconds from a change to its delivery.
        jitter: each event waits a random time of at most so many seconds longer, so that events
            come out of order.
        repeats: how many times each event is delivered again.
        failures: how many attempts at each event fail before they reach anybody.
        retries: seconds before each further attempt; then the definition is FAILING.
        timeout: seconds to wait for an answer.
        deliveries: the latest 10,000 attempts, oldest first.
    """

    def __init__(self, hosts: Collection[str] = ()) -> None:
        self._hosts: Final = frozenset(host.lower() for host in texts(hosts, "webhook_hosts"))
        self.delay: float = 0.0
        self.jitter: float = 0.0
        self.repeats: int = 0
        self.failures: int = 0
        self.retries: tuple[float, ...] = (1.0, 5.0, 25.0)
        self.timeout: float = 10.0
        self.deliveries: deque[WebhookDelivery] = deque(maxlen=_KEPT)
        self._random = random.Random(0)  # noqa: S311 - no secret
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, _Task]] = []
        self._busy = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._failed: dict[str, WebhookDelivery] = {}

    def send(
        self, webhook_id: str, definition: Mapping[str, Any], event: Mapping[str, Any]
    ) -> None:
        """Deliver an event, soon.

        Args:
            webhook_id: id of the definition.
            definition: the definition.
            event: the event's body.
        """
        headers = {str(k): str(v) for k, v in (definition.get("headers") or {}).items()}
        task = _Task(
            webhook_id=webhook_id, url=str(definition["url"]), headers=headers, event=event
        )
        with self._changed:
            for _ in range(1 + self.repeats):
                self._schedule(task, self.delay + self._random.uniform(0, self.jitter))
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)
                self._thread.start()

    def failed(self) -> dict[str, WebhookDelivery]:
        """The last attempts of definitions that used up their attempts, by id; each once."""
        if not self._failed:
            return {}
        with self._changed:
            found, self._failed = self._failed, {}
        return found

    def settle(self, timeout: float = 30.0) -> None:
        """Wait until nothing waits to be delivered.

        Args:
            timeout: seconds to wait at most.

        Raises:
            TimeoutError: something still waits.
        """
        with self._changed:
            idle = self._changed.wait_for(lambda: not self._due and not self._busy, timeout)
        if not idle:
            raise TimeoutError(f"{len(self._due)} webhooks still wait to be delivered")

    def close(self) -> None:
        """Stop; what waits is not delivered any more."""
        with self._changed:
            self._closed = True
            self._due.clear()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _schedule(self, task: _Task, wait: float) -> None:
        heapq.heappush(self._due, (_seconds() + wait, next(self._numbers), task))
        self._changed.notify_all()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            done = self._attempt(task)
            with self._changed:
                self.deliveries.append(done)
                self._follow(task, done)
                self._busy = False
                self._changed.notify_all()

    def _next(self) -> _Task | None:
        with self._changed:
            while not self._closed:
                wait = self._due[0][0] - _seconds() if self._due else None
                if wait is not None and wait <= 0:
                    self._busy = True
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
        return None

    def _follow(self, task: _Task, done: WebhookDelivery) -> None:
        if done.error is None or done.error == _ELSEWHERE or self._closed:
            return
        if task.attempt <= len(self.retries):
            wait = self.retries[task.attempt - 1]
            self._schedule(attrs.evolve(task, attempt=task.attempt + 1), wait)
            return
        self._failed = self._failed | {task.webhook_id: done}

    def _attempt(self, task: _Task) -> WebhookDelivery:
        status = None
        try:
            if task.attempt <= self.failures:
                raise ConnectionError("the sandbox was told to fail")
            address = self._address(task.url)
            if address is None:
                return _delivery(task, None, _ELSEWHERE)
            status = _post(address, task, self.timeout)
            error = None if status in _SUCCESS else f"answered {status}"
        except (OSError, ValueError, http.client.HTTPException) as failure:
            error = f"{type(failure).__name__}: {failure}"
        return _delivery(task, status, error)

    def _address(self, url: str) -> tuple[str, int] | None:
        """Where to connect to; None if it is another machine.

        Raises:
            OSError: there is no such host.
            ValueError: it is no URL of HTTP's.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{parts.scheme or 'without a scheme'} is no URL to call")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.hostname in self._hosts:
            return parts.hostname, port
        if not _may_be_this_machine(parts.hostname):
            return None
        # Connected to as it was looked up: a name cannot mean another machine afterwards.
        found = [str(one[4][0]) for one in socket.getaddrinfo(parts.hostname, port)]
        local = [one for one in found if ipaddress.ip_address(one).is_loopback]
        return (local[0], port) if local and len(local) == len(found) else None


def _may_be_this_machine(host: str) -> bool:
    """Whether it is worth looking up: no other name leaves this machine as a query either."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _post(address: tuple[str, int], task: _Task, timeout: float) -> int:
    parts = urlsplit(task.url)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        raw = socket.create_connection(address, timeout)
        connection: http.client.HTTPConnection = http.client.HTTPConnection(*address)
        connection.sock = context.wrap_socket(raw, server_hostname=parts.hostname)
    else:
        connection = http.client.HTTPConnection(*address, timeout=timeout)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with closing(connection):
        body = json.dumps(task.event).encode()
        host = parts.netloc.rpartition("@")[2]
        headers = {"Host": host, "Content-Type": "application/json", **task.headers}
        connection.request("POST", target, body, headers)
        answer = connection.getresponse()
        answer.read(_ANSWER)
        return answer.status


def _delivery(task: _Task, status: int | None, error: str | None) -> WebhookDelivery:
    return WebhookDelivery(
        webhook_id=task.webhook_id,
        url=task.url,
        event=task.event,
        attempt=task.attempt,
        status=status,
        error=error,
    )


def _seconds() -> float:
    """A clock that goes on while a test freezes time, as freezegun does."""
    if hasattr(time, "clock_gettime"):
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()  # Windows has no other
