"""Reading by a name at the path of an id."""

import httpx
import pytest

from .world import FILM

ASSETS = f"/API/assets/v1/assets/{FILM}"
FILES = f"/API/files/v1/assets/{FILM}"


async def test_segments_of_a_type_are_listed_beside_the_segment_of_an_id(
    http: httpx.AsyncClient,
) -> None:
    made = []
    for kind in ("MARKER", "COMMENT"):
        body = {"segment_type": kind, "time_start_milliseconds": 0, "time_end_milliseconds": 9}
        made.append((await http.post(f"{ASSETS}/segments/", json=body)).json()["id"])

    markers = await http.get(f"{ASSETS}/segments/MARKER/")
    one = await http.get(f"{ASSETS}/segments/{made[1]}/")
    none = await http.get(f"{ASSETS}/segments/QC/")

    assert [each["id"] for each in markers.json()["objects"]] == [made[0]]
    assert one.json()["segment_type"] == "COMMENT"
    assert none.json()["objects"] == []


async def test_a_subtitle_is_read_by_its_language_and_by_its_id(http: httpx.AsyncClient) -> None:
    body = {"language": "de-DE", "closed_captions": False}
    body |= dict.fromkeys(("asset_id", "format_id", "id"), FILM)
    made = await http.post(f"{FILES}/subtitles/", json=body)
    assert made.is_success, made.text

    by_language = await http.get(f"{FILES}/subtitles/de-DE/")
    by_id = await http.get(f"{FILES}/subtitles/{made.json()['id']}/")

    assert by_language.json() == by_id.json()
    assert by_id.json()["language"] == "de-DE"


@pytest.mark.parametrize("path", ["formats/NO_SUCH/", "subtitles/xx-XX/"])
async def test_a_name_that_nothing_has_is_not_found(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(f"{FILES}/{path}")).status_code == 404
