"""The sandbox's media are real files."""

import io
import struct
import wave
import zlib

from tgiconik.sandbox.media import mp4, png, srt, wav


def boxes(content: bytes) -> list[tuple[str, bytes]]:
    """The top-level boxes of an MP4."""
    found = []
    while content:
        size, kind = struct.unpack(">I4s", content[:8])
        assert 8 <= size <= len(content)
        found.append((kind.decode(), content[8:size]))
        content = content[size:]
    return found


def test_a_video_is_a_whole_mp4_that_differs_by_its_text_only() -> None:
    one, two = (boxes(mp4("a.mp4", text).content) for text in ("version 1", "version 2"))

    assert [kind for kind, _ in one][:2] == ["ftyp", "moov"]
    assert "mdat" in dict(one)
    assert one[-1] == ("free", b"version 1")
    assert one[:-1] == two[:-1]
    assert mp4("a.mp4", "version 1") == mp4("a.mp4", "version 1")


def test_a_picture_is_a_whole_png() -> None:
    content = png("a.png", "Poster ∞", width=3, height=2).content

    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    position, chunks = 8, {}
    while position < len(content):
        (length,) = struct.unpack(">I", content[position : position + 4])
        kind = content[position + 4 : position + 8]
        payload = content[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack(">I", content[position + 8 + length : position + 12 + length])
        assert checksum == zlib.crc32(kind + payload)
        chunks[kind] = payload
        position += 12 + length
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (3, 2)
    assert len(zlib.decompress(chunks[b"IDAT"])) == 2 * (1 + 3 * 3)


def test_a_sound_is_a_whole_wav() -> None:
    with wave.open(io.BytesIO(wav("a.wav", "Jingle").content)) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (1, 8000)
        assert sound.getnframes() == 800


def test_subtitles_follow_each_other() -> None:
    assert srt("a.srt", "Hello", "World").content.decode() == (
        "1\n00:00:00,000 --> 00:00:02,000\nHello\n\n2\n00:00:02,000 --> 00:00:04,000\nWorld\n"
    )
