"""Download: media go to a partial file that takes the target's name when all is well."""

import os
from functools import partial
from pathlib import Path

import attrs
from anyio import to_thread

from tgiconik import errors
from tgiconik._http import Links
from tgiconik.iconik.transfer._attempts import Attempts
from tgiconik.iconik.transfer._media import MediaFile, MediaFinder, MediaKind
from tgiconik.iconik.transfer._names import safe_name
from tgiconik.iconik.transfer._partial import partial_file
from tgiconik.iconik.transfer._progress import Meter, Progress, metered
from tgiconik.iconik.transfer._receiving import ReceivedBytes, Receiver


@attrs.frozen(kw_only=True)
class Download:
    """A file that has arrived.

    Attributes:
        path: where it is.
        asset_id: the asset it is of.
        version_id: the version it is of.
        kind: original, proxy or keyframe.
        size: in bytes.
        sha256: digest of the bytes that were received; 64 hexadecimal digits.
        verified: whether the platform had a digest to compare with, and it was the same.
        skipped: whether it was there before, so that nothing was fetched.
    """

    path: Path
    asset_id: str
    version_id: str
    kind: MediaKind
    size: int
    sha256: str
    verified: bool
    skipped: bool = False


@attrs.frozen(kw_only=True)
class WhatIsThere:
    """Handling of a target that is there already. By default that is an error.

    Attributes:
        overwrite: it is replaced, once the download is whole.
        skip: it is left, and nothing fetched, if it has the same bytes.
    """

    overwrite: bool = False
    skip: bool = False


@attrs.frozen(kw_only=True)
class Downloader:
    """Downloads media for one client.

    Attributes:
        finder: finds what can be fetched.
        links: the storages.
        attempts: how often a broken stream is resumed, and the waits between attempts.
    """

    finder: MediaFinder
    links: Links
    attempts: Attempts

    async def fetch(
        self,
        media: MediaFile,
        target: Path,
        progress: Progress,
        *,
        there: WhatIsThere,
        min_rate: float,
    ) -> Download:
        """Fetch media to a target, whole or not at all."""
        if await to_thread.run_sync(os.path.lexists, target):
            if there.skip:
                same = await to_thread.run_sync(_same, media, target)
                if same is not None:
                    return _download(media, target, same, verified=same.compare(media), there=True)
            if not there.overwrite:
                told = "is there already, and is not the same" if there.skip else "is there already"
                raise FileExistsError(f"{target} {told}; overwrite=True replaces it")
        received = ReceivedBytes(media)
        async with partial_file(target, received) as file:
            await file.adopt(media, received)
            with metered(progress, media.size or 0, target.name) as meter:
                meter.reached(1, received.size)
                receiver = self._receiver(media, meter, min_rate)
                await receiver.receive(received, file.file, partial(file.begun, media))
            verified = received.compare(media)
            await file.put_in_place(target, overwrite=there.overwrite)
        return _download(media, target, received, verified=verified)

    async def digest(self, media: MediaFile, *, min_rate: float) -> str:
        """The SHA-256 of media, of which nothing is kept."""
        received = ReceivedBytes(media)
        with metered(None, media.size or 0, media.name) as meter:
            await self._receiver(media, meter, min_rate).receive(received, None)
        received.compare(media)
        return received.hexdigest("sha256")

    def _receiver(self, media: MediaFile, meter: Meter, min_rate: float) -> Receiver:
        return Receiver(
            links=self.links,
            attempts=self.attempts,
            media=media,
            new_link=partial(self.finder.link, media),
            min_rate=min_rate,
            meter=meter,
        )


def _download(
    media: MediaFile,
    target: Path,
    received: ReceivedBytes,
    *,
    verified: bool,
    there: bool = False,
) -> Download:
    return Download(
        path=target,
        asset_id=str(media.asset.id),
        version_id=media.version_id,
        kind=media.kind,
        size=received.size,
        sha256=received.hexdigest("sha256"),
        verified=verified,
        skipped=there,
    )


def _same(media: MediaFile, target: Path) -> ReceivedBytes | None:
    """The bytes of a file, where they are those of media as far as can be told; else None.

    By size and digest, as far as the platform says them; it says neither of some previews, and
    those count as other ones.
    """
    if media.size is None or not target.is_file() or media.size != target.stat().st_size:
        return None
    received = ReceivedBytes(media)
    with target.open("rb", buffering=0) as file:
        received.adopt(file, media.size)
    try:
        received.compare(media)
    except errors.Corrupted:
        return None
    return received


def target_of(media: MediaFile, to: str | os.PathLike[str], name: str | None) -> Path:
    """The path that media go to.

    Args:
        media: what is fetched.
        to: a folder that exists, or a path that ends with a slash; else the file itself.
        name: a template for the name in a folder, with `{name}`, `{stem}`, `{suffix}`, `{title}`,
            `{asset_id}`, `{version_id}` and `{kind}`; without one, the server's own name, and
            `{stem}.{kind}{suffix}` of previews, which clashes with no original.

    Raises:
        ConfigurationError: the template asks for something else, or there is no folder for it.
    """
    path = Path(to)
    if not (path.is_dir() or str(to).endswith(("/", os.sep))):
        if name is not None:
            raise errors.ConfigurationError(f"{path} is no folder, so that name= has no meaning")
        return path
    known = Path(safe_name(media.name))
    words = {
        "name": known.name,
        "stem": known.stem,
        "suffix": known.suffix,
        "title": media.asset.title or "",
        "asset_id": str(media.asset.id),
        "version_id": media.version_id,
        "kind": media.kind,
    }
    try:
        filled = (name or default_name(media.kind)).format_map(words)
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise errors.ConfigurationError(
            f"name={name!r} knows {', '.join(words)}, and nothing else"
        ) from error
    return path / safe_name(filled)


def default_name(kind: MediaKind) -> str:
    """The template of a name where none is asked for: previews are told from their original."""
    return "{name}" if kind == "original" else "{stem}.{kind}{suffix}"
