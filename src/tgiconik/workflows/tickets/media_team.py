"""Work for the media team in iconik: a timeline comment, and a collection as the work queue.

Both are idempotent: the comment is found by the key in its `external_id`, and the asset by its id
in the queue.
"""

from collections.abc import Collection

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
    """Ask the media team: comment on the version's timeline, and add the asset to the queue.

    `POST /API/assets/v1/assets/{asset_id}/segments/`,
    `POST /API/assets/v1/collections/{collection_id}/contents/`.

    Args:
        run: the run.
        asset_id: the asset to be changed.
        version_id: the version that is not as it should be.
        text: the comment.
        key: identifies the comment; it is created once.
        queue: id of the collection that serves as the work queue; None for none.
        there: from `keys_on_timeline`, for several comments; read if omitted.
    """
    if key not in (await keys_on_timeline(run, asset_id) if there is None else there):
        comment = m.SegmentInput(
            segment_type=m.SegmentType.COMMENT,
            segment_text=text,
            external_id=key,
            version_id=version_id,
            # Partners who open a link must not see the comment.
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
    """Remove an asset from the media team's work queue, if present.

    `DELETE /API/assets/v1/collections/{collection_id}/contents/{object_type}/{object_id}/`.
    """
    if queue is None or not await _is_queued(run, asset_id, queue):
        return
    await run.write(
        f"take asset {asset_id} from the work queue",
        lambda: run.iconik.assets.discard_collection_content(queue, "assets", asset_id),
        instead=True,
    )


async def keys_on_timeline(run: IconikRun, asset_id: str) -> frozenset[str]:
    """The external ids of the comments on an asset's timeline that these credentials made.

    Anybody may give a comment our key; who made it is iconik's word.

    `GET /API/assets/v1/assets/{asset_id}/segments/`.
    """
    listed = run.iconik.assets.list_asset_segments(
        asset_id, segment_type=m.SegmentType.COMMENT, include_all_versions=True
    )
    comments = [comment async for comment in listed if comment.external_id]
    ours = await run.user_id() if comments else None
    return frozenset(one.external_id or "" for one in comments if one.user_id in {None, ours})


async def _is_queued(run: IconikRun, asset_id: str, queue: str) -> bool:
    # An asset's own list of collections is from the database, not from an index.
    asset = await run.iconik.assets.get_asset(asset_id)
    return queue in (asset.in_collections or ())
