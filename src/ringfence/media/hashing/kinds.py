"""Which kind of file do these first bytes begin? Its name is not asked, as anybody may give it any."""

from dataclasses import dataclass

from ringfence.media.hashing.hashed import Reason, Refused

HEAD = 512  # bytes that are looked at
TS_PACKET = 188  # bytes between the sync bytes of an MPEG transport stream


@dataclass(frozen=True, slots=True)
class Kind:
    """What opens such a file: the format's name for Pillow, or for FFmpeg if it is a video."""

    format: str
    video: bool = False


_STARTS = (
    (b"\xff\xd8\xff", Kind("JPEG")),
    (b"\x89PNG\r\n\x1a\n", Kind("PNG")),
    (b"GIF87a", Kind("GIF")),
    (b"GIF89a", Kind("GIF")),
    (b"II*\0", Kind("TIFF")),
    (b"MM\0*", Kind("TIFF")),
    (b"BM", Kind("BMP")),
    (b"\x1aE\xdf\xa3", Kind("matroska", video=True)),
    (b"FLV\x01", Kind("flv", video=True)),
    (b"OggS", Kind("ogg", video=True)),
    (b"\0\0\x01\xba", Kind("mpeg", video=True)),
    (b"0&\xb2u\x8ef\xcf\x11", Kind("asf", video=True)),
)
_NONE = (
    (b"%PDF", "is a PDF document", "hash the pictures in it"),
    (b"PK\x03\x04", "is a ZIP archive", "hash the files in it"),
    (b"\x1f\x8b", "is compressed with gzip", "hash the file in it"),
    (b"%!PS", "is a PostScript document", "hash a picture made of it"),
)
_ALBUMS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")  # brands of HEIF that are no AVIF
_SVG = Refused(Reason.KIND, "is an SVG drawing", "hash a picture made of it")


def kind_of(head: bytes) -> Kind | Refused:
    """From the first HEAD bytes of a file, or all of a shorter one."""
    if not head:
        return Refused(Reason.EMPTY, "is empty", "fetch it again")
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF":
        return _riff(head)
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free"}:
        return _boxes(head)
    if head[:1] == b"G" and head[TS_PACKET : TS_PACKET + 1] == b"G":
        return Kind("mpegts", video=True)
    return _neither(head)


def _riff(head: bytes) -> Kind | Refused:
    if head[8:12] == b"WEBP":
        return Kind("WEBP")
    if head[8:12] == b"AVI ":
        return Kind("avi", video=True)
    return _neither(head)


def _boxes(head: bytes) -> Kind | Refused:
    """ISO base media files: pictures in AVIF, or videos. The brand says which."""
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    size = max(int.from_bytes(head[:4]), 16)
    if brand in {b"avif", b"avis"} or (brand == b"mif1" and b"avif" in head[16:size]):
        return Kind("AVIF")
    if brand in _ALBUMS:
        return Refused(Reason.KIND, "is a HEIF picture, which is not decoded", "hash it as JPEG or PNG")
    return Kind("mov", video=True)


def _neither(head: bytes) -> Refused:
    for start, what, mend in _NONE:
        if head.startswith(start):
            return Refused(Reason.KIND, what, mend)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in text):
        return _SVG
    what = "is neither a picture nor a video of a kind that is decoded"
    return Refused(Reason.KIND, what, "hash JPEG, PNG, GIF, WebP, AVIF, TIFF, BMP or a video, by whatever name")
