"""Letters by e-mail on the sandbox's page: read, and answered, in a browser."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import anyio
import pytest
from playwright.async_api import Page, expect

from tgiconik.community import Community
from tgiconik.community.post import PostOffice
from tgiconik.community.post.mail import MailChannel
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.mail import MailServer
from tgiconik.workflows import fulfill_media_request

from .conftest import Seen, Shoot

pytestmark = pytest.mark.browser

BRAND, JANA = "media@brand.example", "media@nordlicht.example"
ROWS = "#grid-mails > ul > li"
STATUS = f"{ROWS}:has-text('status about requests/REQ-1042')"
HOSTILE = (
    "From: eve@evil.example\r\nSubject: <b>Win</b>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/html\r\n\r\n"
    '<link rel="preconnect" href="$evil"><link rel="stylesheet" href="$evil/style">'
    '<base href="$evil"><meta http-equiv="refresh" content="0;url=$evil"><p>Win</p>'
    "<script>parent.document.title = document.title = 'taken over'</script>"
    '<img src="x" onerror="parent.document.title = \'taken over\'">'
    '<img src="$evil/pixel"><iframe src="$evil/frame"></iframe>'
    '<form action="/sandbox/mails/1/answers" method="post">'
    '<input name="text" autofocus><button>Send</button></form>'
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[MailServer]:
    with sandbox.mail_server() as server:
        yield server


@pytest.fixture
async def office(sandbox: Sandbox, server: MailServer) -> AsyncIterator[PostOffice]:
    channel = MailChannel(
        smtp=server.smtp(BRAND), imap=server.imap(BRAND), sender=BRAND, sender_name="Brand Media"
    )
    community = Community(sandbox.state.community)
    async with PostOffice(community, credentials.COMPANY_ID, channels=[channel]) as office:
        await office.run_once()
        yield office


@pytest.fixture
async def url(sandbox: Sandbox, page: Page) -> AsyncIterator[str]:
    """The sandbox's address; the page is open there, and shows it."""
    with sandbox.serve() as url:
        await page.goto(url)
        await expect(page.locator("#grid-requests li")).to_have_count(5)
        yield url
        # It asks again and again, and the sandbox is about to stop.
        await page.goto("about:blank")


async def fulfill(sandbox: Sandbox, office: PostOffice) -> None:
    async with sandbox.clients() as (grid, iconik):
        await fulfill_media_request(grid, iconik, "REQ-1042", policy=world.policy())
    await office.run_once()


async def test_a_letter_is_read_and_answered_as_its_partner(
    sandbox: Sandbox, office: PostOffice, page: Page, url: str, shoot: Shoot
) -> None:
    await fulfill(sandbox, office)
    await expect(page.locator(ROWS)).to_have_count(3)
    letter = page.locator(STATUS)
    await expect(letter.locator("> .line .state")).to_have_text("delivered")
    await letter.get_by_role("button", name="read").click()

    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    await expect(dialog.locator("pre")).to_contain_text("REQ-1042")
    await expect(dialog.get_by_label(f"Answer as {JANA}")).to_be_visible()
    await dialog.get_by_role("button", name="CONFIRM").click()
    await expect(dialog.get_by_role("status")).to_contain_text("Sent.")
    await dialog.get_by_label(f"Answer as {JANA}").fill("May we show it outside, too?")
    await dialog.get_by_role("button", name="Send answer").click()
    await expect(dialog.get_by_label(f"Answer as {JANA}")).to_have_value("")
    for name, width in (("mail", 1280), ("mail-narrow", 390)):
        await page.set_viewport_size({"width": width, "height": 844})
        await shoot(page, name)
    await page.keyboard.press("Escape")
    await expect(letter.locator("> .facts button")).to_be_focused()

    await office.run_once()
    await expect(letter.locator("> .line .state")).to_contain_text("answered")
    await expect(letter.locator("li .state")).to_have_text(["applied", "applied"])
    await expect(page.locator("[data-key='requests/REQ-1042'] .state")).to_contain_text("confirmed")
    await page.locator("#grid-mails").scroll_into_view_if_needed()
    for name, width in (("mails", 1280), ("mails-narrow", 390)):
        await page.set_viewport_size({"width": width, "height": 844})
        await page.locator("#grid-mails summary").scroll_into_view_if_needed()
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await shoot(page, name)
    assert url in page.url


async def test_a_letters_own_page_and_link_open_as_in_its_mailbox(
    sandbox: Sandbox, office: PostOffice, page: Page, url: str, shoot: Shoot
) -> None:
    await fulfill(sandbox, office)
    letter = page.locator(f"{ROWS}:has-text('delivery about')")
    await letter.get_by_role("button", name="read").click()
    dialog = page.get_by_role("dialog")
    async with page.context.expect_page() as opened:
        await dialog.locator("pre a").click()
    shared = await opened.value
    # Its video too: a browser's page about it is of the same origin.
    await expect(shared.locator("video")).not_to_have_js_property("readyState", 0)
    await expect(shared.locator("video")).to_have_js_property("error", None)
    await shared.close()
    await expect(page.locator("#iconik-shares .state")).not_to_contain_text("opened 0")

    await dialog.get_by_role("button", name="Page").click()
    shown = dialog.frame_locator("iframe").locator("body")
    await expect(shown).to_contain_text("Spring launch film")
    await page.set_viewport_size({"width": 1280, "height": 844})
    await shoot(page, "mail-page")
    await page.keyboard.press("Escape")
    assert url in page.url


async def test_whatever_a_mail_says_it_runs_nothing_and_asks_nobody(
    server: MailServer, page: Page, url: str, seen: Seen
) -> None:
    asked: list[str] = []

    async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append("connected")
        writer.close()

    evil = await asyncio.start_server(note, "127.0.0.1", 0)
    host = f"http://127.0.0.1:{evil.sockets[0].getsockname()[1]}"
    raw = HOSTILE.replace("$evil", host).encode()
    server.deliver(raw, sender="eve@evil.example", recipient=JANA, is_proven=False)
    row = page.locator(ROWS)
    await expect(row.locator(".title")).to_have_text("<b>Win</b>")
    await row.get_by_role("button", name="read").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.locator("h2")).to_have_text("<b>Win</b>")
    await expect(dialog.locator("form")).to_be_hidden()
    await dialog.get_by_role("button", name="Page").click()
    inner = dialog.frame_locator("#mail-page")
    await expect(inner.locator("p")).to_have_text("Win")
    await inner.locator("button").click()
    await anyio.sleep(1)

    assert await page.title() != "taken over"
    assert await page.locator("main b").count() == 0
    assert asked == []
    assert len(server.mails(JANA)) == 1
    assert url in page.url
    # What the browser says of what it did not do.
    assert seen.troubles
    assert [one for one in seen.troubles if "locked" not in one] == []
    seen.troubles.clear()
    evil.close()


async def test_a_mail_is_read_and_answered_by_keyboard(
    sandbox: Sandbox, office: PostOffice, page: Page, url: str
) -> None:
    del url
    await fulfill(sandbox, office)
    letter = page.locator(STATUS)
    await letter.get_by_role("button", name="read").focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    stops: list[str] = []
    for _ in range(12):
        at = await page.evaluate(
            "document.activeElement.id || document.activeElement.textContent.trim()"
        )
        if at in stops:
            break
        stops.append(at)
        await page.keyboard.press("Tab")

    wanted = ["mail-close", "mail-as-text", "mail-as-page", "mail-text", "mail-words"]
    assert [one for one in stops if one in wanted] == wanted
    assert {"Send answer", "CONFIRM", "REOPEN"} <= set(stops)
    # Nothing is sent without words.
    await dialog.get_by_role("button", name="Send answer").press("Enter")
    await expect(dialog.get_by_role("status")).to_have_text("Write something first.")
    await expect(page.locator("#mail-words")).to_be_focused()
