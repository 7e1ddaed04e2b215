"""Bodies are unpacked in whatever pieces they come, and never beyond the bound."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik._http._unpack import NotUnpackableError, unpacker

RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
TEXT = b"some text, some text, some text" * 50
PACKED = {
    "gzip": gzip.compress(TEXT),
    "X-GZIP": gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]),
    "deflate": zlib.compress(TEXT),
    " Deflate ": RAW.compress(TEXT) + RAW.flush(),
    "identity": TEXT,
    "": TEXT,
}


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_what_was_packed_is_unpacked_whatever_the_pieces(encoding: str, size: int) -> None:
    packed, unpack = PACKED[encoding], unpacker(encoding)

    pieces = [unpack(packed[at : at + size], 10_000) for at in range(0, len(packed), size)]
    unpack.end()

    assert b"".join(pieces) == TEXT


@pytest.mark.parametrize("encoding", PACKED)
def test_no_more_comes_out_than_is_allowed(encoding: str) -> None:
    assert unpacker(encoding)(PACKED[encoding], 11) == TEXT[:11]


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip,", "compress", "g" * 5000])
def test_what_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(NotUnpackableError, match="was not asked for"):
        unpacker(encoding)


def test_an_empty_body_may_say_that_it_is_packed() -> None:
    unpacker("gzip").end()


@given(st.binary(), st.sampled_from(["gzip", "deflate"]))
def test_whatever_comes_is_unpacked_or_refused(content: bytes, encoding: str) -> None:
    unpack = unpacker(encoding)
    try:
        assert len(unpack(content, 100)) <= 100
        unpack.end()
    except NotUnpackableError:
        pass
