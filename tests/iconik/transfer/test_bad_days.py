"""Storages on a bad day, as their owners document it: what passes is tried again, the right way."""

import hashlib
from collections.abc import AsyncIterator
from io import RawIOBase
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest
from sandbox.iconik.world import FILM
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tgiconik import IconikClient, errors
from tgiconik.iconik.transfer import _disk, _source
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.faults import (
    CorruptRequest,
    CutRequest,
    Effect,
    Expire,
    Fault,
    LoseAnswer,
    Refuse,
)
from tgiconik.sandbox.iconik import files, seed
from tgiconik.sandbox.iconik.kinds import FILES

from .conftest import CONTENT, METHODS, client_of, there

SHA256 = hashlib.sha256(CONTENT).hexdigest()
STORAGE = r"^/storage/"
COMPLETE = r"^/storage/s3/.*[?&]uploadId="
LOGIN = {"Location": "https://login.test/sso?next=secret"}
PAGE = "<!doctype html><html>Sign in</html>"


async def arrives(iconik: IconikClient, sandbox: Sandbox, film: Path, method: str) -> None:
    upload = await iconik.transfer.upload(film, storage=seed.STORAGES[method])

    original = files.original(sandbox.state, upload.asset_id, upload.version_id)
    assert original is not None
    assert original["blob"] == upload.sha256 == SHA256
    assert sandbox.faults == []


def urls(iconik: IconikClient) -> list[str]:
    """Where bytes are sent from now on."""
    sent: list[str] = []
    send = iconik.transfer._links.send

    async def watched(method: str, url: str, **options: Any) -> Any:  # noqa: ANN401 - passed on
        sent.append(str(url))
        return await send(method, url, **options)

    vars(iconik.transfer._links)["send"] = watched
    return sent


# Only a yes is one.


@pytest.mark.parametrize("nth", [1, 2, 5])
@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize("method", METHODS)
async def test_a_redirect_is_no_upload(  # noqa: PLR0917 - fixtures
    iconik: IconikClient, sandbox: Sandbox, film: Path, method: str, status: int, nth: int
) -> None:
    before = there(sandbox)
    nth = 1 if method == "AZURE" else nth
    sandbox.faults.append(Fault(Refuse(status, "", LOGIN), path=STORAGE, nth=nth))

    with pytest.raises(errors.CallError, match=r"https://login\.test/sso") as refused:
        await iconik.transfer.upload(film, storage=seed.STORAGES[method])

    assert "secret" not in str(refused.value)
    assert there(sandbox) == before


@pytest.mark.parametrize("nth", [1, 2, 6])
@pytest.mark.parametrize("method", METHODS)
async def test_a_page_of_html_is_no_upload(
    iconik: IconikClient, sandbox: Sandbox, film: Path, method: str, nth: int
) -> None:
    before = there(sandbox)
    nth = {"AZURE": 1, "B2": min(nth, 5), "GCS": min(nth, 5)}.get(method, nth)
    sandbox.faults.append(Fault(Refuse(200, PAGE, {"ETag": '"x"'}), path=STORAGE, nth=nth))

    with pytest.raises(errors.UnreadableResponse, match="a proxy or a login page answered"):
        await iconik.transfer.upload(film, storage=seed.STORAGES[method])

    assert sandbox.faults == []
    assert there(sandbox) == before


@pytest.mark.parametrize(
    ("method", "status", "body"),
    [
        *(("S3", status, "ok") for status in (200, 202, 204)),
        *(("AZURE", status, "") for status in (200, 202, 204)),
        *(("B2", status, body) for status, body in ((200, "thank you"), (200, ""), (202, "{}"))),
        *(("GCS", status, "") for status in (202, 204, 206)),
    ],
)
async def test_an_answer_that_promises_nothing_is_no_upload(  # noqa: PLR0917 - fixtures
    iconik: IconikClient, sandbox: Sandbox, film: Path, method: str, status: int, body: str
) -> None:
    before = there(sandbox)
    sandbox.faults.append(Fault(Refuse(status, body), method="PUT", path=STORAGE))
    if method != "GCS":
        sandbox.faults.append(Fault(Refuse(status, body), method="POST", path=STORAGE))

    with pytest.raises((errors.Inconsistent, errors.UnreadableResponse)):
        await iconik.transfer.upload(film, storage=seed.STORAGES[method])

    sandbox.faults.clear()
    assert there(sandbox) == before


@pytest.mark.parametrize("status", [201, 204, 206, 300, 301, 302, 304])
async def test_only_media_are_a_download(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path, status: int
) -> None:
    sandbox.faults.append(Fault(Refuse(status), path="^/media/"))
    target = tmp_path / "in" / "film.mp4"

    with pytest.raises((errors.UnreadableResponse, errors.Redirected, errors.Corrupted)):
        await iconik.transfer.download(FILM, target)

    assert list(target.parent.iterdir()) == []


# Amazon.


@pytest.mark.parametrize(
    "code", ["InternalError", "SlowDown", "ServiceUnavailable", "OperationAborted"]
)
@pytest.mark.parametrize("status", [200, 400, 409])
async def test_an_error_that_passes_is_tried_again_whatever_its_status(
    iconik: IconikClient, sandbox: Sandbox, film: Path, code: str, status: int
) -> None:
    said = Refuse(status, f"<?xml version='1.0'?>\n<Error><Code>{code}</Code></Error>")
    sandbox.faults.append(Fault(said, method="POST", path=COMPLETE))

    await arrives(iconik, sandbox, film, "S3")


async def test_an_error_that_does_not_pass_is_none_of_these(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    before = there(sandbox)
    said = Refuse(200, "<Error><Code>InvalidPart</Code></Error>")
    sandbox.faults.append(Fault(said, method="POST", path=COMPLETE))

    with pytest.raises(errors.UnreadableResponse, match="S3 did not put the parts together"):
        await iconik.transfer.upload(film)

    assert there(sandbox) == before


@attrs.frozen
class WhiteSpaceFirst:
    """Answers 200 at once, and sends white space before the response of S3, as S3 does itself."""

    seconds: float

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        end = anyio.current_time() + self.seconds

        async def later(message: Message) -> None:
            if message["type"] == "http.response.start":
                del MutableHeaders(scope=message)["content-length"]
                await send(message)
                while anyio.current_time() < end:
                    await send({"type": "http.response.body", "body": b" \n", "more_body": True})
                    await anyio.sleep(0.02)
            else:
                await send(message)

        await app(scope, receive, later)


async def test_s3_may_take_longer_than_the_deadline_to_put_parts_together(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    iconik.transfer._links.deadline = 1.0
    sandbox.faults.append(Fault(WhiteSpaceFirst(1.5), method="POST", path=COMPLETE))
    sent = urls(iconik)

    await arrives(iconik, sandbox, film, "S3")

    assert len([url for url in sent if "uploadId=" in url and "partNumber=" not in url]) == 1


@pytest.mark.parametrize("code", ["RequestTimeout", "IncompleteBody", "BadDigest"])
@pytest.mark.parametrize("nth", [1, 3])
async def test_a_part_that_is_to_be_sent_again_is(
    iconik: IconikClient, sandbox: Sandbox, film: Path, code: str, nth: int
) -> None:
    said = Refuse(400, f"<Error><Code>{code}</Code></Error>")
    sandbox.faults.append(Fault(said, method="PUT", path=STORAGE, nth=nth))

    await arrives(iconik, sandbox, film, "S3")


async def test_an_upload_that_is_not_known_any_more_may_have_been_completed(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    gone = Refuse(404, "<Error><Code>NoSuchUpload</Code></Error>")
    sandbox.faults.append(Fault(LoseAnswer(), method="POST", path=COMPLETE))
    sandbox.faults.append(Fault(gone, method="POST", path=COMPLETE, nth=2))

    await arrives(iconik, sandbox, film, "S3")


@pytest.mark.parametrize("at", ["a part", "the end"])
async def test_an_upload_that_is_not_known_any_more_begins_anew(
    iconik: IconikClient, sandbox: Sandbox, film: Path, at: str
) -> None:
    gone = Refuse(404, "<Error><Code>NoSuchUpload</Code></Error>")
    method = "PUT" if at == "a part" else "POST"
    sandbox.faults.append(Fault(gone, method=method, path=COMPLETE))

    await arrives(iconik, sandbox, film, "S3")


async def test_an_upload_that_is_never_known_ends_with_an_error(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    gone = Refuse(404, "<Error><Code>NoSuchUpload</Code></Error>")
    sandbox.faults.extend(Fault(gone, method="PUT", path=COMPLETE) for _ in range(30))

    with pytest.raises(errors.TransferError, match="S3 has forgotten the upload"):
        await iconik.transfer.upload(film)


@pytest.mark.parametrize("parts", [True, False], ids=["in parts", "at once"])
async def test_tags_that_are_no_digests_are_no_reason_to_fail(
    iconik: IconikClient,
    sandbox: Sandbox,
    film: Path,
    parts: bool,  # noqa: FBT001 - a parameter
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sandbox.state.encrypted_bucket = True
    if not parts:
        _without_multipart(monkeypatch)

    await arrives(iconik, sandbox, film, "S3")


@pytest.mark.parametrize("encrypted", [True, False])
async def test_bytes_that_always_arrive_otherwise_are_told_by_the_storage(
    iconik: IconikClient,
    sandbox: Sandbox,
    film: Path,
    encrypted: bool,  # noqa: FBT001 - a parameter
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sandbox.state.encrypted_bucket = encrypted
    _without_multipart(monkeypatch)
    sandbox.faults.extend(Fault(CorruptRequest(), method="PUT", path=STORAGE) for _ in range(30))

    with pytest.raises(errors.Corrupted, match="S3 has other bytes than ours"):
        await iconik.transfer.upload(film)


def _without_multipart(monkeypatch: pytest.MonkeyPatch) -> None:
    """As storages do that take one request only."""
    from tgiconik.sandbox.iconik import uploads

    s3 = uploads._LINKS["S3"]
    monkeypatch.setitem(
        uploads._LINKS,
        "S3",
        lambda state, file: s3(state, file) | {"multipart_upload_url": None},
    )


# Backblaze.


@pytest.mark.parametrize(
    "effect",
    [
        Refuse(503, '{"code": "service_unavailable"}', {"Retry-After": "0"}),
        Refuse(408, '{"code": "request_timeout"}'),
        Refuse(500),
        CutRequest(),
        Expire(),
        CorruptRequest(),
    ],
    ids=str,
)
@pytest.mark.parametrize("large", [True, False], ids=["in parts", "at once"])
async def test_a_busy_pod_is_not_asked_again(
    iconik: IconikClient,
    sandbox: Sandbox,
    film: Path,
    effect: Effect,
    large: bool,  # noqa: FBT001 - a parameter
) -> None:
    if not large:
        iconik.transfer.part_size = 32 * 1024 * 1024
    iconik.transfer.parallel = 1
    sandbox.faults.append(Fault(effect, path="/storage/b2/"))
    sent = urls(iconik)

    await arrives(iconik, sandbox, film, "B2")

    assert sent[0] not in sent[1:]


async def test_the_lost_answer_to_the_end_of_a_large_file_is_looked_for(
    iconik: IconikClient, sandbox: Sandbox, film: Path
) -> None:
    sandbox.faults.append(Fault(LoseAnswer(), path="/multipart/b2/finish/"))

    await arrives(iconik, sandbox, film, "B2")


# Google.


@pytest.mark.parametrize("effect", [Refuse(404), Refuse(410), Expire()], ids=str)
@pytest.mark.parametrize("nth", [1, 3, 5])
async def test_a_session_that_is_over_begins_anew(
    iconik: IconikClient, sandbox: Sandbox, film: Path, effect: Effect, nth: int
) -> None:
    sandbox.faults.append(Fault(effect, method="PUT", path="upload_id=", nth=nth))

    await arrives(iconik, sandbox, film, "GCS")


@pytest.mark.parametrize(
    "location", ["http://evil.test/session", "https://127.1/session", "", "https://["]
)
async def test_a_session_leads_nowhere_that_media_may_not_travel(
    iconik: IconikClient, location: str
) -> None:
    with pytest.raises(errors.ConfigurationError):
        await iconik.transfer._links.session_link("https://storage.test/a?sig=1", location or "x:")


# All of them.


@pytest.mark.parametrize("method", METHODS)
async def test_a_storage_that_asks_to_wait_for_a_day_is_not_waited_for(
    sandbox: Sandbox, film: Path, method: str
) -> None:
    before = there(sandbox)
    sandbox.faults.append(Fault(Refuse(503, headers={"Retry-After": "86400"}), path=STORAGE))

    async with client_of(sandbox, deadline=5) as iconik:
        with pytest.raises(errors.ServiceUnavailable) as failed:
            await iconik.transfer.upload(film, storage=seed.STORAGES[method])

    assert "asks to wait 86400 s" in str(failed.value)
    assert "asks to wait longer than deadline=5" in failed.value.__notes__[0]
    assert there(sandbox) == before


async def test_a_download_is_not_made_to_wait_for_a_day_either(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults.append(Fault(Refuse(429, headers={"Retry-After": "86400"}), path="^/media/"))

    async with client_of(sandbox, deadline=5) as iconik:
        with pytest.raises(errors.TooManyRequests):
            await iconik.transfer.download(FILM, tmp_path)


@pytest.mark.parametrize("known", ["size", "length"])
async def test_a_download_ends_where_it_is_said_to_end(
    iconik: IconikClient, sandbox: Sandbox, tmp_path: Path, known: str
) -> None:
    store = sandbox.state.store
    for document in store.list(FILES, parent=FILM):
        said = {"size": 10 if known == "size" else None, "checksum": None}
        store.put(FILES, f"{FILM}/{document['id']}", document | said, parent=FILM)
    target = tmp_path / "in" / "film.mp4"

    if known == "size":
        with pytest.raises(errors.Corrupted, match="has 10 bytes, and more came"):
            await iconik.transfer.download(FILM, target)
        assert list(target.parent.iterdir()) == []
    else:
        assert (await iconik.transfer.download(FILM, target)).size > 10


@pytest.mark.parametrize(
    "url", ["https://[x", "https://a:99999999/x", "http://evil.test/x", "x", "https://\ud800/"]
)
async def test_an_odd_link_ends_no_other_download(
    iconik: IconikClient, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = iconik.files.get_asset_file_download_url
    first = True

    async def odd(*ids: str) -> Any:  # noqa: ANN401 - the model
        nonlocal first
        answer = await link(*ids)
        if first:
            first = False
            answer.url = url
        return answer

    monkeypatch.setattr(iconik.files, "get_asset_file_download_url", odd)

    outcomes = await iconik.transfer.download_many([FILM, FILM], tmp_path, max_concurrency=1)

    assert isinstance(outcomes[0].error, errors.ConfigurationError)
    assert outcomes[1].download is not None


# The disk.


class Shy(RawIOBase):
    """A file that takes a few bytes at a time, as a disk that is nearly full does."""

    def __init__(self) -> None:
        super().__init__()
        self.content = b""

    def write(self, content: Any) -> int:  # noqa: ANN401 - any buffer
        self.content += bytes(content[:3])
        return min(3, len(content))


def test_what_is_written_is_written_whole() -> None:
    file = Shy()

    _disk.write_all(file, b"more than a few bytes")  # type: ignore[arg-type]  # it writes like one

    assert file.content == b"more than a few bytes"


@pytest.mark.parametrize("kind", ["stream", "file"])
async def test_a_stream_is_spooled_whole_by_a_disk_that_takes_little(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Shy()
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: file)

    async def stream() -> AsyncIterator[bytes]:
        yield CONTENT[:1000]
        yield CONTENT[1000:2000]

    (tmp_path / "x").write_bytes(CONTENT[:2000])
    with (tmp_path / "x").open("rb") as opened:
        await _source._spooled(opened if kind == "file" else stream())

    assert file.content == CONTENT[:2000]
