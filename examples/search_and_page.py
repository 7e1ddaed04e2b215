"""Search iconik, take as much of a list as you need, and go on later where you stopped.

    python examples/search_and_page.py

On the embedded sandbox.
"""

import asyncio

from _story import chapter, tell

from tgiconik.iconik.search import none_of, one_of, term
from tgiconik.sandbox import Sandbox


async def main() -> None:
    """A search, its beginning, and a walk with a break."""
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
            kept = page.next  # text: it can be kept in a file, and outlives the process
            break
        async for page in walk.resume(kept).pages():
            tell(f"and {len(page.items)} more")
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
