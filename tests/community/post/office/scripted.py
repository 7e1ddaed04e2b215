"""A channel in memory that does what a test says, and a company with partners to write to."""

import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from tgiconik import errors
from tgiconik.community import Community
from tgiconik.community.post import PostOffice
from tgiconik.community.post.channel import (
    Act,
    AnswerWith,
    Arrival,
    Channel,
    Directory,
    Judgement,
    Outgoing,
    SendState,
    Tracking,
)
from tgiconik.community.post.intent import Intent, IntentKind
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.interface import Record
from tgiconik.community.store.sqlite import SqliteStore

from ..world import COMPANY, NOW, PARTNERS, World  # noqa: TID252 - one world for all letters

ANNA, BEN, CARL = PARTNERS


@attrs.define(eq=False)
class Clock:
    """A clock to move."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **time: float) -> None:
        self.at += timedelta(**time)


@attrs.define(eq=False, slots=False)
class ScriptedChannel(Channel):
    """A channel in memory.

    Attributes:
        reached: the partners that it reaches.
        everybody: whether it reaches all others as well.
        failures: errors of the next sends, in order; None for one that works.
        waiting: the messages on its server.
        sent: all that it was given to send, also twice.
        forms: the forms that it was given to send.
        news: what it answers when it is asked about a letter.
        asked: the letters of each question.
        judged: overrides the judgement of a message by its id.
        down: whether its server does not answer to anything but `send`.
    """

    reached: Collection[str] = PARTNERS
    everybody: bool = False
    title: str = "scripted"
    tokens: bool = True
    tracked: bool = True
    failures: list[Exception | None] = attrs.field(factory=list)
    waiting: dict[str, bytes] = attrs.field(factory=dict)
    sent: list[Outgoing] = attrs.field(factory=list)
    forms: list[tuple[str, AnswerWith]] = attrs.field(factory=list)
    news: dict[str, Tracking] = attrs.field(factory=dict)
    asked: list[list[str]] = attrs.field(factory=list)
    judged: dict[str, Callable[[], Judgement]] = attrs.field(factory=dict)
    down: bool = False
    closed: int = 0
    on_send: Callable[[Outgoing], object] = lambda _: None
    on_acknowledge: Callable[[Arrival], object] = lambda _: None

    @property
    def name(self) -> str:
        return self.title

    @property
    def uses_tokens(self) -> bool:
        return self.tokens

    @property
    def tracks(self) -> bool:
        return self.tracked

    def reaches(self, partner: Record) -> bool:
        return self.everybody or partner.id in self.reached

    async def send(self, outgoing: Outgoing) -> Tracking:
        self.on_send(outgoing)
        if self.failures and (error := self.failures.pop(0)) is not None:
            raise error
        self.sent.append(outgoing)
        return Tracking(name=outgoing.name, state=SendState.SENT)

    async def send_form(self, answer: AnswerWith, *, name: str) -> None:
        if self.failures and (error := self.failures.pop(0)) is not None:
            raise error
        self.forms.append((name, answer))

    async def collect(self) -> AsyncIterator[Arrival]:
        self._check_up()
        for id_, raw in list(self.waiting.items()):
            yield Arrival(message_id=id_, raw=raw, name=id_, received_at=NOW)

    async def acknowledge(self, arrival: Arrival) -> None:
        self.on_acknowledge(arrival)
        self.waiting.pop(arrival.message_id, None)

    async def judge(self, arrivals: Sequence[Arrival], directory: Directory) -> Sequence[Judgement]:
        del directory
        self._check_up()
        return [self._judgement(arrival) for arrival in arrivals]

    async def track(self, names: Collection[str]) -> Sequence[Tracking]:
        self._check_up()
        self.asked.append(sorted(names))
        return [self.news[name] for name in names if name in self.news]

    async def check(self) -> Mapping[str, Any]:
        return {"server": "scripted"}

    async def aclose(self) -> None:
        self.closed += 1

    def write(self, id_: str, act: Act) -> None:
        """Let a message wait on the server."""
        self.waiting[id_] = json.dumps(attrs.asdict(act)).encode()

    def names(self) -> list[str]:
        return [one.name for one in self.sent]

    def _check_up(self) -> None:
        if self.down:
            raise errors.PostUnavailable("scripted at post.test does not answer")

    def _judgement(self, arrival: Arrival) -> Judgement:
        if arrival.message_id in self.judged:
            return self.judged[arrival.message_id]()
        given = json.loads(arrival.raw)
        return Act(**given | {"intent": Intent(**given["intent"])})


def act(kind: IntentKind, partner_id: str = ANNA, **more: Any) -> Act:  # noqa: ANN401 - as they are
    """An act of a partner; what is no field of an act is one of its intent."""
    names = {field.name for field in attrs.fields(Intent)}
    intent = {name: value for name, value in more.items() if name in names}
    others = {name: value for name, value in more.items() if name not in names}
    return Act(
        partner_id=partner_id,
        intent=Intent(kind=kind, **intent),
        **{"sender": f"media@{partner_id.lower()}.test", **others},
    )


def request(subject: str = "A film", partner_id: str = ANNA) -> Act:
    return act(IntentKind.REQUEST, partner_id, body={"kind": "media_request", "subject": subject})


def a_world(store: BaseStore | None = None, clock: Clock | None = None) -> World:
    """A company with three partners."""
    made = World(store=store or SqliteStore(None, now=clock or Clock()))  # type: ignore[arg-type]
    for id_ in PARTNERS:
        made.partner(id_)
    return made


def office(world: World, *channels: Channel, **how: Any) -> PostOffice:  # noqa: ANN401 - as they are
    """An office that tells of everything unless it is told otherwise."""
    return PostOffice(
        Community(world.store), COMPANY, channels=channels, **{"since_change": 0, **how}
    )


def new_request(world: World, partner_id: str = ANNA, **fields: Any) -> str:  # noqa: ANN401
    """A request that an operator makes for a partner."""
    body = {"kind": "media_request", "subject": "A film", "partner_id": partner_id, **fields}
    return str(world.add("/requests", body)["id"])


def move(world: World, request_id: str, status: str, **how: Any) -> None:  # noqa: ANN401
    """Move a request."""
    operation = "PUT /requests/{requests}/status"
    world.call(operation, {"status": status}, requests=request_id, **how)


def deliver(world: World, document_id: str, partner_id: str = ANNA, **fields: Any) -> None:  # noqa: ANN401
    """Deliver a document to a partner, or change the delivery."""
    body = {"link": "https://link.test/secret-7", **fields}
    world.call(
        "PUT /documents/{documents}/deliveries/{partners}",
        body,
        documents=document_id,
        partners=partner_id,
    )


def activity(world: World) -> list[dict[str, Any]]:
    """The activity log, as the contract's surface lists it."""
    items: list[dict[str, Any]] = world.call("GET /activity")["items"]
    return [one for one in items if one["kind"].startswith("post.")]
