"""Workers: the leases by which they live, and their parts of the allowance."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from tgiconik.automation.allowance import Holder
from tgiconik.automation.database import Execute
from tgiconik.automation.planning import LiveWorker
from tgiconik.automation.store.runs import bury_runs_of
from tgiconik.automation.store.tables import Tables, to_text, to_time


class Workers:
    """The workers of all processes.

    Args:
        tables: the tables.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def join(self, worker: LiveWorker, lease: timedelta) -> None:
        """Note that a worker lives, until its lease ends.

        Args:
            worker: the worker.
            lease: how long.
        """
        with self._tables.transaction() as execute:
            now = self._tables.now(execute)
            execute(
                "INSERT INTO automation_releases (release, first_at) VALUES (?, ?)"
                " ON CONFLICT (release) DO NOTHING",
                *(worker.release, to_text(now)),
            )
            execute("DELETE FROM automation_workers WHERE id = ?", worker.id)
            execute(
                "INSERT INTO automation_workers"
                " (id, host, release, rules, began_at, lease_ends_at) VALUES (?, ?, ?, ?, ?, ?)",
                *(worker.id, worker.host, worker.release, json.dumps(sorted(worker.rules))),
                *(to_text(now), to_text(now + lease)),
            )
            _see_rules(execute, worker.rules, now)

    def renew(self, worker: LiveWorker, lease: timedelta) -> bool:
        """Renew a worker's lease; False if it was declared dead.

        Args:
            worker: the worker.
            lease: how long it is to last from now.
        """
        with self._tables.transaction() as execute:
            now = self._tables.now(execute)
            rows = execute(
                "UPDATE automation_workers SET lease_ends_at = ? WHERE id = ? RETURNING id",
                *(to_text(now + lease), worker.id),
            )
            _see_rules(execute, worker.rules, now)
        return bool(rows)

    def all(self) -> tuple[LiveWorker, ...]:
        """The workers that live, and those whose leases ended but who were not buried yet."""
        with self._tables.transaction() as execute:
            return all_workers(execute)

    def dead(self, *, but: str, alone: bool) -> list[str]:
        """Ids of the workers whose leases have ended.

        Args:
            but: id of the worker that asks.
            alone: whether no other one can live, whatever its lease says.
        """
        with self._tables.transaction() as execute:
            now = to_text(self._tables.now(execute))
            rows = execute("SELECT id, lease_ends_at FROM automation_workers WHERE id != ?", but)
        return [id_ for id_, ends_at in rows if alone or ends_at < now]

    def bury(self, worker: str, *, alone: bool) -> bool:
        """Declare a worker dead: the causes of its runs wait again.

        Args:
            worker: id of the worker.
            alone: whether it cannot live, whatever its lease says.

        Returns:
            False if it was buried already, or has renewed its lease.
        """
        with self._tables.transaction() as execute:
            now = self._tables.now(execute)
            if not execute(
                "DELETE FROM automation_workers WHERE id = ? AND (lease_ends_at < ? OR ? = 1)"
                " RETURNING id",
                *(worker, to_text(now), int(alone)),
            ):
                return False
            bury_runs_of(execute, worker, now)
        return True

    def leave(self, worker: str) -> None:
        """Note that a worker has ended.

        Args:
            worker: id of the worker.
        """
        with self._tables.transaction() as execute:
            bury_runs_of(execute, worker, self._tables.now(execute))
            execute("DELETE FROM automation_workers WHERE id = ?", worker)

    def lease_rate(
        self,
        worker: str,
        grant: Callable[[Sequence[Holder]], float],
        *,
        wanted: float,
        used: float,
        lease: timedelta,
    ) -> float | None:
        """Lease a part of the allowance; None if the worker was declared dead.

        Args:
            worker: id of the worker.
            grant: the part of the worker, given what all hold and want.
            wanted: calls per second that it could use.
            used: calls per second that it used.
            lease: how long the part is its own.
        """
        with self._tables.transaction() as execute:
            now = self._tables.now(execute)
            if not execute(
                "UPDATE automation_workers SET wanted = ?, used = ? WHERE id = ? RETURNING id",
                *(wanted, used, worker),
            ):
                return None
            rows = execute(
                "SELECT id, wanted, rate, rate_ends_at, lease_ends_at FROM automation_workers"
            )
            at = to_text(now)
            holders = [
                Holder(
                    id=id_,
                    wanted=wants,
                    # Those who do not renew in time are not waited for, only for what they hold.
                    held=rate if ends_at is not None and ends_at > at else 0.0,
                    alive=lives_until > at,
                )
                for id_, wants, rate, ends_at, lives_until in rows
            ]
            rate = grant(holders)
            execute(
                "UPDATE automation_workers SET rate = ?, rate_ends_at = ? WHERE id = ?",
                *(rate, to_text(now + lease), worker),
            )
        return rate


def all_workers(execute: Execute) -> tuple[LiveWorker, ...]:
    """As `Workers.all`, in a transaction that reads more.

    Args:
        execute: of the transaction.
    """
    rows = execute(
        "SELECT id, host, worker.release, rules, first_at, began_at, wanted, used, rate"
        " FROM automation_workers AS worker JOIN automation_releases AS known"
        " ON known.release = worker.release ORDER BY began_at, id"
    )
    return tuple(
        LiveWorker(
            id=id_,
            host=host,
            release=release,
            rules=frozenset(json.loads(rules)),
            released_at=to_time(first),
            began_at=to_time(began),
            wanted=wanted,
            used=used,
            rate=rate,
        )
        for id_, host, release, rules, first, began, wanted, used, rate in rows
    )


def _see_rules(execute: Execute, rules: Iterable[str], now: datetime) -> None:
    for rule in sorted(rules):
        execute(
            "INSERT INTO automation_rules (name, seen_at) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at",
            *(rule, to_text(now)),
        )
