"""What a service makes of an answer that is not simply a model."""

from collections.abc import Awaitable, Mapping
from typing import Any

import pytest
from codegen_fakes import JSON, Recorder, on

from tgiconik import errors
from tgiconik.iconik import JobStarted
from tgiconik.iconik.models import assets as m
from tgiconik.iconik.services.assets import AssetsService
from tgiconik.iconik.services.auth import AuthService
from tgiconik.iconik.services.files import FilesService


def assets(
    status: int = 200, content: bytes = b"", headers: Mapping[str, str] = JSON
) -> AssetsService:
    return on(AssetsService, Recorder(status=status, content=content, headers=headers))


async def test_an_answer_that_may_be_empty_is_none_when_it_is() -> None:
    for status, content in ((204, b""), (200, b""), (200, b" \r\n")):
        service = assets(status=status, content=content)
        assert await service.update_asset("1", body={"title": "t"}) is None
        assert await service.replace_asset("1", body={"title": "t"}) is None


async def test_what_is_done_at_once_or_by_a_job_is_one_of_two_models() -> None:
    body = m.ApprovalInput()
    at_once = assets(status=201, content=b'{"status": "REQUESTED"}')
    by_job = assets(status=202, content=b'{"job_id": "j"}')

    approval = await at_once.create_object_approval_request("assets", "1", body=body)
    job = await by_job.create_object_approval_request("assets", "1", body=body)

    assert approval == m.Approval(status="REQUESTED")
    assert job == m.ApprovalJob(job_id="j")


@pytest.mark.parametrize(
    ("content", "job"),
    [
        (b'{"job_id": "j", "more": 1}', JobStarted(job_id="j", body={"job_id": "j", "more": 1})),
        (b'{"job_id": 7}', JobStarted(job_id="7", body={"job_id": 7})),
        (b"[1]", JobStarted(body=[1])),
        (b"", JobStarted()),
    ],
)
async def test_a_job_that_was_started_is_what_its_caller_gets(
    content: bytes, job: JobStarted
) -> None:
    service = assets(status=202, content=content)
    assert await service.update_assets(body={}) == job
    assert await service.delete_collection("1") == job


async def test_what_may_take_a_job_is_none_when_it_was_done_at_once() -> None:
    assert await assets(status=204).delete_collection("1") is None


@pytest.mark.parametrize("status", [202, 207])
@pytest.mark.parametrize("content", [b'{"job_id": "job-7"}', b'{"job_id": "job-7", "status": "x"}'])
async def test_what_nobody_documents_and_is_not_done_yet_is_no_empty_model(
    status: int, content: bytes
) -> None:
    service = assets(status=status, content=content)
    calls: list[Awaitable[object]] = [
        service.get_asset("1"),
        service.update_asset("1", body={}),
        service.create_asset(body={}),
        service.delete_asset("1"),
    ]
    for call in calls:
        with pytest.raises(errors.UnreadableResponse, match="job-7"):
            await call


async def test_an_answer_that_must_be_there_and_is_not_is_an_error() -> None:
    for status, content in ((200, b""), (204, b"")):
        with pytest.raises(errors.UnreadableResponse, match="no body came where one was promised"):
            await assets(status=status, content=content).get_asset("1")
        with pytest.raises(errors.UnreadableResponse, match="and the write was done"):
            await assets(status=status, content=content).create_asset(body={})


async def test_an_answer_of_another_shape_names_the_place() -> None:
    with pytest.raises(errors.UnreadableResponse, match="versions: a list was expected"):
        await assets(content=b'{"versions": 3}').get_asset("1")


async def test_html_from_a_proxy_is_an_error_that_shows_its_beginning() -> None:
    with pytest.raises(errors.UnreadableResponse, match="<html>"):
        await assets(content=b"<html>down</html>").get_asset("1")


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("text/vtt", b"WEBVTT", "WEBVTT"),
        ("application/json", b"", None),
        ("text/plain", b"", None),
    ],
)
async def test_an_answer_that_nobody_describes_comes_as_it_is(
    kind: str, content: bytes, said: object
) -> None:
    service = assets(headers={"content-type": kind}, content=content)
    assert await service.get_asset_segments_vtt("1") == said


async def test_a_redirect_is_answered_not_followed() -> None:
    session = Recorder(status=302, headers={"location": "https://idp.test/"})
    auth = on(AuthService, session)
    assert await auth.get_saml_login_redirect("p") == "https://idp.test/"
    assert not session.call.authenticated
    with pytest.raises(errors.UnreadableResponse, match="redirect"):
        await on(AuthService, Recorder(status=302)).get_saml_login_redirect("p")


async def test_a_missing_body_is_not_sent() -> None:
    session = Recorder(status=201)
    await on(AssetsService, session).reindex_assets()
    assert session.call.content is None


async def test_a_form_is_sent_as_texts_without_nulls() -> None:
    session = Recorder(content=b'{"token": "t"}')
    body: dict[str, Any] = {"grant_type": "refresh_token", "refresh_token": "r", "scope": None}
    await on(AuthService, session).create_oauth_token(body=body)
    assert session.call.content == b"grant_type=refresh_token&refresh_token=r"


async def test_a_multipart_body_has_a_part_per_field() -> None:
    session = Recorder()
    body: dict[str, Any] = {"file_name": "a.mp4", "create_keyframes": True}
    await on(FilesService, session).upload_files(body=body)
    call = session.call
    boundary = call.headers["Content-Type"].partition("boundary=")[2].encode()
    parts = (call.content or b"").split(b"--" + boundary)
    assert [part.strip() for part in parts[1:]] == [
        b'Content-Disposition: form-data; name="file_name"\r\n\r\na.mp4',
        b'Content-Disposition: form-data; name="create_keyframes"\r\n\r\ntrue',
        b"--",
    ]


async def test_the_share_log_in_sends_the_app_id_and_no_credentials() -> None:
    session = Recorder(content=b"{}")
    await on(AssetsService, session).log_in_to_share(body={}, app_id="app")
    call = session.call
    assert call.headers["App-ID"] == "app"
    assert not call.authenticated


def test_a_service_says_what_it_is() -> None:
    assert repr(assets()) == "<AssetsService https://iconik.test/API/assets>"


@pytest.mark.parametrize(
    "content",
    [
        b'{"objects": [{"id": "s"}], "page": 1, "pages": 1, "total": 1}',
        b'{"objects": [], "page": 1}',
        b'{"objects": null}',
        b'[{"id": "s"}]',
    ],
)
async def test_a_list_where_one_object_is_promised_is_an_error(content: bytes) -> None:
    with pytest.raises(errors.UnreadableResponse, match=r"a list|an object was expected"):
        await assets(content=content).get_asset_segment("1", "COMMENT")


@pytest.mark.parametrize("content", [b'{"id": "s", "title": "t"}', b'[{"id": "s"}]'])
async def test_one_object_where_a_list_is_promised_is_an_error(content: bytes) -> None:
    pages = assets(content=content).list_asset_segments("1")
    with pytest.raises(errors.UnreadableResponse, match=r"one object came|an object was expected"):
        await pages.first(9)


@pytest.mark.parametrize("content", [b"{}", b'{"page": 1}', b'{"objects": null, "new": 1}', b""])
async def test_a_list_without_entries_is_an_empty_list(content: bytes) -> None:
    assert await assets(content=content).list_asset_segments("1").first(9) == []


async def test_an_object_may_have_a_new_field_that_is_called_like_the_entries_of_a_list() -> None:
    content = b'{"id": "s", "objects": [1]}'
    assert await assets(content=content).get_asset_segment("1", "2") == m.Segment(id="s")


async def test_segments_of_a_type_are_a_list() -> None:
    service = assets(content=b'{"objects": [{"id": "s"}], "page": 1, "pages": 1, "total": 1}')
    found = await service.list_asset_segments_of_type("1", "COMMENT").first(9)
    assert found == [m.SegmentElastic(id="s")]


async def test_a_keyframe_by_id_keeps_its_own_fields() -> None:
    content = b'{"id": "k", "type": "KEYFRAME", "filename": "k.png", "rotation": 90}'
    keyframe = await on(FilesService, Recorder(content=content)).get_asset_keyframe("1", "k")
    assert keyframe.filename == "k.png"
    assert keyframe.rotation == 90
