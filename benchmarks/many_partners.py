"""Adds many partners and a few approved assets for them to a sandbox.

    python -m benchmarks.many_partners crowd.db --partners 2000
    python -m tgiconik.sandbox --db crowd.db --limit --latency 0.1

or, in a test or benchmark of one process, `asset_ids = gather(sandbox, partners=2_000)`, and for a
file that another process serves, `asset_ids = fill("crowd.db", partners=2_000, assets=1)`.

All partners are in the group `GROUP` with the tag `TAG`; the assets have the tag, and the policy of
the sandbox's sample data allows them for every partner. Ids are deterministic: they are
`partner_ids(2_000)` and `asset_ids(1)` in every process.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from tgiconik.sandbox import Sandbox, media
from tgiconik.sandbox.credentials import COMPANY_ID
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed

GROUP: Final = "GRP-CROWD"
TAG: Final = "crowd"


def partner_ids(partners: int) -> list[str]:
    """The company ids of a number of partners."""
    return [f"GC-{number:05}" for number in range(partners)]


def asset_ids(assets: int) -> list[str]:
    """The ids of a number of assets."""
    return [seed.fixed_id(f"asset for the crowd {number}") for number in range(assets)]


def gather(sandbox: Sandbox, *, partners: int, assets: int = 1) -> list[str]:
    """Add the partners in their group, and the assets that are tagged for it.

    Args:
        sandbox: a sandbox with its sample data.
        partners: the number of partners.
        assets: the number of assets.

    Returns:
        The ids of the assets.
    """
    state = sandbox.state
    with state.store.transaction():
        grid_seed.add_group(state, COMPANY_ID, GROUP, "Everybody", tags=[TAG])
        for partner_id in partner_ids(partners):
            grid_seed.add_partner(
                state,
                COMPANY_ID,
                partner_id,
                f"Dealer {partner_id}",
                groups=[GROUP],
                contacts=[{"email": f"media@{partner_id.lower()}.example"}],
                regions=["DE"],
                languages=["de"],
            )
        for number, asset_id in enumerate(asset_ids(assets), start=1):
            picture = media.png(f"poster-{number}.png", f"Poster {number}")
            seed.add_asset(
                state,
                id_=asset_id,
                title=f"Poster {number}",
                media=picture,
                values={"Regions": ["DE"], "Languages": ["de"], "PartnerGroups": [TAG]},
            )
    return asset_ids(assets)


def fill(db: str | Path, *, partners: int, assets: int = 1) -> list[str]:
    """Add them to a file for `python -m tgiconik.sandbox --db`.

    Args:
        db: the file; it must not exist.
        partners: the number of partners.
        assets: the number of assets.

    Returns:
        The ids of the assets.

    Raises:
        FileExistsError: the file exists.
    """
    if Path(db).exists():
        raise FileExistsError(f"{db} is there already")
    sandbox = Sandbox(db=db)
    try:
        return gather(sandbox, partners=partners, assets=assets)
    finally:
        sandbox.close()


def main() -> int:
    """Fill a file, and print the assets' ids."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_partners", description=__doc__)
    parser.add_argument("db", type=Path, help="file to make")
    parser.add_argument("--partners", type=int, default=2_000, help="how many (%(default)s)")
    parser.add_argument("--assets", type=int, default=1, help="how many (%(default)s)")
    options = parser.parse_args()
    for asset_id in fill(options.db, partners=options.partners, assets=options.assets):
        sys.stdout.write(f"{asset_id}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
