"""Search and resume pagination.

    python examples/search_and_page.py

Searches iconik with filters, limits a list, and resumes it later. Runs on the embedded
sandbox.

Guide: docs/search.md
"""

import asyncio

from _story import chapter, tell

from tgiconik.iconik.search import none_of, one_of, term
from tgiconik.sandbox import Sandbox


async def main() -> None:
    """Run a search, take its first hits, and resume a list."""
    sandbox = Sandbox()
    async with sandbox.clients() as (_, iconik):
        chapter("Spring media for Germany or Austria, but no video")
        cleared = one_of("metadata.Regions", ["DE", "AT", "Worldwide"])
        where = [cleared, none_of(term("media_type", "video"))]
        async for hit in iconik.search.assets("spring", where=where, sort=["title"]):
            tell(f"{hit.media_type}: {hit.title}")

        chapter("The two that were made last")
        for hit in await iconik.search.assets(sort=["-date_created"]).first(2):
            tell(f"{hit.date_created:%d %B} {hit.title}")

        chapter("All of them, four at a time, with a break")
        walk = iconik.search.assets(sort=["title"], per_page=4)
        async for page in walk.pages():
            tell(f"{len(page.items)} of {page.total}")
            kept = page.next  # text, which can be stored in a file
            break
        async for page in walk.resume(kept).pages():
            tell(f"and {len(page.items)} more")
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
