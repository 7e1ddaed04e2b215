"""The folder channel, on real files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tgiconik import errors
from tgiconik.community.post import Step
from tgiconik.community.post.folder import FolderChannel

from ..world import World  # noqa: TID252 - one world for all letters
from .scripted import ANNA, BEN, CARL, a_world, new_request, office

REQUEST = {"kind": "request", "body": {"kind": "media_request", "subject": "A film"}}


@pytest.fixture
def channel(tmp_path: Path) -> FolderChannel:
    for partner_id in (ANNA, BEN):
        for name in ("letters", "messages"):
            (tmp_path / name / partner_id).mkdir(parents=True)
    return FolderChannel(tmp_path / "letters", tmp_path / "messages")


@pytest.fixture
def world() -> World:
    return a_world()


async def test_a_letter_is_a_file_in_its_partners_folder(
    tmp_path: Path, channel: FolderChannel, world: World
) -> None:
    id_ = new_request(world)
    await office(world, channel).run_once()
    (path,) = (tmp_path / "letters").rglob("*.json")
    letter = json.loads(path.read_text())
    assert path.parent.name == letter["partner_id"] == ANNA
    assert path.stem == letter["name"]
    assert letter["about"]["id"] == id_


async def test_a_message_is_carried_out_as_the_partner_of_its_folder(
    tmp_path: Path, channel: FolderChannel, world: World
) -> None:
    (tmp_path / "messages" / BEN / "m.json").write_text(json.dumps(REQUEST))
    await office(world, channel).run_once()
    (made,) = world.call("GET /requests")["items"]
    assert made["written_by"] == BEN
    assert [path.name for path in (tmp_path / "messages" / BEN / "done").iterdir()] == ["m.json"]
    assert not (tmp_path / "messages" / BEN / "m.json").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"kind": "request", "body": []}',
        b'{"kind": "request", "noun": 1}',
        b'{"kind": "request", "more": 1}',
        b'{"body": {}}',
        b'{"kind": "request", "body": {"kind": "media_request", "subject": NaN}}',
        b'{"kind": ["request"]}',
        b"[" * 100_000,
        b" " * (1024 * 1024 + 1),
    ],
)
async def test_what_is_no_message_goes_into_quarantine(
    tmp_path: Path, channel: FolderChannel, world: World, content: bytes
) -> None:
    (tmp_path / "messages" / ANNA / "m.json").write_bytes(content)
    report = await office(world, channel).run_once()
    assert report.count(Step.QUARANTINED) == 1


async def test_a_folder_of_nobody_is_no_partner(
    tmp_path: Path, channel: FolderChannel, world: World
) -> None:
    (tmp_path / "messages" / "GC-X").mkdir()
    (tmp_path / "messages" / "GC-X" / "m.json").write_text(json.dumps(REQUEST))
    post = office(world, channel)
    await post.run_once()
    (message,) = await post.quarantined()
    assert message.reason == "GC-X is no partner of the company"


@pytest.mark.parametrize("name", ["m.txt", ".m.json", "m json.json", "m.json.part"])
async def test_other_files_stay_where_they_are(
    tmp_path: Path, channel: FolderChannel, world: World, name: str
) -> None:
    path = tmp_path / "messages" / ANNA / name
    path.write_text(json.dumps(REQUEST))
    assert (await office(world, channel).run_once()).steps == ()
    assert path.exists()


async def test_links_to_other_files_are_not_followed(
    tmp_path: Path, channel: FolderChannel, world: World
) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(REQUEST))
    (tmp_path / "messages" / ANNA / "m.json").symlink_to(secret)
    assert (await office(world, channel).run_once()).steps == ()


async def test_a_partner_without_a_folder_is_not_reached(
    channel: FolderChannel, world: World
) -> None:
    new_request(world, CARL)
    report = await office(world, channel).run_once()
    assert report.undelivered == 1


async def test_a_folder_that_went_away_after_it_was_chosen_is_a_refusal(
    tmp_path: Path, channel: FolderChannel, world: World
) -> None:
    new_request(world)
    post = office(world, channel)
    reaches: Callable[..., Any] = channel.reaches
    channel.reaches = lambda partner: reaches(partner) or True  # type: ignore[method-assign]
    (tmp_path / "letters" / ANNA).rmdir()
    await post.run_once()
    (letter,) = await post.undelivered()
    assert "make it for the partner" in letter.text


async def test_messages_that_cannot_be_read_are_left_for_later(
    tmp_path: Path, world: World
) -> None:
    channel = FolderChannel(tmp_path / "letters", tmp_path / "nowhere")
    report = await office(world, channel).run_once()
    assert "No such file" in report.unavailable["folder"]


async def test_check_counts_folders_and_names_one_that_is_missing(
    tmp_path: Path, channel: FolderChannel
) -> None:
    assert await channel.check() == {"letters": 2, "messages": 2}
    with pytest.raises(errors.ConfigurationError, match="nowhere is no folder"):
        await FolderChannel(tmp_path / "letters", tmp_path / "nowhere").check()


def test_missing_settings_are_named() -> None:
    with pytest.raises(errors.ConfigurationError, match="POST_FOLDER_MESSAGES"):
        FolderChannel.from_env({"POST_FOLDER_LETTERS": "x"})
