"""The sender of one file proves nothing about another file of the same name."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import TradingGridClient
from tgiconik.community.post import PostOffice
from tgiconik.community.post.channel import KeptMessage
from tgiconik.community.post.mailbox.identity import Seen, not_shown
from tgiconik.partner import Partner, ReceivedLetter
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.mailboxes import Fault, MailboxServer
from tgiconik.testing import Clock

from .boxes import COMPANY, NORDLICHT, SUMMIT, Mailboxes, comments_on, message
from .test_partner import letter_data, partner_of

NAME = "order.json"


def kept(raw: bytes) -> KeptMessage:
    digest = sha256(raw).hexdigest()
    return KeptMessage(message_id=f"FILE-{digest}", size=len(raw), digest=digest)


def seen(*processes: str) -> list[Seen]:
    return [Seen(name=NAME, sender="ZZ:N", receiver="", process=one) for one in processes]


def missing(raw: bytes, others: list[bytes], *processes: str) -> int:
    return not_shown(kept(raw).message_id, raw, [kept(one) for one in others], seen(*processes))


@pytest.mark.parametrize(
    ("others", "processes", "expected"),
    [
        ([], [], 1),
        ([], ["P1"], 0),
        ([b"whole"], ["P1"], 0),  # itself
        ([b"whole", b"other"], ["P1"], 1),
        ([b"whole", b"other"], ["P1", "P2"], 0),
        ([b"whole", b"other"], ["P1", "P1", "P1"], 1),
        ([b"whole", b"other"], ["", ""], 1),
        ([b"whole", b"other"], ["P1", ""], 1),
        ([b"whole", b"wh", b""], ["P1"], 0),  # its halves
        ([b"whole", b"ho"], ["P1"], 1),
        ([b"whole", b"whole and more"], ["P1"], 1),
        ([b"a", b"b", b"c"], ["P1", "P2"], 2),
        ([], ["P1", "P2"], 0),
    ],
)
def test_lens_must_show_as_many_files_of_a_name_as_came(
    others: list[bytes], processes: list[str], expected: int
) -> None:
    assert missing(b"whole", others, *processes) == expected


@given(
    st.binary(max_size=40), st.lists(st.binary(max_size=40)), st.lists(st.text("PQ", max_size=1))
)
def test_only_halves_of_a_file_are_not_counted(
    raw: bytes, others: list[bytes], processes: list[str]
) -> None:
    came = {raw, *others}
    files = {one for one in came if one == raw or not raw.startswith(one)}
    shown = len(set(processes) - {""}) or bool(processes)

    assert missing(raw, list(came), *processes) == max(len(files) - shown, 0)


def again(network_entry: str, sandbox: Sandbox) -> None:
    """Lens shows the document of a file beside the file."""
    passed = sandbox.state.passed
    entry = next(one for one in passed.all() if one.get("deliveryfilename") == network_entry)
    document = {"transactionid": f"{entry['transactionid']}-DOC", "transactionlevel": "Document"}
    passed.put({**entry, **document})


Posting = Callable[[bytes, str], None]


@pytest.fixture
def posted(mailboxes: Mailboxes) -> Posting:
    def post(raw: bytes, by: str) -> None:
        mailboxes.clock.advance(minutes=1)
        mailboxes.post(raw, NAME, by=by)

    return post


@pytest.mark.parametrize("rows", [1, 2, 5])
async def test_several_entries_of_one_file_do_not_prove_the_next_one(  # noqa: PLR0917 - fixtures
    served: tuple[Sandbox, MailboxServer],
    mailboxes: Mailboxes,
    office: PostOffice,
    grid: TradingGridClient,
    posted: Posting,
    rows: int,
) -> None:
    posted(message(mailboxes.clock()), NORDLICHT)
    for _ in range(rows - 1):
        again(NAME, served[0])
    await office.run_once()
    before = await comments_on(grid)

    mailboxes.network.faults.append(Fault("SHOW", "late", times=None))
    posted(message(mailboxes.clock()), SUMMIT)
    await office.run_once()
    assert await comments_on(grid) == before

    mailboxes.network.catch_up()
    mailboxes.clock.advance(hours=1)
    await office.run_once()
    [refused] = await office.quarantined()
    assert "Lens says that the file came from" in refused.reason
    assert await comments_on(grid) == before


async def test_the_sender_of_a_file_of_another_kind_proves_nothing(
    mailboxes: Mailboxes, office: PostOffice, grid: TradingGridClient, posted: Posting
) -> None:
    posted(b"ISA*00*an order that is no message of ours", NORDLICHT)
    await office.run_once()
    before = await comments_on(grid)

    mailboxes.network.faults.append(Fault("SHOW", "late", times=None))
    posted(message(mailboxes.clock()), SUMMIT)
    await office.run_once()

    assert await comments_on(grid) == before
    assert len(await office.quarantined()) == 1, "the order; the message waits"


async def test_a_file_that_was_collected_in_part_first_needs_one_entry_only(
    mailboxes: Mailboxes, office: PostOffice, grid: TradingGridClient, posted: Posting
) -> None:
    faults = mailboxes.network.faults
    faults.append(Fault("ACCEPT", "refuse", times=None))
    faults.append(Fault("ARRIVE", "half", times=None))
    before = await comments_on(grid)
    posted(message(mailboxes.clock()), NORDLICHT)
    await office.run_once()
    mailboxes.network.catch_up()
    await office.run_once()

    assert len(await comments_on(grid)) == len(before) + 1


@pytest.fixture
async def partner(
    served: tuple[Sandbox, MailboxServer], grid: TradingGridClient, clock: Clock, tmp_path: Path
) -> AsyncIterator[Partner]:
    async with partner_of(served[1], clock, tmp_path / "partner.db", grid=grid) as partner:
        yield partner


def post_letter(mailboxes: Mailboxes, revision: int, by: str) -> None:
    raw = json.dumps(letter_data(revision)).encode()
    mailboxes.clock.advance(minutes=1)
    mailboxes.post(raw, NAME, by=by, to=NORDLICHT)


@pytest.mark.parametrize("rows", [1, 2])
async def test_a_partner_takes_no_letter_for_proven_by_an_earlier_one_of_its_name(
    served: tuple[Sandbox, MailboxServer], mailboxes: Mailboxes, partner: Partner, rows: int
) -> None:
    post_letter(mailboxes, 1, COMPANY)
    for _ in range(rows - 1):
        again(NAME, served[0])
    assert len((await partner.run_once()).letters) == 1

    mailboxes.network.faults.append(Fault("SHOW", "late", times=None))
    post_letter(mailboxes, 2, SUMMIT)
    run = await partner.run_once()
    assert (run.letters, run.waiting) == ((), 1)

    mailboxes.network.catch_up()
    run = await partner.run_once()
    assert (run.letters, run.quarantined) == ((), 1)
    [file] = await partner.quarantined()
    assert "Lens says that the file came from" in file.reason


async def test_a_partner_waits_for_lens_no_longer_than_its_patience(
    mailboxes: Mailboxes, partner: Partner
) -> None:
    post_letter(mailboxes, 1, COMPANY)
    await partner.run_once()
    mailboxes.network.faults.append(Fault("SHOW", "late", times=None))
    post_letter(mailboxes, 2, COMPANY)
    assert (await partner.run_once()).waiting == 1

    mailboxes.clock.advance(hours=6)
    run = await partner.run_once()

    assert (run.letters, run.waiting, run.quarantined) == ((), 0, 1)
    [file] = await partner.quarantined()
    assert "nobody knows the sender of each" in file.reason


async def test_a_partner_takes_two_letters_of_one_name_when_lens_shows_both(
    mailboxes: Mailboxes, partner: Partner
) -> None:
    taken: list[ReceivedLetter] = []
    for revision in (1, 2, 3):
        post_letter(mailboxes, revision, COMPANY)
        taken += (await partner.run_once()).letters

    assert [one.revision for one in taken] == [1, 2, 3]


async def test_a_letter_to_another_company_is_not_taken(
    served: tuple[Sandbox, MailboxServer], mailboxes: Mailboxes, partner: Partner
) -> None:
    post_letter(mailboxes, 1, COMPANY)
    passed = served[0].state.passed
    for entry in passed.all():
        passed.put({**entry, "receiveraddress": f"ZZ:{SUMMIT}"})

    run = await partner.run_once()

    assert (run.letters, run.quarantined) == ((), 1)
    [file] = await partner.quarantined()
    assert f"is for ZZ:{SUMMIT}" in file.reason


async def test_a_letter_that_came_long_ago_is_not_counted(
    mailboxes: Mailboxes, partner: Partner
) -> None:
    post_letter(mailboxes, 1, COMPANY)
    await partner.run_once()
    mailboxes.clock.advance(seconds=timedelta(days=61).total_seconds())
    post_letter(mailboxes, 2, COMPANY)

    assert len((await partner.run_once()).letters) == 1
