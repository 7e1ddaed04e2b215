"""The sandbox's own page without a browser: what it is told and kept from, and its colours."""

import math
import re
import time
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import attrs
import httpx
import pytest

from tgiconik._page import base_style
from tgiconik.sandbox import Sandbox, credentials, page, world
from tgiconik.sandbox.faults import Fault, Refuse
from tgiconik.sandbox.iconik import kinds, seed
from tgiconik.sandbox.limit import Limit
from tgiconik.sandbox.page import rows
from tgiconik.sandbox.page.recorder import PAUSE, Recorder
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Store
from tgiconik.workflows import fulfill_media_request

BRAND = credentials.COMPANY_ID
HEADERS = {"App-ID": credentials.APP_ID, "Auth-Token": credentials.AUTH_TOKEN}
ASSETS = "/API/assets/v1/assets/"
SHARE = {
    "allow_approving_comments": False,
    "allow_comments": False,
    "allow_download": True,
    "allow_setting_approve_status": False,
}
FILES = ("/", "/sandbox/page.css", "/sandbox/page.js")
NOW = "/sandbox/now"


def own(name: str) -> str:
    return files(page).joinpath(name).read_text("utf-8")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """One that looks at every change, however long the look before took on this machine."""
    monkeypatch.setattr(page, "_SHARE_OF_TIME", math.inf)
    made = Sandbox()
    yield made
    made.close()


def client(sandbox: Sandbox) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(sandbox.app), base_url="http://localhost", headers=HEADERS
    )


def row(shown: dict[str, Any], key: str) -> dict[str, Any]:
    """A row of the page, wherever it is."""

    def below(some: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [one for each in some for one in (each, *below(each["parts"]))]

    sections = [one for side in shown["sides"].values() for one in side]
    (found,) = [r for one in sections for r in below(one["rows"]) if r["key"] == key]
    return found


async def test_looking_is_no_call_and_nothing_stands_in_its_way() -> None:
    limit = Limit(calls=1, seconds=3600)
    slow = Sandbox(limit=limit, latency=60)
    slow.faults.append(Fault(Refuse(500), path="^/(sandbox|$)"))
    async with client(slow) as http:
        for _ in range(3):
            for path in (*FILES, NOW):
                answer = await http.get(path)
                assert answer.status_code == 200
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]

    assert slow.writes == []
    assert (slow.calls.iconik.reads, slow.calls.grid.reads) == (0, 0)
    assert answer.json()["calls"] == []
    assert len(slow.faults) == 1
    slow.close()


async def test_everything_starts_unmarked_and_what_a_workflow_changes_is_marked(
    sandbox: Sandbox,
) -> None:
    async with client(sandbox) as http, sandbox.clients() as (grid, iconik):
        before = (await http.get(NOW)).json()
        result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=world.policy())
        after = (await http.get(NOW)).json()

    assert before["run"]["number"] == 0
    assert row(before, "requests/REQ-1042")["state"] == "submitted"
    assert row(before, "requests/REQ-1042")["run"] == 0
    request = row(after, "requests/REQ-1042")
    assert (request["state"], request["tone"], request["run"]) == ("fulfilled", "good", 1)
    assert "1 comment" in request["facts"]
    assert row(after, "requests/REQ-1043")["run"] == 0
    (outcome,) = result.outcomes
    share = row(after, f"shares/{rows.share_key(outcome.share_id or '')}")
    assert (share["state"], share["run"]) == ("opened 0, downloaded 0", 1)
    assert after["run"]["number"] == 1
    assert after["run"]["writes"] == len(sandbox.writes)
    assert [c["path"] for c in after["calls"] if c["wrote"]][-1].endswith("/REQ-1042/claim")


async def test_no_link_and_no_shares_id_is_ever_told(sandbox: Sandbox) -> None:
    async with client(sandbox) as http, sandbox.clients() as (grid, iconik):
        result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=world.policy())
        (outcome,) = result.outcomes
        assert outcome.link
        assert outcome.share_id
        await http.get(outcome.link)
        await http.get(f"{ASSETS}{outcome.asset_id}/shares/{outcome.share_id}/")
        told = (await http.get(NOW)).text

    assert outcome.link not in told
    assert outcome.share_id not in told
    assert outcome.link[-6:] in told


async def test_a_link_opens_from_the_page_as_long_as_it_is_open(sandbox: Sandbox) -> None:
    asset_id = world.asset_id("film-de")
    async with client(sandbox) as http:
        made = (await http.post(f"{ASSETS}{asset_id}/shares/url/", json=SHARE)).json()
        key = rows.share_key(made["id"])
        there = await http.get(f"/sandbox/open/{key}")
        assert there.status_code == 303
        assert (await http.get(there.headers["Location"])).status_code == 200
        shown = (await http.get(NOW)).json()
        assert row(shown, f"shares/{key}")["state"] == "opened 1, downloaded 0"
        await http.delete(f"{ASSETS}{asset_id}/shares/{made['id']}/")
        gone = await http.get(f"/sandbox/open/{key}")

        assert gone.status_code == 404
        assert "is closed" in gone.text


async def test_files_in_mailboxes_are_shown_as_they_go(sandbox: Sandbox) -> None:
    with sandbox.mailboxes() as server:
        network = server.network
        brand, partner = (network.addresses[one] for one in (BRAND, world.NORDLICHT))
        async with client(sandbox) as http:

            async def shown() -> dict[str, Any]:
                sections = (await http.get(NOW)).json()["sides"]["grid"]
                return next(one for one in sections if one["name"] == "files")

            assert (await shown())["rows"] == []
            network.put(brand, "a.json", b"{}", folder=f"TO/{partner}")
            network.written(brand, f"TO/{partner}/a.json")
            [waiting] = (await shown())["rows"]
            network.was_read(partner, "POLLABLE/a.json")
            [read] = (await shown())["rows"]

    assert (waiting["title"], waiting["state"], waiting["tone"]) == (
        "a.json",
        "ready for pickup",
        "wait",
    )
    assert f"{brand} to {partner}" in waiting["facts"]
    assert (read["key"], read["state"], read["tone"]) == (waiting["key"], "delivered", "good")


async def test_what_the_page_has_already_is_not_sent_again(sandbox: Sandbox) -> None:
    async with client(sandbox) as http:
        await http.get(ASSETS)
        first = (await http.get(NOW)).json()
        again = await http.get(NOW, params={"number": first["number"], "call": 1})
        nonsense = (await http.get(NOW, params={"number": "x", "call": "²"})).json()

    assert "sides" not in again.json()
    assert again.json()["calls"] == []
    assert "sides" in nonsense
    assert len(nonsense["calls"]) == 1


async def test_what_the_page_does_not_have_is_not_there(sandbox: Sandbox) -> None:
    async with client(sandbox) as http:
        assert (await http.get("/sandbox/other")).status_code == 404
        assert (await http.post("/", json={})).status_code == 405
        assert (await http.get("/sandbox/calls")).status_code == 200


@attrs.define
class Seconds:
    """A clock that goes when somebody moves it."""

    time: float = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def watching(seconds: Seconds) -> tuple[State, Recorder, Callable[..., None]]:
    state = State(Store())
    recorder = Recorder(state, clock=seconds)

    def call(*keys: str, kind: str = "iconik/shares", status: int = 200) -> None:
        begun = recorder.begin()
        for key in keys:
            state.store.put(kind, key, {})
        seconds.time += 0.1
        recorder.end(begun, "PUT" if keys else "GET", "/API/x", status)

    return state, recorder, call


def test_a_pause_ends_a_run_and_one_that_only_reads_takes_no_marks_away(
    watching: tuple[State, Recorder, Callable[..., None]], seconds: Seconds
) -> None:
    _, recorder, call = watching
    call("a")
    call("b")
    assert (recorder.run.number, recorder.run.calls, recorder.run.writes) == (1, 2, 2)
    assert recorder.run.seconds == pytest.approx(0.2)

    seconds.time += PAUSE
    call()
    assert recorder.run.number == 1

    seconds.time += PAUSE
    call("b")
    assert recorder.run.number == 3
    assert [recorder.run_of("iconik/shares", key) for key in "abc"] == [1, 3, 0]


def test_who_waits_long_for_an_answer_is_still_in_the_same_run(
    watching: tuple[State, Recorder, Callable[..., None]], seconds: Seconds
) -> None:
    _, recorder, call = watching
    slow = recorder.begin()
    seconds.time += 10 * PAUSE
    call("a")
    recorder.end(slow, "POST", "/API/x", 200)

    assert {one.run for one in recorder.calls} == {1}


@pytest.mark.parametrize(
    ("kind", "key", "shown"),
    [
        ("community/comments", "GC1/requests/REQ-1/CMT-1", ("community/requests", "REQ-1")),
        ("community/confirmations", "GC1/projects/PRJ-1/GC2", ("community/projects", "PRJ-1")),
        ("community/deliveries", "GC1/DOC-1/GC2", ("community/deliveries", "DOC-1/GC2")),
        (kinds.VALUES, "assets/a/", (kinds.ASSETS, "a")),
        (kinds.APPROVALS, "assets/a/v", (kinds.ASSETS, "a")),
    ],
)
def test_what_hangs_on_a_thing_marks_that_thing(
    watching: tuple[State, Recorder, Callable[..., None]],
    kind: str,
    key: str,
    shown: tuple[str, str],
) -> None:
    _, recorder, call = watching
    call(key, kind=kind)

    assert recorder.run_of(*shown) == 1


@pytest.mark.parametrize(
    "kind", ["community/claims", "community/answers", "community/counters", "grid/tokens"]
)
def test_what_nobody_sees_marks_nothing(
    watching: tuple[State, Recorder, Callable[..., None]], kind: str
) -> None:
    _, recorder, call = watching
    call("GC1/requests/REQ-1", kind=kind)

    assert recorder.run.number == 0
    assert recorder.revision == 0


def test_of_very_many_rows_the_latest_are_shown_in_their_order_and_the_rest_is_counted() -> None:
    many = [rows.Row(key=str(n), name="", title="", run=n % 7 == 0) for n in range(700)]

    shown = rows.section("assets", "Assets", many)

    assert len(shown.rows) == rows.MOST
    assert shown.more == 600
    assert all(one.run for one in shown.rows)
    assert [int(one.key) for one in shown.rows] == sorted(int(one.key) for one in shown.rows)


async def test_a_large_world_is_not_looked_at_all_the_time(seconds: Seconds) -> None:
    state = State(Store())
    seed.add_basics(state)
    recorder = Recorder(state)
    looked: list[float] = []

    def clock() -> float:
        # Each look takes a second: it asks for the time before and after.
        looked.append(seconds.time)
        seconds.time += 0.5
        return seconds.time

    shown = page._RowCache(state, recorder, clock)
    first = shown.since(-1)
    seed.add_asset(state, id_="a", title="A")
    soon = shown.since(first["number"])
    seconds.time += 10
    later = shown.since(first["number"])

    assert soon == {"number": first["number"]}
    assert later["number"] == first["number"] + 1


def test_a_page_that_looks_does_not_keep_a_sandbox_from_stopping(sandbox: Sandbox) -> None:
    with httpx.Client() as http:
        with sandbox.serve() as url:
            assert "sides" in http.get(f"{url}{NOW}").json()
            began = time.monotonic()
        assert time.monotonic() - began < 1


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str]] = []
        self.ids: set[str] = set()
        self.inline: list[str] = []
        self._tag = ""
        self.feed(own("page.html"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        self.attributes += [(name, value or "") for name, value in attributes]
        self.ids |= {value for name, value in attributes if name == "id" and value}

    def handle_data(self, data: str) -> None:
        if self._tag in {"script", "style"} and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._tag = ""


def test_the_page_has_nothing_inline_and_names_nobody_else() -> None:
    shown = Page()

    assert shown.inline == []
    assert not [name for name, _ in shown.attributes if name.startswith("on") or name == "style"]
    for name, value in shown.attributes:
        if name in {"for", "aria-labelledby"}:
            assert value in shown.ids
        if name in {"href", "src"}:
            assert value in {*FILES, "data:,", "#feed"}
    for name in ("page.html", "page.css", "page.js"):
        assert "http" not in own(name)
    for unsafe in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval"):
        assert unsafe not in own("page.js")


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    digits = "".join(2 * digit for digit in colour) if len(colour) == 3 else colour
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): #([0-9a-f]{3,6})", block))
    for block in re.findall(r":root \{([^}]*)\}", base_style())
)


def test_black_on_white_is_as_far_apart_as_it_gets() -> None:
    assert contrast("000", "ffffff") == pytest.approx(21)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "on"),
    [
        *((text, "paper") for text in ("ink", "soft", "link", "good", "wait", "bad")),
        *((text, "new") for text in ("ink", "new-ink", "link", "good", "wait", "bad")),
        ("ink", "raised"),
        ("paper", "link"),
    ],
)
def test_text_can_be_read(colours: dict[str, str], text: str, on: str) -> None:
    assert contrast(colours[text], colours[on]) >= 4.5


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("edge", ["edge", "link", "new-edge"])
def test_edges_of_buttons_marks_and_focus_can_be_seen(colours: dict[str, str], edge: str) -> None:
    assert contrast(colours[edge], colours["paper"]) >= 3


def test_both_palettes_have_the_same_colours() -> None:
    assert LIGHT.keys() == DARK.keys()
    used = set(re.findall(r"var\(--([\w-]+)\)", base_style() + own("page.css")))
    assert used == LIGHT.keys()


def test_who_wants_no_motion_gets_none() -> None:
    assert "prefers-reduced-motion: reduce" in own("page.css")
