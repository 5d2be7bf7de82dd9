"""What are posts held against right now: which lexicon, which known hashes? Both files are followed."""

from pathlib import Path
from time import monotonic

from ringfence.guard.live import known_hashes
from ringfence.guard.live.base import AGAIN, Seen, status
from ringfence.guard.live.scan import Scanner
from ringfence.guard.live.screen import Screen, nothing
from ringfence.model.faults import Fault
from ringfence.terms.lexicon import Lexicon


class Sources:
    """`scanner` is ready from the start: raises Fault when there is no lexicon, or a file is not what it should be."""

    __slots__ = ("_again_at", "_hashes", "_key", "_lexicon", "_screen", "_seen", "scanner")

    def __init__(self, lexicon: Path, hashes: Path, key: bytes, screen: Screen = nothing) -> None:
        self._key = key
        self._screen = screen
        self._lexicon = lexicon
        self._hashes = hashes
        self._seen = self._status()
        self._again_at = 0.0  # where the last ones could not be read
        self.scanner = self._read()

    def look(self) -> str:
        """Take over what has changed; gives what is to be told of it.

        What cannot be read leaves all as it was, and is tried again later. So does a list of hashes that is gone: it
        may be about to be replaced, and whoever wants none empties it.
        """
        seen = self._status()
        if seen == self._seen and not 0 < self._again_at <= monotonic():
            return ""
        self._seen = seen
        self._again_at = monotonic() + AGAIN
        before = self.scanner
        try:
            self.scanner = self._read(gone=bool(before.hashes_version) and seen[1] is None)
        except Fault as fault:
            return f"the lexicon and known hashes stay as they were: {fault}"
        self._again_at = 0.0
        if (self.scanner.lexicon_version, self.scanner.hashes_version) == (
            before.lexicon_version,
            before.hashes_version,
        ):
            return ""
        return f"posts are now held against lexicon {self.scanner.lexicon_version}"

    def _status(self) -> tuple[Seen, Seen]:
        return status(self._lexicon), status(self._hashes)

    def _read(self, *, gone: bool = False) -> Scanner:
        if gone:
            raise Fault("is gone", where=str(self._hashes), mend="put it back, or an empty file in its place")
        digests, version = known_hashes.read(self._hashes)
        scanner = Scanner(Lexicon.load(self._lexicon), digests, version, self._key, self._screen)
        scanner.ready()
        return scanner
