"""How is a video written as vPDQ text? One frame a line: its number, its quality, its PDQ hash, its second.

`frame,quality,hash,timestamp`, as Meta's vpdq writes it. A file is one video, and so one item.
"""

from pathlib import Path

from ringfence.media.exchange.rows import Bad, Rows, content
from ringfence.media.exchange.sent import signal, source_id
from ringfence.media.items import Item, Signal
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind

PARTS = 4
MOST_QUALITY = 100


def read(path: Path, name: str = "") -> Rows:
    """The video in a file; its id is `name`, or else the file's name without its ending. Raises Fault for no file."""
    body, digest = content(path)
    signals: dict[Signal, None] = {}
    bad: list[Bad] = []
    good = 0
    for number, line in enumerate(body.decode("utf-8-sig", "replace").splitlines(), 1):
        if not line.strip():
            continue
        made = _frame(line)
        if isinstance(made, str):
            bad.append(Bad(number, made, line))
        else:
            signals[made] = None
            good += 1
    entry = source_id(name or path.stem)
    if not entry:
        raise Fault("has a name that is no id", where=repr(path.name), mend="give one with --id")
    items = (Item(entry, tuple(signals), ("video",)),) if signals else ()
    return Rows(digest, items, good, tuple(bad))


def _frame(line: str) -> Signal | str:
    """A line's hash, or why it has none."""
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != PARTS:
        return f"has {len(parts)} parts, not {PARTS}"
    frame, quality, text, second = parts
    if not (frame.isascii() and frame.isdigit()):
        return "its frame is no number"
    if not (quality.isascii() and quality.isdigit()) or len(quality) > 3 or int(quality) > MOST_QUALITY:  # noqa: PLR2004
        return f"its quality is no number up to {MOST_QUALITY}"
    if not _is_second(second):
        return "its time is no number of seconds"
    made = signal(HashKind.PDQ, text)
    return "its hash is no PDQ hash" if made is None else Signal(made.kind, made.value, int(quality))


def _is_second(text: str) -> bool:
    try:
        return 0 <= float(text) < float("inf")
    except ValueError:
        return False
