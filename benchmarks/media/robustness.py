"""Which changes of a picture does its hash survive? Writes docs/robustness.md.

python -m benchmarks.media.robustness
"""

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks.media.drawn import drawings, photographs
from benchmarks.media.edits import EDITS, SEEN_THROUGH, Edit
from numpy.typing import NDArray
from PIL import Image

from ringfence.demo import tables
from ringfence.media.hashes import LEAST_QUALITY, RADIUS, codes_of
from ringfence.media.hashing.hashed import AS_IT_IS, Look, Refused
from ringfence.media.hashing.limits import LIMITS
from ringfence.media.hashing.looks import looks
from ringfence.media.hashing.pdq import FORMS
from ringfence.media.hashing.pictures import chain, read

PAGE = Path(__file__).parents[2] / "docs" / "robustness.md"
DRAWN = 48
GOAL = 0.99
STORED = 92  # the quality of JPEG that everything is stored in once more

Distances = NDArray[np.int64]  # pictures x 3: as it is, in eight forms, and without borders as well


@dataclass(frozen=True, slots=True)
class Set:
    name: str
    pictures: Sequence[Image.Image]
    known: Sequence[Look]  # the hash of each, as a list would have it


def main() -> None:
    sets = [made("drawn", drawings(DRAWN))]
    if photographed := photographs():
        sets.insert(0, made("photographs", photographed))
    measured = {one.name: {name: distances(one, edit) for name, edit in EDITS.items()} for one in sets}
    lines = [INTRODUCTION, ""]
    for one in sets:
        lines += [
            f"## {HEADINGS[one.name]}",
            "",
            f"{len(one.pictures)} pictures of quality {LEAST_QUALITY} or more.",
            "",
        ]
        lines += table(measured[one.name])
    lines += ["## What must not match", "", *strangers(sets), ""]
    tables.write(PAGE, lines, "python -m benchmarks.media.robustness")


def made(name: str, pictures: Sequence[Image.Image]) -> Set:
    """Those that a list would have: a picture of too little quality is not listed."""
    known = [seen(picture)[0] for picture in pictures]
    fit = [look.quality >= LEAST_QUALITY for look in known]
    return Set(name, list(itertools.compress(pictures, fit)), list(itertools.compress(known, fit)))


def seen(picture: Image.Image) -> tuple[Look, ...]:
    """What the default chain makes of it, stored as a JPEG."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=STORED)
    found = read(file, "JPEG", LIMITS)
    if isinstance(found, Refused):
        raise SystemExit(found.what)
    return looks(found.lumas)


def distances(one: Set, edit: Edit) -> Distances:
    """From each known picture to the nearest look of the edited one, with more and more looks."""
    rows = []
    for picture, known in zip(one.pictures, one.known, strict=True):
        found = seen(edit(picture))
        apart = between([known.value], [look.value for look in found])[0]
        named = [look.transform for look in found]
        rows.append(
            [
                apart[[name == AS_IT_IS for name in named]].min(),
                apart[[name in FORMS for name in named]].min(),
                apart.min(),
            ]
        )
    return np.array(rows)


def between(ones: Sequence[bytes], others: Sequence[bytes]) -> Distances:
    """Bits that differ, ones x others."""
    left, right = codes_of(ones), codes_of(others)
    return np.asarray(np.bitwise_count(left[:, None] ^ right[None]).sum(axis=2).astype(np.int64))


def table(measured: dict[str, Distances]) -> list[str]:
    header = ("change", "as it is", "eight forms", "and without borders", "median bits", "goal")
    return tables.table(header, [_row(name, apart) for name, apart in measured.items()])


def _row(name: str, apart: Distances) -> tuple[str, ...]:
    shares = (apart <= RADIUS).mean(axis=0)
    goal = ("met" if shares[-1] >= GOAL else "**missed**") if name in SEEN_THROUGH else ""
    return (name, *(f"{share:.2f}" for share in shares), f"{np.median(apart[:, -1]):.0f}", goal)


def strangers(sets: Sequence[Set]) -> list[str]:
    """The nearest that two different pictures come, in any of their looks."""
    rows = []
    for one in sets:
        every = [[look.value for look in seen(EDITS["on a light screen"](picture))] for picture in one.pictures]
        pairs = [
            between([known.value], looked).min()
            for first, known in enumerate(one.known)
            for second, looked in enumerate(every)
            if first != second
        ]
        rows.append((HEADINGS[one.name], f"{len(pairs):,}", f"{min(pairs)}", f"{np.median(pairs):.0f}"))
    return [
        "Each picture against every other one's looks, on a screen, so that there are most of them:",
        "",
        *tables.table(("pictures", "pairs", "least bits", "median bits"), rows),
    ]


HEADINGS = {"photographs": "Parts of a photograph", "drawn": "Drawn pictures"}
INTRODUCTION = f"""# Robustness: which changes does a hash survive?

A picture is known again when its hash differs from a listed one in at most {RADIUS} of 256 bits. PDQ itself survives
compression and scaling, and neither a mirror nor a border. So `ringfence media hash` gives every picture more looks:

- **Eight forms**: as it is, mirrored, upside down, and each turned by a quarter. Not by changing signs in the finished
  hash, as PDQ's own way is, which is some bits off: its filters read the pixels from the other end, and that is exact.
  A photograph that is stored on its side and says so (EXIF) is hashed as it is stored, as the reference does, and is
  upright in one of the eight.
- **Without a border**: lines from each side of which 98% have one colour, within 12 of 255, again and again.
- **Without a frame**: the same up to the last line of one colour, within 3, with lines between of which at least 35%
  have it: a screen with signs and text around the picture.

Each table says which share was known again: by the first hash alone, by the eight forms, and by all looks. What is
cropped or turned by a few degrees is **not** known again; a platform that has the picture may list such variants too.
Every picture is stored as JPEG {STORED} again after its change, and hashed by `{chain("JPEG")}`."""


if __name__ == "__main__":
    main()
