"""Random lives: workflows, people, kills and late lists in any order; then the judge looks.

Each life ends when everything has settled: lists are current again, and each workflow that was run
has been run until it writes nothing. Then nothing is open that may not be, nothing is there twice,
and no outcome says what is not so.
"""

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, Final

import anyio
import attrs
import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tgiconik import IconikClient, TradingGridClient, errors
from tgiconik.community.rules.resource import transition
from tgiconik.release import ReleasePolicy
from tgiconik.sandbox import Sandbox, credentials, media, world
from tgiconik.sandbox.grid import collaboration
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import metadata, seed, shares
from tgiconik.sandbox.iconik.kinds import ASSETS, SHARES
from tgiconik.sandbox.late import Late
from tgiconik.tradinggrid.collaboration.transitions import (
    ISSUE_MOVES,
    REQUEST_MOVES,
    Moves,
    may_move,
)
from tgiconik.workflows import (
    Campaign,
    OnboardingTemplate,
    coordinate_campaign_launch,
    distribute_approved_asset,
    distribute_compliant_version,
    distribute_tagged_assets,
    fulfill_media_request,
    onboard_partner,
    process_enhancement_request,
    recall_version,
    reconcile_links,
    resolve_media_issue,
    verify_distribution,
)

from .backends import Backend, every_database
from .conftest import Clock, Wire, grid_client, iconik_client
from .lives_judge import Judge
from .plays import Result, is_write

VIEW: Final = world.RELEASE_VIEW
POLICY = ReleasePolicy(metadata_view=VIEW, probation=timedelta(minutes=15))
FIELDS: Final = {
    "Regions": "tag_cloud",
    "Languages": "tag_cloud",
    "Usages": "tag_cloud",
    "UsageRestrictions": "text",
    "EmbargoUntil": "datetime",
    "LicenceStart": "date",
    "LicenceEnd": "date",
    "PartnerGroups": "tag_cloud",
    "HeldVersions": "string_exact",
    "CompliantVersion": "string_exact",
    "CompliantSHA256": "string_exact",
}
GROUP: Final = "GRP-RETAIL"
PARTNERS: Final[Mapping[str, str]] = {"GC30000401DE": "DE", "GC30000402US": "US"}
FIRST, SECOND = PARTNERS
REQUEST: Final = "REQ-9000"
WISH: Final = "REQ-9001"
ISSUE: Final = "ISS-9000"
PICTURES = [media.png("picture.png", f"Version {number}") for number in (1, 2)]
DIGESTS = [sha256(picture.content).hexdigest() for picture in PICTURES]
TWO = [seed.fixed_id("life 1"), seed.fixed_id("life 2")]
CONTACT: Final = {"name": "", "email": "media@partner.example", "role": "media"}
#: Longer than a lease, a probation, and what is believed to be another run's.
_LATER: Final = timedelta(minutes=20)
#: After so many rounds nothing may be left to write.
_ROUNDS: Final = 5
LATE = ("shares", "search", "metadata", "contents", "collaboration")

Workflow = Callable[[TradingGridClient, IconikClient, Clock], Awaitable[Result]]


def distribute(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[Result]:
    return distribute_approved_asset(grid, iconik, TWO[0], policy=POLICY, now=clock)


def tagged(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[Result]:
    return distribute_tagged_assets(grid, iconik, policy=POLICY, now=clock)


def comply(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[Result]:
    return distribute_compliant_version(grid, iconik, TWO[0], policy=POLICY, now=clock)


def recall(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[Result]:
    # The first version, whichever is current.
    version = seed.version_id(TWO[0], 1)
    return recall_version(grid, iconik, TWO[0], version, reason="void", policy=POLICY, now=clock)


def reconcile(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[Result]:
    return reconcile_links(grid, iconik, policy=POLICY, now=clock)


def reconcile_assets(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> Awaitable[Result]:
    """Of both assets, what others have shared too."""
    return reconcile_links(grid, iconik, asset_ids=TWO, policy=POLICY, now=clock)


def launch(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[Result]:
    campaign = Campaign(
        key="life",
        title="A launch",
        launch_at=Clock().time + timedelta(days=300),
        asset_ids=TWO,
        partners=[*PARTNERS],
    )
    return coordinate_campaign_launch(grid, iconik, campaign, policy=POLICY, now=clock)


def onboard(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[Result]:
    template = OnboardingTemplate(key="life", title="Welcome", asset_ids=TWO)
    return onboard_partner(grid, iconik, FIRST, template=template, policy=POLICY, now=clock)


def fulfill(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[Result]:
    return fulfill_media_request(grid, iconik, REQUEST, policy=POLICY, now=clock)


def enhance(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[Result]:
    return process_enhancement_request(grid, iconik, WISH, policy=POLICY, now=clock)


def resolve(grid: TradingGridClient, iconik: IconikClient, clock: Clock) -> Awaitable[Result]:
    return resolve_media_issue(grid, iconik, ISSUE, policy=POLICY, now=clock)


WORKFLOWS: Final[Mapping[str, Workflow]] = {
    one.__name__: one
    for one in (
        distribute,
        tagged,
        comply,
        recall,
        launch,
        onboard,
        fulfill,
        enhance,
        resolve,
        reconcile,
    )
}


@attrs.frozen
class SkewedClock(Clock):
    """The clock of a worker that is some minutes fast or slow."""

    right: Clock
    minutes: int

    def __call__(self) -> datetime:
        return self.right.time + timedelta(minutes=self.minutes)


@attrs.frozen
class Suspension:
    """A run stands still before one of its writes, for longer than its lease.

    Attributes:
        write: the number of the write, from 0.
        meanwhile: the workflow that another worker runs.
    """

    write: int
    meanwhile: str

    def befall(self, wire: Wire, wait: Callable[[], Awaitable[None]]) -> None:
        """Let it happen on a wire."""
        seen = 0

        async def before(request: httpx.Request) -> None:
            nonlocal seen
            seen += is_write(request)
            if is_write(request) and seen == self.write + 1:
                await wait()

        wire.before.append(before)


class Killed(Exception):  # noqa: N818 - it is what happens, not an error of ours
    """The process died here."""


@attrs.frozen
class Misfortune:
    """What happens to one write of a run.

    Attributes:
        write: its number, from 0.
        moment: `before` or `after` its effect.
        dies: the run dies; else only the answer is lost.
    """

    write: int
    moment: str
    dies: bool

    def befall(self, wire: Wire) -> None:
        """Let it happen on a wire."""
        seen, dead = 0, False

        async def before(request: httpx.Request) -> None:
            nonlocal seen, dead
            if dead:
                raise Killed
            seen += is_write(request)
            if self.moment == "before" and is_write(request) and seen == self.write + 1:
                dead = self.dies
                raise Killed if dead else httpx.ReadError("lost", request=request)

        async def after(request: httpx.Request) -> None:
            nonlocal dead
            if self.moment == "after" and is_write(request) and seen == self.write + 1:
                if not dead and self.dies:
                    dead = True
                    raise Killed
                raise httpx.ReadError("lost", request=request)

        wire.before.append(before)
        wire.after.append(after)


MISFORTUNES = st.one_of(
    st.none(),
    st.none(),
    st.builds(
        Misfortune,
        write=st.integers(0, 8),
        moment=st.sampled_from(["before", "after"]),
        dies=st.sampled_from([True, True, False]),
    ),
)


def begin(clock: Clock, make: Callable[..., Sandbox] = Sandbox) -> Sandbox:
    """Two assets with two versions each, two partners, and a request for the first asset."""
    sandbox = make(now=clock, world=False)
    state = sandbox.state
    with state.store.transaction():
        fields = [
            {"name": name, "field_type": type_, "multi": True} for name, type_ in FIELDS.items()
        ]
        seed.add_metadata_view(state, id_=VIEW, name="Release", fields=fields)
        for id_ in TWO:
            values = {"Regions": ["DE", "US"], "PartnerGroups": ["retail"]}
            seed.add_asset(state, id_=id_, title=f"Life {id_}", media=PICTURES, values=values)
            seed.set_approval(state, id_, "APPROVED", version=seed.version_id(id_, 1))
        grid_seed.add_group(state, credentials.COMPANY_ID, GROUP, "Retail", tags=["retail"])
        for partner_id, region in PARTNERS.items():
            grid_seed.add_partner(
                state,
                credentials.COMPANY_ID,
                partner_id,
                "Partner",
                groups=[GROUP],
                contacts=[CONTACT],
                regions=[region],
            )
        grid_seed.add_request(
            state,
            credentials.COMPANY_ID,
            REQUEST,
            kind="media_request",
            partner_id=FIRST,
            subject="Media, please",
            criteria={"asset_ids": TWO},
        )
        grid_seed.add_request(
            state,
            credentials.COMPANY_ID,
            WISH,
            kind="enhancement",
            partner_id=SECOND,
            subject="Another logo, please",
            asset_references=[{"asset_id": TWO[1]}],
        )
        grid_seed.add_issue(
            state,
            credentials.COMPANY_ID,
            ISSUE,
            partner_id=FIRST,
            subject="The logo is old",
            severity="high",
            category="branding",
            asset_references=[{"asset_id": TWO[0]}],
        )
    return sandbox


class Life(RuleBasedStateMachine):
    """One life of two assets and two partners."""

    make: Callable[..., Sandbox] = Sandbox

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.sandbox = begin(self.clock, type(self).make)
        self.played: dict[str, Workflow] = {}
        self.late = ExitStack()

    # The machines

    @rule(name=st.sampled_from([*WORKFLOWS]), misfortune=MISFORTUNES)
    def run(self, name: str, misfortune: Misfortune | None) -> None:
        """Run a workflow, which may die."""
        self._play(name, misfortune=misfortune)

    def _play(
        self,
        name: str,
        *,
        misfortune: Misfortune | None = None,
        suspension: Suspension | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.played[name] = WORKFLOWS[name]
        try:
            anyio.run(self._run, WORKFLOWS[name], misfortune, suspension, clock)
        except* (Killed, errors.TgIconikError):
            # It died, or says what failed: the next run goes on.
            pass

    async def _run(
        self,
        workflow: Workflow,
        misfortune: Misfortune | None = None,
        suspension: Suspension | None = None,
        clock: Clock | None = None,
    ) -> Result:
        wire = Wire(self.sandbox.transport())
        if misfortune is not None:
            misfortune.befall(wire)
        if suspension is not None:
            suspension.befall(wire, partial(self._meanwhile, suspension.meanwhile))
        async with (
            grid_client(self.sandbox, wire) as grid,
            iconik_client(self.sandbox, wire) as iconik,
        ):
            return await workflow(grid, iconik, clock or self.clock)

    async def _meanwhile(self, name: str) -> None:
        self.clock.time += _LATER
        self.played[name] = WORKFLOWS[name]
        # It says what failed: the next run goes on.
        with suppress(errors.TgIconikError):
            await self._run(WORKFLOWS[name])

    @rule(
        name=st.sampled_from([*WORKFLOWS]),
        suspension=st.builds(
            Suspension, write=st.integers(0, 8), meanwhile=st.sampled_from([*WORKFLOWS])
        ),
    )
    def run_suspended(self, name: str, suspension: Suspension) -> None:
        """Run a workflow that stands still in between, while another one runs."""
        self._play(name, suspension=suspension)

    @rule(name=st.sampled_from([*WORKFLOWS]), minutes=st.sampled_from([-9, 9]))
    def run_with_a_wrong_clock(self, name: str, minutes: int) -> None:
        """Run a workflow by a worker whose clock is wrong."""
        self._play(name, clock=SkewedClock(self.clock, minutes))

    @rule(kind=st.sampled_from(LATE), seconds=st.sampled_from([2, 30]))
    def lists_become_late(self, kind: Any, seconds: int) -> None:  # noqa: ANN401 - a literal
        self.late.enter_context(self.sandbox.late(Late(kind, seconds)))

    @rule(time=st.sampled_from([timedelta(seconds=1), timedelta(minutes=20), timedelta(days=4)]))
    def time_passes(self, time: timedelta) -> None:
        self.clock.time += time

    # People in iconik

    @rule(
        id_=st.sampled_from(TWO),
        number=st.sampled_from([1, 2]),
        status=st.sampled_from(["APPROVED", "NOT_APPROVED", "MIXED"]),
    )
    def approvals_change(self, id_: str, number: int, status: str) -> None:
        version = seed.version_id(id_, number)
        seed.set_approval(self.sandbox.state, id_, status, version=version)

    @rule(
        id_=st.sampled_from(TWO),
        held=st.sampled_from([(), (), (1,), (2,), (1, 2)]),
    )
    def holds_change(self, id_: str, held: tuple[int, ...]) -> None:
        self._mark(id_, HeldVersions=[seed.version_id(id_, number) for number in held])

    @rule(id_=st.sampled_from(TWO), days=st.sampled_from([-1, 3]))
    def an_embargo_is_set(self, id_: str, days: int) -> None:
        until = self.clock.time + timedelta(days=days)
        self._mark(id_, EmbargoUntil=[f"{until:%Y-%m-%dT%H:%M:%S}"])

    @rule(
        id_=st.sampled_from(TWO),
        regions=st.sampled_from([["DE", "US"], ["DE", "US"], ["DE"], ["US"]]),
    )
    def regions_change(self, id_: str, regions: list[str]) -> None:
        self._mark(id_, Regions=regions)

    @rule(number=st.sampled_from([1, 2, None]))
    def the_compliant_version_is_marked(self, number: int | None) -> None:
        if number is None:
            self._mark(TWO[0], CompliantVersion=[], CompliantSHA256=[])
        else:
            version = seed.version_id(TWO[0], number)
            digest = DIGESTS[number - 1]
            self._mark(TWO[0], CompliantVersion=[version], CompliantSHA256=[digest])

    @rule(id_=st.sampled_from(TWO), tags=st.sampled_from([["retail"], []]))
    def tags_change(self, id_: str, tags: list[str]) -> None:
        self._mark(id_, PartnerGroups=tags)

    def _mark(self, id_: str, **values: list[str]) -> None:
        rows = {
            name: {"field_values": [{"value": value} for value in all_]}
            for name, all_ in values.items()
        }
        metadata.put_values(self.sandbox.state, "assets", id_, rows)

    @rule(id_=st.sampled_from(TWO), number=st.sampled_from([1, 2]))
    def a_version_is_promoted(self, id_: str, number: int) -> None:
        self._change(id_, default_version_id=seed.version_id(id_, number))

    @rule(id_=st.sampled_from(TWO), status=st.sampled_from(["DELETED", "ACTIVE", "ACTIVE"]))
    def an_asset_is_deleted_or_restored(self, id_: str, status: str) -> None:
        gone = self.clock.time.isoformat() if status == "DELETED" else None
        self._change(id_, status=status, date_deleted=gone)

    def _change(self, id_: str, **fields: str | None) -> None:
        self.sandbox.state.store.put(ASSETS, id_, {**self._asset(id_), **fields})

    @rule(which=st.integers(0, 3))
    def a_share_is_retitled(self, which: int) -> None:
        store = self.sandbox.state.store
        for share in store.list(SHARES)[which : which + 1]:
            parent = f"{share['object_type']}/{share['object_id']}"
            store.put(SHARES, share["id"], share | {"title": "By hand"}, parent=parent)

    @rule(id_=st.sampled_from(TWO))
    def a_share_is_made_by_hand(self, id_: str) -> None:
        fields = {"title": "Mine", "allow_download": True}
        shares.make(self.sandbox.state, "assets", id_, fields, owner_id=seed.COLLEAGUE)

    @rule(which=st.integers(0, 3))
    def a_share_is_revoked_by_hand(self, which: int) -> None:
        for share in self.sandbox.state.store.list(SHARES)[which : which + 1]:
            self.sandbox.state.store.delete(SHARES, share["id"])

    # People on Trading Grid

    @rule(to=st.sampled_from(["withdrawn", "confirmed", "reopened"]))
    def the_partner_moves_a_request(self, to: str) -> None:
        self._move("requests", REQUEST, REQUEST_MOVES, to, partner_id=FIRST)

    @rule(to=st.sampled_from(["withdrawn", "confirmed", "reopened"]))
    def the_partner_moves_a_wish(self, to: str) -> None:
        self._move("requests", WISH, REQUEST_MOVES, to, partner_id=SECOND)

    @rule(to=st.sampled_from(["withdrawn", "confirmed", "reopened"]))
    def the_partner_moves_an_issue(self, to: str) -> None:
        self._move("issues", ISSUE, ISSUE_MOVES, to, partner_id=FIRST)

    @rule()
    def our_people_acknowledge_the_issue(self) -> None:
        self._move("issues", ISSUE, ISSUE_MOVES, "acknowledged")

    def _move(
        self, noun: str, id_: str, moves: Moves, to: str, *, partner_id: str | None = None
    ) -> None:
        state, company_id = self.sandbox.state, credentials.COMPANY_ID
        with collaboration.writing(state, company_id, partner_id) as community:
            records = community.records(noun)
            record = records.get(id_)
            assert record is not None
            if may_move(moves, record.fields["status"], to):
                records.change(record, transition(community, record, to))

    @rule(partner_id=st.sampled_from([*PARTNERS]), groups=st.sampled_from([[GROUP], []]))
    def a_partner_comes_or_goes(self, partner_id: str, groups: list[str]) -> None:
        self._change_partner(partner_id, groups=groups)

    @rule(partner_id=st.sampled_from([*PARTNERS]), contacts=st.sampled_from([[CONTACT], []]))
    def contacts_change(self, partner_id: str, contacts: list[Any]) -> None:
        self._change_partner(partner_id, contacts=contacts)

    def _change_partner(self, partner_id: str, **fields: list[Any]) -> None:
        with collaboration.writing(self.sandbox.state, credentials.COMPANY_ID) as community:
            partners = community.records("partners")
            partner = partners.get(partner_id)
            assert partner is not None
            partners.change(partner, fields)

    # The end

    def teardown(self) -> None:
        """Let everything settle, and ask the judge."""
        self.clock.time += _LATER
        self.late.close()
        # Somebody has to look at everything, whatever was run before.
        self.played |= {"reconcile": reconcile, "reconcile assets": reconcile_assets}
        for _ in range(_ROUNDS):
            writes = len(self.sandbox.writes)
            results = self._run_all()
            if len(self.sandbox.writes) == writes:
                break
        else:
            last = [f"{one.method} {one.path}" for one in self.sandbox.writes[writes:]]
            pytest.fail(f"{[*self.played]} write for ever: {last}")
        judge = Judge(self.sandbox, self.clock.time)
        lies = [
            line for name, result in results.items() for line in judge.lies(name, result.outcomes)
        ]
        faults = [*judge.faults(), *lies, *anyio.run(self._wrong_ways)]
        assert not faults, "\n".join(faults)
        self.sandbox.close()

    async def _wrong_ways(self) -> list[str]:
        """The open ways that `verify_distribution` finds wrong."""
        wire = Wire(self.sandbox.transport())
        async with (
            grid_client(self.sandbox, wire) as grid,
            iconik_client(self.sandbox, wire) as iconik,
        ):
            check = await verify_distribution(grid, iconik, policy=POLICY, now=self.clock)
        return [
            f"WRONG: {way.asset_id} is open to {way.partner}: {way.why_not}" for way in check.wrong
        ]

    def _run_all(self) -> dict[str, Result]:
        results = {}
        for name, workflow in self.played.items():
            try:
                results[name] = anyio.run(self._run, workflow)
            except errors.NotFound:
                # Of a deleted asset: it opens for nobody while it is.
                assert any(self._asset(id_)["status"] == "DELETED" for id_ in TWO)
        return results

    def _asset(self, id_: str) -> dict[str, Any]:
        return self.sandbox.state.store.get(ASSETS, id_) or {}


QUICK = settings(
    max_examples=25,
    stateful_step_count=8,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[*HealthCheck],
)
#: The heavy tests play the same lives every time; `TGICONIK_LIVES=2000` hunts among new ones.
HUNTED = int(os.environ.get("TGICONIK_LIVES", "0"))
THOROUGH = settings(
    QUICK, max_examples=HUNTED or 75, stateful_step_count=14, derandomize=not HUNTED
)


@pytest.mark.parametrize(
    ("backend", "profile"),
    [
        pytest.param("sandbox", QUICK, id="sandbox-quick"),
        *every_database(settings(QUICK, max_examples=10)),
        pytest.param(
            "sandbox",
            THOROUGH,
            id="sandbox-thorough",
            marks=[pytest.mark.soak, pytest.mark.timeout(7200)],
        ),
    ],
    indirect=["backend"],
)
def test_every_life_ends_well(profile: settings, backend: Backend) -> None:
    class LifeThere(Life):
        make = backend.sandbox

    run_state_machine_as_test(LifeThere, settings=profile)


@pytest.fixture
def life() -> Iterator[Life]:
    """A life in which both partners have the first asset."""
    life = Life()
    life.run(name="distribute", misfortune=None)
    assert Judge(life.sandbox, life.clock.time).faults() == []
    yield life
    life.sandbox.close()


def words(life: Life) -> set[str]:
    """The kinds of faults that the judge finds, by their first words."""
    found = Judge(life.sandbox, life.clock.time).faults()
    return {line.replace(",", ":").partition(":")[0] for line in found}


def test_the_judge_sees_what_is_held_and_open(life: Life) -> None:
    life.holds_change(id_=TWO[0], held=(2,))

    assert words(life) == {"REFUSED"}


def test_the_judge_sees_a_second_share_that_nobody_recorded(life: Life) -> None:
    (share, *_) = life.sandbox.state.store.list(SHARES)
    fields = {"title": share["title"], "allow_download": True}
    shares.make(life.sandbox.state, "assets", TWO[0], fields, owner_id=seed.CURRENT_USER)

    assert words(life) == {"DOUBLED", "UNRECORDED"}


def test_the_judge_sees_a_delivery_whose_share_is_gone(life: Life) -> None:
    (share, *_) = life.sandbox.state.store.list(SHARES)
    life.sandbox.state.store.delete(SHARES, share["id"])

    assert words(life) == {"DEAD"}
