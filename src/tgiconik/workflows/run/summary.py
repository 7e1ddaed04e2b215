"""A result in one line, and on one screen: failures and refusals first, grouped by reason."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

import attrs

from tgiconik._failures import described, kind_of
from tgiconik._report import DRY_RUN, one_line, shortened

#: What a person has to look at comes first.
ORDER: Final = ("failed", "refused", "would be refused", "delivered", "would be delivered")
FAILED: Final = "failed"
_GOOD: Final = frozenset({"delivered", "would be delivered"})
TIMES: Final = "\N{MULTIPLICATION SIGN}"
_MOST_REASONS: Final = 5
_MOST_WAITS: Final = 4
_MOST_NAMES: Final = 4
_LONGEST_NAME: Final = 40
_WIDEST: Final = 160
_LONGEST_SUMMARY: Final = 300


@attrs.frozen(kw_only=True)
class Item:
    """One outcome, as a person reads it.

    Attributes:
        state: one of `ORDER`.
        partner: company id of the partner.
        name: the partner's name; empty when it is not known.
        asset_id: the asset.
        title: the asset's title; may be empty.
        why: the reasons of a refusal, or the error; empty for a delivery.
        until: the end of the link, in UTC.
    """

    state: str
    partner: str
    name: str = ""
    asset_id: str = ""
    title: str = ""
    why: str = ""
    until: datetime | None = None


@attrs.frozen(kw_only=True)
class Account:
    """The parts of a result that a person reads.

    Attributes:
        subject: what the result is about.
        status: its status after the run; None if it has none.
        items: the outcomes.
        closed: the outcomes of others whose access was closed, or could not be.
        failures: failures of no outcome: what each is about, and the error.
        waiting_on: who has to act next, one line each.
        dry_run: whether nothing was written.
    """

    subject: str
    status: str | None = None
    items: Sequence[Item] = ()
    closed: Sequence[Item] = ()
    failures: Sequence[tuple[str, Exception]] = ()
    waiting_on: Sequence[str] = ()
    dry_run: bool = False

    def rows(self) -> list[Item]:
        """Everything that has a state, failures and refusals first."""
        whole = [
            Item(state=FAILED, partner=name, why=described(error)) for name, error in self.failures
        ]
        found = [*whole, *self.items, *self.closed]
        return sorted(found, key=lambda item: _rank(item.state))

    def headline(self) -> str:
        """The subject and its status."""
        if self.status is None:
            return shortened(one_line(self.subject), _WIDEST)
        status = f"would be {self.status}" if self.dry_run else self.status
        return f"{shortened(one_line(self.subject), _WIDEST)}: {one_line(status)}"


@attrs.frozen(kw_only=True)
class Group:
    """Items of one state that have the same reason.

    Attributes:
        state: their state.
        why: the reason of the first one.
        items: the items.
    """

    state: str
    why: str
    items: Sequence[Item]


def _rank(state: str) -> int:
    return ORDER.index(state) if state in ORDER else len(ORDER)


def by_state(items: Iterable[Item]) -> dict[str, list[Item]]:
    """Items by state, failures and refusals first."""
    found: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        found[item.state].append(item)
    return {state: found[state] for state in sorted(found, key=_rank)}


def grouped(state: str, items: Iterable[Item]) -> list[Group]:
    """Items of a state by reason, the most frequent first; ids in reasons make no difference."""
    found: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        found[kind_of(item.why)].append(item)
    groups = [Group(state=state, why=some[0].why, items=some) for some in found.values()]
    return sorted(groups, key=lambda group: -len(group.items))


def counts(account: Account) -> str:
    """How many there are of each state."""
    found = ", ".join(
        f"{len(items):,} {state}" for state, items in by_state(account.rows()).items()
    )
    return found or "no outcomes"


def line(account: Account) -> str:
    """A result in one line."""
    dry = f"{DRY_RUN} " if account.dry_run else ""
    waits = ""
    if account.waiting_on:
        more = len(account.waiting_on) - 1
        rest = f" and {more:,} more" if more else ""
        waits = f"; waits for {shortened(one_line(account.waiting_on[0]), _WIDEST)}{rest}"
    return shortened(f"{dry}{account.headline()}: {counts(account)}{waits}", _LONGEST_SUMMARY)


def screen(account: Account) -> str:
    """A result on one screen: at most 24 lines."""
    return "\n".join(shortened(one, _WIDEST) for one in _lines(account))


def _lines(account: Account) -> Iterator[str]:
    if account.dry_run:
        yield DRY_RUN
    yield account.headline()
    yield counts(account)
    rows = account.rows()
    one_partner = len({item.partner for item in rows if item.asset_id}) == 1
    for state, items in by_state(rows).items():
        if state in _GOOD:
            yield f"{state}: {_names(items, one_partner=one_partner)}"
            continue
        yield f"{state}:"
        groups = grouped(state, items)
        for group in groups[:_MOST_REASONS]:
            names = _names(group.items, one_partner=one_partner)
            why = shortened(one_line(group.why), _WIDEST // 2) or "no reason given"
            yield f"  {len(group.items):,} {TIMES} {why} [{names}]"
        more = len(groups) - _MOST_REASONS
        if more > 0:
            yield f"  … and {more:,} more reasons"
    if account.waiting_on:
        yield "waits for:"
        yield from (f"  {one_line(one)}" for one in account.waiting_on[:_MOST_WAITS])
        more = len(account.waiting_on) - _MOST_WAITS
        if more > 0:
            yield f"  … and {more:,} more"


def _names(items: Sequence[Item], *, one_partner: bool) -> str:
    """The partners of items, or the assets where there is only one partner; the first ones."""
    every = list(
        dict.fromkeys(
            (item.title or item.asset_id or item.partner) if one_partner else item.partner
            for item in items
        )
    )
    shown = [shortened(one_line(name), _LONGEST_NAME) for name in every[:_MOST_NAMES]]
    more = len(every) - _MOST_NAMES
    return ", ".join(filter(None, shown)) + (f" … and {more:,} more" if more > 0 else "")
