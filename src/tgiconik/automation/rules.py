"""Rules: which function runs for which causes."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from inspect import isawaitable
from typing import Any, Concatenate, Final, ParamSpec, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from tgiconik import errors
from tgiconik._place import name_of
from tgiconik._validate import known_word, not_blank
from tgiconik.automation import timetable
from tgiconik.automation.causes import Cause, CauseKind
from tgiconik.iconik import IconikClient
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import RequestKind

P = ParamSpec("P")

#: A function that runs for a subject: takes both clients, the subject's id, and options.
ForSubject: TypeAlias = Callable[
    Concatenate[TradingGridClient, IconikClient, str, P], Awaitable[object]
]
#: A function that runs at certain times: takes both clients, and options.
AtTimes: TypeAlias = Callable[Concatenate[TradingGridClient, IconikClient, P], Awaitable[object]]

_UTC: Final = "UTC"
#: Every rule's function is called with the clients; most get the id of a subject too.
_CLIENTS: Final = 2


@attrs.frozen(kw_only=True)
class Rule:
    """One function and the causes that it runs for.

    Make rules by `on_request`, `on_asset_approved`, `on_issue`, `on_task_done`, `on_receipt` and
    `every`.

    Attributes:
        name: under which its causes are stored. Causes that wait find their rule by it, also in
            later releases of your program.
        kind: the kind of the causes.
        run: is called with both clients and the cause's id; the repr leaves it out.
        request_kind: the kind of the requests, for causes of the kind `REQUEST`.
        cron: the times, for causes of the kind `TIME`.
        zone: the time zone of `cron`, an IANA name.
    """

    name: str
    kind: CauseKind
    # Options hold policies and whatever a customer's function takes: no repr shows them.
    run: Callable[..., Awaitable[object]] = attrs.field(repr=False)
    request_kind: str | None = None
    cron: str | None = None
    zone: str = _UTC

    def named(self, name: str) -> "Rule":
        """The same rule under another name: one function may be in several rules.

        Args:
            name: the name.

        Raises:
            ConfigurationError: the name is blank.
        """
        return attrs.evolve(self, name=not_blank(name, "name"))

    def in_zone(self, zone: str) -> "Rule":
        """The same rule by the clocks of a time zone. Without this, times are in UTC.

        Args:
            zone: an IANA name, such as `Europe/Berlin`.

        Raises:
            ConfigurationError: there is no such time zone, or the rule has no times.
        """
        if self.cron is None:
            raise errors.ConfigurationError(f"the rule {self.name!r} has no times")
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise errors.ConfigurationError(
                f"{zone!r} is no time zone; write one such as 'Europe/Berlin'"
            ) from None
        return attrs.evolve(self, zone=zone)

    def matches(self, cause: Cause) -> bool:
        """Whether this rule's function runs for a cause.

        Args:
            cause: the cause.
        """
        if cause.kind is CauseKind.TIME:
            return self.kind is cause.kind and self.name == cause.id
        return self.kind is cause.kind and self.request_kind == cause.request_kind


def on_asset_approved(run: ForSubject[P], /, *args: P.args, **options: P.kwargs) -> Rule:
    """Run a function for every asset that was approved.

    Nobody published which of iconik's events an approval sends. So `WebhookReceiver` takes every
    event after which an asset may be due: the function looks whether it is approved, as
    `distribute_approved_asset` does.

    Args:
        run: is called with both clients, the asset's id and the options.
        args: further positional arguments.
        options: keyword arguments, such as `policy=`.

    Raises:
        ConfigurationError: the function has no name of its own.
    """
    return _for_subject(CauseKind.ASSET_APPROVED, run, args, options)


def on_request(kind: str, run: ForSubject[P], /, *args: P.args, **options: P.kwargs) -> Rule:
    """Run a function for every request that is made, changed or commented.

    Args:
        kind: the kind of the requests, `media_request` or `enhancement`.
        run: is called with both clients, the request's id and the options.
        args: further positional arguments.
        options: keyword arguments, such as `policy=`.

    Raises:
        ConfigurationError: there are no requests of this kind, or the function has no name.
    """
    kind = known_word(kind, "the kind of a request", RequestKind)
    made = _for_subject(CauseKind.REQUEST, run, args, options)
    return attrs.evolve(made, request_kind=str(kind), name=f"{kind}:{_name_of(run)}")


def on_issue(run: ForSubject[P], /, *args: P.args, **options: P.kwargs) -> Rule:
    """Run a function for every issue that is reported, changed or commented.

    Args:
        run: is called with both clients, the issue's id and the options.
        args: further positional arguments.
        options: keyword arguments, such as `policy=`.

    Raises:
        ConfigurationError: the function has no name of its own.
    """
    return _for_subject(CauseKind.ISSUE, run, args, options)


def on_task_done(run: ForSubject[P], /, *args: P.args, **options: P.kwargs) -> Rule:
    """Run a function for every project of which a task was done.

    Args:
        run: is called with both clients, the project's id and the options.
        args: further positional arguments.
        options: keyword arguments.

    Raises:
        ConfigurationError: the function has no name of its own.
    """
    return _for_subject(CauseKind.TASK_DONE, run, args, options)


def on_receipt(run: ForSubject[P], /, *args: P.args, **options: P.kwargs) -> Rule:
    """Run a function for every document that a partner previewed, downloaded or acknowledged.

    Args:
        run: is called with both clients, the document's id and the options.
        args: further positional arguments.
        options: keyword arguments.

    Raises:
        ConfigurationError: the function has no name of its own.
    """
    return _for_subject(CauseKind.RECEIPT, run, args, options)


def every(cron: str, run: AtTimes[P], /, *args: P.args, **options: P.kwargs) -> Rule:
    """Run a function at certain times.

    Times that passed while no worker was there lead to one run when a worker is back.

    Args:
        cron: minute, hour, day of the month, month and day of the week, such as `0 2 * * *`; in
            UTC, or by `rule.in_zone("Europe/Berlin")`.
        run: is called with both clients and the options.
        args: further positional arguments.
        options: keyword arguments, such as `policy=`.

    Raises:
        ConfigurationError: `cron` cannot be read, the function has no name of its own, or the extra
            `automation` is not installed.
    """
    timetable.check(cron)
    _check_options(run, _CLIENTS, args, options)

    async def without_id(grid: TradingGridClient, iconik: IconikClient, _: str) -> object:
        return await _awaited(run, run(grid, iconik, *args, **options))

    return Rule(name=_named(CauseKind.TIME, run), kind=CauseKind.TIME, run=without_id, cron=cron)


def distinct(rules: Iterable[Rule]) -> Mapping[str, Rule]:
    """Rules by name.

    Args:
        rules: the rules.

    Raises:
        ConfigurationError: there are none, two have the same name, or one is no rule.
    """
    found: dict[str, Rule] = {}
    for rule in rules:
        if not isinstance(rule, Rule):
            raise errors.ConfigurationError(f"{rule!r} is no rule; make one with on_request(…)")
        if rule.name in found:
            raise errors.ConfigurationError(
                f"two rules are called {rule.name!r}; give one of them another name: "
                f"on_…(…).named('another')"
            )
        found[rule.name] = rule
    if not found:
        raise errors.ConfigurationError("an automation needs at least one rule")
    return found


def _for_subject(
    kind: CauseKind,
    run: Callable[..., Awaitable[object]],
    args: tuple[Any, ...],
    options: Mapping[str, Any],
) -> Rule:
    _check_options(run, _CLIENTS + 1, args, options)

    async def called(grid: TradingGridClient, iconik: IconikClient, id_: str) -> object:
        return await _awaited(run, run(grid, iconik, id_, *args, **options))

    return Rule(name=_named(kind, run), kind=kind, run=called)


def _check_options(
    run: Callable[..., object], own: int, args: tuple[Any, ...], options: Mapping[str, Any]
) -> None:
    """Make sure that a function takes what a rule calls it with: `own` arguments, then these."""
    try:
        taken = inspect.signature(run)
    except (TypeError, ValueError):
        # It has no signature, such as some functions in C.
        return
    try:
        taken.bind(*[None] * own, *args, **options)
    except TypeError as error:
        given = "the clients and an id" if own > _CLIENTS else "the clients"
        raise errors.ConfigurationError(
            f"{name_of(run)} cannot be called with {given}, and these options: {error}"
        ) from None


async def _awaited(run: object, answer: object) -> object:
    if not isawaitable(answer):
        raise errors.ConfigurationError(
            f"{name_of(run)} of a rule returned a {type(answer).__name__} at once: make it a "
            "coroutine function, with async def"
        )
    return await answer


def _named(kind: CauseKind, run: Callable[..., Any]) -> str:
    return f"{kind}:{_name_of(run)}"


def _name_of(run: Callable[..., Any]) -> str:
    inner = run.func if isinstance(run, partial) else run
    name = getattr(inner, "__name__", "")
    if not name or name == "<lambda>":
        raise errors.ConfigurationError(
            "a rule is stored under its function's name: give a function that has one"
        )
    return str(name)
