"""How does a file of hashes reach a bank? As pages, like those of an exchange; the same file twice is as once."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from ringfence.media.exchange.fetch import Shelf
from ringfence.media.exchange.rows import Rows
from ringfence.media.items import Item, Page
from ringfence.model.faults import Fault

PAGE = 10_000  # items that land at a time
OF_A_FILE = "file "  # how a checkpoint begins that an import left
MOST_REMOVED = 0.5  # the share of a bank that a file may remove, unless it is said to


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file did: its good and bad rows, and its items by what became of them."""

    good: int
    bad: int
    landed: Mapping[str, int]


def land(
    rows: Rows,
    shelf: Shelf,
    where: str,
    *,
    whole: bool = False,
    most_removed: float = MOST_REMOVED,
    tell: Callable[[Mapping[str, int]], object] = lambda _: None,
) -> Imported:
    """Land what is in a file; where it is the `whole` list, what it lacks is removed, unless rows of it are bad.

    `tell` gets after each page what became of the items so far.

    Raises Fault for a bank that an exchange fills, and for a file that would remove too much of the bank.
    """
    before = shelf.checkpoint()
    if before is not None and not before.startswith(OF_A_FILE):
        raise Fault("is filled by an exchange", where=where, mend="import into a bank of its own")
    gone = _gone(rows, shelf, where, most_removed) if whole else ()
    landed: Counter[str] = Counter()
    text = OF_A_FILE + rows.digest
    for page in _pages(rows.items, gone, text):
        did = shelf.land(page)
        landed.update(added=did.added, changed=did.changed, removed=did.removed, unchanged=did.unchanged)
        tell(landed)
    return Imported(rows.good, len(rows.bad), landed)


def _pages(items: Iterable[Item], gone: Sequence[str], checkpoint: str) -> Iterator[Page]:
    there = iter(items)
    while page := tuple(islice(there, PAGE)):
        yield Page(page, (), checkpoint, more=True)
    for start in range(0, len(gone), PAGE):
        yield Page((), tuple(gone[start : start + PAGE]), checkpoint, more=True)


def _gone(rows: Rows, shelf: Shelf, where: str, most_removed: float) -> tuple[str, ...]:
    if rows.bad:
        mend = "mend those rows, or import it without --whole"
        raise Fault(f"{len(rows.bad):,} rows are bad, so what is missing cannot be told", where=where, mend=mend)
    there = {item.source_id for item in rows.items}
    known = list(shelf.known())
    gone = tuple(name for name in known if name not in there)
    if len(gone) > most_removed * len(known):
        what = f"lacks {len(gone):,} of the bank's {len(known):,} items, so nothing was done"
        raise Fault(what, where=where, mend="where it is right, import it once more with --remove-most")
    return gone
