"""States that reconciliation of the whole tenant finds, each as a play."""

from collections.abc import Awaitable

from tgiconik import IconikClient, TradingGridClient
from tgiconik.iconik.models import assets as m
from tgiconik.sandbox import Sandbox, world
from tgiconik.sandbox.iconik import seed
from tgiconik.workflows import Reconciliation, reconcile_links, share_key
from tgiconik.workflows.distribution.package_store import package_key

from . import comply_plays, distribute_plays, package_plays
from .conftest import Clock
from .plays import Play


def run(
    grid: TradingGridClient, iconik: IconikClient, clock: Clock, *, dry_run: bool = False
) -> Awaitable[Reconciliation]:
    return reconcile_links(grid, iconik, policy=world.policy(), dry_run=dry_run, now=clock)


async def a_smaller_package(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """The partner has a package, and must not have one asset of it any more."""
    await package_plays.run(grid, iconik, clock)
    seed.set_approval(sandbox.state, package_plays.FILM, "NOT_APPROVED")


async def an_unrecorded_package(
    sandbox: Sandbox, grid: TradingGridClient, iconik: IconikClient, clock: Clock
) -> None:
    """A run died between the package's link and its document, and the asset was withdrawn."""
    del grid
    key = package_key("spring", world.NORDLICHT)
    made = await iconik.assets.create_collection(
        body=m.CollectionInput(title="Spring launch", external_id=key)
    )
    body = m.CollectionContentInput(object_id=package_plays.FILM, object_type="assets")
    await iconik.assets.add_collection_content(str(made.id), body=body)
    await iconik.assets.create_link(
        str(made.id),
        key=share_key(world.NORDLICHT),
        title="Spring launch",
        expires=clock.time + world.policy().link_lifetime,
        allow_download=True,
        object_type="collections",
    )
    seed.set_approval(sandbox.state, package_plays.FILM, "NOT_APPROVED")


PLAYS = [
    Play(name=name, run=run, traces=traces, prepare=stage, in_order=False)
    for name, traces, stage in (
        ("reconcile a_withdrawal", distribute_plays.traces, distribute_plays.a_withdrawal),
        ("reconcile strays", distribute_plays.traces, distribute_plays.strays),
        ("reconcile pinned", comply_plays.traces, comply_plays.pinned),
        ("reconcile a_smaller_package", package_plays.traces, a_smaller_package),
        ("reconcile unrecorded", package_plays.traces, an_unrecorded_package),
        ("reconcile packages", package_plays.traces, package_plays.a_withdrawal),
    )
]
