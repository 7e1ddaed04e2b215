"""Work for the media team in iconik: a comment on the timeline, a collection as the queue.

Both are looked for before they are made: the comment by our key in its `external_id`, the asset by
its id in the queue.
"""

from collections.abc import Collection

from tgiconik.iconik import IconikClient
from tgiconik.iconik.models import assets as m
from tgiconik.workflows.run import IconikRun


async def ask_media_team(
    run: IconikRun,
    asset_id: str,
    version_id: str,
    text: str,
    *,
    key: str,
    queue: str | None,
    there: Collection[str] | None = None,
) -> None:
    """Put a wish where the media team works: on the version's timeline, and into their queue.

    `POST /API/assets/v1/assets/{asset_id}/segments/`,
    `POST /API/assets/v1/collections/{collection_id}/contents/`.

    Args:
        run: the run.
        asset_id: the asset to be changed.
        version_id: the version that is not as it should be.
        text: the wish.
        key: names this wish; there is one comment for it.
        queue: id of the collection that is their work queue; None for no queue.
        there: from `keys_on_timeline`, when there are several wishes; read when left out.
    """
    if key not in (await keys_on_timeline(run.iconik, asset_id) if there is None else there):
        comment = m.SegmentInput(
            segment_type=m.SegmentType.COMMENT,
            segment_text=text,
            external_id=key,
            version_id=version_id,
            # Partners who look through a link are not to read it.
            is_internal=True,
        )
        await run.write(
            f"comment on the timeline of asset {asset_id}",
            lambda: run.iconik.assets.create_asset_segment(asset_id, body=comment),
            instead=None,
        )
    if queue is not None and not await _is_queued(run, asset_id, queue):
        content = m.CollectionContentInput(object_id=asset_id, object_type="assets")
        await run.write(
            f"put asset {asset_id} into the work queue",
            lambda: run.iconik.assets.add_collection_content(queue, body=content),
            instead=None,
        )


async def take_from_queue(run: IconikRun, asset_id: str, queue: str | None) -> None:
    """Take an asset out of the media team's work queue, if it is in it.

    `DELETE /API/assets/v1/collections/{collection_id}/contents/{object_type}/{object_id}/`.
    """
    if queue is None or not await _is_queued(run, asset_id, queue):
        return
    await run.write(
        f"take asset {asset_id} from the work queue",
        lambda: run.iconik.assets.discard_collection_content(queue, "assets", asset_id),
        instead=True,
    )


async def keys_on_timeline(iconik: IconikClient, asset_id: str) -> frozenset[str]:
    """The external ids of the comments on an asset's timeline.

    `GET /API/assets/v1/assets/{asset_id}/segments/`.
    """
    comments = iconik.assets.list_asset_segments(
        asset_id, segment_type=m.SegmentType.COMMENT, include_all_versions=True
    )
    return frozenset([comment.external_id or "" async for comment in comments])


async def _is_queued(run: IconikRun, asset_id: str, queue: str) -> bool:
    # The collections that an asset says it is in are the database's word, not an index's.
    asset = await run.iconik.assets.get_asset(asset_id)
    return queue in (asset.in_collections or ())
