"""Backblaze B2: one request for a small file, a large file in parts otherwise.

One request goes to `upload_url` with Backblaze's headers. Parts begin with
`POST …/multipart/b2/start/`, which answers link and token for one part; called with the
`upload_file_id`, it answers those of a further one. `…/finish/` takes the SHA-1 of every part.
"""

from functools import partial
from urllib.parse import quote

from tgiconik import errors
from tgiconik.iconik.models import files as m
from tgiconik.iconik.transfer._sending import (
    Part,
    Sending,
    cancelled_on_failure,
    send_parts,
    with_retries,
)


async def send_to_b2(sending: Sending) -> None:
    """Send a file with its SHA-1, which Backblaze itself compares."""
    if sending.source.size > sending.part_size:
        await _send_large(sending)
    else:
        sha1 = await sending.source.digest("sha1")
        await sending.with_new_links(partial(_send_small, sha1))


async def _send_small(sha1: str, sending: Sending) -> None:
    file = sending.file
    token = (file.upload_credentials or {}).get("authorizationToken")
    headers = {
        "X-Bz-File-Name": quote(file.upload_filename or sending.source.name),
        "X-Bz-Content-Sha1": sha1,
        "Content-Type": "b2/x-auto",
    }
    if token:
        headers["Authorization"] = str(token)
    await sending.put_once(headers, method="POST")


async def _send_large(sending: Sending) -> None:
    """Send the parts and put them together; cancel the upload when that fails."""
    async with cancelled_on_failure(
        partial(_start, sending, None), partial(_cancel, sending)
    ) as first:
        upload = m.MultipartB2StartUploadInput(upload_file_id=first.upload_file_id)
        sums: dict[int, str] = {}
        spare = [first]

        async def send(part: Part) -> None:
            sha1 = await sending.source.digest("sha1", part.start, part.end)

            async def attempt() -> None:
                # A link takes one part at a time: one that failed is not used again, as Backblaze
                # asks.
                link = spare.pop() if spare else await _start(sending, upload)
                await sending.links.send(
                    "POST",
                    str(link.upload_url),
                    headers={
                        "Authorization": str(link.authorization_token),
                        "X-Bz-Part-Number": str(part.number),
                        "X-Bz-Content-Sha1": sha1,
                    },
                    body=sending.body(part),
                )
                spare.append(link)

            await sending.retry_refused_links(attempt)
            sums[part.number] = sha1

        await send_parts(sending.parts, sending.parallel, send)
        finish = m.MultipartB2FinishUploadInput(
            upload_file_id=str(first.upload_file_id),
            sha1_list=[sums[number] for number in sorted(sums)],
        )
        await with_retries(
            sending.retry,
            partial(sending.files.finish_asset_file_b2_upload, *sending.ids, body=finish),
        )


async def _cancel(sending: Sending, first: m.MultipartB2StartUpload) -> None:
    cancel = m.MultipartB2CancelUploadInput(upload_file_id=str(first.upload_file_id))
    await sending.files.cancel_asset_file_b2_upload(*sending.ids, body=cancel)


async def _start(
    sending: Sending, upload: m.MultipartB2StartUploadInput | None
) -> m.MultipartB2StartUpload:
    """Link and token for one part, of a new upload or of one that has begun.

    Raises:
        Inconsistent: iconik gives none, or one of another upload.
    """
    link = await sending.files.start_asset_file_b2_upload(
        *sending.ids, body=upload or m.MultipartB2StartUploadInput()
    )
    if not (link.upload_file_id and link.upload_url and link.authorization_token):
        said = link.error or link.error_code or "and does not say why"
        raise errors.Inconsistent(f"iconik gives no link for a part of an upload to B2: {said}")
    if upload is not None and link.upload_file_id != upload.upload_file_id:
        raise errors.Inconsistent("iconik began another upload to B2 instead of going on with one")
    return link
