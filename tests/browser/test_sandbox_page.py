"""The sandbox's page in a browser, while workflows run."""

from collections.abc import AsyncIterator, Iterator

import anyio
import attrs
import pytest
from playwright.async_api import Page, expect
from starlette.types import ASGIApp, Receive, Scope, Send

from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.faults import Fault
from tgiconik.sandbox.grid import seed
from tgiconik.sandbox.page.recorder import PAUSE
from tgiconik.workflows import distribute_tagged_assets, fulfill_media_request

from .conftest import Seen, Shoot

pytestmark = pytest.mark.browser

REQUEST = "[data-key='requests/REQ-1042']"
HOSTILE = "<img src=x onerror=\"document.title='taken over'\"><b>bold</b>"


@attrs.frozen
class Wait:
    """A request goes on when it is told to."""

    told: anyio.Event

    async def happen(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await self.told.wait()
        await app(scope, receive, send)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    # As far away as a platform is: there is time to look while a workflow runs.
    made = Sandbox(latency=0.1)
    yield made
    made.close()


@pytest.fixture
async def url(sandbox: Sandbox, page: Page) -> AsyncIterator[str]:
    """The sandbox's address; the page is open there, and shows it."""
    with sandbox.serve() as url:
        await page.goto(url)
        await expect(page.locator("#grid-requests li")).to_have_count(5)
        yield url
        # It asks again and again, and the sandbox is about to stop.
        await page.goto("about:blank")


async def fulfill(sandbox: Sandbox) -> None:
    async with sandbox.clients() as (grid, iconik):
        result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=world.policy())
    assert result.status == "fulfilled"


@pytest.mark.usefixtures("url")
async def test_it_shows_what_a_workflow_does_while_it_does_it(sandbox: Sandbox, page: Page) -> None:
    await expect(page.locator("#said")).to_contain_text("Nothing was changed yet")
    await expect(page.locator(".marked")).to_have_count(0)
    go_on = anyio.Event()
    sandbox.faults.append(Fault(Wait(go_on), method="PUT", path="/REQ-1042/status", nth=2))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fulfill, sandbox)
        # The link is made and the partner not told yet.
        await expect(page.locator("#iconik-shares .badge")).to_have_text("new")
        await expect(page.locator(f"{REQUEST} .state")).to_contain_text("in review")
        go_on.set()

    request = page.locator(f"{REQUEST}.marked")
    await expect(request.locator(".state")).to_have_text("was submitted → fulfilled")
    await expect(request.locator(".badge")).to_have_text("changed")
    # The claim is given back last.
    await expect(request.get_by_text("claimed")).to_have_count(0)
    await expect(request.locator(".fresh")).to_have_text("1 comment")
    await expect(page.locator("#iconik-shares .badge")).to_have_text("new")
    await expect(page.locator("#said")).to_contain_text(f"{len(sandbox.writes)} of them writes")


async def test_what_ends_stays_in_sight_and_the_next_run_takes_the_marks(
    sandbox: Sandbox, page: Page, url: str, shoot: Shoot
) -> None:
    await fulfill(sandbox)
    async with sandbox.clients() as (grid, iconik):
        (share,) = [one async for one in iconik.assets.list_all_shares()]
        await expect(page.locator("#iconik-shares li")).to_have_count(1)
        await anyio.sleep(PAUSE)
        await iconik.assets.delete_object_share("assets", share.object_id or "", share.id or "")
        await distribute_tagged_assets(grid, iconik, policy=world.policy())

    gone = page.locator("#iconik-shares li.gone")
    await expect(gone.locator(".badge")).to_have_text("gone")
    await expect(page.locator("#iconik-shares li.marked")).to_have_count(3)
    await expect(page.locator(f"{REQUEST}.marked")).to_have_count(0)
    await shoot(page, "sandbox")
    for name, width in (("narrow", 390), ("zoomed", 720)):
        await page.set_viewport_size({"width": width, "height": 844})
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        await shoot(page, f"sandbox-{name}")
    del url


async def test_a_link_is_never_on_the_page_and_opens_from_it(
    sandbox: Sandbox, page: Page, url: str
) -> None:
    await fulfill(sandbox)
    opener = page.locator("#iconik-shares a")
    share_id = str(sandbox.state.store.list("iconik/shares")[0]["id"])
    await expect(opener).to_have_count(1)
    assert share_id not in await page.content()

    # A film is shown by the browser itself, which asks for a part of it and then for the rest.
    async with page.context.expect_page() as opened:
        await opener.click()
    await (await opened.value).close()

    await expect(page.locator("#iconik-shares .state")).not_to_contain_text("opened 0")
    assert url in page.url


async def test_it_filters_and_holds_still(sandbox: Sandbox, page: Page, url: str) -> None:
    del url
    await page.get_by_label("Filter").fill("nordlicht winter")
    await expect(page.locator("#grid-requests li")).to_have_count(1)
    await expect(page.locator("#grid-requests .count")).to_have_text("1 of 5")
    await page.get_by_label("Filter").fill("")

    await page.get_by_role("button", name="Hold still").click()
    await fulfill(sandbox)
    await anyio.sleep(1)
    await expect(page.locator(f"{REQUEST} .state")).to_have_text("submitted")
    await page.get_by_role("button", name="Hold still").click()
    await expect(page.locator(f"{REQUEST} .state")).to_contain_text("fulfilled")

    await page.get_by_role("button", name="Only what changed").click()
    await expect(page.locator("#grid-requests li")).to_have_count(1)
    await expect(page.locator("#iconik-assets")).to_be_hidden()
    await page.get_by_role("button", name="Only writes").click()
    await expect(page.locator("tbody tr")).to_have_count(len(sandbox.writes))
    await page.get_by_role("button", name="Clear marks").click()
    await expect(page.locator(".marked")).to_have_count(0)


async def test_everything_can_be_reached_and_used_by_keyboard(
    sandbox: Sandbox, page: Page, url: str
) -> None:
    del url
    await fulfill(sandbox)
    await expect(page.locator("#iconik-shares a")).to_have_count(1)
    stops: list[str] = []
    for _ in range(40):
        await page.keyboard.press("Tab")
        at, outline = await page.evaluate(
            "[((e) => e.id || (e.closest('[id]')?.id ?? '') + ' ' + e.tagName.toLowerCase())"
            "(document.activeElement), getComputedStyle(document.activeElement).outlineStyle]"
        )
        if at in stops and not at.endswith(" a"):
            break
        # Where one is can be seen.
        assert outline == "solid", at
        stops.append(at)
        if at == "writes":
            break

    assert stops[0].endswith(" a")
    assert stops[1:6] == ["filter", "only", "hold", "clear", "grid"]
    assert stops[6] == "grid-requests summary"
    assert "iconik" in stops
    assert "iconik-shares a" in stops
    assert stops[-2:] == ["feed", "writes"]

    await page.keyboard.press("Space")
    await expect(page.locator("#writes")).to_have_attribute("aria-pressed", "true")
    await page.locator("#grid-requests summary").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(REQUEST)).to_be_hidden()
    await page.locator(".skip").focus()
    await expect(page.locator(".skip")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("#feed")).to_be_focused()


async def test_who_is_on_a_link_stays_there_while_things_change(
    sandbox: Sandbox, page: Page, url: str
) -> None:
    del url
    await fulfill(sandbox)
    await page.locator("#iconik-shares a").focus()
    await anyio.sleep(PAUSE)
    async with sandbox.clients() as (grid, iconik):
        await distribute_tagged_assets(grid, iconik, policy=world.policy())

    await expect(page.locator("#iconik-shares a")).to_have_count(3)
    await expect(page.locator("#iconik-shares a").first).to_be_focused()


async def test_what_is_said_aloud_is_one_polite_sentence(
    sandbox: Sandbox, page: Page, url: str
) -> None:
    del url
    status = page.get_by_role("status")
    await expect(status).to_have_count(1)
    assert await page.locator("[aria-live=assertive]").count() == 0
    await fulfill(sandbox)
    await expect(status).to_contain_text("Last run that changed something")


async def test_whatever_a_title_says_it_stays_text(
    sandbox: Sandbox, page: Page, url: str, seen: Seen
) -> None:
    seed.add_request(
        sandbox.state,
        credentials.COMPANY_ID,
        "REQ-9000",
        kind="media_request",
        partner_id=world.SUMMIT,
        subject=HOSTILE,
    )

    title = page.locator("[data-key='requests/REQ-9000'] .title")
    await expect(title).to_have_text(HOSTILE)
    assert await page.locator("main img, main b").count() == 0
    assert await page.title() != "taken over"
    assert not [one for one in seen.requests if not one.startswith(("data:", url))]


async def test_it_says_when_nobody_answers_and_goes_on_with_who_is_there_next(
    page: Page, seen: Seen
) -> None:
    first, second = Sandbox(), Sandbox()
    with first.serve() as url:
        await page.goto(url)
        await expect(page.locator("#grid-requests li")).to_have_count(5)
        await fulfill(first)
        await expect(page.locator(f"{REQUEST} .state")).to_contain_text("fulfilled")
    await expect(page.get_by_role("alert")).to_be_visible()

    with second.serve(port=int(url.rpartition(":")[2])):
        await expect(page.locator(f"{REQUEST} .state")).to_have_text("submitted")
        await expect(page.get_by_role("alert")).to_be_hidden()
        await page.goto("about:blank")

    # What the browser itself says of an address where nobody answered.
    refused = "error: Failed to load resource: net::ERR_CONNECTION_REFUSED"
    assert set(seen.troubles) <= {refused}
    seen.troubles.clear()
    first.close()
    second.close()
