"""Where in the log is everything folded in, and what did it come to?

One file, written whole or not at all: a header (magic, checksum) and the state in MessagePack. Keys are sorted, so that
equal states are equal bytes.
"""

import struct
from hashlib import blake2b
from pathlib import Path

import msgspec

from ringfence.guard.live.state import LiveState
from ringfence.model.faults import Fault
from ringfence.store.disk import write_whole

FILE = "checkpoint"
MAGIC = b"ringlive 1\n"
_HEADER = struct.Struct(f">{len(MAGIC)}s32s")
_ENCODER = msgspec.msgpack.Encoder(order="sorted")


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`stream` names the log that the positions are of; `lexicon` and `hashes` what posts were last held against.

    `base` is the snapshot that was served then, `refusals` how many bytes of the list of refused messages belong to it.
    """

    state: LiveState
    stream: str
    lexicon: str = ""
    hashes: str = ""
    base: str = ""
    refusals: int = 0


_DECODER = msgspec.msgpack.Decoder(Checkpoint)


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint, and return once it will last."""
    body = _ENCODER.encode(checkpoint)
    write_whole(path, _HEADER.pack(MAGIC, _checksum(body)) + body)


def load(path: Path) -> Checkpoint | None:
    """The checkpoint, or None when there is none yet. Raises Fault when the file holds none that is whole."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Fault(f"cannot be read ({error.strerror})", where=str(path), mend="check its rights") from error
    body = raw[_HEADER.size :]
    if raw[: _HEADER.size] != _HEADER.pack(MAGIC, _checksum(body)):
        raise _spoilt(path)
    try:
        return _DECODER.decode(body)
    except msgspec.DecodeError as error:
        raise _spoilt(path) from error


def _checksum(body: bytes) -> bytes:
    return blake2b(body, digest_size=32).digest()


def _spoilt(path: Path) -> Fault:
    # Never taken for no checkpoint: then the log would be read from its start unasked, which may have been cut off.
    return Fault("is no whole checkpoint", where=str(path), mend="restore it, or remove it to read the log anew")
