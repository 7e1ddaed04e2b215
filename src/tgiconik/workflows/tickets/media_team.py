"""What the media team is asked for in iconik: a comment on the timeline, a collection as the queue.

Both are looked for before they are made: the comment by our key in its `external_id`, the asset by
its id in the queue.
"""

from collections.abc import Collection

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.models import assets as m
from tgiconik.workflows.run.trail import Trail


async def ask_media_team(
    iconik: IconikClient,
    asset_id: str,
    version_id: str,
    text: str,
    *,
    key: str,
    queue: str | None,
    there: Collection[str] | None = None,
    trail: Trail,
) -> None:
    """Put a wish where the media team works: on the version's timeline, and into their queue.

    `POST /API/assets/v1/assets/{asset_id}/segments/`,
    `POST /API/assets/v1/collections/{collection_id}/contents/`.

    Args:
        iconik: where they work.
        asset_id: what is to be changed.
        version_id: the version that is not as it should be.
        text: what is wanted.
        key: names this wish; there is one comment for it.
        queue: id of the collection that is their work queue; None for no queue.
        there: from `keys_on_timeline`, when there are several wishes; read when left out.
        trail: where to record it.
    """
    if key not in (await keys_on_timeline(iconik, asset_id) if there is None else there):
        comment = m.SegmentInput(
            segment_type=m.SegmentType.COMMENT,
            segment_text=text,
            external_id=key,
            version_id=version_id,
            # Partners who look through a link are not to read it.
            is_internal=True,
        )
        await trail.write(
            f"comment on the timeline of asset {asset_id}",
            lambda: iconik.assets.create_asset_segment(asset_id, body=comment),
            instead=None,
        )
    if queue is not None and not await _is_queued(iconik, asset_id, queue):
        content = m.CollectionContentInput(object_id=asset_id, object_type="assets")
        await trail.write(
            f"put asset {asset_id} into the work queue",
            lambda: iconik.assets.add_collection_content(queue, body=content),
            instead=None,
        )


async def take_from_queue(
    iconik: IconikClient, asset_id: str, queue: str | None, *, trail: Trail
) -> None:
    """Nothing is wanted of an asset any more.

    `DELETE /API/assets/v1/collections/{collection_id}/contents/{object_type}/{object_id}/`.
    """
    if queue is None or not await _is_queued(iconik, asset_id, queue):
        return

    async def remove() -> None:
        try:
            await iconik.assets.remove_collection_content(queue, "assets", asset_id)
        except errors.NotFound:
            trail.read(f"asset {asset_id} has left the work queue already")

    await trail.write(f"take asset {asset_id} from the work queue", remove, instead=None)


async def keys_on_timeline(iconik: IconikClient, asset_id: str) -> frozenset[str]:
    """What names the comments on an asset's timeline.

    `GET /API/assets/v1/assets/{asset_id}/segments/`.
    """
    comments = iconik.assets.list_asset_segments(
        asset_id, segment_type=m.SegmentType.COMMENT, include_all_versions=True
    )
    return frozenset([comment.external_id or "" async for comment in comments])


async def _is_queued(iconik: IconikClient, asset_id: str, queue: str) -> bool:
    # The collections that an asset says it is in are the database's word, not an index's.
    asset = await iconik.assets.get_asset(asset_id)
    return queue in (asset.in_collections or ())
