"""The plainest index there is: every hash compared with every other. What the real one is held against."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from ringfence.media.hashes import RADIUS, Codes
from ringfence.media.index.matches import Batch, Ids, Matches, Values
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind


class Brute:
    def __init__(self, folder: Path, upto: int, held: dict[int, tuple[HashKind, bytes]]) -> None:
        self.folder, self.upto, self.held = folder, upto, held

    @classmethod
    def open(cls, folder: Path) -> Self:
        file = folder / "brute.json"
        if not file.exists():
            return cls(folder, 0, {})
        try:
            upto, rows = json.loads(file.read_text())
        except ValueError as error:
            raise Fault("is damaged", where=str(file), mend="run `ringfence media index rebuild`") from error
        return cls(folder, upto, {entry: (HashKind(kind), bytes.fromhex(value)) for entry, kind, value in rows})

    def search(self, codes: Codes, radius: int = RADIUS) -> Matches:
        asked = [bytes(row) for row in codes.view(np.uint8).reshape(len(codes), -1)]
        return self._near(HashKind.PDQ, asked, radius)

    def exact(self, kind: HashKind, values: Values) -> Matches:
        return self._near(kind, [bytes(row) for row in values], 0)

    def _near(self, kind: HashKind, asked: Sequence[bytes], radius: int) -> Matches:
        found = sorted(
            (place, apart, entry)
            for place, one in enumerate(asked)
            for entry, (other, value) in self.held.items()
            if other is kind and (apart := (int.from_bytes(one) ^ int.from_bytes(value)).bit_count()) <= radius
        )
        query, distance, entry = np.array(found, np.int64).reshape(-1, 3).T
        return Matches(query, entry, distance.astype(np.uint8))

    def change(self, upto: int, came: Sequence[Batch], gone: Ids) -> None:
        for batch in came:
            for value, entry in zip(batch.values, batch.entries, strict=True):
                self.held[int(entry)] = (batch.kind, bytes(value))
        for entry in gone:
            self.held.pop(int(entry), None)
        self.upto = upto

    def rebuild(self, upto: int, batches: Iterable[Batch]) -> Self:
        fresh = type(self)(self.folder, 0, {})
        fresh.change(upto, tuple(batches), np.empty(0, np.int64))
        rows = [(entry, kind, value.hex()) for entry, (kind, value) in fresh.held.items()]
        (self.folder / "brute.json").write_text(json.dumps([upto, rows]))
        return fresh
