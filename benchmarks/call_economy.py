"""The number of calls of each workflow, as a formula of partners (P) and assets (A).

    python -m benchmarks.call_economy

measures the first and the next run of every workflow on a sandbox in this process, and writes the
table into `docs/benchmarks.md`. `SCENES` has the workflows with their formulas. A formula is the
exact count or, for concurrent runs, an upper bound.
"""

import asyncio
import math
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Final, TypeAlias

import attrs

from benchmarks.many_partners import GROUP, asset_ids, gather, partner_ids
from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, credentials, media, world
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed
from tgiconik.tradinggrid.community_management import LoginId, RoleName
from tgiconik.workflows import (
    Campaign,
    NewUser,
    OnboardingTemplate,
    Subject,
    build_audit_record,
    coordinate_campaign_launch,
    distribute_approved_asset,
    distribute_compliant_version,
    distribute_tagged_assets,
    fulfill_media_request,
    onboard_partner,
    process_enhancement_request,
    recall_version,
    resolve_media_issue,
    verify_distribution,
)

START: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
POLICY: Final = world.policy()
PAGE: Final = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BEGIN: Final = "<!-- calls -->"
END: Final = "<!-- /calls -->"
REQUEST: Final = "REQ-9001"
ISSUE: Final = "ISS-9001"
NEWCOMER: Final = "GC-NEW"


@attrs.frozen
class Stage:
    """A sandbox with many partners, and its clients.

    Attributes:
        sandbox: both platforms.
        grid: a client of Trading Grid.
        iconik: a client of iconik.
        partners: the number of partners.
        assets: the number of assets.
    """

    sandbox: Sandbox
    grid: TradingGridClient
    iconik: IconikClient
    partners: int
    assets: int

    @property
    def asset_id(self) -> str:
        """The first asset."""
        return asset_ids(1)[0]

    def now(self) -> datetime:
        """The current time, which is fixed."""
        return START

    async def version_id(self) -> str:
        """The current version of the first asset."""
        return str((await self.iconik.assets.get_asset(self.asset_id)).default_version_id)


Act: TypeAlias = Callable[[Stage], Awaitable[object]]


async def _nothing(stage: Stage) -> None:
    del stage


async def _distribute(stage: Stage) -> object:
    return await distribute_approved_asset(
        stage.grid, stage.iconik, stage.asset_id, policy=POLICY, now=stage.now
    )


async def _only_the_crowd(stage: Stage) -> None:
    """The world's own asset is for its own partners."""
    lookbook = world.asset_id("lookbook")
    await stage.iconik.metadata.merge_values(lookbook, world.RELEASE_VIEW, {"PartnerGroups": None})


async def _distribute_all(stage: Stage) -> object:
    return await distribute_tagged_assets(stage.grid, stage.iconik, policy=POLICY, now=stage.now)


async def _ask(stage: Stage) -> None:
    grid_seed.add_request(
        stage.sandbox.state,
        credentials.COMPANY_ID,
        REQUEST,
        kind="media_request",
        partner_id=partner_ids(1)[0],
        subject="Posters",
        criteria={"asset_ids": asset_ids(stage.assets)},
    )


async def _fulfill(stage: Stage) -> object:
    return await fulfill_media_request(
        stage.grid, stage.iconik, REQUEST, policy=POLICY, now=stage.now
    )


async def _complain(stage: Stage) -> None:
    await _distribute(stage)
    grid_seed.add_issue(
        stage.sandbox.state,
        credentials.COMPANY_ID,
        ISSUE,
        partner_id=partner_ids(1)[0],
        subject="The logo is last year's",
        severity="high",
        category="branding",
        asset_references=[{"asset_id": stage.asset_id}],
        moves=["acknowledged"],
    )


async def _resolve(stage: Stage) -> object:
    return await resolve_media_issue(
        stage.grid, stage.iconik, ISSUE, policy=POLICY, notes="Mended.", now=stage.now
    )


async def _improve(stage: Stage) -> None:
    picture = media.png("poster-1.png", "Poster 1, mended").content
    await stage.iconik.transfer.upload_version(
        stage.asset_id, BytesIO(picture), name="poster-1.png", promote=True, while_shared=True
    )
    seed.set_approval(stage.sandbox.state, stage.asset_id, "APPROVED")


async def _correct(stage: Stage) -> None:
    await _complain(stage)
    await _resolve(stage)
    await _improve(stage)


def _launch(stage: Stage) -> Awaitable[object]:
    campaign = Campaign(
        key="spring",
        title="Spring launch",
        launch_at=START + timedelta(days=20),
        asset_ids=asset_ids(stage.assets),
        groups=[GROUP],
    )
    return coordinate_campaign_launch(
        stage.grid, stage.iconik, campaign, policy=POLICY, now=stage.now
    )


async def _mark(stage: Stage) -> None:
    version_id = await stage.version_id()
    digest = await stage.iconik.transfer.digest(stage.asset_id, version_id=version_id)
    marks = {"CompliantVersion": [version_id], "CompliantSHA256": [digest]}
    await stage.iconik.metadata.merge_values(stage.asset_id, world.RELEASE_VIEW, marks)


async def _comply(stage: Stage) -> object:
    return await distribute_compliant_version(
        stage.grid, stage.iconik, stage.asset_id, policy=POLICY, now=stage.now
    )


async def _comply_before(stage: Stage) -> None:
    await _mark(stage)
    await _comply(stage)


async def _recall(stage: Stage) -> object:
    first = seed.version_id(stage.asset_id, 1)
    return await recall_version(
        stage.grid,
        stage.iconik,
        stage.asset_id,
        first,
        reason="The licence is void.",
        policy=POLICY,
        now=stage.now,
    )


async def _verify(stage: Stage) -> object:
    return await verify_distribution(
        stage.grid, stage.iconik, stage.asset_id, policy=POLICY, now=stage.now
    )


async def _join(stage: Stage) -> None:
    grid_seed.add_partner(
        stage.sandbox.state,
        credentials.COMPANY_ID,
        NEWCOMER,
        "Newcomer",
        contacts=[{"email": "media@newcomer.example"}],
        regions=["DE"],
        languages=["de"],
    )


def _onboard(stage: Stage) -> Awaitable[object]:
    user = NewUser(
        login_id=LoginId("eva@newcomer.example"),
        first_name="Eva",
        last_name="Huber",
        email="eva@newcomer.example",
        roles=[RoleName.COMMUNITY_VIEWER],
        consents=True,
        wants_marketing=False,
        has_summer_time=True,
    )
    template = OnboardingTemplate(
        key="retail", title="Welcome", asset_ids=asset_ids(stage.assets), groups=[GROUP]
    )
    return onboard_partner(
        stage.grid,
        stage.iconik,
        NEWCOMER,
        template=template,
        users=[user],
        users_company=NEWCOMER,
        password=lambda _: "correct-horse-battery-staple",
        policy=POLICY,
        now=stage.now,
    )


async def _wish(stage: Stage) -> None:
    grid_seed.add_request(
        stage.sandbox.state,
        credentials.COMPANY_ID,
        REQUEST,
        kind="enhancement",
        partner_id=partner_ids(1)[0],
        subject="This year's logo, please",
        asset_references=[{"asset_id": stage.asset_id}],
    )


async def _enhance(stage: Stage) -> object:
    return await process_enhancement_request(
        stage.grid, stage.iconik, REQUEST, policy=POLICY, notes="As you wished.", now=stage.now
    )


async def _enhanced(stage: Stage) -> None:
    await _wish(stage)
    await _enhance(stage)
    await _improve(stage)


async def _distribute_each(stage: Stage) -> None:
    await _only_the_crowd(stage)
    await _distribute_all(stage)


async def _audit(stage: Stage) -> object:
    subject = Subject(assets=tuple(asset_ids(stage.assets)))
    return await build_audit_record(stage.grid, stage.iconik, subject, policy=POLICY, now=stage.now)


_TERM: Final = re.compile(r"(\d*)(A?)(?:(P)|([⌈⌊])P/(\d+)[⌉⌋]|\[P>(\d+)\])?")


@attrs.frozen
class Formula:
    """A number of calls that follows from P and A.

    Attributes:
        text: the formula, such as `5 + 2P + 3A⌈P/50⌉`. `[P>100]` is 1 with more than 100 partners,
            else 0.
    """

    text: str

    def __call__(self, partners: int, assets: int) -> int:
        """The number.

        Raises:
            ValueError: the text is not a formula.
        """
        total = 0
        for term in self.text.split(" + "):
            found = _TERM.fullmatch(term)
            if found is None or not term:
                raise ValueError(f"{term!r} is no part of a formula")
            times, for_assets, for_partners, rounded, per, above = found.groups()
            number = int(times or 1) * (assets if for_assets else 1)
            if for_partners:
                number *= partners
            elif per:
                number *= (math.ceil if rounded == "⌈" else math.floor)(partners / int(per))
            elif above:
                number *= partners > int(above)
            total += number
        return total

    def __str__(self) -> str:
        return self.text


@attrs.frozen
class Cost:
    """The calls of one run, as formulas.

    Attributes:
        iconik_reads: of iconik.
        iconik_writes: to iconik.
        grid_reads: of Trading Grid.
        grid_writes: to Trading Grid.
    """

    iconik_reads: Formula = attrs.field(converter=Formula)
    iconik_writes: Formula = attrs.field(converter=Formula)
    grid_reads: Formula = attrs.field(converter=Formula)
    grid_writes: Formula = attrs.field(converter=Formula)

    def at(self, partners: int, assets: int) -> tuple[int, int, int, int]:
        """The numbers."""
        iconik_reads, iconik_writes, grid_reads, grid_writes = (
            formula(partners, assets) for formula in attrs.astuple(self, recurse=False)
        )
        return iconik_reads, iconik_writes, grid_reads, grid_writes


@attrs.frozen(kw_only=True)
class Scene:
    """A workflow with an initial state, and its number of calls.

    Attributes:
        name: its name in the table.
        prepare: prepares the initial state.
        run: does it.
        first: the calls of the first run.
        again: the calls of the next run.
    """

    name: str
    prepare: Act = _nothing
    run: Act
    first: Cost
    again: Cost


SCENES: Final = (
    Scene(
        name="`fulfill_media_request`, A assets asked for",
        prepare=_ask,
        run=_fulfill,
        first=Cost("2 + 8A", "A", "7 + 6A", "5 + 2A"),
        again=Cost("1 + 4A", "0", "4 + 2A", "0"),
    ),
    Scene(
        name="`resolve_media_issue`, sharing is stopped",
        prepare=_complain,
        run=_resolve,
        first=Cost("8 + P + ⌈P/100⌉ + [P>100]", "2 + P", "8 + 2⌈P/1000⌉", "7 + 2P"),
        again=Cost("5", "0", "4 + ⌈P/1000⌉", "0"),
    ),
    Scene(
        name="`resolve_media_issue`, the correction is shared",
        prepare=_correct,
        run=_resolve,
        first=Cost("18 + ⌈P/100⌉ + [P>100] + 3⌈P/50⌉", "P", "15 + 2⌈P/50⌉ + 3⌈P/1000⌉", "8 + P"),
        again=Cost("0", "0", "2 + ⌈P/1000⌉", "0"),
    ),
    Scene(
        name="`distribute_approved_asset`",
        run=_distribute,
        first=Cost("5 + ⌈P/100⌉ + [P>100] + 3⌈P/50⌉", "P", "5 + ⌈P/50⌉ + ⌈P/1000⌉", "2 + P"),
        again=Cost("5 + ⌈P/100⌉ + [P>100]", "0", "4 + 2⌈P/1000⌉", "0"),
    ),
    Scene(
        name="`distribute_tagged_assets`",
        prepare=_only_the_crowd,
        run=_distribute_all,
        first=Cost(
            "2 + 4A + A⌈P/100⌉ + A[P>100] + 3A⌈P/50⌉",
            "AP",
            "1 + 4A + A⌈P/50⌉ + ⌈P/1000⌉",
            "2A + AP",
        ),
        again=Cost("3 + 3A + A⌈P/100⌉ + A[P>100]", "0", "1 + 3A + ⌈P/1000⌉ + A⌈P/1000⌉", "0"),
    ),
    Scene(
        name="`coordinate_campaign_launch`",
        run=_launch,
        first=Cost("1 + 2P + 3A + 3A⌈P/50⌉", "2P + AP", "4 + A + A⌈P/50⌉ + 3⌈P/1000⌉", "2 + 3P"),
        again=Cost("2 + P + 3A + 2⌈P/50⌉", "0", "7 + A + 6⌈P/1000⌉", "0"),
    ),
    Scene(
        name="`distribute_compliant_version`, pinned",
        prepare=_mark,
        run=_comply,
        first=Cost(
            "30 + P + 2⌈P/100⌉ + 2[P>100] + 3⌈P/50⌉", "3 + 2P", "10 + ⌈P/50⌉ + 2⌈P/1000⌉", "3 + P"
        ),
        again=Cost("26 + 2⌈P/100⌉ + 2[P>100]", "0", "9 + 3⌈P/1000⌉", "0"),
    ),
    Scene(
        name="`recall_version`",
        prepare=_distribute,
        run=_recall,
        first=Cost("7 + P + ⌈P/100⌉ + [P>100]", "1 + P", "14 + 3⌈P/1000⌉", "3 + 2P"),
        again=Cost("7", "0", "14 + 2⌈P/1000⌉", "0"),
    ),
    Scene(
        name="`verify_distribution`",
        prepare=_comply_before,
        run=_verify,
        first=Cost("11 + ⌈P/100⌉ + [P>100]", "0", "1 + ⌈P/1000⌉", "0"),
        again=Cost("11 + ⌈P/100⌉ + [P>100]", "0", "1 + ⌈P/1000⌉", "0"),
    ),
    Scene(
        name="`onboard_partner`, one partner with one user",
        prepare=_join,
        run=_onboard,
        first=Cost("4 + 6A", "2 + A", "9 + 2A", "8"),
        again=Cost("5 + 3A", "0", "15 + A", "0"),
    ),
    Scene(
        name="`process_enhancement_request`, the team is asked",
        prepare=_wish,
        run=_enhance,
        first=Cost("5", "1", "7", "5"),
        again=Cost("4", "0", "4", "0"),
    ),
    Scene(
        name="`process_enhancement_request`, the new version is shared",
        prepare=_enhanced,
        run=_enhance,
        first=Cost("11", "1", "14", "6"),
        again=Cost("5", "0", "7", "0"),
    ),
    Scene(
        name="`build_audit_record`, A assets that P partners have",
        prepare=_distribute_each,
        run=_audit,
        first=Cost("1 + 7A + AP + A⌈P/100⌉ + A[P>100]", "0", "6 + 2A + A⌈P/1000⌉ + ⌈P/1000⌉", "0"),
        again=Cost("1 + 7A + AP + A⌈P/100⌉ + A[P>100]", "0", "6 + 2A + A⌈P/1000⌉ + ⌈P/1000⌉", "0"),
    ),
)


async def measure(scene: Scene, *, partners: int, assets: int) -> list[tuple[int, int, int, int]]:
    """Count the calls of the first and the next run: reads and writes of iconik, then Trading Grid.

    The token request of Trading Grid is not counted, because a token lasts for hours.
    """
    sandbox = Sandbox(now=lambda: START)
    gather(sandbox, partners=partners, assets=assets)
    counted = []
    async with sandbox.clients() as (grid, iconik):
        stage = Stage(sandbox, grid, iconik, partners, assets)
        await scene.prepare(stage)
        for _ in range(2):
            sandbox.calls.clear()
            await scene.run(stage)
            one, other = sandbox.calls.iconik, sandbox.calls.grid
            counted.append((one.reads, one.writes, other.reads, other.writes))
    sandbox.close()
    return counted


#: The sizes for the measured figures of the table.
MEASURED_AT: Final = {"partners": 150, "assets": 2}


async def table() -> str:
    """The table, in Markdown, with current measurements."""
    partners, assets = MEASURED_AT["partners"], MEASURED_AT["assets"]
    lines = [
        f"| workflow | first run | next run | measured at P = {partners}, A = {assets} |",
        "| --- | --- | --- | --- |",
    ]
    for scene in SCENES:
        first, again = await measure(scene, **MEASURED_AT)
        figures = f"{_figures(first)}; then {_figures(again)}"
        lines.append(f"| {scene.name} | {_cell(scene.first)} | {_cell(scene.again)} | {figures} |")
    return "\n".join(lines)


def _cell(cost: Cost) -> str:
    """Both platforms, reads and writes, as formulas."""
    return "<br>".join(
        f"{platform}: {reads}" + (f", writes {writes}" if str(writes) != "0" else "")
        for platform, reads, writes in (
            ("iconik", cost.iconik_reads, cost.iconik_writes),
            ("Trading Grid", cost.grid_reads, cost.grid_writes),
        )
    )


def _figures(counted: tuple[int, int, int, int]) -> str:
    iconik_reads, iconik_writes, grid_reads, grid_writes = counted
    return f"{iconik_reads} + {iconik_writes}, {grid_reads} + {grid_writes}"


def figures_in(page: str) -> dict[str, tuple[str, str, list[int]]]:
    """The table rows of a page, by workflow: both cells and the figures."""
    begin, end = page.index(BEGIN), page.index(END)
    rows = [line.strip("| ").split(" | ") for line in page[begin:end].splitlines() if "|" in line]
    return {
        name: (first, again, [int(figure) for figure in re.findall(r"\d+", figures)])
        for name, first, again, figures in rows[2:]
    }


def written(page: str, lines: str) -> str:
    """The page with the table between its marks."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{lines}\n{END}{rest.split(END)[1]}"


def main() -> int:
    """Measure, and write the page."""
    lines = asyncio.run(table())
    PAGE.write_text(written(PAGE.read_text("utf-8"), lines), "utf-8")
    sys.stdout.write(f"{lines}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
