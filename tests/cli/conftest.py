"""The sandbox as a served platform, the files that commands read, and a way to run a command."""

import asyncio
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import pytest

from tgiconik import IconikClient
from tgiconik.cli.main import main
from tgiconik.sandbox import Sandbox, credentials, media, world
from tgiconik.sandbox.grid import seed as grid_seed

FILM = world.asset_id("film-de")
POSTER = world.asset_id("poster-green")
REQUEST = "REQ-1042"
ISSUE = "ISS-50"
ENHANCEMENT = "REQ-2001"
NEWCOMER = "GC10000499AT"
SETTINGS = ("TGICONIK_PROFILE", "TGICONIK_CONFIG")


@attrs.frozen
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.out)


Run: TypeAlias = Callable[..., Ran]


@attrs.frozen
class Files:
    """The paths of the files that commands read."""

    policy: str
    campaign: str
    template: str


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and no profile of whoever runs the tests."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str) -> Ran:
        capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as ended:
            code = int(ended.code or 0)
        shown = capsys.readouterr()
        return Ran(int(code), shown.out, shown.err)

    return command


@pytest.fixture
def files(folder: Path) -> Files:
    policy, campaign, template = (
        folder / name for name in ("policy.toml", "campaign.toml", "template.json")
    )
    policy.write_text(f'metadata_view = "{world.RELEASE_VIEW}"\n', "utf-8")
    campaign.write_text(
        'key = "spring"\ntitle = "Spring launch"\nlaunch_at = 2099-03-01T08:00:00Z\n'
        f'asset_ids = ["{FILM}"]\npartners = ["{world.NORDLICHT}"]\nusage = "in-store"\n'
        '[[tasks]]\nkey = "budget"\ntitle = "Approve the budget"\nkind = "approval"\n',
        "utf-8",
    )
    template.write_text(
        json.dumps(
            {
                "key": "retail",
                "title": "Welcome bundle",
                "asset_ids": [FILM],
                "tasks": [{"key": "logo", "title": "Send us your logo", "partner_id": "partner"}],
            }
        ),
        "utf-8",
    )
    return Files(str(policy), str(campaign), str(template))


@pytest.fixture
def platforms(sandbox: Sandbox, sandbox_url: str) -> Sandbox:
    """The served sandbox, with an issue and an enhancement request, and without recorded writes."""
    assert sandbox_url
    references = [{"asset_id": FILM}]
    grid_seed.add_issue(
        sandbox.state,
        credentials.COMPANY_ID,
        ISSUE,
        moves=("acknowledged",),
        partner_id=world.NORDLICHT,
        subject="The logo is last year's",
        description="In the last seconds.",
        severity="high",
        category="branding",
        asset_references=references,
    )
    grid_seed.add_request(
        sandbox.state,
        credentials.COMPANY_ID,
        ENHANCEMENT,
        kind="enhancement",
        partner_id=world.NORDLICHT,
        subject="Please show this year's logo",
        description="In the last three seconds.",
        criteria={"region": "DE", "language": "de", "usage": "in-store"},
        asset_references=references,
    )
    asyncio.run(mark_as_compliant())
    sandbox.writes.clear()
    return sandbox


async def mark_as_compliant() -> None:
    """Mark the only version of an asset as compliant."""
    content = media.png("spring-poster-green.png", "Spring poster, green").content
    async with IconikClient.from_env() as iconik:
        version_id = str((await iconik.assets.get_asset(POSTER)).default_version_id)
        values = {
            "CompliantVersion": [version_id],
            "CompliantSHA256": [sha256(content).hexdigest()],
        }
        await iconik.metadata.merge_values(POSTER, world.RELEASE_VIEW, values)


def version_of(asset_id: str) -> str:
    """The id of an asset's version, in the sandbox that the environment names."""

    async def read() -> str:
        async with IconikClient.from_env() as iconik:
            versions = (await iconik.assets.get_asset(asset_id)).versions or []
            assert versions[0].id is not None
            return versions[0].id

    return asyncio.run(read())
