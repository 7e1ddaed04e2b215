"""Small valid media files, unique per text, so that versions have different digests.

PNG, WAV and SRT are generated. The MP4 is one second of H.264 with ffmpeg's test pattern, shipped
beside this module; a `free` box appended to it, which players skip, makes it unique.
"""

import io
import struct
import wave
import zlib
from hashlib import sha256
from importlib.resources import files

import attrs


@attrs.frozen
class Media:
    """A media file.

    Attributes:
        name: file name.
        media_type: media type, `image/png`.
        content: its bytes.
    """

    name: str
    media_type: str
    content: bytes = attrs.field(repr=False)


def mp4(name: str, text: str) -> Media:
    """A playable video of one second.

    Args:
        name: file name, `launch.mp4`.
        text: makes the file unique, such as "Launch, version 2".
    """
    clip = files("tgiconik.sandbox").joinpath("clip.mp4").read_bytes()
    payload = text.encode()
    box = struct.pack(">I4s", 8 + len(payload), b"free") + payload
    return Media(name, "video/mp4", clip + box)


def png(name: str, text: str, *, width: int = 64, height: int = 36) -> Media:
    """An image in one colour derived from the text, with the text as its comment."""
    colour = sha256(text.encode()).digest()[:3]
    rows = (b"\x00" + colour * width) * height
    chunks = (
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        # PNG's tEXt chunk is Latin-1; other characters are replaced.
        _chunk(b"tEXt", b"Comment\x00" + text.encode("latin-1", "replace")),
        _chunk(b"IDAT", zlib.compress(rows)),
        _chunk(b"IEND", b""),
    )
    return Media(name, "image/png", b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def wav(name: str, text: str) -> Media:
    """A tenth of a second of mono sound, with samples derived from the text."""
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(sha256(text.encode()).digest() * 50)
    return Media(name, "audio/wav", content.getvalue())


def srt(name: str, *lines: str) -> Media:
    """Subtitles, two seconds per line."""
    blocks = (
        f"{number}\n{_clock(2 * number - 2)} --> {_clock(2 * number)}\n{line}\n"
        for number, line in enumerate(lines, start=1)
    )
    return Media(name, "application/x-subrip", "\n".join(blocks).encode())


def _chunk(kind: bytes, payload: bytes) -> bytes:
    checksum = zlib.crc32(kind + payload)
    return struct.pack(">I4s", len(payload), kind) + payload + struct.pack(">I", checksum)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02},000"
