"""Upload, add a version, and download.

    python examples/upload_and_version.py

Uploads a film and a picture, adds a version to the film, and verifies both versions after their
download. Serves the embedded sandbox on a local port. ffmpeg makes the media files if it is
installed.

Guide: docs/transfer.md
"""

import asyncio
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tgiconik import IconikClient
from tgiconik.sandbox import Sandbox, media


def film(path: Path, color: str) -> Path:
    """A second of video in one color."""
    if shutil.which("ffmpeg") is None:
        path.write_bytes(media.mp4(path.name, f"a film in {color}").content)
    else:
        pattern = f"color=c={color}:size=320x180:duration=1"
        draw(path, pattern, "-pix_fmt", "yuv420p")
    return path


def picture(path: Path, color: str) -> Path:
    """A picture in one color."""
    if shutil.which("ffmpeg") is None:
        path.write_bytes(media.png(path.name, f"a picture in {color}").content)
    else:
        draw(path, f"color=c={color}:size=320x180", "-frames:v", "1")
    return path


def draw(path: Path, pattern: str, *options: str) -> None:
    """Create a test pattern with ffmpeg."""
    command = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", pattern, *options, str(path)]
    subprocess.run(command, check=True)  # noqa: S603 - written here


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def work(iconik: IconikClient, folder: Path) -> None:
    """Upload and download media."""
    first, second = film(folder / "launch v1.mp4", "navy"), film(folder / "launch v2.mp4", "teal")
    poster = picture(folder / "poster.png", "teal")

    launch = await iconik.transfer.upload(first, title="Launch film")
    tell(f"{launch.name} is asset {launch.asset_id}, {launch.size:,} bytes")
    still = await iconik.transfer.upload(poster, title="Launch poster")
    tell(f"{still.name} is asset {still.asset_id}, {still.size:,} bytes")

    corrected = await iconik.transfer.upload_version(launch.asset_id, second, promote=True)
    ready = await iconik.transfer.wait_until_ready(
        corrected.asset_id, corrected.version_id, jobs=corrected.jobs, timeout=60
    )
    tell(f"{corrected.name} is its current version, with {len(ready.proxies)} proxy to look at")

    for version, original in ((launch, first), (corrected, second)):
        fetched = await iconik.transfer.download(
            version.asset_id, folder / f"fetched {version.name}", version_id=version.version_id
        )
        same = digest(fetched.path) == digest(original) == version.sha256 == fetched.sha256
        tell(f"{version.name} came back {'the same' if same else 'CHANGED'}: {fetched.sha256[:16]}")
        if not same:
            raise SystemExit(1)


def tell(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


async def main() -> None:
    """Serve a sandbox and run the example against it."""
    sandbox = Sandbox()
    with tempfile.TemporaryDirectory() as folder, sandbox.serve():
        async with IconikClient.from_env(environ=sandbox.environment()) as iconik:
            await work(iconik, Path(folder))
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
