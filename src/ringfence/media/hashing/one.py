"""What are the hashes of one open file? Runs where breaking does no harm: in a worker."""

from dataclasses import replace
from typing import BinaryIO

from ringfence.media.hashing import pictures
from ringfence.media.hashing.digests import digests
from ringfence.media.hashing.hashed import Frame, Hashed, Reason, Refused
from ringfence.media.hashing.kinds import Kind
from ringfence.media.hashing.limits import MEGA, Limits
from ringfence.media.hashing.looks import looks
from ringfence.media.hashing.recipe import Recipe, installed

MEMORY = Refused(Reason.MEMORY, "needs more memory to decode than is allowed", "scale it down, or raise the limit")


def hash_one(file: BinaryIO, media_id: str, kind: Kind | Refused, recipe: Recipe, limits: Limits) -> Hashed:
    """Digests of every file, and looks or frames of what `kind` says it is. Raises nothing that a file can cause."""
    md5, sha1, sha256 = digests(file)
    found = Hashed(media_id, md5, sha1, sha256)
    if isinstance(kind, Refused):
        return replace(found, refused=kind)
    size = file.tell()
    file.seek(0)
    if kind.video:
        return _video(file, found, kind, recipe, limits)
    if size > limits.picture_bytes:
        what = f"is a picture of {size / MEGA:,.0f} MB; at most {limits.picture_bytes // MEGA:,} are decoded"
        return replace(found, refused=Refused(Reason.BYTES, what, "store it smaller, or raise the limit"))
    return _picture(file, found, kind, recipe, limits)


def _picture(file: BinaryIO, found: Hashed, kind: Kind, recipe: Recipe, limits: Limits) -> Hashed:
    if kind.format == "AVIF" and not pictures.AVIF:
        return replace(found, refused=Refused(Reason.EXTRA, "is an AVIF picture", "install a Pillow that decodes AVIF"))
    try:
        picture = _quick(file, limits) if recipe.fast and kind.format == "JPEG" else None
        picture = picture or pictures.read(file, kind.format, limits)
    except MemoryError:
        return replace(found, refused=MEMORY)
    except Exception:  # noqa: BLE001 - decoders raise whatever they like on what is broken
        return replace(found, refused=_broken(kind))
    if isinstance(picture, Refused):
        return replace(found, refused=picture)
    seen = looks(picture.lumas)
    return replace(found, looks=seen, quality=seen[0].quality, chain=picture.chain)


def _quick(file: BinaryIO, limits: Limits) -> pictures.Picture | Refused | None:
    """By the fast chain; None where it cannot, and the file is as it was."""
    from ringfence.media.hashing import quick  # noqa: PLC0415 - an extra that few install

    content = file.read()
    width, height, possible = quick.size(content)
    file.seek(0)
    if not possible:
        return None
    refused = pictures.too_large(width, height, limits)
    return refused or pictures.Picture(quick.lumas(content), quick.CHAIN)


def _video(file: BinaryIO, found: Hashed, kind: Kind, recipe: Recipe, limits: Limits) -> Hashed:
    if not installed("video"):
        return replace(found, refused=Refused(Reason.EXTRA, "is a video", "install ringfence[video]"))
    from ringfence.media.hashing import video  # noqa: PLC0415 - an extra, and slow to read

    frames: list[Frame] = []
    refused = None
    try:
        for frame in video.frames(file, kind.format, recipe.video_seconds, limits):
            if isinstance(frame, Refused):
                refused = frame
            else:
                frames.append(frame)
    except MemoryError:
        refused = MEMORY
    except Exception:  # noqa: BLE001 - as above
        refused = _broken(kind)
    if not frames and refused is None:
        refused = _broken(kind)
    return replace(found, frames=tuple(frames), chain=video.CHAIN, refused=refused)


def _broken(kind: Kind) -> Refused:
    name = "video" if kind.video else kind.format
    return Refused(Reason.BROKEN, f"is broken or cut off: it begins as {name} and cannot be decoded", "fetch it again")
