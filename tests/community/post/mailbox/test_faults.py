"""What networks, servers and files do wrong, on real sockets."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncssh
import attrs
import pytest

from tgiconik import errors
from tgiconik.community.post.channel import Act, Quarantine, SendState, Trust, Wait
from tgiconik.community.post.mailbox import MailboxChannel
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.faults import Fault as CallFault
from tgiconik.sandbox.faults import Refuse
from tgiconik.sandbox.mailboxes import Fault, MailboxServer
from tgiconik.testing import Clock

from .boxes import (
    COMPANY,
    NORDLICHT,
    SUMMIT,
    Mailboxes,
    channel_of,
    message,
)
from .letters import outgoing

WAITING = "POLLABLE"


def another(mailboxes: Mailboxes, **folders: Any) -> MailboxChannel:  # noqa: ANN401
    return channel_of(mailboxes.server, mailboxes.channel._grid, mailboxes.clock, **folders)


async def settle(mailboxes: Mailboxes, channel: MailboxChannel) -> None:
    """The second in which files were read is over, and they are read once more."""
    mailboxes.clock.advance(seconds=2)
    async for arrival in channel.collect():
        await channel.acknowledge(arrival)


async def test_a_file_that_is_half_written_is_taken_when_it_is_whole(mailboxes: Mailboxes) -> None:
    mailboxes.network.faults.append(Fault("ACCEPT", "refuse", times=None))
    mailboxes.network.faults.append(Fault("ARRIVE", "half", times=None))
    whole = message(mailboxes.clock())
    name = mailboxes.post(whole)

    [half] = await mailboxes.collect()
    [judgement] = await mailboxes.judge([half])
    mailboxes.network.catch_up()
    await mailboxes.channel.acknowledge(half)
    [arrival] = await mailboxes.collect()

    assert isinstance(judgement, Quarantine)
    assert judgement.reason == "The message cannot be read: the file is not JSON."
    assert arrival.raw == whole
    assert arrival.message_id != half.message_id
    assert mailboxes.network.names(f"ZZ:{COMPANY}") == [name], "it had grown, and was kept"


async def test_a_file_that_grows_between_two_looks_is_taken_once_and_whole(
    mailboxes: Mailboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailboxes.network.faults.append(Fault("ACCEPT", "refuse", times=None))
    mailboxes.network.faults.append(Fault("ARRIVE", "half", times=None))
    whole = message(mailboxes.clock())
    mailboxes.post(whole)

    async def writer_goes_on(_: float) -> None:
        mailboxes.network.catch_up()

    monkeypatch.setattr("anyio.sleep", writer_goes_on)
    [arrival] = await mailboxes.collect()

    assert arrival.raw == whole


async def test_a_file_that_is_not_json_is_kept_for_an_operator(mailboxes: Mailboxes) -> None:
    mailboxes.post(b"\xff\xfeISA*00*")

    [judgement] = await mailboxes.judged()

    assert isinstance(judgement, Quarantine)
    assert "not JSON" in judgement.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": "somebody-elses"}, "does not have the format"),
        ({"version": "2.0"}, "version 2.0"),
        ({"version": 1}, "version 1"),
        ({"kind": "delete_all"}, "/kind"),
        ({"id": "1"}, "id must be"),
        ({"at": "yesterday"}, "/at"),
        ({"about": None}, "/about/noun"),
        ({"about": {"noun": "partners", "id": "x"}}, "/about/noun"),
        ({"body": {"body": "x", "visibility": "secret"}}, "/body/visibility"),
        ({"body": {"body": "x", "admin": True}}, "/body/admin"),
        ({"body": []}, "/body"),
        ({"company_id": "GC-OTHER"}, "another company"),
        ({"partner_id": "GC-NOBODY"}, "no partner by mailbox"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_what_the_schema_does_not_know_is_kept_with_the_reason(
    mailboxes: Mailboxes, changes: dict[str, Any], reason: str
) -> None:
    mailboxes.post(json.dumps({**json.loads(message(mailboxes.clock())), **changes}).encode())

    [judgement] = await mailboxes.judged()

    assert isinstance(judgement, Quarantine)
    assert reason in judgement.reason
    assert judgement.act is None


async def test_a_later_version_of_the_same_schema_is_understood(mailboxes: Mailboxes) -> None:
    said = {**json.loads(message(mailboxes.clock())), "version": "1.7", "mood": "good"}
    mailboxes.post(json.dumps(said).encode())

    [judgement] = await mailboxes.judged()

    assert isinstance(judgement, Act)


async def test_a_file_that_is_too_large_is_read_in_part_and_never_deleted(
    mailboxes: Mailboxes,
) -> None:
    channel = another(mailboxes, largest=1000)
    mailboxes.network.faults.append(Fault("ACCEPT", "refuse", times=None))
    name = mailboxes.post(message(mailboxes.clock()) + b" " * 5000)

    for _ in range(2):
        arrivals = [one async for one in channel.collect()]
        await channel.acknowledge(arrivals[0])
        mailboxes.clock.advance(seconds=2)

    assert len(arrivals[0].raw) == 1001
    assert mailboxes.network.names(f"ZZ:{COMPANY}") == [name]
    assert [one async for one in channel.collect()] == []
    await channel.aclose()


async def test_a_message_larger_than_any_is_kept_as_too_large(mailboxes: Mailboxes) -> None:
    mailboxes.post(message(mailboxes.clock()) + b" " * 2_000_000)

    [judgement] = await mailboxes.judged()

    assert isinstance(judgement, Quarantine)
    assert "too large" in judgement.reason


async def test_a_forged_sender_is_kept_with_what_lens_says(mailboxes: Mailboxes) -> None:
    mailboxes.post(message(mailboxes.clock(), by=NORDLICHT), by=SUMMIT)

    [judgement] = await mailboxes.judged()

    assert isinstance(judgement, Quarantine)
    assert judgement.reason == (
        f"Lens says that the file came from ZZ:{SUMMIT}, not from ZZ:{NORDLICHT}."
    )
    assert judgement.trust is Trust.UNVERIFIED
    assert judgement.act is not None, "an operator can still decide"


async def test_a_file_that_nobody_sent_waits_for_lens_and_ends_in_quarantine(
    mailboxes: Mailboxes,
) -> None:
    mailboxes.network.put(f"ZZ:{COMPANY}", "planted.json", message(mailboxes.clock()))
    arrivals = await mailboxes.collect()

    [first] = await mailboxes.judge(arrivals)
    mailboxes.clock.advance(hours=6)
    [later] = await mailboxes.judge(arrivals)

    assert isinstance(first, Wait)
    assert first.until - arrivals[0].received_at == timedelta(hours=6)
    assert isinstance(later, Quarantine)
    assert "never shown" in later.reason


async def test_a_file_waits_until_lens_shows_it(mailboxes: Mailboxes) -> None:
    mailboxes.network.faults.append(Fault("SHOW", "late", times=None))
    mailboxes.post(message(mailboxes.clock()))
    arrivals = await mailboxes.collect()

    [first] = await mailboxes.judge(arrivals)
    mailboxes.network.catch_up()
    [later] = await mailboxes.judge(arrivals)

    assert isinstance(first, Wait)
    assert isinstance(later, Act)


async def test_two_senders_of_one_file_name_prove_neither(mailboxes: Mailboxes) -> None:
    mailboxes.network.faults.append(Fault("ACCEPT", "refuse", times=None))
    raw = message(mailboxes.clock())
    mailboxes.post(raw, "same.json")
    mailboxes.post(message(mailboxes.clock(), by=SUMMIT), "same.json", by=SUMMIT)

    for judgement in await mailboxes.judged():
        assert isinstance(judgement, Quarantine)


async def test_an_address_that_the_directory_does_not_confirm_proves_nothing(
    served: tuple[Sandbox, MailboxServer], mailboxes: Mailboxes
) -> None:
    sandbox, _ = served
    store = sandbox.state.store
    entry = store.get("grid/directory", f"{COMPANY}/{NORDLICHT}")
    assert entry is not None
    store.put(
        "grid/directory",
        f"{COMPANY}/{NORDLICHT}",
        {**entry, "tradingAddress": "ZZ:MOVED"},
        parent=COMPANY,
    )
    mailboxes.post(message(mailboxes.clock()))

    [judgement] = await mailboxes.judged()

    assert isinstance(judgement, Quarantine)
    assert "directory does not list" in judgement.reason
    assert (await mailboxes.channel.check())["not_in_directory"] == [NORDLICHT]


@pytest.mark.parametrize(
    ("days", "reason"), [(-31, "30 days old at the most"), (3, "ahead of its arrival")]
)
async def test_a_message_from_another_time_is_proven_and_kept(
    mailboxes: Mailboxes, days: int, reason: str
) -> None:
    mailboxes.post(message(mailboxes.clock() + timedelta(days=days, minutes=1)))

    [judgement] = await mailboxes.judged()

    assert isinstance(judgement, Quarantine)
    assert judgement.trust is Trust.PROVEN
    assert reason in judgement.reason


async def test_the_same_file_twice_is_one_message(mailboxes: Mailboxes) -> None:
    mailboxes.network.faults.append(Fault("ARRIVE", "twice", times=None))
    mailboxes.post(message(mailboxes.clock()))

    first, second = await mailboxes.collect()

    assert first.name != second.name
    assert first.message_id == second.message_id
    judgements = await mailboxes.judge([first, second])
    assert all(isinstance(one, Act) for one in judgements)


async def test_another_content_under_the_same_id_is_another_message(mailboxes: Mailboxes) -> None:
    raw = message(mailboxes.clock())
    mailboxes.post(raw)
    mailboxes.post(raw.replace(b"Hello", b"Goodbye"))

    first, second = await mailboxes.collect()

    assert first.message_id != second.message_id


async def test_a_file_that_was_moved_before_it_was_stored_is_found_again(
    mailboxes: Mailboxes,
) -> None:
    mailboxes.post(message(mailboxes.clock()))

    [lost] = await mailboxes.collect()
    assert mailboxes.network.names(f"ZZ:{COMPANY}") == []
    [found] = await mailboxes.collect()
    await mailboxes.channel.acknowledge(found)
    await settle(mailboxes, mailboxes.channel)

    assert found.message_id == lost.message_id
    assert await mailboxes.collect() == []
    assert mailboxes.network.names(f"ZZ:{COMPANY}", "ACCEPTED") == [found.name]


async def test_what_was_moved_long_ago_is_not_read(mailboxes: Mailboxes) -> None:
    mailboxes.post(message(mailboxes.clock()))
    await mailboxes.collect()
    mailboxes.clock.advance(days=40)

    assert await mailboxes.collect() == []


async def test_two_consumers_get_the_same_message_and_neither_fails(mailboxes: Mailboxes) -> None:
    mailboxes.network.faults.append(Fault("ACCEPT", "refuse", times=None))
    mailboxes.post(message(mailboxes.clock()))
    other = another(mailboxes)

    [mine] = await mailboxes.collect()
    [theirs] = [one async for one in other.collect()]
    await mailboxes.channel.acknowledge(mine)
    await other.acknowledge(theirs)

    assert mine.message_id == theirs.message_id
    assert mailboxes.network.names(f"ZZ:{COMPANY}") == []
    await other.aclose()


async def test_a_bomb_of_files_is_collected_in_bounded_parts(mailboxes: Mailboxes) -> None:
    mailboxes.network.faults.append(Fault("ACCEPT", "refuse", times=None))
    channel = another(mailboxes, most=20)
    for _ in range(10_000):
        mailboxes.network.put(f"ZZ:{COMPANY}", f"{uuid4().hex}.json", b"{}")

    first = [one async for one in channel.collect()]
    for arrival in first:
        await channel.acknowledge(arrival)
    second = [one async for one in channel.collect()]

    assert len(first) == len(second) == 20
    assert {one.name for one in first}.isdisjoint({one.name for one in second})
    await channel.aclose()


async def test_stored_files_can_be_moved_instead_of_deleted(mailboxes: Mailboxes) -> None:
    mailboxes.network.faults.append(Fault("ACCEPT", "refuse", times=None))
    channel = another(mailboxes, acknowledge="move", move_to="ACCEPTED", look_into=None)
    name = mailboxes.post(message(mailboxes.clock()))

    [arrival] = [one async for one in channel.collect()]
    await channel.acknowledge(arrival)
    await channel.acknowledge(arrival)

    assert mailboxes.network.names(f"ZZ:{COMPANY}", "ACCEPTED") == [name]
    await channel.aclose()


def replace(mailboxes: Mailboxes, path: str, *, seconds: int = 0) -> bytes:
    """The network replaces a file by one of the same name and size."""
    file = mailboxes.network.box(f"ZZ:{COMPANY}")[path]
    raw = bytes(file.content).swapcase()
    file.content[:] = raw
    file.modified_at += timedelta(seconds=seconds)
    return raw


@pytest.mark.parametrize(
    ("folders", "stays", "folder"),
    [
        ({"acknowledge": "keep", "look_into": None}, True, WAITING),
        ({"acknowledge": "keep"}, True, WAITING),
        ({"largest": 100}, True, WAITING),
        ({"acknowledge": "keep"}, False, "ACCEPTED"),
        ({"acknowledge": "delete"}, False, "ACCEPTED"),
    ],
)
async def test_a_file_that_is_replaced_in_the_second_in_which_it_was_read_is_read_again(
    mailboxes: Mailboxes, folders: dict[str, Any], folder: str, *, stays: bool
) -> None:
    if stays:
        mailboxes.network.faults.append(Fault("ACCEPT", "refuse", times=None))
    async with another(mailboxes, **folders) as channel:

        async def read() -> list[bytes]:
            found = []
            async for arrival in channel.collect():
                await channel.acknowledge(arrival)
                found.append(arrival.raw)
            return found

        path = f"{folder}/{mailboxes.post(message(mailboxes.clock()))}"
        [first] = await read()
        second = replace(mailboxes, path)[: len(first)]
        mailboxes.clock.advance(seconds=2)

        assert await read() == [second]
        assert await read() == [], "its second is over"
        third = replace(mailboxes, path, seconds=3)[: len(first)]
        assert await read() == [third]


async def test_a_file_that_is_replaced_before_it_is_let_go_of_is_never_deleted(
    mailboxes: Mailboxes,
) -> None:
    mailboxes.network.faults.append(Fault("ACCEPT", "refuse", times=None))
    name = mailboxes.post(message(mailboxes.clock()))

    [first] = await mailboxes.collect()
    raw = replace(mailboxes, f"{WAITING}/{name}", seconds=1)
    await mailboxes.channel.acknowledge(first)
    [second] = await mailboxes.collect()
    await mailboxes.channel.acknowledge(second)

    assert second.raw == raw
    assert mailboxes.network.names(f"ZZ:{COMPANY}") == []


async def test_a_file_whose_time_alone_differs_is_let_go_of(mailboxes: Mailboxes) -> None:
    mailboxes.network.faults.append(Fault("ACCEPT", "refuse", times=None))
    name = mailboxes.post(message(mailboxes.clock()))

    [arrival] = await mailboxes.collect()
    box = mailboxes.network.box(f"ZZ:{COMPANY}")
    box[f"{WAITING}/{name}"].modified_at += timedelta(minutes=1)
    await mailboxes.channel.acknowledge(arrival)

    assert mailboxes.network.names(f"ZZ:{COMPANY}") == []


async def test_files_of_long_ago_are_read_once(mailboxes: Mailboxes) -> None:
    mailboxes.network.faults.append(Fault("ACCEPT", "refuse", times=None))
    channel = another(mailboxes, acknowledge="keep")
    mailboxes.post(message(mailboxes.clock()))
    mailboxes.clock.advance(days=2)

    [arrival] = [one async for one in channel.collect()]
    await channel.acknowledge(arrival)

    assert [one async for one in channel.collect()] == []
    await channel.aclose()


async def test_a_file_of_a_name_that_was_moved_before_is_moved_beside_it(
    mailboxes: Mailboxes,
) -> None:
    mailboxes.network.faults.append(Fault("ACCEPT", "refuse", times=None))
    channel = another(mailboxes, acknowledge="move", move_to="ACCEPTED", look_into=None)
    moved = []
    for _ in range(3):
        mailboxes.clock.advance(minutes=1)
        mailboxes.post(message(mailboxes.clock()), "same.json")
        async for arrival in channel.collect():
            await channel.acknowledge(arrival)
            moved.append(arrival.message_id)

    assert len(set(moved)) == len(moved) == 3
    assert mailboxes.network.names(f"ZZ:{COMPANY}") == []
    names = mailboxes.network.names(f"ZZ:{COMPANY}", "ACCEPTED")
    assert set(names) == {"same.json", *(f"{one}-same.json" for one in moved[1:])}
    await channel.aclose()


async def test_a_server_that_refuses_to_move_is_told(mailboxes: Mailboxes) -> None:
    mailboxes.network.faults.append(Fault("ACCEPT", "refuse", times=None))
    mailboxes.network.faults.append(Fault("RENAME", "refuse", times=None))
    channel = another(mailboxes, acknowledge="move", move_to="ACCEPTED", look_into=None)
    mailboxes.post(message(mailboxes.clock()))
    [arrival] = [one async for one in channel.collect()]

    with pytest.raises(errors.PostUnavailable, match="refuses to move files to ACCEPTED"):
        await channel.acknowledge(arrival)

    assert len(mailboxes.network.names(f"ZZ:{COMPANY}")) == 1
    await channel.aclose()


async def test_a_connection_that_drops_in_the_middle_loses_nothing(mailboxes: Mailboxes) -> None:
    mailboxes.post(message(mailboxes.clock()))
    letter = outgoing(NORDLICHT)

    mailboxes.network.faults.append(Fault("READ", "drop", times=2))
    with pytest.raises(errors.PostUnavailable, match="mailbox server"):
        await mailboxes.collect()
    mailboxes.network.faults.append(Fault("WRITE", "drop_within", times=2))
    with pytest.raises(errors.PostUnavailable):
        await mailboxes.channel.send(letter)
    mailboxes.network.faults.clear()

    assert len(await mailboxes.collect()) == 1
    assert (await mailboxes.channel.send(letter)).state is SendState.SENT
    assert mailboxes.network.names(f"ZZ:{NORDLICHT}") == [f"{letter.name}.json"]


async def test_one_lost_connection_is_made_again(mailboxes: Mailboxes) -> None:
    await mailboxes.collect()
    mailboxes.post(message(mailboxes.clock()))
    mailboxes.network.faults.append(Fault("READ", "drop"))

    assert len(await mailboxes.collect()) == 1


async def test_a_full_disk_means_later(mailboxes: Mailboxes) -> None:
    mailboxes.network.faults.append(Fault("WRITE", "refuse", answer="no space", times=None))

    with pytest.raises(errors.PostUnavailable, match="no space"):
        await mailboxes.channel.send(outgoing(NORDLICHT))

    mailboxes.network.faults.clear()
    await mailboxes.channel.send(outgoing(NORDLICHT))


async def test_a_server_that_refuses_to_rename_is_told_apart_from_one_that_did_it(
    mailboxes: Mailboxes,
) -> None:
    channel = another(mailboxes, publish="rename")
    letter = outgoing(NORDLICHT)

    mailboxes.network.faults.append(Fault("RENAME", "refuse_after", times=None))
    await channel.send(letter)
    assert mailboxes.network.names(f"ZZ:{NORDLICHT}") == [f"{letter.name}.json"]

    mailboxes.network.faults.clear()
    mailboxes.network.faults.append(Fault("RENAME", "refuse", times=None))
    with pytest.raises(errors.PostUnavailable, match="set publish to direct"):
        await channel.send(outgoing(NORDLICHT, 2))
    assert mailboxes.network.names(f"ZZ:{COMPANY}", f"TO/ZZ:{NORDLICHT}") == []
    await channel.aclose()


async def test_a_marker_follows_a_whole_file(mailboxes: Mailboxes) -> None:
    channel = another(mailboxes, publish="marker")
    letter = outgoing(NORDLICHT)

    await channel.send(letter)

    assert mailboxes.network.names(f"ZZ:{COMPANY}", f"TO/ZZ:{NORDLICHT}") == [
        f"{letter.name}.json.done"
    ]
    await channel.aclose()


async def test_a_server_with_another_key_is_never_talked_to(mailboxes: Mailboxes) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").get_fingerprint()
    settings = attrs.evolve(mailboxes.server.settings(COMPANY), host_keys=(other,))
    channel = MailboxChannel(
        grid=mailboxes.channel._grid,
        sftp=settings,
        folders=mailboxes.server.folders(),
        address="ZZ:A",
        addresses={},
    )

    with pytest.raises(errors.ConfigurationError) as caught:
        await channel.check()

    assert other in str(caught.value)
    assert mailboxes.server.host_key in str(caught.value)
    with pytest.raises(errors.ConfigurationError):
        [one async for one in channel.collect()]


async def test_wrong_credentials_are_an_error_of_the_configuration(mailboxes: Mailboxes) -> None:
    settings = attrs.evolve(mailboxes.server.settings(COMPANY), password="wrong-password")
    channel = MailboxChannel(
        grid=mailboxes.channel._grid,
        sftp=settings,
        folders=mailboxes.server.folders(),
        address="ZZ:A",
        addresses={},
    )

    with pytest.raises(errors.ConfigurationError, match="refuses the credentials") as caught:
        await channel.check()

    assert "wrong-password" not in str(caught.value)
    assert "wrong-password" not in repr(settings)


async def test_a_server_that_is_not_there_means_later(mailboxes: Mailboxes) -> None:
    settings = attrs.evolve(mailboxes.server.settings(COMPANY), port=1)
    channel = MailboxChannel(
        grid=mailboxes.channel._grid,
        sftp=settings,
        folders=mailboxes.server.folders(),
        address="ZZ:A",
        addresses={},
    )

    with pytest.raises(errors.PostUnavailable, match=r"127\.0\.0\.1:1"):
        await channel.check()


async def test_lens_that_does_not_answer_means_later(
    served: tuple[Sandbox, MailboxServer], mailboxes: Mailboxes, clock: Clock
) -> None:
    mailboxes.post(message(clock()))
    arrivals = await mailboxes.collect()
    sandbox, _ = served
    sandbox.faults.append(CallFault(Refuse(400), path="/visibility_transaction_search"))

    with pytest.raises(errors.PostUnavailable, match="Lens"):
        await mailboxes.judge(arrivals)


async def test_a_partner_without_an_address_is_not_reached(mailboxes: Mailboxes) -> None:
    record = mailboxes.people.partners[NORDLICHT]

    assert mailboxes.channel.reaches(record)
    assert not mailboxes.channel.reaches(attrs.evolve(record, id="GC-X"))
    with pytest.raises(errors.PostError, match="GC-X"):
        await mailboxes.channel.send(outgoing("GC-X"))
