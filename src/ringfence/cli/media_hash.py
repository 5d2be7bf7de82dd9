"""ringfence media hash"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ringfence.cli import say
from ringfence.media.hashing import lines
from ringfence.media.hashing.hashed import Hashed, Reason
from ringfence.media.hashing.pool import Pool
from ringfence.media.hashing.recipe import Recipe
from ringfence.media.hashing.sources import File, files
from ringfence.model.faults import Exit, Fault

STREAM = Path("-")


def hash_(
    paths: Annotated[
        list[Path], typer.Argument(help="Pictures, videos, and folders of them; - reads JSON lines of hashes.")
    ],
    fast: Annotated[
        bool, typer.Option("--fast", help="Decode JPEG more quickly; hashes may be ten bits from the reference.")
    ] = False,
    video_seconds: Annotated[
        float, typer.Option(help="Seconds between the frames of a video that are hashed; 0 hashes every one.")
    ] = 1.0,
    as_json: say.AsJson = False,
) -> None:
    """Hash pictures and videos: a JSON line each, with digests, PDQ in every look, quality and how it was made.

    Files are decoded in processes of their own, with limits, and nothing of them is kept. One that cannot be decoded is
    refused, with its digests and the reason; the rest go on, and the exit code is 3. Lines of hashes that were made
    elsewhere (media_id, and pdq with quality, md5, sha1, sha256, chain) are checked and come out in the same form.

    Example: ringfence media hash uploads/ --video-seconds 2 > hashes.jsonl
    """
    refused: Counter[Reason] = Counter()
    every = _told(_hashed(paths, Recipe(fast, video_seconds)), refused)
    if as_json:
        found = [msgspec.Raw(line) for line in every]
        say.as_json({"media": found, "hashed": len(found) - refused.total(), "refused": refused})
    else:
        hashed = _print(every) - refused.total()
        typer.echo(_summary(hashed, refused), err=True)
    if refused:
        raise typer.Exit(Exit.QUARANTINED)


def _hashed(paths: Iterable[Path], recipe: Recipe) -> Iterator[Hashed]:
    """Lines of standard input where - is named, then the files."""
    given = list(paths)
    found = list(files(path for path in given if path != STREAM))
    if STREAM in given:
        yield from lines.read(sys.stdin.buffer, "standard input")
    if found:
        yield from _of_files(found, recipe)
    elif STREAM not in given:
        raise Fault("there is no file", where=", ".join(map(str, given)), mend="name files, or a folder that has some")


def _of_files(found: list[File], recipe: Recipe) -> Iterator[Hashed]:
    with say.bars() as bars, Pool(recipe) as pool:
        bars.start("media")
        for count, one in enumerate(pool.each(found), 1):
            yield one
            bars.advance(count / len(found))


def _told(every: Iterable[Hashed], refused: Counter[Reason]) -> Iterator[bytes]:
    """The line of each; those refused are counted, and told of on standard error."""
    for one in every:
        if one.refused:
            refused[one.refused.reason] += 1
            say.fault_line(Fault(one.refused.what, where=one.media_id, mend=one.refused.mend))
        yield lines.to_line(one)


def _print(every: Iterable[bytes]) -> int:
    count = 0
    for line in every:
        sys.stdout.buffer.write(line + b"\n")
        count += 1
    sys.stdout.buffer.flush()
    return count


def _summary(hashed: int, refused: Counter[Reason]) -> str:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in refused.most_common())
    return f"{hashed:,} hashed" + (f"; refused: {reasons}" if refused else "")
