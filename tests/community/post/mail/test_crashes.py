"""kill -9 in the middle of a pass, with real sockets: every letter goes out, and every message is
carried out once.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import pytest
from forked import KILLED, PATIENCE, exit_code, kill_points, started

from community.post.world import NOW
from tgiconik.community.post.office import schedule, tokens
from tgiconik.sandbox.mail import MailServer

from .killed import (
    BOB,
    MIA,
    PAT,
    Account,
    dying_pass,
    end_of,
    letters_in,
    prepare,
    watch,
)
from .mails import BRAND

if TYPE_CHECKING:
    from community.postgres import Server

#: Effects of one pass over what `prepare` leaves, and those of them that a server sees.
EFFECTS, ON_SERVERS = 36, 12
#: The same where the IMAP server cannot MOVE.
WITHOUT_MOVE = 26
#: The effect that is the mail to the contact from whom mails come back.
SENT_TO_BOB = 27


@asynccontextmanager
async def company(
    url: str, patch: pytest.MonkeyPatch, *, moves: bool = True
) -> AsyncIterator[tuple[MailServer, Account]]:
    """A company before the pass, the same each time."""
    numbers = count(1)
    async with MailServer(moves=moves) as server:
        account = Account(url, server.smtp(BRAND), server.imap(BRAND))
        with patch.context() as still:
            still.setattr(tokens, "token_bytes", lambda size: next(numbers).to_bytes(size))
            await prepare(server, account, NOW)
        yield server, account


async def finish(server: MailServer, account: Account) -> dict[str, Any]:
    """The end after the next pass, and one that takes in what comes back."""
    for number in (1, 2):
        at = NOW + number * schedule.LEASE
        store = account.opened(at)
        await account.run(store)
        store.close()
    return end_of(server, account, at)


#: The end of each kind of server, and how many effects it saw; found once.
_UNDISTURBED: dict[bool, tuple[dict[str, Any], int]] = {}


async def undisturbed(
    tmp_path: Path, patch: pytest.MonkeyPatch, *, moves: bool = True
) -> tuple[dict[str, Any], int]:
    """The end if nothing happens, and how many effects of the pass the servers saw."""
    if moves not in _UNDISTURBED:
        seen: list[str] = []
        url = f"sqlite:///{tmp_path}/sound-{moves}.db"
        async with company(url, patch, moves=moves) as (server, account):
            with patch.context() as watching:
                watch(server, watching, lambda: seen.append("one"))
                store = account.opened(NOW)
                await account.run(store)
                store.close()
            _UNDISTURBED[moves] = await finish(server, account), len(seen)
    return _UNDISTURBED[moves]


def check(server: MailServer, end: dict[str, Any], expected: dict[str, Any]) -> None:
    assert end == expected
    # One letter may be there twice, with its Message-ID: the one that was sent at the time.
    repeated = {(one.partition(".")[0], times) for (_, one), times in letters_in(server).items()}
    assert [times for _, times in repeated if times > 1] in ([], [2])


async def dies(url: str, tmp_path: Path, patch: pytest.MonkeyPatch, effect: int) -> None:
    """Let an office die after an effect, and look at what the next one makes of it."""
    expected, _ = await undisturbed(tmp_path, patch)
    async with company(url, patch) as (server, account):
        code = await anyio.to_thread.run_sync(exit_code, dying_pass, account, NOW, effect)
        assert code == KILLED
        check(server, await finish(server, account), expected)


@pytest.mark.parametrize("effect", kill_points(*range(1, EFFECTS + 1), quick=(9, 30)))
async def test_an_office_that_dies_after_an_effect_is_finished_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, effect: int
) -> None:
    await dies(f"sqlite:///{tmp_path}/company.db", tmp_path, monkeypatch, effect)


# All points are tried with letters in a folder; here, some in each part of a pass.
@pytest.mark.database
@pytest.mark.parametrize("effect", [4, 18, 29, 35])
async def test_on_postgresql_too(
    postgres: "Server", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, effect: int
) -> None:
    await dies(postgres.new_database(), tmp_path, monkeypatch, effect)


@pytest.mark.parametrize(
    ("kind", "effect"),
    kill_points(
        *(("moving", one) for one in range(1, ON_SERVERS + 1)),
        *(("copying", one) for one in range(1, WITHOUT_MOVE + 1)),
        quick=[("moving", 9), ("copying", 2)],
    ),
)
async def test_an_office_that_dies_before_a_server_answers_is_finished_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, effect: int
) -> None:
    moves = kind == "moving"
    expected, _ = await undisturbed(tmp_path, monkeypatch, moves=moves)
    url = f"sqlite:///{tmp_path}/company.db"
    async with company(url, monkeypatch, moves=moves) as (server, account):
        numbers = count(1)
        with monkeypatch.context() as patch, started(dying_pass, account, NOW, 0) as process:

            def happened() -> None:
                if next(numbers) == effect:
                    process.kill()

            watch(server, patch, happened)
            await anyio.to_thread.run_sync(process.join, PATIENCE)
            assert process.exitcode == KILLED
        check(server, await finish(server, account), expected)


async def test_a_letter_that_came_back_before_it_was_sent_again_is_not_taken_for_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = await undisturbed(tmp_path, monkeypatch)
    async with company(f"sqlite:///{tmp_path}/company.db", monkeypatch) as (server, account):
        await anyio.to_thread.run_sync(exit_code, dying_pass, account, NOW, SENT_TO_BOB)
        server._bouncing.clear()
        end = await finish(server, account)
    assert len(server.mails(BOB)) == 1
    assert end["outbox"] == expected["outbox"]


async def test_every_effect_is_among_those_that_are_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for moves, on_servers in ((True, ON_SERVERS), (False, WITHOUT_MOVE)):
        end, seen = await undisturbed(tmp_path, monkeypatch, moves=moves)
        assert seen == on_servers
    url = f"sqlite:///{tmp_path}/more.db"
    async with company(url, monkeypatch) as (_, account):
        one_more = EFFECTS + 1
        code = await anyio.to_thread.run_sync(exit_code, dying_pass, account, NOW, one_more)
    assert code == 0
    assert not end["waiting"]
    assert {to for to, _ in end["letters"]} == {MIA, PAT}
    assert {row[5] for row in end["inbox"]} >= {"applied", "commented", "answered", "quarantined"}
    assert end["came back"] == {("noted", "The letter came back: 550 5.1.1 user unknown")}
