"""What are posts held against right now: which lexicon, which known hashes? Both files are followed."""

from pathlib import Path

from ringfence.guard import known_hashes
from ringfence.guard.live_base import Seen, status
from ringfence.guard.live_scan import Scanner
from ringfence.model.faults import Fault
from ringfence.terms.lexicon import Lexicon


class Sources:
    """`scanner` is ready from the start: raises Fault when there is no lexicon, or a file is not what it should be."""

    __slots__ = ("_hashes", "_lexicon", "_seen", "scanner")

    def __init__(self, lexicon: Path, hashes: Path) -> None:
        self._lexicon = lexicon
        self._hashes = hashes
        self._seen = self._status()
        self.scanner = self._read()

    def look(self) -> str:
        """Take over what has changed; gives what is to be told of it. What cannot be read leaves all as it was."""
        seen = self._status()
        if seen == self._seen:
            return ""
        self._seen = seen
        before = self.scanner
        try:
            self.scanner = self._read()
        except Fault as fault:
            return f"the lexicon and known hashes stay as they were: {fault}"
        if (self.scanner.lexicon_version, self.scanner.hashes_version) == (
            before.lexicon_version,
            before.hashes_version,
        ):
            return ""
        return f"posts are now held against lexicon {self.scanner.lexicon_version}"

    def _status(self) -> tuple[Seen, Seen]:
        return status(self._lexicon), status(self._hashes)

    def _read(self) -> Scanner:
        digests, version = known_hashes.read(self._hashes)
        scanner = Scanner(Lexicon.load(self._lexicon), digests, version)
        scanner.ready()
        return scanner
