"""Files of the film, on the storage that a test is about."""

import re
from typing import Any

import httpx

from tgiconik.sandbox.iconik import seed

from ..iconik.world import FILM  # noqa: TID252 - one world for all of iconik's side

Json = dict[str, Any]

FILES = f"/API/files/v1/assets/{FILM}/files/"


def code(answer: httpx.Response) -> str:
    """What Amazon, Google or Azure call the error."""
    match = re.search("<Code>(.+)</Code>", answer.text)
    assert match is not None, answer.text
    return match[1]


async def new_file(iconik: httpx.AsyncClient, method: str, name: str = "new film.mp4") -> Json:
    """A file that waits for its bytes, with the links for them."""
    place = {"storage_id": seed.STORAGES[method], "version_id": seed.version_id(FILM, 2)}
    files = f"/API/files/v1/assets/{FILM}/"
    format_ = (await iconik.post(f"{files}formats/", json={"name": "ORIGINAL"})).json()
    sent = {"name": name, "base_dir": "/", "component_ids": [], "format_id": format_["id"]}
    file_set = (await iconik.post(f"{files}file_sets/", json=sent | place)).json()
    file = {
        "original_name": name,
        "directory_path": "",
        "type": "FILE",
        "size": 1,
        "format_id": format_["id"],
        "file_set_id": file_set["id"],
    }
    made = await iconik.post(FILES, json=file | place)
    assert made.status_code == 201, made.text
    answer: Json = made.json()
    return answer


async def close(iconik: httpx.AsyncClient, file: Json) -> httpx.Response:
    return await iconik.patch(f"{FILES}{file['id']}/", json={"status": "CLOSED"})


async def link(iconik: httpx.AsyncClient, file: Json) -> str:
    answer = await iconik.get(f"{FILES}{file['id']}/download_url/")
    assert answer.status_code == 200, answer.text
    url: str = answer.json()["url"]
    return url


async def content(iconik: httpx.AsyncClient, http: httpx.AsyncClient, file: Json) -> bytes:
    """What the file has, once it is closed."""
    closed = await close(iconik, file)
    assert closed.status_code == 200, closed.text
    return (await http.get(await link(iconik, file))).content
