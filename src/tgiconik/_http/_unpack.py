"""A body with its `Content-Encoding` undone, bounded while it is unpacked: pure, without any I/O.

A few hundred bytes can stand for gigabytes, so that a bound that is looked at after unpacking, or
after one layer of it, comes too late. One layer is undone, and of it no more than the bound.
"""

import zlib
from typing import Final, Protocol

#: What is asked for, in `Accept-Encoding`.
ENCODINGS: Final = "gzip, deflate"

_GZIP: Final = 16 + zlib.MAX_WBITS
_ZLIB: Final = zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS
#: How a member of gzip begins, and how long zlib's own head is.
_MEMBER: Final = b"\x1f"
_LONGEST_HEAD: Final = 2
#: What is in zlib's head (RFC 1950): the method, and a number that this divides.
_DEFLATE: Final = 8
_CHECK: Final = 31


class NotUnpackableError(ValueError):
    """A body that is not encoded as it says, or in a way that was not asked for."""


class Unpacker(Protocol):
    """Undoes an encoding piece by piece."""

    def __call__(self, piece: bytes, most: int) -> bytes:
        """The unpacked bytes of a piece: at most `most` of them."""
        ...

    def end(self) -> None:
        """Say that there are no more pieces.

        Raises:
            NotUnpackableError: the last one is missing.
        """
        ...


def unpacker(encoding: str | None) -> Unpacker:
    """The unpacker of an encoding.

    Args:
        encoding: the value of `Content-Encoding`.

    Raises:
        NotUnpackableError: it is none of `ENCODINGS`, or several of them.
    """
    if encoding is None:
        return _IDENTITY
    match encoding.strip().lower():
        case "identity" | "":
            return _IDENTITY
        case "gzip" | "x-gzip":
            return _Deflated(_GZIP)
        case "deflate":
            return _Deflated(_ZLIB)
        case other:
            raise NotUnpackableError(f"a body encoded as {other[:40]!r} was not asked for")


class _Identity:
    def __call__(self, piece: bytes, most: int) -> bytes:
        return piece[:most]

    def end(self) -> None:
        pass


_IDENTITY: Final = _Identity()


class _Deflated:
    """gzip and deflate (RFC 1952, 1950): the same stream within different wrappings."""

    def __init__(self, wrapping: int) -> None:
        self._wrapping = wrapping
        self._stream = zlib.decompressobj(wrapping)
        # Of deflate alone: what came before there was enough to tell how it is wrapped.
        self._head: bytes | None = b"" if wrapping == _ZLIB else None
        self._begun = False

    def __call__(self, piece: bytes, most: int) -> bytes:
        self._begun = self._begun or bool(piece)
        piece = self._from_head(piece)
        found = bytearray()
        while piece and len(found) < most:
            if self._stream.eof:
                if not piece.startswith(_MEMBER):
                    break  # padding
                # A file of gzip may have several members, one after the other.
                self._stream = zlib.decompressobj(self._wrapping)
            try:
                found += self._stream.decompress(piece, most - len(found))
            except zlib.error as error:
                why = f"the body is not compressed as it says: {error}"
                raise NotUnpackableError(why) from None
            piece = self._stream.unconsumed_tail or self._stream.unused_data
        return bytes(found)

    def end(self) -> None:
        if self._begun and not self._stream.eof:
            raise NotUnpackableError("the compressed body is cut off")

    def _from_head(self, piece: bytes) -> bytes:
        """All that came so far, once that is zlib's head or the beginning of something else."""
        if self._head is None:
            return piece
        self._head += piece
        if len(self._head) < _LONGEST_HEAD:
            return b""
        head, self._head = self._head, None
        # Servers that mean deflate alone, without zlib's head, say the same.
        if head[0] % 16 != _DEFLATE or int.from_bytes(head[:2]) % _CHECK:
            self._stream = zlib.decompressobj(_RAW)
        return head
