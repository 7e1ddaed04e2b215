"""Publish a file in a mailbox, so that nobody takes half of it for a whole one.

Sending again after a failure writes the same name: whether the network has taken the first one is
for the network's own rule about duplicates to say, and Lens tells.
"""

from tgiconik import errors
from tgiconik.community.post.mailbox.settings import Publish
from tgiconik.community.post.mailbox.sftp import RefusedError, Sftp

_PART = ".part"
_MARKER = ".done"


async def publish(sftp: Sftp, path: str, content: bytes, how: Publish) -> None:
    """Publish a file.

    Args:
        sftp: the server.
        path: the final name.
        content: the file.
        how: how it is written.

    Raises:
        PostUnavailable: it is not published, or nobody can tell; it can be published again.
        ConfigurationError: the server is not the expected one, or refuses the credentials.
    """
    if how is Publish.RENAME:
        await sftp.write(path + _PART, content)
        await _check(sftp, path + _PART, content)
        await _rename(sftp, path, content)
        return
    await sftp.write(path, content)
    await _check(sftp, path, content)
    if how is Publish.MARKER:
        await sftp.write(path + _MARKER, b"")


async def _check(sftp: Sftp, path: str, content: bytes) -> None:
    size = await sftp.size(path)
    # A file that is gone was taken by the network: it takes whole files alone, or not at all.
    if size is not None and size != len(content):
        raise errors.PostUnavailable(
            f"{sftp.where} has kept {size} of {len(content)} bytes of a file; its disk may be full"
        )


async def _rename(sftp: Sftp, path: str, content: bytes) -> None:
    try:
        await sftp.rename(path + _PART, path)
    except RefusedError as error:
        if await sftp.size(path) == len(content):
            return  # Some networks answer with an error after it has worked.
        if await sftp.size(path + _PART) is None:
            return  # The part is gone: it was renamed, and taken at once.
        await sftp.remove(path + _PART)
        raise errors.PostUnavailable(
            f"{sftp.where} refuses to rename files ({error}): set publish to direct"
        ) from error
