import pytest

from ringfence.media.hashing.hashed import Reason, Refused
from ringfence.media.hashing.kinds import HEAD, Kind, kind_of


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0", Kind("JPEG")),
        (b"RIFF\0\0\0\0WEBPVP8 ", Kind("WEBP")),
        (b"RIFF\0\0\0\0AVI LIST", Kind("avi", video=True)),
        (b"\0\0\0\x1cftypavif", Kind("AVIF")),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avif", Kind("AVIF")),
        (b"\0\0\0\x20ftypisom", Kind("mov", video=True)),
        (b"\0\0\0\x08wide\0\0\0\0mdat", Kind("mov", video=True)),
        (b"\x1aE\xdf\xa3", Kind("matroska", video=True)),
        (b"G" + bytes(187) + b"G", Kind("mpegts", video=True)),
    ],
)
def test_the_first_bytes_say_what_opens_a_file(head: bytes, kind: Kind) -> None:
    assert kind_of(head) == kind


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "SVG"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?>\n<!-- drawn -->\n<svg>", "SVG"),
        (b"PK\x03\x04", "ZIP"),
        (b"\0\0\0\x1cftypheic", "HEIF"),
        (b"RIFF\0\0\0\0WAVE", "neither"),
        (b"#EXTM3U\nhttp://example.com/1.ts", "neither"),
        (b"ffconcat version 1.0\nfile /etc/hostname", "neither"),
        (b"G" * 188, "neither"),
        (b"P6 1 1 255", "neither"),
        (b"\xff", "neither"),
    ],
)
def test_whatever_is_not_decoded_is_named(head: bytes, says: str) -> None:
    found = kind_of(head)
    assert isinstance(found, Refused)
    assert found.reason is Reason.KIND
    assert says in found.what


def test_nothing_at_all_is_empty() -> None:
    found = kind_of(b"")
    assert isinstance(found, Refused)
    assert found.reason is Reason.EMPTY
    assert HEAD > 188
