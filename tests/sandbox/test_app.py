"""The sandbox as a whole: in process, on a socket, from the command line."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tgiconik import TradingGridClient, errors
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.__main__ import main
from tgiconik.sandbox.grid import collaboration
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed
from tgiconik.tradinggrid.collaboration import CommentInput

HEADERS = {"App-ID": credentials.APP_ID, "Auth-Token": credentials.AUTH_TOKEN}
ASSETS = "/API/assets/v1/assets/"
SHARE = {
    "allow_approving_comments": False,
    "allow_comments": False,
    "allow_download": True,
    "allow_setting_approve_status": False,
}


def test_a_served_sandbox_answers_on_a_socket_and_its_links_open_there() -> None:
    sandbox = Sandbox()

    with sandbox.serve() as url, httpx.Client(base_url=url, headers=HEADERS) as http:
        assets = http.get(f"{ASSETS}?per_page=100").json()["objects"]
        share = next(
            made.json()
            for asset in assets
            if (made := http.post(f"{ASSETS}{asset['id']}/shares/url/", json=SHARE)).is_success
        )
        assert share["url"].startswith(f"{url}/share/")
        assert sandbox.environment()["ICONIK_URL"] == url
        assert httpx.get(share["url"]).status_code == 200

    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    assert sandbox.state.base_url == "http://localhost"
    sandbox.close()


def test_both_platforms_are_at_one_origin() -> None:
    sandbox = Sandbox()

    with sandbox.serve() as url:
        token = httpx.post(
            f"{url}/v1/oauth2/tokens?grant_type=client_credentials",
            auth=(credentials.CLIENT_ID, credentials.CLIENT_SECRET),
        )
        assert token.status_code == 200
        assert httpx.get(f"{url}{ASSETS}", headers=HEADERS).status_code == 200


def test_the_environment_names_everything_that_clients_need() -> None:
    environment = Sandbox(world=False).environment("http://127.0.0.1:8765")

    assert environment == {
        "ICONIK_URL": "http://127.0.0.1:8765",
        "ICONIK_APP_ID": credentials.APP_ID,
        "ICONIK_AUTH_TOKEN": credentials.AUTH_TOKEN,
        "TRADING_GRID_URL": "http://127.0.0.1:8765",
        "TRADING_GRID_CLIENT_ID": credentials.CLIENT_ID,
        "TRADING_GRID_CLIENT_SECRET": credentials.CLIENT_SECRET,
        "TRADING_GRID_COMPANY_ID": credentials.COMPANY_ID,
    }


async def test_clients_act_as_a_partner_in_process_and_over_http() -> None:
    sandbox = Sandbox()
    async with sandbox.clients(partner_id=world.NORDLICHT) as (grid, _):
        seen = [one.company_id async for one in grid.community.partners.list()]
        assert seen == [world.NORDLICHT]
        with pytest.raises(errors.Forbidden):
            await grid.companies.get(credentials.COMPANY_ID)
    with sandbox.serve() as url:
        environ = sandbox.environment(url, partner_id=world.NORDLICHT)
        async with TradingGridClient.from_env(environ=environ) as grid:
            requests = [one async for one in grid.community.requests.list()]
            assert {one.partner_id for one in requests} == {world.NORDLICHT}
            assert not any(one.is_operators for one in requests)
            comment = await grid.community.requests.comment(
                requests[0].id, CommentInput(body="Thanks")
            )
            assert comment.written_by == world.NORDLICHT
            with pytest.raises(errors.Forbidden):
                await grid.community.activity.list().first(1)
    sandbox.close()


async def test_only_what_may_have_changed_something_is_a_write() -> None:
    sandbox = Sandbox(world=False)
    transport = httpx.ASGITransport(sandbox.app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers=HEADERS
    ) as http:
        await http.get(ASSETS)
        await http.post("/API/search/v1/search/", json={})
        await http.post("/v1/oauth2/tokens?grant_type=client_credentials")
        await http.post(ASSETS, json={})
        assert sandbox.writes == []

        made = await http.post(ASSETS, json={"title": "Film"})

    (write,) = sandbox.writes
    assert (write.method, write.path, write.status) == ("POST", ASSETS, made.status_code)


async def test_a_path_is_taken_as_it_is_and_never_redirected() -> None:
    transport = httpx.ASGITransport(Sandbox(world=False).app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        answer = await http.get("/community/v1/companies/X/documents/D/deliveries/P%2F")

    assert answer.status_code == 404


def test_a_file_comes_back_as_it_was_left(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    first = Sandbox(db=file)
    with first.serve() as url:
        made = httpx.post(f"{url}{ASSETS}", json={"title": "Kept"}, headers=HEADERS).json()
    first.close()

    again = Sandbox(db=file)
    with again.serve() as url:
        read = httpx.get(f"{url}{ASSETS}{made['id']}/", headers=HEADERS)
    again.close()

    assert read.json()["title"] == "Kept"


def test_the_community_of_a_file_comes_back_too(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    company_id = credentials.COMPANY_ID
    first = Sandbox(db=file)
    grid_seed.add_group(first.state, company_id, "GRP-KEPT", "Kept")
    first.close()

    again = Sandbox(db=file)
    with collaboration.reading(again.state, company_id) as community:
        names = [one.fields["name"] for one in community.records("groups").all()]
    again.close()

    assert names[-1] == "Kept"


def test_help_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])

    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    assert "test doubles" in shown
    for option in ("--host", "--port", "--db", "--limit", "--latency", "--mail", "--mailboxes"):
        assert option in shown


def test_a_taken_port_is_said_politely(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as store_file:
        port = store_file.getsockname()[1]

        assert main(["--port", str(port)]) == 2

    captured = capsys.readouterr()
    assert captured.err == f"cannot listen on 127.0.0.1:{port}: Address already in use\n"
    assert captured.out == ""


@pytest.fixture
def heeding_interrupts() -> Iterator[None]:
    """A shell's background job ignores SIGINT, and so does all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding_interrupts")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_the_environment_and_leaves_nothing_when_it_is_stopped(
    how: signal.Signals, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tgiconik.sandbox", "--port", "0"]
    with subprocess.Popen(  # noqa: S603 - the command is written here
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(tmp_path)}
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(11)]
        assert list(tmp_path.iterdir())
        os.kill(process.pid, how)
        process.communicate(timeout=30)

    exported = dict(re.findall(r"^export (\w+)=(\S+)$", "".join(lines), re.MULTILINE))
    assert exported.keys() == Sandbox(world=False).environment().keys()
    client_id, secret = credentials.partner_client(world.NORDLICHT)
    partner = f"TRADING_GRID_CLIENT_ID={client_id} TRADING_GRID_CLIENT_SECRET={secret}\n"
    assert any(line.endswith(partner) for line in lines)
    assert credentials.user_token(seed.COLLEAGUE) in lines[-1]
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []
