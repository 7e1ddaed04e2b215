"""Downloads: whole or a range, and only of the bytes that were meant."""

import httpx
import pytest

from tgiconik.sandbox.iconik import seed
from tgiconik.sandbox.media import mp4

from ..iconik.world import FILM  # noqa: TID252 - one world for all of iconik's side
from .files import link

CONTENT = mp4("film.mp4", "Film, version 2").content
SIZE = len(CONTENT)


@pytest.fixture
async def url(iconik: httpx.AsyncClient) -> str:
    return await link(iconik, {"id": seed.fixed_id(f"{FILM} file 2")})


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-", 0, SIZE),
        ("bytes=5-9", 5, 10),
        ("bytes=-5", SIZE - 5, SIZE),
        (f"bytes=10-{SIZE + 5}", 10, SIZE),
        (f"bytes=-{SIZE + 5}", 0, SIZE),
    ],
)
async def test_a_range_is_a_part(
    http: httpx.AsyncClient, url: str, asked: str, start: int, stop: int
) -> None:
    part = await http.get(url, headers={"Range": asked})

    assert part.status_code == 206
    assert part.content == CONTENT[start:stop]
    assert part.headers["content-range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert part.headers["content-length"] == str(stop - start)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=9-5", "bytes=-0"])
async def test_a_range_with_nothing_in_it_cannot_be_satisfied(
    http: httpx.AsyncClient, url: str, asked: str
) -> None:
    refused = await http.get(url, headers={"Range": asked})

    assert refused.status_code == 416
    assert refused.headers["content-range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("asked", ["bytes=-", "bytes=0-1,4-5", "lines=1-2", "nonsense"])
async def test_what_is_no_single_range_means_the_whole(
    http: httpx.AsyncClient, url: str, asked: str
) -> None:
    assert (await http.get(url, headers={"Range": asked})).content == CONTENT


async def test_if_range_gives_the_part_of_the_same_bytes_and_the_whole_of_others(
    http: httpx.AsyncClient, url: str
) -> None:
    tag = (await http.head(url)).headers["etag"]

    same = await http.get(url, headers={"Range": "bytes=5-", "If-Range": tag})
    other = await http.get(url, headers={"Range": "bytes=5-", "If-Range": '"other"'})

    assert (same.status_code, same.content) == (206, CONTENT[5:])
    assert (other.status_code, other.content) == (200, CONTENT)


async def test_head_tells_everything_but_the_bytes(http: httpx.AsyncClient, url: str) -> None:
    head, whole = await http.head(url), await http.get(url)

    assert head.content == b""
    assert head.headers == whole.headers
