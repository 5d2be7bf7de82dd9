import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.guard.snapshots.fingerprint import fingerprints, key_words

WORD = 0xFFFFFFFFFFFFFFFF
KEY = bytes(range(16))


def siphash128(data: bytes, key: bytes, inner: int, outer: int) -> bytes:
    """SipHash with a 128-bit answer as its authors describe it, for any number of rounds."""
    k0, k1 = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D ^ 0xEE, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def turned(word: int, by: int) -> int:
        return (word << by | word >> (64 - by)) & WORD

    def rounds(count: int) -> None:
        for _ in range(count):
            v[0] = (v[0] + v[1]) & WORD
            v[1] = turned(v[1], 13) ^ v[0]
            v[0] = turned(v[0], 32)
            v[2] = (v[2] + v[3]) & WORD
            v[3] = turned(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & WORD
            v[3] = turned(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & WORD
            v[1] = turned(v[1], 17) ^ v[2]
            v[2] = turned(v[2], 32)

    padded = data + b"\0" * (7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        v[3] ^= word
        rounds(inner)
        v[0] ^= word
    v[2] ^= 0xEE
    rounds(outer)
    first = v[0] ^ v[1] ^ v[2] ^ v[3]
    v[1] ^= 0xDD
    rounds(outer)
    return first.to_bytes(8, "little") + (v[0] ^ v[1] ^ v[2] ^ v[3]).to_bytes(8, "little")


def test_the_twin_gives_the_published_vector_of_siphash_2_4_128() -> None:
    assert siphash128(b"", KEY, 2, 4).hex() == "a3817f04ba25a8e66df67214c7550293"


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8), st.binary(min_size=16, max_size=16))
def test_fingerprints_are_siphash_1_3_of_each_id(ids: list[bytes], key: bytes) -> None:
    data = np.frombuffer(b"".join(ids), np.uint8)
    ends = np.cumsum([len(one) for one in ids])
    found = fingerprints(data, np.concatenate(([0], ends[:-1])), ends, key_words(key))
    assert [row.astype("<u8").tobytes() for row in found] == [siphash128(one, key, 1, 3) for one in ids]
