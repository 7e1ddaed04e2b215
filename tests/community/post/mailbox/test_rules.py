"""The pure parts: paths, settings, states."""

from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import errors
from tgiconik.community.post.channel import SendState
from tgiconik.community.post.mailbox import MailboxFolders, PathTemplate, SftpSettings
from tgiconik.community.post.mailbox.channel import MailboxChannel
from tgiconik.community.post.mailbox.paths import is_file_name
from tgiconik.community.post.mailbox.settings import fingerprint
from tgiconik.community.post.mailbox.tracking import state_of, tracking_of
from tgiconik.tradinggrid.lens import Transaction

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9qnQ7r1BQYt2Jmnj2pTo1yQ2f6wEo3mBq2cZCXc1aK"
PRINT = fingerprint(KEY)
ENVIRON = {
    "TRADING_GRID_MAILBOX_SFTP_HOST": "sftp.test",
    "TRADING_GRID_MAILBOX_SFTP_USERNAME": "us",
    "TRADING_GRID_MAILBOX_SFTP_HOST_KEYS": PRINT,
    "TRADING_GRID_MAILBOX_SFTP_PASSWORD": "a-password",
    "TRADING_GRID_MAILBOX_PUBLISH_AS": "{receiver}/{name}.json",
    "TRADING_GRID_MAILBOX_ADDRESS": "ZZ:US",
    "TRADING_GRID_MAILBOX_PARTNERS": "GC1=ZZ:ONE, GC2=ZZ:TWO",
    "TRADING_GRID_URL": "https://apibetagrid.opentext.com",
    "TRADING_GRID_CLIENT_ID": "id",
    "TRADING_GRID_CLIENT_SECRET": "a-secret",
    "TRADING_GRID_COMPANY_ID": "GC0",
}


def test_a_path_has_what_the_network_needs() -> None:
    template = PathTemplate("OUT/%{sender}%{receiver}%{name}.json")

    path = template.path(name="0001-abc", sender="ZZ:US", receiver="ZZ:N", partner="GC1")

    assert path == "OUT/%ZZ:US%ZZ:N%0001-abc.json"
    assert template.name_in("%ZZ:US%ZZ:N%0001-abc.json") == "0001-abc"
    assert template.name_in("%ZZ:US%ZZ:N%0001-abc.json.part") is None
    assert not template.names_are_plain
    assert PathTemplate("TO/{receiver}/{name}.json").names_are_plain


@given(st.from_regex("[A-Za-z0-9-]{1,64}", fullmatch=True))
def test_the_name_of_a_letter_is_found_in_its_file_name(name: str) -> None:
    template = PathTemplate("TO/{receiver}/{partner}_{name}.json")
    path = template.path(name=name, sender="ZZ:US", receiver="ZZ:N", partner="GC1")

    assert template.name_in(path.rpartition("/")[2]) == name


@pytest.mark.parametrize("text", ["", "{name}/x", "{nome}.json", "{name}{name}", "{name}.{x"])
def test_a_path_that_cannot_work_is_refused(text: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        PathTemplate(text)


@pytest.mark.parametrize("address", ["", "..", "a/b", "a\\b", "a b", "a\nb", "{name}", "x" * 101])
def test_an_address_never_leads_to_another_folder(address: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        PathTemplate("{receiver}/{name}").path(
            name="n", sender="ZZ:US", receiver=address, partner="GC1"
        )


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a\x00b", "x" * 300])
def test_what_a_server_lists_is_not_always_a_file_name(name: str) -> None:
    assert not is_file_name(name)


def test_a_host_key_is_known_by_its_fingerprint() -> None:
    assert PRINT.startswith("SHA256:")
    assert fingerprint(f"{KEY} a comment") == PRINT
    assert fingerprint(f"{PRINT}=") == PRINT


@pytest.mark.parametrize("key", ["", "SHA256:short", "ssh-ed25519 !!!", "MD5:aa:bb", "anything"])
def test_what_is_no_host_key_is_refused(key: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        fingerprint(key)


def test_without_the_extra_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tgiconik.community.post.mailbox.sftp.find_spec", lambda _: None)

    with pytest.raises(errors.ConfigurationError, match=r"tgiconik\[mailbox\]"):
        MailboxChannel.from_env(environ=ENVIRON)


def test_another_event_loop_is_refused_with_the_reason() -> None:
    async def check() -> None:
        async with MailboxChannel.from_env(environ=ENVIRON) as channel:
            await channel.check()

    with pytest.raises(errors.ConfigurationError, match="asyncio"):
        anyio.run(check, backend="trio")


def test_settings_need_a_key_and_a_credential_and_show_none() -> None:
    given: dict[str, Any] = {"host": "sftp.test", "username": "us", "host_keys": [KEY]}

    settings = SftpSettings(**given, password="a-password")

    assert settings.host_keys == (PRINT,)
    assert "a-password" not in repr(settings)
    with pytest.raises(errors.ConfigurationError, match="password or a client_key"):
        SftpSettings(**given)
    with pytest.raises(errors.ConfigurationError, match="anybody could be the server"):
        SftpSettings(**given | {"host_keys": []}, password="x")
    with pytest.raises(errors.ConfigurationError, match="host_keys"):
        SftpSettings(**given | {"host_keys": KEY}, password="x")
    with pytest.raises(errors.ConfigurationError, match="port"):
        SftpSettings(**given, password="x", port=0)


async def test_the_environment_describes_a_channel() -> None:
    async with MailboxChannel.from_env(environ=ENVIRON) as channel:
        assert repr(channel) == "<MailboxChannel mailbox at sftp.test>"
        assert channel._rules.addresses == {"GC1": "ZZ:ONE", "GC2": "ZZ:TWO"}


@pytest.mark.parametrize("name", [name for name in ENVIRON if "PASSWORD" not in name])
def test_a_missing_variable_is_named(name: str) -> None:
    environ = {**ENVIRON, name: ""}

    with pytest.raises(errors.ConfigurationError, match=name):
        MailboxChannel.from_env(environ=environ)


def test_a_wrong_variable_is_named() -> None:
    for name, value in (
        ("TRADING_GRID_MAILBOX_PUBLISH", "fast"),
        ("TRADING_GRID_MAILBOX_SFTP_PORT", "many"),
        ("TRADING_GRID_MAILBOX_PARTNERS", "GC1"),
    ):
        with pytest.raises(errors.ConfigurationError, match=name):
            MailboxChannel.from_env(environ={**ENVIRON, name: value})


def test_the_defaults_are_what_public_use_shows() -> None:
    folders = MailboxFolders(publish_as="{name}.json")

    assert (folders.collect_from, folders.look_into) == ("POLLABLE", "ACCEPTED")
    assert folders.look_back == timedelta(days=30)
    assert folders.publish == "direct"
    assert folders.acknowledge == "delete"
    with pytest.raises(errors.ConfigurationError, match="move_to"):
        MailboxFolders(publish_as="{name}", acknowledge="move")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("ReadyForPickup", SendState.READY_FOR_PICKUP),
        ("Ready for pickup", SendState.READY_FOR_PICKUP),
        ("Delivered", SendState.DELIVERED),
        ("Failed", SendState.FAILED),
        ("Completed", SendState.IN_PROGRESS),
        ("Batched", SendState.BATCHED),
        ("On Hold", SendState.ON_HOLD),
        ("VALIDATION_ERROR", SendState.VALIDATION_ERROR),
        ("Duplicate", SendState.DUPLICATE),
        ("Something new", SendState.SENT),
        (None, SendState.SENT),
    ],
)
def test_states_of_lens_are_understood_however_they_are_written(
    status: str | None, state: SendState
) -> None:
    assert state_of(status) is state


def entry(status: str, process: str = "P1", hours: int = 0, **fields: Any) -> Transaction:  # noqa: ANN401
    return Transaction(
        status=status, correlationid=process, statusdate=AT + timedelta(hours=hours), **fields
    )


@pytest.mark.parametrize(
    ("entries", "state"),
    [
        ([entry("Completed"), entry("ReadyForPickup")], SendState.READY_FOR_PICKUP),
        ([entry("Delivered"), entry("Completed", hours=2)], SendState.DELIVERED),
        ([entry("ReadyForPickup"), entry("Failed", hours=-1)], SendState.FAILED),
        ([entry("Failed"), entry("ReadyForPickup", "P2", 1)], SendState.READY_FOR_PICKUP),
        ([entry("Delivered"), entry("Duplicate", "P2", 1)], SendState.DELIVERED),
        ([entry("ReadyForPickup"), entry("Duplicate", "P2", 1)], SendState.READY_FOR_PICKUP),
        ([entry("Duplicate")], SendState.DUPLICATE),
        ([entry("Delivered"), entry("Failed", "P2", 1)], SendState.DELIVERED),
    ],
)
def test_a_letter_is_where_its_furthest_sending_is(
    entries: list[Transaction], state: SendState
) -> None:
    assert tracking_of("n", entries).state is state
    assert tracking_of("n", entries[::-1]).state is state


def test_the_words_of_an_error_have_no_links() -> None:
    told = tracking_of(
        "n",
        [entry("Failed", errorcode="E17", externalerrormessage="see\nhttps://x.test/secret?a=b")],
    )

    assert told.text == "E17: see https://x.test/***"
    assert told.at == AT


def test_a_status_that_is_not_known_is_told() -> None:
    assert tracking_of("n", [entry("Levitating")]).text == "Levitating"
