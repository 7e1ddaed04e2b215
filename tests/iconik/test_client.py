"""The client as a whole: credentials, isolation, raw calls, errors, and what it loads."""

import logging
import pickle
import subprocess
import sys
import traceback

import httpx
import pytest
from workflows.conftest import iconik_client

from tgiconik import IconikClient, errors
from tgiconik.iconik.models.assets import ApprovalJob
from tgiconik.sandbox import Sandbox

from .conftest import Canned, canned, client_of

ENVIRONMENT = {
    "ICONIK_URL": "https://iconik.test",
    "ICONIK_APP_ID": "app-id-1",
    "ICONIK_AUTH_TOKEN": "auth-token-1",
}


def test_the_environment_makes_a_client() -> None:
    assert "https://iconik.test" in repr(IconikClient.from_env(environ=ENVIRONMENT))


def test_every_missing_variable_is_named_and_an_empty_one_is_missing() -> None:
    with pytest.raises(errors.ConfigurationError, match="set ICONIK_URL, ICONIK_AUTH_TOKEN in"):
        IconikClient.from_env(environ={**ENVIRONMENT, "ICONIK_URL": "", "ICONIK_AUTH_TOKEN": ""})


@pytest.mark.parametrize(
    "url",
    [
        "http://iconik.test",
        "ftp://iconik.test",
        "iconik.test",
        "",
        "https://user:secret@iconik.test",
        "https://iconik.test?x=1",
        "https://",
        "http://localhost.evil.test",
    ],
)
def test_credentials_go_to_an_encrypted_origin_or_to_this_machine(url: str) -> None:
    with pytest.raises(errors.ConfigurationError) as refused:
        IconikClient(url, "a", "t")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://localhost:8765", "http://127.0.0.1", "http://[::1]:1"])
def test_this_machine_may_be_plain(url: str) -> None:
    assert url in repr(IconikClient(url, "a", "t"))


def test_another_host_may_be_plain_when_it_is_asked_for_by_name() -> None:
    assert "sandbox:8765" in repr(
        IconikClient("http://sandbox:8765", "a", "t", plain_http=["SANDBOX"])
    )
    with pytest.raises(errors.ConfigurationError, match="plain_http="):
        IconikClient("http://sandbox.elsewhere.test", "a", "t", plain_http=["sandbox"])
    with pytest.raises(errors.ConfigurationError, match="takes several hosts"):
        IconikClient("https://sandbox", "a", "t", plain_http="sandbox")


@pytest.mark.parametrize("hostile", ["", " ", "secret\n", "secret ", "se\x00cret", "sécret"])
def test_a_credential_that_no_header_can_carry_is_refused_and_not_shown(hostile: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"^app_id is empty") as app_id:
        IconikClient("https://iconik.test", hostile, "token")
    with pytest.raises(errors.ConfigurationError, match=r"^auth_token is empty") as token:
        IconikClient("https://iconik.test", "app", hostile)

    assert "cret" not in f"{app_id.value}{token.value}"


async def test_no_credential_is_ever_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wire = Canned(lambda request: httpx.Response(401, text=repr(request.headers.raw)))
    async with client_of(wire) as iconik:
        with pytest.raises(errors.Unauthorized) as refused:
            await iconik.assets.get_asset("a")
        shown = [
            repr(iconik),
            str(iconik),
            repr(iconik.assets),
            repr(vars(iconik)),
            "".join(traceback.format_exception(refused.value)),
            repr(vars(refused.value)),
            repr(pickle.dumps(refused.value)),
            caplog.text,
        ]

    assert wire.requests[0].headers["auth-token"] == "auth-token-1"
    for text in shown:
        assert "auth-token-1" not in text
        assert "app-id-1" not in text


async def test_a_client_is_not_pickled_with_its_credentials() -> None:
    async with client_of(canned({})) as iconik:
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
            pickle.dumps(iconik)


async def test_two_clients_share_nothing() -> None:
    wires = canned({"id": "a"}), canned({"id": "b"})
    first = IconikClient("https://one.test", "app-1", "token-1", transport=wires[0])
    second = IconikClient("https://two.test", "app-2", "token-2", transport=wires[1])
    async with first, second:
        for _ in range(2):
            assert (await first.assets.get_asset("x")).id == "a"
            assert (await second.assets.get_asset("x")).id == "b"

    for wire, number, host in zip(wires, "12", ("one.test", "two.test"), strict=True):
        assert {request.url.host for request in wire.requests} == {host}
        assert {request.headers["auth-token"] for request in wire.requests} == {f"token-{number}"}


async def test_a_service_is_loaded_once() -> None:
    async with client_of(canned({})) as iconik:
        assert iconik.assets is iconik.assets


async def test_leaving_the_block_closes_and_closing_twice_is_fine() -> None:
    wire = canned({})
    async with client_of(wire) as iconik:
        pass

    assert wire.closed
    await iconik.aclose()


async def test_a_raw_call_drops_nothing() -> None:
    answer = {"id": "a", "brand_new": {"x": [1, None]}}
    wire = canned(answer)
    async with client_of(wire) as iconik:
        found = await iconik.request(
            "POST", "/API/assets/v1/x{y}/", query={"a": [1, True], "b": None}, json={"t": "ü"}
        )

    assert found == answer
    assert str(wire.requests[0].url) == "https://iconik.test/API/assets/v1/x%7By%7D/?a=1&a=true"
    assert wire.requests[0].headers["auth-token"] == "auth-token-1"


async def test_a_raw_call_without_an_answer_is_none() -> None:
    async with client_of(Canned(lambda _: httpx.Response(204))) as iconik:
        assert await iconik.request("DELETE", "/API/assets/v1/assets/a/") is None


@pytest.mark.parametrize("path", ["https://evil.test/", "", "API/assets/", "/a\r\nX: y", "/\x00"])
async def test_a_raw_call_stays_on_the_platform(path: str) -> None:
    wire = canned({})
    async with client_of(wire) as iconik:
        with pytest.raises(errors.ConfigurationError, match="begins with a slash"):
            await iconik.request("GET", path)

    assert wire.requests == []


@pytest.mark.parametrize("path", ["/files/v1/x/?code=canary-4713", "//evil.test/", "/api/x/", "/"])
async def test_a_raw_call_begins_with_the_api(path: str) -> None:
    wire = canned({})
    async with client_of(wire) as iconik:
        with pytest.raises(
            errors.ConfigurationError, match="paths of iconik begin with /API/"
        ) as no:
            await iconik.request("GET", path)

    assert wire.requests == []
    assert "canary" not in str(no.value)


async def test_a_raw_call_has_the_errors_of_every_other() -> None:
    async with client_of(canned({"errors": ["No"]}, 404)) as iconik:
        with pytest.raises(errors.NotFound, match="No"):
            await iconik.request("GET", "/API/assets/v1/assets/a/")
    async with client_of(Canned(lambda _: httpx.Response(200, html="<html>"))) as iconik:
        with pytest.raises(errors.UnreadableResponse, match="not JSON"):
            await iconik.request("GET", "/API/assets/v1/assets/a/")


async def test_what_is_only_accepted_is_a_job_without_a_name() -> None:
    async with client_of(Canned(lambda _: httpx.Response(202))) as iconik:
        job = await iconik.assets.create_object_approval_request("assets", "a", body={})
        assert job == ApprovalJob()
        assert await iconik.request("POST", "/API/assets/v1/assets/a/approvals/request/") is None


async def test_an_answer_that_is_promised_with_a_202_is_read() -> None:
    async with client_of(canned({"id": "s", "url": None}, 202)) as iconik:
        share = await iconik.assets.create_object_share("assets", "a", body={})

    assert share.id == "s"


async def test_what_is_not_there_says_so_in_iconiks_words() -> None:
    async with client_of(canned({"errors": ["Asset a does not exist"]}, 404)) as iconik:
        with pytest.raises(errors.NotFound) as gone:
            await iconik.assets.get_asset("a")

    assert gone.value.messages == ("Asset a does not exist",)
    assert str(gone.value).startswith(
        "GET https://iconik.test/API/assets/v1/assets/a/: 404 Not Found: Asset a does not exist"
    )


async def test_a_refusal_says_which_role_the_operation_needs() -> None:
    async with client_of(canned({"errors": ["Forbidden"]}, 403)) as iconik:
        with pytest.raises(errors.Forbidden) as refused:
            await iconik.assets.get_asset("a")

    assert refused.value.roles == ("can_read_assets",)
    assert "can_read_assets" in str(refused.value)


async def test_an_answer_in_html_is_unreadable_and_shown_in_part() -> None:
    page = Canned(lambda _: httpx.Response(200, html="<html>Maintenance</html>"))
    async with client_of(page) as iconik:
        with pytest.raises(errors.UnreadableResponse, match="not JSON") as unreadable:
            await iconik.assets.get_asset("a")

    assert unreadable.value.excerpt == "<html>Maintenance</html>"


async def test_a_wrong_type_is_named_by_its_path() -> None:
    async with client_of(canned({"versions": [{"id": {}}]})) as iconik:
        with pytest.raises(errors.UnreadableResponse, match=r"versions\[0\]\.id"):
            await iconik.assets.get_asset("a")


async def test_new_fields_values_and_nulls_never_break_a_caller() -> None:
    odd = {"id": "a", "status": "BRAND_NEW", "title": None, "brand_new": 1, "versions": None}
    async with client_of(canned(odd)) as iconik:
        asset = await iconik.assets.get_asset("a")

    assert (asset.id, asset.status, asset.title, asset.versions) == ("a", "BRAND_NEW", None, None)


@pytest.mark.parametrize("hostile", ["", ".", "..", "a\r\nX: y", "a\x00"])
async def test_an_id_that_is_no_id_is_refused_before_anything_is_sent(hostile: str) -> None:
    wire = canned({})
    async with client_of(wire) as iconik:
        with pytest.raises(errors.ConfigurationError):
            await iconik.assets.get_asset(hostile)
    assert wire.requests == []


async def test_an_id_stays_one_segment_of_the_path(sandbox: Sandbox) -> None:
    async with iconik_client(sandbox, sandbox.transport()) as iconik:
        with pytest.raises(errors.NotFound):
            await iconik.assets.get_asset("../../users/v1/users/current")


def test_importing_the_package_loads_no_service() -> None:
    code = (
        "import sys, tgiconik, tgiconik.iconik; tgiconik.IconikClient;"
        "print([m for m in sys.modules if '.services.' in m or '.models.' in m"
        " or m.startswith(('starlette', 'tgiconik.sandbox', 'tgiconik.workflows'))])"
    )
    command = [sys.executable, "-c", code]

    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - written here

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("url", ["", "/", "/API", "/API/", "//"])
async def test_the_url_may_be_written_as_other_tools_take_it(url: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"id": "a"})

    async with IconikClient(
        f"https://iconik.test{url}", "app", "token", transport=httpx.MockTransport(answer)
    ) as iconik:
        await iconik.assets.get_asset("a")

    assert asked == ["https://iconik.test/API/assets/v1/assets/a/"]


@pytest.mark.parametrize("url", ["/API/assets", "/API/assets/v1/", "/proxy/API/users"])
def test_a_url_that_names_a_service_is_refused_with_the_right_one(url: str) -> None:
    right = f"https://iconik.test{url.partition('/API')[0]}"
    with pytest.raises(errors.ConfigurationError, match=f"give '{right}'"):
        IconikClient(f"https://iconik.test{url}", "app", "token")
