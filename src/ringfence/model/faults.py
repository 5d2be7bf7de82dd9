"""How is a person told that something is wrong? In one line: where, what, and how to mend it."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every command, each for one kind of outcome. 2 is the shell's own: wrong usage."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    QUARANTINED = 3  # the good rows landed; the bad ones are kept aside with their reasons
    ROSE = 4  # measured and kept, and worse than the time before


class Fault(Exception):
    """Something the person at the keyboard can mend.

    `where` names the file, row or setting; `what` says what is wrong with it; `mend` says what to do about it.
    """

    def __init__(self, what: str, *, where: str, mend: str) -> None:
        super().__init__(f"{where}: {what}; {mend}")
        self.what = what
        self.where = where
        self.mend = mend
